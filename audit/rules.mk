# audit/: the append-only log and its proofs
audit_sources := $(wildcard audit/*.c)
