# base/: common ground, knows nothing of privacy
base_sources := $(wildcard base/*.c)
