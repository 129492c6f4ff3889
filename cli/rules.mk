# cli/: velum, one file a command
cli_sources := $(wildcard cli/*.c)
