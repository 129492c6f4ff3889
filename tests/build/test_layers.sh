#!/bin/bash
# The check of layers passes a house in order, and fails each way of breaking it, naming file and line.
set -eu
top=${VELUM_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
house=$(mktemp -d)
trap 'rm -rf "$house"' EXIT
count=0

build_house() {
    rm -rf "${house:?}"/*
    mkdir -p "$house"/{attic,include/velum,base,store,policy,vault,audit,core,gateway,cli,tests}
    echo '#include <velum/status.h>' >"$house/include/velum/velum.h"
    printf '#include "base/mem.h"\n#include <stdio.h>\n#include <sodium.h>\n' >"$house/base/mem.c"
    echo '#include <zlib.h>' >"$house/base/inflate.c"
    echo '#include <openssl/evp.h>' >"$house/vault/seal.c"
    printf '#include "store/db.h"\n#include "base/mem.h"\n' >"$house/vault/vault.c"
    printf '#include <velum/velum.h>\n#include "audit/log.h"\n#include "vault/vault.h"\n' >"$house/core/gate.c"
    printf '#include <velum/admin.h>\n#include "base/text.h"\n#include "cli/cli.h"\n' >"$house/cli/main.c"
    echo '#include <sqlite3.h>' >"$house/store/driver.h"
    echo '#include "store/driver.h"' >"$house/store/driver.c"
    echo '#include "core/gate.h"' >"$house/tests/anything.c"
}

passes() {
    count=$((count + 1))
    if "$top/tools/layers.sh" "$house" >"$house/said" 2>&1; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1: $(cat "$house/said")"
        exit 1
    fi
}

# fails WHAT FILE LINE...: adds the lines to the file and wants the last of them named.
fails() {
    count=$((count + 1))
    local what=$1 file=$2
    shift 2
    build_house
    printf '%s\n' "$@" >>"$house/$file"
    local place
    place="$file:$(grep -c '' "$house/$file"): "
    if "$top/tools/layers.sh" "$house" >"$house/said" 2>&1; then
        echo "not ok $count - $what: it passed"
        exit 1
    elif ! grep -qF "$place" "$house/said"; then
        echo "not ok $count - $what: $place is not named in: $(cat "$house/said")"
        exit 1
    fi
    echo "ok $count - $what"
}

build_house
passes 'a house in order'
fails 'base does not know the public ABI' base/mem.c '#include <velum/velum.h>'
fails 'base includes nothing above it' base/new.c '#include <stdio.h>' '#include "store/db.h"'
fails 'siblings do not meet' policy/decide.c '#include "vault/vault.h"'
fails 'audit has no store' audit/log.c '#include "store/db.h"'
fails 'vault does not see core' vault/vault.c '#  include "core/gate.h"'
fails 'gateway sees the ABI, not core' gateway/http.c '#include <core/gate.h>'
fails 'the command does not reach into audit' cli/main.c '#include "audit/verify.h"'
fails 'no way around by ..' cli/main.c '#include "../audit/verify.h"'
fails 'public headers do not see the house' include/velum/velum.h '#include "base/mem.h"'
fails 'a second includer of sodium.h' vault/zzz.c '#include <sodium.h>'
fails 'a second includer of an OpenSSL header' vault/z.c '#include <openssl/evp.h>'
fails 'a library that no table names' vault/seal.c '#include <zlib.h>'
fails 'a header that holds a library leaves its folder' vault/v.c '#include "store/driver.h"'
fails 'a folder without a row' attic/old.c '#include <stdio.h>'
echo "1..$count"
