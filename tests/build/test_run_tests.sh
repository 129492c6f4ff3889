#!/bin/bash
# The runner counts what it runs, and never takes a crash, a hang or an early exit for a pass.
set -u
. "$(dirname "$0")/support.sh"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# sums WHAT WANTED: runs the script on stdin (named by its suffix $suffix) and compares the last line.
suffix=sh
sums() {
    cat >"$place/test_sample.$suffix"
    check "$1" last_line_is "$2"
}
last_line_is() {
    local code=0 last
    last=$(cd "$top" && env -u CI TEST_TIMEOUT=1 tools/run-tests.sh "$place/test_sample.$suffix" 2>&1) || code=$?
    [ "$(tail -n 1 <<<"$last")" = "$1" ] || { echo "$last"; return 1; }
    # The exit code says the same as the line.
    case $1 in
    *' 0 failed'*) [ $code -eq 0 ] ;;
    *) [ $code -ne 0 ] ;;
    esac
}

sums 'a quiet script' '1 passed, 0 failed, 0 skipped' <<<'exit 0'
sums 'a failing script' '0 passed, 1 failed, 0 skipped' <<<'exit 3'
sums 'a skip' '0 passed, 0 failed, 1 skipped' <<<'echo no disk; exit 77'
sums 'a crash' '0 passed, 1 failed, 0 skipped' <<<'kill -SEGV $$'
sums 'a hang' '0 passed, 1 failed, 0 skipped' <<<'sleep 30'
sums 'TAP' '2 passed, 1 failed, 1 skipped' <<'S'
printf '1..4\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP c\nok 4 - d\n'
exit 1
S
sums 'as cmocka writes a skip' '1 passed, 0 failed, 1 skipped' <<'S'
printf '1..2\nok 1 - a\nnot ok 2 # SKIP b\n'
S
sums 'leaving before the end' '1 passed, 2 failed, 0 skipped' <<<"printf '1..3\nok 1 - a\n'"
sums 'passes, then a bad exit' '1 passed, 1 failed, 0 skipped' <<<"printf '1..1\nok 1 - a\n'; exit 1"
suffix=py
sums 'unittest' '1 passed, 1 failed, 1 skipped' <<'S'
import unittest
class T(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): self.fail()
    def test_c(self): self.skipTest("c")
unittest.main()
S
done_checking
