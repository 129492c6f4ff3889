#!/bin/bash
# A host must not be able to put another library in place of ours (S-1). A program with its own SQLite
# and OpenSSL, an OPENSSL_CONF that activates a foreign provider, and a preloaded library of traps opens
# a database through a shared object that is linked as libvelum.so is.
#
# door.c stands in for libvelum.so until that one can be built: velum_gate_open wants a data folder that
# `velum` made, so build host.c against libvelum.so, let it open the gate where it now calls door_open, and
# keep the checks below as they are. What libvelum.so imports and exports is looked at as soon as it is there.
set -eu

top=${VELUM_TOP:-$PWD}
build=${VELUM_BUILD:-$top/build/test}
cc=${CC:-gcc}
here=$top/tests/store/interposition
case ${VELUM_VARIANT:-test} in release | test) ;; *)
    echo 'a shared library is no place for a sanitiser'
    exit 77
    ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/interposition.XXXXXX")
trap 'rm -rf "$work"' EXIT
canary=canary-41d7-interposed

suffix=
case $cc in *clang*) suffix=-clang ;; esac
sqlcipher=$top/build/deps/sqlcipher$suffix${SQLCIPHER_DIR:+-own}.o
for need in "$sqlcipher" "$build/store/store.o" /usr/include/sqlite3.h; do
    [ -e "$need" ] || { echo "missing: ${need#"$top"/}"; exit 77; }
done

ar rcs "$work/parts.a" "$build"/store/*.o "$build"/base/*.o
flags=(-std=c17 -D_GNU_SOURCE -O1 -fPIC -fvisibility=hidden -Wall -Wextra -I"$top/include" -I"$top")
# What the distribution's libcrypto needs besides, such as zlib.
private=$(pkg-config --static --libs-only-l libcrypto | sed 's/-lcrypto//; s/-ldl//; s/-l*pthread//')
# shellcheck disable=SC2206
statics=(-Wl,--exclude-libs,ALL -Wl,-Bstatic -lsodium -lcrypto $private -Wl,-Bdynamic -pthread -ldl -lm)
printf 'DOOR_0 {\n    global: door_open; door_load_config;\n    local: *;\n};\n' >"$work/door.map"
"$cc" "${flags[@]}" -c -o "$work/door.o" "$here/door.c"
"$cc" -shared -Wl,-soname,libdoor.so -Wl,--version-script,"$work/door.map" -Wl,-Bsymbolic \
    -Wl,-z,defs,-z,text,-z,nodelete,-z,relro,-z,now -o "$work/libdoor.so" \
    "$work/door.o" "$work/parts.a" "$sqlcipher" "${statics[@]}"
# What must never be shipped: the same code, leaving SQLite or OpenSSL to whoever is there.
"$cc" -shared -Wl,-z,lazy -o "$work/naive.so" "$work/door.o" "$work/parts.a" "${statics[@]}"
"$cc" -shared -o "$work/exposed.so" "$work/door.o" "$work/parts.a" "$sqlcipher" -lsodium -lcrypto

host_flags=(-std=c17 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter)
"$cc" "${host_flags[@]}" -o "$work/host-loaded" "$here/host.c" -Wl,--no-as-needed -lsqlite3 -lcrypto -ldl
"$cc" "${host_flags[@]}" -DHOST_LINKED -o "$work/host-linked" "$here/host.c" \
    -Wl,--no-as-needed -lsqlite3 -lcrypto -L"$work" -ldoor -ldl -Wl,-rpath,"$work"
"$cc" "${host_flags[@]}" -DHOST_LINKED -o "$work/host-linked-after" "$here/host.c" \
    -Wl,--no-as-needed -L"$work" -ldoor -lsqlite3 -lcrypto -ldl -Wl,-rpath,"$work"
"$cc" -std=c17 -fPIC -shared -o "$work/foreign.so" "$here/provider.c"
"$cc" -std=c17 -fPIC -shared -w -o "$work/trap.so" "$here/trap.c"

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
export OPENSSL_CONF=$work/openssl.cnf VELUM_TEST_MARK=$work/mark

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
is_plain() { [ "$(head -c 15 "$1")" = 'SQLite format 3' ]; }
encrypted() { # FOLDER
    [ -s "$1/vault.db" ] && ! grep -qa 'SQLite format 3' "$1"/vault.db* && ! grep -qa "$canary" "$1"/vault.db*
}
plain() { is_plain "$1/before.db" && is_plain "$1/after.db" && grep -qa "$canary" "$1/after.db"; }
not_mapped() { [ ! -e "$VELUM_TEST_MARK" ]; }
fresh() { rm -rf "$work/data" "$VELUM_TEST_MARK" && mkdir -m 700 "$work/data"; }

run() { # NAME COMMAND...
    local name=$1
    shift
    fresh
    check "$name: it runs" "$@"
    check "$name: the vault is encrypted" encrypted "$work/data"
    check "$name: the host's own databases stay plain" plain "$work/data"
    check "$name: no foreign provider is mapped" not_mapped
}

run 'linked after SQLite' "$work/host-linked" linked "$work/data"
run 'linked before SQLite' "$work/host-linked-after" linked "$work/data"
run 'loaded' "$work/host-loaded" loaded "$work/data" "$work/libdoor.so"
run 'behind traps' env LD_PRELOAD="$work/trap.so" "$work/host-loaded" loaded "$work/data" "$work/libdoor.so"

exports() { [ "$(nm -D --defined-only "$work/libdoor.so" | awk '$2 ~ /[TDBRVW]/ { print $3 }' |
    sed 's/@.*//' | sort | tr '\n' ' ')" = 'door_load_config door_open ' ]; }
check 'only what is meant to be is exported' exports
imports() { ! nm -D --undefined-only "$work/libdoor.so" | grep -E ' (sqlite3|sqlcipher|EVP|OPENSSL|sodium)_'; }
check 'nothing of SQLite or OpenSSL is left to the host' imports

library=$build/libvelum.so.0
if [ -e "$library" ]; then
    ours_alone() { ! nm -D "$library" | grep -E ' (sqlite3|sqlcipher|EVP|OPENSSL|RAND|crypto|sodium|json)_'; }
    check 'libvelum.so neither takes nor gives a symbol of SQLite, OpenSSL, libsodium or jansson' ours_alone
fi

# Controls: the configuration and the traps do work, and a library left to the host is refused.
fresh
"$work/host-loaded" config "$work/data" "$work/libdoor.so" || true
check 'control: the same configuration does map the provider when it is read' test -e "$VELUM_TEST_MARK"
refuses_to_load() { ! "$work/host-loaded" loaded "$work/data" "$work/naive.so"; }
check 'control: without a library of its own it does not load' refuses_to_load
fresh
refuses_to_open() { [ "$("$work/host-loaded" lazy "$work/data" "$work/naive.so")" = -20 ] && [ ! -e "$work/data/vault.db" ]; }
check 'control: loaded lazily it refuses and writes nothing' refuses_to_open
trapped() { ! LD_PRELOAD="$work/trap.so" "$work/host-loaded" lazy "$work/data" "$work/exposed.so" >"$work/trapped" 2>&1 &&
    grep -q '^interposed: ' "$work/trapped"; }
check 'control: the traps catch a library that leaves OpenSSL to the host' trapped

echo "1..$count"
exit $failed
