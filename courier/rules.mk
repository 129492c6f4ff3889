# courier/: velum-courier
courier_sources := $(wildcard courier/*.c)
