# core/: the gate and the path
core_sources := $(wildcard core/*.c)
