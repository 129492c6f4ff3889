#!/bin/bash
# The whole of libvelum.so inside a program that brought SQLite and OpenSSL of its own, with an
# OPENSSL_CONF that activates a foreign provider: the gate opens, writes, and the files on disk are
# encrypted (S-1; the design's interposition case). The seam alone is tested in tests/store.
set -eu

top=${VELUM_TOP:-$PWD}
build=${VELUM_BUILD:-$top/build/test}
cc=${CC:-gcc}
case ${VELUM_VARIANT:-test} in release | test) ;; *)
    echo 'a shared library is no place for a sanitiser'
    exit 77
    ;;
esac
for need in "$build/libvelum.so.0" "$build/velum" /usr/include/sqlite3.h; do
    [ -e "$need" ] || { echo "missing: ${need#"$top"/}"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/interposed.XXXXXX")
trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME=$work/config
canary=canary-77b2-interposed

"$cc" -std=c17 -fPIC -shared -o "$work/foreign.so" "$top/tests/store/interposition/provider.c"
cat >"$work/openssl.cnf" <<CONF
openssl_conf = init
[init]
providers = providers
[providers]
default = default_section
foreign = foreign_section
[default_section]
activate = 1
[foreign_section]
module = $work/foreign.so
activate = 1
CONF

count=0
failed=0
check() { # NAME COMMAND...
    count=$((count + 1))
    local name=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        echo "ok $count - $name"
        return
    fi
    failed=1
    echo "not ok $count - $name"
    sed 's/^/# /' "$work/out"
}

"$build/velum" init "$work/data" --sample --customers 0 >/dev/null 2>&1
token=$("$build/velum" --data "$work/data" credential add shop --kind service --role delivery \
    --activity order-fulfilment --domain shop 2>/dev/null)
body='{"identifiers":[{"type":"mobile","value":"13800000001"}],"profile":{"name":"'$canary'"}}'

encrypted() {
    for file in vault.db keys.db; do
        [ -s "$work/data/$file" ] || return 1
        ! grep -qa 'SQLite format 3' "$work/data/$file"* || return 1
    done
    ! grep -qar "$canary" "$work/data"
}
plain() { [ "$(head -c 15 "$work/host.db")" = 'SQLite format 3' ]; }

for order in '-lsqlite3 -lcrypto -l:libvelum.so.0' '-l:libvelum.so.0 -lsqlite3 -lcrypto'; do
    # shellcheck disable=SC2086
    "$cc" -std=c17 -D_GNU_SOURCE -Wall -Wextra -I"$top/include" -o "$work/host" \
        "$top/tests/core/interposition/host.c" -L"$build" -Wl,--no-as-needed $order \
        -Wl,-rpath,"$build"
    check "linked as $order: the gate opens and writes" env OPENSSL_CONF="$work/openssl.cnf" \
        VELUM_TEST_MARK="$work/mark" "$work/host" "$work/data" "$token" "$body" "$work/host.db"
    check "linked as $order: the files on disk are encrypted" encrypted
    check "linked as $order: the host's own database stays plain" plain
done
verifies() { "$build/velum" --data "$work/data" audit verify; }
check 'the log verifies afterwards' verifies

echo "1..$count"
exit $failed
