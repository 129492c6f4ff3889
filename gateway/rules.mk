# gateway/: velumd
gateway_sources := $(wildcard gateway/*.c)
