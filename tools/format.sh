#!/bin/sh
# format.sh fix|check: the house format over every C file. LLVM 14 decides, since another version formats
# otherwise; without it there is nothing to say (exit 77).
set -eu
tool=$(command -v clang-format-14 || true)
if [ -z "$tool" ]; then
    echo "format: skipped, there is no clang-format-14 here"
    exit 77
fi

files=$(find include base store policy vault audit core crm courier gateway cli tests tools config \
    \( -name '*.c' -o -name '*.h' \) -type f 2>/dev/null | LC_ALL=C sort)
[ -n "$files" ] || exit 0

case $1 in
fix) "$tool" -i $files ;;
check)
    if ! "$tool" --dry-run --Werror $files 2>&1 | grep -E '^[^ ]+:[0-9]+:[0-9]+: ' | sort -u | cut -d: -f1,2 | uniq | head -n 40 | {
        ! grep .
    }; then
        echo "format: these lines are not in the house format; 'make format' puts them right" >&2
        exit 1
    fi
    echo "format: every file is in the house format"
    ;;
esac
