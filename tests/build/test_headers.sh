#!/bin/bash
# Each public header compiles alone, as C11, C17 and C++17, without a warning.
set -u
. "$(dirname "$0")/support.sh"
cd "$top" || exit 1

compiles() { # LANGUAGE STANDARD HEADER COMPILER
    echo "#include <velum/$3>" |
        "$4" -x "$1" -std="$2" -Iinclude -Wall -Wextra -Wpedantic -Werror -fsyntax-only -
}

cxx=$(command -v g++ || command -v clang++ || command -v clang++-14 || true)
for path in include/velum/*.h; do
    header=$(basename "$path")
    for standard in c11 c17; do
        check "$header as $standard" compiles c $standard "$header" "${CC:-gcc}"
    done
    if [ -n "$cxx" ]; then
        check "$header as c++17" compiles c++ c++17 "$header" "$cxx"
    else
        count=$((count + 1))
        echo "ok $count # SKIP $header as c++17: no C++ compiler"
    fi
done
done_checking
