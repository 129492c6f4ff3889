#!/bin/bash
# libvelum.so.0 gives away exactly what velum.h and status.h declare, and asks the system alone for help.
set -u
. "$(dirname "$0")/support.sh"
library=$release/libvelum.so.0
[ -f "$library" ] || skip 'there is no shared library yet'

exported() { nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u; }
declared() { cd "$top" && tools/exports.sh "${CC:-gcc}" | grep -oE 'velum_[a-z0-9_]+' | sort -u; }
only_velum() { ! exported | grep -v '^velum_'; }
as_declared() { diff <(declared) <(exported); }
soname() { readelf -d "$library" | grep SONAME | grep -qF '[libvelum.so.0]'; }
symbolic() { readelf -d "$library" | grep -qE 'SYMBOLIC'; }
# SQLCipher, libcrypto, libsodium, jansson and libyaml are inside, where no host can replace them.
nothing_replaceable() { ! readelf -d "$library" | grep NEEDED | grep -E 'sqlite|sqlcipher|crypto|ssl|sodium|jansson|yaml'; }
nothing_asked_for() { ! nm -D --undefined-only "$library" | grep -E ' (sqlite3_|sodium_|crypto_|EVP_|OPENSSL_|json_|yaml_)'; }

check 'every exported name begins with velum_' only_velum
check 'exported is what the headers declare (< declared, > exported)' as_declared
check 'the soname is libvelum.so.0' soname
check 'its own symbols bind inside' symbolic
check 'no library that a host could replace' nothing_replaceable
check 'no symbol that a host could provide' nothing_asked_for
done_checking
