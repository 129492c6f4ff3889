#!/bin/sh
# probe-flags.sh CC: prints, as make variables, the hardening flags that this compiler accepts.
set -eu
cc=$1

accepts() {
    echo '#include <stdio.h>' | "$cc" -O2 -Werror "$@" -x c -c -o /dev/null - 2>/dev/null
}

command -v "$cc" >/dev/null || { echo "probe-flags.sh: no compiler $cc; try 'make deps'" >&2; exit 1; }

hardening=
for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection=full; do
    if accepts $flag; then hardening="$hardening $flag"; fi
done

zero=-ftrivial-auto-var-init=zero
consent=-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang
if accepts $zero; then
    hardening="$hardening $zero"
elif accepts $zero $consent; then
    hardening="$hardening $zero $consent"
fi

# A distribution may define its own level, so the old one goes first.
fortify='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2'
if accepts -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3; then
    fortify='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3'
fi

echo "hardening :=$hardening"
echo "fortify := $fortify"
