#!/bin/bash
# run-tests.sh PROGRAM...: runs test programs and scripts, shows what failed, and ends with one line of
# totals. A program counts by its cmocka (TAP) results, a python unittest by its methods, anything else
# as one. Exit code 77 is a skip, with the reason on the last line.
#   TEST_TIMEOUT  seconds for each program (300)
#   TEST_JOBS     programs at a time (number of processors)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -eq 0 ]; then
    echo "run-tests: no test${ONLY:+ has \"$ONLY\" in its path}" >&2
    echo '0 passed, 0 failed, 0 skipped'
    [ -z "${ONLY:-}" ]
    exit
fi

results=$(mktemp -d "${TMPDIR:-/tmp}/velum-tests.XXXXXX")
trap 'rm -rf "$results"' EXIT

if [ -z "${VELUM_SHARED:-}" ] && [ -d ../shared ]; then
    VELUM_SHARED=$(cd ../shared && pwd)
    export VELUM_SHARED
fi
export CMOCKA_MESSAGE_OUTPUT=TAP PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}"

jobs=${TEST_JOBS:-$(nproc 2>/dev/null || echo 2)}
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" "$here/run-one-test.sh" "$results"

awk '{ passed += $1; failed += $2; skipped += $3 }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 }' "$results"/*.count
