#!/bin/bash
# The ABI of libvelum.so.0 is the one of tests/build/abi/libvelum.abi: programs that were compiled before
# go on working. What was added or changed on purpose is written there by `make abi-baseline`.
set -u
. "$(dirname "$0")/support.sh"
cd "$top" || exit 1
library=$release/libvelum.so.0
baseline=tests/build/abi/libvelum.abi
command -v abidw >/dev/null && command -v abidiff >/dev/null || skip 'abidiff of libabigail is not installed'
[ "$(getconf LONG_BIT)" = 64 ] || skip 'the baseline is of a machine with 64 bits'
case $release in *-clang) skip 'the baseline is of gcc' ;; esac
[ -f "$library" ] || skip 'there is no shared library yet'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tools/abi.sh "$library" "$work/now.abi" || exit 1

same() {
    abidiff "$baseline" "$1" && return
    echo 'if this is on purpose: make abi-baseline'
    return 1
}
# noticed WHAT SED-SCRIPT: a baseline changed like this differs.
noticed() {
    sed "$2" "$work/now.abi" >"$work/changed.abi"
    ! cmp -s "$work/now.abi" "$work/changed.abi" && ! abidiff "$work/changed.abi" "$work/now.abi" >/dev/null
}
check 'the ABI is that of the baseline' same "$work/now.abi"
no_place() { ! grep -nE "='/|$top" "$baseline"; }
check 'the baseline holds no place of a machine' no_place
check 'a function that goes is noticed' noticed removed "/<elf-symbol name='velum_gate_door'/d; s/elf-symbol-id='velum_gate_door@@VELUM_0'//"
check 'a member that moves is noticed' noticed moved "s/layout-offset-in-bits='320'/layout-offset-in-bits='352'/"
check 'a struct that shrinks is noticed' noticed shrunk "/name='velum_gate_options'/s/size-in-bits='384'/size-in-bits='320'/"
done_checking
