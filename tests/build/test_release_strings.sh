#!/bin/bash
# The seams of the tests are not in what is released, and they are in the test build (so the search works).
set -u
. "$(dirname "$0")/support.sh"

lacks() { ! grep -aqF "$1" "$2"; }
# Not the end of a longer path, such as a library's own.
lacks_path() { ! grep -aqP "(?<![\\w/.-])\\Q$1\\E/" "$2"; }
has() { grep -aqF "$1" "$2"; }

found=0
for binary in velumd velum velum-courier libvelum.so.0 libvelum.a; do
    [ -f "$release/$binary" ] || continue
    found=1
    for seam in VELUM_TEST_CLOCK VELUM_TEST_FAULT; do
        check "released $binary has no $seam" lacks $seam "$release/$binary"
    done
    check "released $binary has no path of the builder" lacks_path "$top" "$release/$binary"
done
[ $found -eq 1 ] || skip 'there is no release build yet'

seamed=${VELUM_BUILD:-$top/build/test}/libvelum.a
[ ! -f "$seamed" ] || check 'the test build has the fault seam' has VELUM_TEST_FAULT "$seamed"
done_checking
