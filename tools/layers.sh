#!/bin/sh
# layers.sh [TOP]: reads the #include lines and fails, naming file:line, where
#   - a folder includes from a row above it or from a sibling (the table below),
#   - a header of somebody else's library is included by more than one of our files; where that one file
#     is a header of ours, it stays inside its folder.
# tests/ and tools/ may include anything.
set -eu
cd "${1:-.}"

# folder: what it may include besides itself
rows='
include: include/velum/status.h
base:    include/velum/status.h
store:   include/velum/status.h base
policy:  include/velum/status.h base
vault:   include/velum/status.h base store
audit:   include/velum/status.h base
core:    include/velum base store policy vault audit
crm:     include/velum/status.h include/velum/velum.h include/velum/module.h base
gateway: include/velum base
cli:     include/velum base
bindings: include/velum
courier: include/velum base
'

# What comes with the C library and the kernel. A header that is neither here nor ours is somebody else's.
system='assert ctype dirent dlfcn endian errno fcntl fenv fnmatch ftw getopt glob grp inttypes limits locale
    langinfo malloc math netdb poll pthread pwd regex sched search semaphore setjmp signal spawn stdalign
    stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings sysexits syslog
    termios threads time uchar ucontext unistd wchar wctype wordexp'

find . -path ./build -prune -o -path ./.git -prune -o -path ./tests -prune -o -path ./tools -prune -o \
    -path ./config -prune -o -path '*/node_modules' -prune -o \
    \( -name '*.c' -o -name '*.h' \) -type f -print | sed 's|^\./||' | LC_ALL=C sort |
    xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' |
    awk -v rows="$rows" -v system_names="$system" '
    BEGIN {
        count = split(rows, line, "\n")
        for (i = 1; i <= count; i++) {
            words = split(line[i], word, " ")
            if (words == 0) continue
            folder = substr(word[1], 1, length(word[1]) - 1)
            known[folder] = 1
            for (j = 2; j <= words; j++) may[folder, word[j]] = 1
        }
        count = split(system_names, word, " ")
        for (i = 1; i <= count; i++) is_system[word[i] ".h"] = 1
    }
    function broken(why) { print place ": " why; bad = 1 }
    function ours(path) { return path in known }
    {
        split($0, part, ":")
        file = part[1]; place = file ":" part[2]
        match($0, /[<"][^>"]+[>"]/)
        header = substr($0, RSTART + 1, RLENGTH - 2)
        quoted = substr($0, RSTART, 1) == "\""
        from = file; sub(/\/.*/, "", from)
        if (file !~ /\//) from = "."
        top = header; sub(/\/.*/, "", top)

        if (!(from in known)) { broken("folder " from "/ has no row in tools/layers.sh"); next }
        if (header ~ /\.\./) { broken("include by path from the top, not by \"..\": " header); next }
        if (top == "velum") { full = "include/" header; top = "include" }
        else if (ours(top) && header ~ /\//) full = header
        else if (quoted) { full = from "/" header; top = from }
        else { foreign(); next }

        if (top != from) crossing(full)
        if (top == from || (from, top) in may || (from, full) in may) next
        if (from == "core" && top == "include") next
        if (top == "include" && (from, "include/velum") in may) next
        broken(from "/ may not include " full)
    }
    function foreign() {
        if (header in is_system || header ~ /^(sys|linux|netinet|arpa|net|sanitizer)\//) return
        if (header in owner && owner[header] != file) {
            broken("<" header "> has its one including file already: " owner[header]); return
        }
        owner[header] = file
        if (file ~ /\.h$/) keeps_inside[file] = header
    }
    # A pair of folders apart, noted for the end, when all keepers of a header are known.
    function crossing(full) { crossings++; where[crossings] = place; what[crossings] = full }
    END {
        for (i = 1; i <= crossings; i++) if (what[i] in keeps_inside) {
            place = where[i]
            broken(what[i] " holds <" keeps_inside[what[i]] "> and stays inside its folder")
        }
        if (!bad) print "layers: every #include keeps its row"
        exit bad
    }'
