#!/bin/bash
# What the compiler was asked for is in the release binaries: position independence, relocations made
# read-only at start, no executable stack, stack protector, fortified calls, control-flow protection.
set -u
. "$(dirname "$0")/support.sh"

is_pie() { readelf -h "$1" | grep -q 'Type:.*DYN' && readelf -d "$1" | grep -q 'FLAGS_1.*PIE'; }
has_relro() { readelf -lW "$1" | grep -q GNU_RELRO; }
binds_now() { readelf -d "$1" | grep -qE 'BIND_NOW|FLAGS_1.*NOW'; }
stack_is_data() { readelf -lW "$1" | grep -E 'GNU_STACK' | grep -qv 'RWE'; }
no_text_relocation() { ! readelf -d "$1" | grep -q TEXTREL; }
no_search_path() { ! readelf -d "$1" | grep -qE 'RPATH|RUNPATH'; }
guards_stack() { readelf -sW "$1" | grep -q '__stack_chk_fail'; }
fortifies() { readelf -sW "$1" | grep -qE '__(memcpy|memmove|snprintf|vsnprintf|fprintf|read|memset)_chk'; }
# A linker sets these notes only when every object that went in has them. Static archives of the
# distribution may lack them, so our own objects are what is looked at.
has_cet() { ! [ "$(uname -m)" = x86_64 ] || readelf -n "$1" | grep -q 'x86 feature.*IBT.*SHSTK'; }

found=0
for binary in velumd velum velum-crm velum-courier libvelum.so.0; do
    file=$release/$binary
    [ -f "$file" ] || continue
    found=1
    [ "$binary" = libvelum.so.0 ] || check "$binary is position independent" is_pie "$file"
    check "$binary has RELRO" has_relro "$file"
    check "$binary binds at start" binds_now "$file"
    check "$binary has no executable stack" stack_is_data "$file"
    check "$binary has no text relocation" no_text_relocation "$file"
    check "$binary has no search path of its own" no_search_path "$file"
    check "$binary guards its stack" guards_stack "$file"
    check "$binary has fortified calls" fortifies "$file"
done

for folder in base store policy vault audit core crm gateway cli courier; do
    object=$(find "$release/$folder" -name '*.o' 2>/dev/null | head -n 1)
    [ -n "$object" ] || continue
    found=1
    check "$folder/ is compiled with control-flow protection" has_cet "$object"
done

[ $found -eq 1 ] || skip 'there is no release build yet'
done_checking
