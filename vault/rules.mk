# vault/: subjects, keys, sealed records, consent ledger
vault_sources := $(wildcard vault/*.c)
