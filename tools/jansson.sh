#!/bin/sh
# jansson.sh CC OUT: libjansson.a, able to go into a shared library (ADR 0003).
set -eu
cc=$1
out=$2

found=$($cc -print-file-name=libjansson.a)
[ -f "$found" ] || { echo "jansson.sh: no libjansson.a; try 'make deps'" >&2; exit 1; }
objcopy --redefine-sym stdin=velum_jansson_stdin "$found" "$out.new"
$cc -O2 -fPIC -fvisibility=hidden -c -o "$out.o" config/jansson-stdin.c
ar rcs "$out.new" "$out.o"
mv "$out.new" "$out"
rm -f "$out.o"
