#!/bin/bash
# Each public header compiles alone, as C11, C17 and C++17, without a warning; so do all of them together,
# in either order and twice, and a program that uses what they declare.
set -u
. "$(dirname "$0")/support.sh"
cd "$top" || exit 1

compiles() { # LANGUAGE STANDARD HEADER COMPILER
    echo "#include <velum/$3>" |
        "$4" -x "$1" -std="$2" -Iinclude -Wall -Wextra -Wpedantic -Werror -fsyntax-only -
}

# together LANGUAGE STANDARD COMPILER: all of them in order, then backwards.
together() {
    { ls include/velum && ls -r include/velum; } | sed -n 's|.*\.h$|#include <velum/&>|p' |
        "$3" -x "$1" -std="$2" -Iinclude -Wall -Wextra -Wpedantic -Werror -fsyntax-only -
}

# A host's first lines.
used() {
    "$3" -x "$1" -std="$2" -Iinclude -Wall -Wextra -Wpedantic -Werror -fsyntax-only - <<'CODE'
#include <string.h>
#include <velum/velum.h>
static int32_t status_of(velum_gate *gate, velum_request request)
{
    velum_answer *answer = NULL;
    velum_error err;
    if (velum_gate_call(gate, &request, &answer, &err) < 0) {
        return err.status;
    }
    const int32_t status = velum_answer_status(answer);
    velum_answer_free(answer);
    return status;
}
int main(void)
{
    velum_gate_options options;
    velum_gate *gate = NULL;
    memset(&options, 0, sizeof(options));
    options.size = sizeof(options);
    options.door = VELUM_DOOR_ANY;
    if (velum_gate_open(&options, &gate, NULL) < 0 || velum_gate_door(gate) == VELUM_DOOR_SOCKET) {
        return 1;
    }
    const velum_request request = {sizeof(velum_request), VELUM_VERB_READ, VELUM_AUTH_SELF, {NULL, 0},
        {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    const int32_t status = status_of(gate, request);
    velum_gate_free(gate);
    return status == 200 && velum_constant("VELUM_OK") == VELUM_OK ? 0 : 1;
}
CODE
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
for standard in c11 c17; do
    check "all of them as $standard" together c $standard "${CC:-gcc}"
    check "a program in $standard" used c $standard "${CC:-gcc}"
done
if [ -n "$cxx" ]; then
    check 'all of them as c++17' together c++ c++17 "$cxx"
    check 'a program in c++17' used c++ c++17 "$cxx"
fi
done_checking
