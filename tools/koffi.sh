#!/bin/sh
# koffi.sh DIR: puts koffi, by which Node.js calls libvelum, into DIR/node_modules, for the tests of
# bindings/node. Its packages are checked against the hashes in bindings/node/package-lock.json before
# they are unpacked, and none of their scripts runs.
set -eu
dir=$1
lock=bindings/node/package-lock.json

fail() {
    echo "koffi.sh: $1" >&2
    exit 1
}
# of PACKAGE MEMBER: what the lock says of it.
of() {
    node -p "require('./$lock').packages['node_modules/$1'].$2"
}
# fetch PACKAGE: into DIR/node_modules/PACKAGE.
fetch() {
    version=$(of "$1" version)
    [ ! -f "$dir/node_modules/$1/.velum-$version" ] || return 0
    echo "GET $1 $version"
    rm -f "$work"/*.tgz
    npm pack --silent --ignore-scripts --fetch-retries=1 --fetch-timeout=60000 --pack-destination "$work" \
        "$1@$version" >/dev/null 2>"$work/log" || fail "npm could not fetch $1 $version: $(tail -n 1 "$work/log")"
    want=$(of "$1" integrity | sed 's/^sha512-//' | base64 -d | od -An -v -tx1 | tr -d ' \n')
    have=$(cat "$work"/*.tgz | sha512sum | cut -d' ' -f1)
    [ "$want" = "$have" ] || fail "$1 $version is not what it was: its hash differs"
    rm -rf "$dir/node_modules/$1"
    mkdir -p "$dir/node_modules/$1"
    tar -xzf "$work"/*.tgz -C "$dir/node_modules/$1" --strip-components=1
    : >"$dir/node_modules/$1/.velum-$version"
}

for tool in node npm; do
    command -v $tool >/dev/null || fail "$tool is needed"
done
mkdir -p "$dir"
work=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
fetch koffi
fetch "@koromix/koffi-$(node -p 'process.platform + "-" + process.arch')"
