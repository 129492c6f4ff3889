#!/bin/sh
# abi.sh LIBRARY OUT: what programs compiled against libvelum.so.0 rely on (functions, structs, types) as
# XML of libabigail. Handles are opaque in it; it holds no place of the machine that made it.
set -eu
abidw --headers-dir include/velum --drop-private-types --drop-undefined-syms --exported-interfaces-only \
    --no-show-locs --no-corpus-path --no-comp-dir-path --no-elf-needed --no-architecture \
    --type-id-style hash --out-file "$2" "$1"
