#!/bin/sh
# exports.sh CC: the version script of libvelum.so. Its list is every function that the installed
# headers declare, so a symbol can neither be forgotten nor slip out.
set -eu

names=$("$1" -E -P -Iinclude -include velum/status.h include/velum/module.h |
    grep -oE '\bvelum_[a-z0-9_]+[[:space:]]*\(' | tr -d '( \t' | sort -u)
[ -n "$names" ] || { echo 'exports.sh: the headers declare nothing' >&2; exit 1; }

echo 'VELUM_0 {'
echo '    global:'
printf '        %s;\n' $names
echo '    local: *;'
echo '};'
