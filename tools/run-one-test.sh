#!/bin/bash
# run-one-test.sh RESULTS PROGRAM: runs one test program under a time limit in a temporary folder of its
# own, prints a line for it (and its output when it failed), and leaves "passed failed skipped" in RESULTS.
set -u
results=$1
program=$2

name=${program#build/*/}
record=$results/$(printf %s "$name" | tr / _)
limit=${TEST_TIMEOUT:-300}
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/velum-test.XXXXXX")
export TMPDIR
export XDG_CONFIG_HOME=$TMPDIR/config # trust files of tests stay out of the user's own
trap 'rm -rf "$TMPDIR"' EXIT

case $program in
*.py) command=(python3 "$program") ;;
*.sh) command=(bash "$program") ;;
/*) command=("$program") ;;
*) command=("./$program") ;;
esac
# ThreadSanitizer wants the old layout of the address space.
if [ "${VELUM_VARIANT:-}" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
    command=(setarch "$(uname -m)" -R "${command[@]}")
fi

start=${EPOCHREALTIME/[.,]/}
timeout -k 10 "$limit" "${command[@]}" </dev/null >"$record.out" 2>"$record.err"
code=$?
tenths=$(((${EPOCHREALTIME/[.,]/} - start) / 100000))

# Counts from what a test framework printed; 0 0 0 when it printed nothing that we know.
counted() {
    cat "$record.out" "$record.err" | awk '
        /^1\.\.[0-9]+/ { planned += substr($0, 4) }
        /^(not )?ok .*# SKIP/ { skipped++; next }   # cmocka calls a skip "not ok"
        /^ok /         { passed++ }
        /^not ok /     { failed++ }
        /^Ran [0-9]+ tests? in / { ran += $2 }
        /^(OK|FAILED)( \(.*\))?$/ {
            if (match($0, /skipped=[0-9]+/))  skipped += substr($0, RSTART + 8, RLENGTH - 8)
            if (match($0, /failures=[0-9]+/)) failed += substr($0, RSTART + 9, RLENGTH - 9)
            if (match($0, /errors=[0-9]+/))   failed += substr($0, RSTART + 7, RLENGTH - 7)
        }
        END {
            if (ran) { passed += ran - failed - skipped; if (passed < 0) passed = 0 }
            lost = planned - passed - failed - skipped
            if (!ran && lost > 0) failed += lost     # it stopped before it was through
            printf "%d %d %d\n", passed, failed, skipped
        }'
}

read -r passed failed skipped < <(counted)
reason=
if [ $code -eq 77 ]; then
    passed=0 failed=0 skipped=1
    reason=$(tail -n 1 "$record.out")
elif [ $code -ne 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
elif [ $((passed + failed + skipped)) -eq 0 ]; then
    passed=1
fi
echo "$passed $failed $skipped" >"$record.count"

verdict=ok
[ "$skipped" -eq 0 ] || [ "$passed" -gt 0 ] || verdict=skip
[ "$failed" -eq 0 ] || verdict=FAIL
{
    printf '%-4s %-44s %3d passed' "$verdict" "$name" "$passed"
    [ "$failed" -eq 0 ] || printf ', %d failed' "$failed"
    [ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
    [ -z "$reason" ] || printf ' (%s)' "$reason"
    [ $code -ne 124 ] && [ $code -ne 137 ] || printf ' (stopped, exit %d, limit %d s)' $code "$limit"
    printf '  %d.%d s\n' $((tenths / 10)) $((tenths % 10))
    if [ "$failed" -gt 0 ]; then
        cat "$record.out" "$record.err" | grep -vE '^(ok [0-9]|1\.\.)' | tail -n 80 | sed 's/^/     | /'
        echo "     | exit code $code"
    fi
} >"$record.line"
cat "$record.line"
exit 0
