#!/bin/bash
# The check of house rules finds each offence, and leaves comments and strings alone.
set -eu
top=${VELUM_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
house=$(mktemp -d)
trap 'rm -rf "$house"' EXIT
mkdir "$house/base"
count=0

verdict() { # WHAT WANTED(0 or 1), the program on stdin
    count=$((count + 1))
    cat >"$house/base/sample.c"
    local code=0
    "$top/tools/lint-house.sh" "$house" >"$house/said" 2>&1 || code=$?
    if [ $code -ne "$2" ]; then
        echo "not ok $count - $1: $(cat "$house/said")"
        exit 1
    fi
    echo "ok $count - $1"
}

verdict 'calm code passes' 0 <<'C'
/* malloc( in a comment, and free(
 * over two lines */
static int f(void)
{
    mem_free("free(x) atoi(1)");
    return list->free(1); /* strcpy(a, b) */
}
C
verdict 'malloc outside base/mem.c' 1 <<<'void *p(void) { return malloc(3); }'
verdict 'strcpy' 1 <<<'static void f(char *a) { strcpy(a, "x"); }'
verdict 'atoi after a comment' 1 <<<'static int f(char *a) { /* x */ return atoi(a); }'
verdict '#ifdef between functions' 0 <<'C'
#ifdef A
static int f(void)
{
    return 1;
}
#endif
C
verdict '#ifdef inside a function' 1 <<'C'
static int f(void)
{
#ifdef A
    return 1;
#endif
    return 2;
}
C
long_function() {
    printf 'static int f(int a,\n             int b)\n{\n'
    yes '    a += b;' | head -n "$1"
    printf '}\n'
}
verdict 'a function of 70 lines' 0 < <(long_function 70)
verdict 'a function of 71 lines' 1 < <(long_function 71)
verdict 'a file of 601 lines' 1 < <(yes 'int a;' | head -n 601)
verdict 'six parameters pass' 0 < <(printf 'int f(int a, int b, int c, int (*d)(int, int), int e, int g)\n{\n}\n')
count=$((count + 1))
grep -q 'warning: f takes 6 parameters' "$house/said" || { echo "not ok $count - six are named: $(cat "$house/said")"; exit 1; }
echo "ok $count - six parameters are named"
echo "1..$count"
