#!/bin/sh
# deps.sh [build|ci|bench|fresh]: names what is missing and installs it, asking nothing.
set -eu
kind=${1:-build}

packages='gcc make pkgconf libc6-dev libsodium-dev libssl-dev libmicrohttpd-dev libjansson-dev
    libyaml-dev libcurl4-openssl-dev libcmocka-dev curl python3 ca-certificates git libsqlite3-dev binutils strace
    zlib1g-dev libzstd-dev' # the last two: Debian 13's static libcrypto asks for them
command -v npm >/dev/null || packages="$packages npm"
case $kind in
ci) packages="$packages g++ abigail-tools" ;;
bench) packages="$packages wrk" ;;
fresh) packages='debootstrap util-linux curl git' ;;
esac

# get ARGUMENTS...: apt-get as root, asking nothing.
get() {
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
    else
        echo 'deps: this needs root or sudo' >&2
        return 1
    fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 --no-install-recommends "$@" </dev/null
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    lacking=
    for tool in gcc make pkg-config npm curl python3 git; do
        command -v $tool >/dev/null || lacking="$lacking $tool"
    done
    for module in libsodium libcrypto libmicrohttpd jansson yaml-0.1 libcurl cmocka; do
        pkg-config --exists $module 2>/dev/null || lacking="$lacking $module"
    done
    [ -z "$lacking" ] || { echo "deps: this is no Debian or Ubuntu; please install:$lacking" >&2; exit 1; }
    exit 0
fi

# Debian 12, 13 and Ubuntu 24.04 differ in which LLVM they carry: 14 where there is one, else the default.
if [ "$kind" = ci ]; then
    apt-cache show clang >/dev/null 2>&1 || get update
    if apt-cache show clang-format-14 >/dev/null 2>&1; then
        packages="$packages clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14"
    else
        packages="$packages clang"
    fi
fi

missing=
have=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' $packages 2>/dev/null || true)"
for package in $packages; do
    case $have in
    *" installed:$package "*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

echo "deps: installing$missing"
get install $missing || { get update && get install $missing; }
