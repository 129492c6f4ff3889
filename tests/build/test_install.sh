#!/bin/bash
# `make install` puts a library where pkg-config finds it, a C program links with it, the private header
# stays home, and `make uninstall` leaves no file behind.
set -u
. "$(dirname "$0")/support.sh"
[ -f "$top/build/release/libvelum.so.0" ] || skip 'there is no shared library yet'
cd "$top" || exit 1

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
install_there() { env -u MAKEFLAGS -u MAKELEVEL make CC=gcc install DESTDIR="$place" PREFIX=/opt/velum; }
uninstall_there() { env -u MAKEFLAGS -u MAKELEVEL make CC=gcc uninstall DESTDIR="$place" PREFIX=/opt/velum; }
there=$place/opt/velum

check 'make install' install_there
check 'velum.h is there' test -f "$there/include/velum/velum.h"
check 'module.h is there' test -f "$there/include/velum/module.h"
check 'status.h is there' test -f "$there/include/velum/status.h"
check 'admin.h is not' test ! -e "$there/include/velum/admin.h"
check 'velum-crm' test -x "$there/sbin/velum-crm"
check 'its completion' test -f "$there/share/bash-completion/completions/velum-crm"
check 'the development link' test -e "$there/lib/libvelum.so"
check 'the schema of the configuration' cmp "$top/docs/velum.schema.json" "$there/share/velum/velum.schema.json"
check 'the courier is there' test -x "$there/sbin/velum-courier"

program() {
    echo '#include <velum/velum.h>
int main(void) { return VELUM_OK; }' >"$place/program.c"
    flags=$(PKG_CONFIG_PATH=$there/lib/pkgconfig pkg-config --define-variable=prefix="$there" --cflags --libs velum) &&
        gcc -std=c11 -o "$place/program" "$place/program.c" $flags && LD_LIBRARY_PATH=$there/lib "$place/program"
}
check 'a program links with it and runs' program
check 'make uninstall' uninstall_there
nothing_left() { ! find "$there" ! -type d | grep .; }
check 'nothing is left' nothing_left
done_checking
