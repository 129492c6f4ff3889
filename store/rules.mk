# store/: one database seam; sqlcipher is its first driver
store_sources := $(wildcard store/*.c)
