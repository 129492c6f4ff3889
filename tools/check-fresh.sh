#!/bin/bash
# check-fresh.sh [RELEASE...]: does a newcomer's machine run the README's two commands?
#
# For each release (bookworm and trixie of Debian; noble of Ubuntu where its archive can be reached) a
# minimal root is made with debootstrap, holding no more than git, make and certificates. Into it come
# this folder's HEAD as a clone, and the machine's own settings for apt and npm (mirror, proxy,
# certificates), so that it works where the archive is reached another way. Then, inside:
#     make run     until it prints its three commands; each is pasted as it stands and must answer
#     make test    its last line must say `0 failed`
# Needs root. Takes some ten minutes a release; leaves nothing behind (KEEP=1 keeps the roots, ONLY=
# narrows make test).
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD

say() { printf 'check-fresh: %s\n' "$*"; }
[ "$(id -u)" -eq 0 ] || { say 'this needs root, for chroot'; exit 77; }
command -v debootstrap >/dev/null || { say 'debootstrap is not here: apt-get install debootstrap'; exit 77; }
[ $# -gt 0 ] || set -- bookworm trixie noble

place=$(mktemp -d /var/tmp/velum-fresh.XXXXXX)
passed=0 failed=0 skipped=0
inside=

# The shell of `inside` waits for unshare, which ends for no TERM; with it goes everything in its namespace.
end_inside() {
    [ -n "$inside" ] || return 0
    pkill -KILL -P "$inside" 2>/dev/null || true
    wait "$inside" 2>/dev/null || true
    inside=
}

leave() {
    end_inside
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$place"
}
trap leave EXIT

# The archive of a release: for Debian the one that this machine uses, so that a local mirror serves.
archive_of() {
    case $1 in
    noble) echo 'http://archive.ubuntu.com/ubuntu' ;;
    *)
        local own
        own=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
            sed -n -e 's/^URIs: *//p' -e 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' |
            grep -E '/debian/?$' | head -n 1) || true
        echo "${own:-http://deb.debian.org/debian}"
        ;;
    esac
}

make_root() { # RELEASE ROOT
    local archive script=
    archive=$(archive_of "$1")
    if ! timeout 20 curl -fsI "$archive/dists/$1/Release" >/dev/null; then
        return 77
    fi
    # One that does not know the newest Ubuntu knows how all since Gutsy are made.
    [ -e "/usr/share/debootstrap/scripts/$1" ] || script=gutsy
    debootstrap --variant=minbase --include=git,make,ca-certificates "$1" "$2" "$archive" $script \
        >"$place/$1.debootstrap" 2>&1 || { tail -n 5 "$place/$1.debootstrap"; return 1; }
    case $1 in # Ubuntu keeps libsodium, npm and others there
    noble) echo "deb $archive noble main universe" >"$2/etc/apt/sources.list" ;;
    esac
}

# What this machine needs to reach archives and registries.
carry_settings() { # ROOT
    local file
    for file in /etc/apt/apt.conf.d/*; do
        if grep -qE '^ *Acquire' "$file" 2>/dev/null; then
            cp "$file" "$1/etc/apt/apt.conf.d/"
        fi
    done
    cp -r /etc/apt/auth.conf.d "$1/etc/apt/" 2>/dev/null || true
    cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
    for file in "$(npm config get globalconfig 2>/dev/null || true)" "$HOME/.npmrc"; do
        [ ! -f "$file" ] || grep -vE '^ *(cafile|nodedir|prefix)=' "$file" >>"$1/root/.npmrc" || true
    done
    # In a place of its own: a package would write over the usual one.
    if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
        cp /etc/ssl/certs/ca-certificates.crt "$1/etc/machine-certificates.pem"
        printf 'cafile=/etc/machine-certificates.pem\n' >>"$1/root/.npmrc"
    fi
}

# in_root ROOT COMMAND...: inside, with nothing of this shell's environment but what reaches archives.
in_root() {
    local root=$1 name
    local -a settings=()
    shift
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name:-}" ] || settings+=("$name=${!name}")
    done
    [ ! -f "$root/etc/machine-certificates.pem" ] ||
        settings+=(NODE_EXTRA_CA_CERTS=/etc/machine-certificates.pem)
    # Devices of its own, open to all as on a newcomer's machine, whatever they are on this one.
    unshare --mount --pid --fork --kill-child sh -c '
        mount -t tmpfs -o mode=755 dev "$0/dev" && cd "$0/dev" &&
            mknod -m 666 null c 1 3 && mknod -m 666 zero c 1 5 && mknod -m 666 full c 1 7 &&
            mknod -m 666 random c 1 8 && mknod -m 666 urandom c 1 9 && mknod -m 666 tty c 5 0 &&
            ln -s /proc/self/fd fd && ln -s fd/0 stdin && ln -s fd/1 stdout && ln -s fd/2 stderr &&
            mkdir pts && mkdir -m 1777 shm && mount -t devpts -o newinstance,ptmxmode=666 pts pts &&
            ln -s pts/ptmx ptmx && cd / &&
            mount -t proc proc "$0/proc" && mount -t sysfs sysfs "$0/sys" &&
            exec chroot "$0" "$@"' "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${settings[@]}" "$@"
}

# The three commands of make run, pasted.
paste_commands() { # ROOT OUTPUT
    local -a lines
    local answer
    mapfile -t lines < <(grep -E '^(curl|build/release/velum) ' "$2")
    [ ${#lines[@]} -eq 3 ] || { say "make run printed ${#lines[@]} commands, not three"; return 1; }
    local -a wanted=('"fields":' '"state":"withdrawn"' 'direct-marketing withdrawn')
    for i in 0 1 2; do
        answer=$(in_root "$1" bash -c "cd /root/velum && ${lines[$i]}" 2>&1) || true
        grep -qF -- "${wanted[$i]}" <<<"$(tr -s ' \n' ' ' <<<"$answer")" ||
            { say "command $((i + 1)) of make run did not answer as it should"; return 1; }
    done
}

try_run() { # ROOT OUTPUT
    local i
    in_root "$1" bash -c 'cd /root/velum && exec make run CUSTOMERS=300 PORT=0' >"$2" 2>&1 &
    inside=$!
    for ((i = 0; i < 1200; i++)); do
        grep -q '^shown once and kept nowhere' "$2" && break
        kill -0 "$inside" 2>/dev/null || break
        sleep 1
    done
    local code=0
    paste_commands "$1" "$2" || code=1
    end_inside
    [ "$code" -eq 0 ] || tail -n 15 "$2"
    return "$code"
}

try_test() { # ROOT OUTPUT
    in_root "$1" bash -c "cd /root/velum && make test ONLY='${ONLY:-}'" >"$2" 2>&1 || true
    tail -n 1 "$2" | grep -qE '^[0-9]+ passed, 0 failed' && return 0
    grep -E '^FAIL' -A8 "$2" | tail -n 40
    tail -n 2 "$2"
    return 1
}

try_release() { # RELEASE
    local root=$place/$1 code=0 began=$SECONDS
    say "$1: making a minimal root"
    make_root "$1" "$root" || code=$?
    if [ "$code" -eq 77 ]; then
        say "$1: skipped, its archive cannot be reached from here"
        skipped=$((skipped + 1))
        return 0
    fi
    [ "$code" -eq 0 ] || { say "$1: no root"; failed=$((failed + 1)); return 0; }
    carry_settings "$root"
    git clone -q --no-hardlinks "$top" "$root/root/velum"
    say "$1: make run"
    if try_run "$root" "$place/$1.run"; then
        say "$1: make run printed three commands, and each answered ($((SECONDS - began)) s)"
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    say "$1: make test"
    if try_test "$root" "$place/$1.test"; then
        say "$1: $(tail -n 1 "$place/$1.test") ($((SECONDS - began)) s)"
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$root"
}

for release in "$@"; do
    try_release "$release"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
