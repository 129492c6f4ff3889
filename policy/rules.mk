# policy/: pure: bundle, tables, decide, mask
policy_sources := $(wildcard policy/*.c)
