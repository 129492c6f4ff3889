# support.sh: what the build's tests share. They look at the release build, whatever variant runs them.
top=${VELUM_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
case ${VELUM_BUILD:-} in
*-clang) release=$top/build/release-clang ;;
*) release=$top/build/release ;;
esac
count=0

# skip WHY
skip() {
    echo "$1"
    exit 77
}

# check WHAT COMMAND...: one TAP line; what the command printed when it fails.
failures=0
check() {
    local what=$1 said
    shift
    count=$((count + 1))
    if said=$("$@" 2>&1); then
        echo "ok $count - $what"
    else
        echo "not ok $count - $what"
        printf '%s\n' "$said" | head -n 20 | sed 's/^/# /'
        failures=$((failures + 1))
    fi
}

done_checking() {
    echo "1..$count"
    [ "$failures" -eq 0 ]
}
