#!/bin/sh
# sqlcipher.sh DIR: puts SQLCipher's sqlite3.c and sqlite3.h into DIR (ADR 0001). The package is checked
# against a pinned hash before it is unpacked, and none of its scripts runs.
set -eu
dir=$1
package=@journeyapps/sqlcipher
version=6.0.0
sha512=YmWSQIR4cnv+5L38lYJoS/dIF/+bEZBaACATbeTyq4XKjMHcxdIlFnElBLiIqa9rwseOIimIYjudgOOCovud3Q==

[ ! -f "$dir/sqlite3.c" ] || exit 0
fail() {
    echo "sqlcipher.sh: $1" >&2
    echo 'sqlcipher.sh: to build offline, name a folder that holds sqlite3.c and sqlite3.h of SQLCipher 4: SQLCIPHER_DIR=folder' >&2
    exit 1
}

command -v npm >/dev/null || fail "npm is needed to fetch $package"
mkdir -p "$dir"
work=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "GET $package $version (2.6 MB)"
npm pack --silent --ignore-scripts --fetch-retries=1 --fetch-timeout=60000 --pack-destination "$work" "$package@$version" >/dev/null 2>"$work/log" ||
    fail "npm could not fetch $package $version: $(tail -n 1 "$work/log")"

want=$(printf %s "$sha512" | base64 -d | od -An -v -tx1 | tr -d ' \n')
have=$(cat "$work"/*.tgz | sha512sum | cut -d' ' -f1)
[ "$want" = "$have" ] || fail "$package $version is not what it was: its hash differs"

tar -xzf "$work"/*.tgz -C "$work" --strip-components=3 \
    package/deps/sqlcipher-amalgamation/sqlite3.c package/deps/sqlcipher-amalgamation/sqlite3.h
mv "$work/sqlite3.h" "$dir/sqlite3.h"
mv "$work/sqlite3.c" "$dir/sqlite3.c"
