#!/bin/sh
# tidy.sh: clang-tidy 14 over every .c of the house; exit 77 where there is none.
set -eu
tool=$(command -v clang-tidy-14 || true)
if [ -z "$tool" ]; then
    echo "lint: clang-tidy skipped, there is no clang-tidy-14 here"
    exit 77
fi

files=$(find base store policy vault audit core crm courier gateway cli -name '*.c' -type f 2>/dev/null | LC_ALL=C sort)
[ -n "$files" ] || exit 0
# store/ is read with SQLCipher's header, not with a system's sqlite3.h.
[ -n "${SQLCIPHER_DIR:-}" ] || tools/sqlcipher.sh build/deps/sqlcipher
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "lint: clang-tidy over $(echo "$files" | wc -l) files"
flags="-std=c17 -D_GNU_SOURCE -Iinclude -I. -isystem ${SQLCIPHER_DIR:-build/deps/sqlcipher} -DSQLITE_HAS_CODEC"
# The words of $flags are the compiler's flags, so they stay unquoted inside.
if echo "$files" | xargs -P "$(nproc)" -n 4 sh -c 'tool=$1 flags=$2; shift 2; "$tool" --quiet "$@" -- $flags' tidy "$tool" "$flags" \
    >"$log" 2>&1; then
    exit 0
fi
# The verdicts with their lines; V=1 adds how the analyser came to each.
if [ -n "${V:-}" ]; then
    cat "$log"
else
    grep -E -A 2 '^[^ ]+:[0-9]+:[0-9]+: error: ' "$log" | sed "s|$(pwd)/||" | head -n 200
fi
exit 1
