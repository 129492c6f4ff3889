#!/bin/sh
# lint-house.sh [TOP]: the rules of style.md that a machine can check, over the house's own C files.
# Prints file:line: what; exits 1 when a rule is broken. More than five parameters only warns.
set -eu
cd "${1:-.}"
files=$(find include base store policy vault audit core crm courier gateway cli \( -name '*.c' -o -name '*.h' \) -type f 2>/dev/null |
    LC_ALL=C sort)
[ -n "$files" ] || exit 0

awk -v function_lines_max=70 -v file_lines_max=600 -v parameters_max=5 '
    function broken(line, why) { printf "%s:%d: %s\n", FILENAME, line, why; bad = 1 }

    # The line without comments, strings and characters, which may name anything.
    function code_of(text,    out) {
        gsub(/\\./, "", text)
        gsub(/"[^"]*"/, "\"\"", text)
        gsub(/\047[^\047]*\047/, "0", text)
        if (in_comment) {
            if (!match(text, /\*\//)) return ""
            text = substr(text, RSTART + 2)
            in_comment = 0
        }
        while (match(text, /\/\*/)) {
            out = out substr(text, 1, RSTART - 1)
            text = substr(text, RSTART + 2)
            if (!match(text, /\*\//)) { in_comment = 1; return out }
            text = substr(text, RSTART + 2)
        }
        sub(/\/\/.*/, "", text)
        return out text
    }

    function count_parameters(head,    depth, i, c, commas) {
        i = index(head, "(")
        for (; i <= length(head); i++) {
            c = substr(head, i, 1)
            if (c == "(") depth++
            if (c == ")" && --depth == 0) break
            if (c == "," && depth == 1) commas++
        }
        return commas + 1
    }

    FNR == 1 { in_comment = 0; in_function = 0; head = "" }
    FNR == file_lines_max + 1 { broken(FNR, "the file has more than " file_lines_max " lines") }
    {
        code = code_of($0)

        if (FILENAME != "base/mem.c" && code ~ /(^|[^A-Za-z0-9_.>])(malloc|calloc|realloc|reallocarray|free)[ ]*\(/)
            broken(FNR, "memory comes from base/mem.h only (rule 15)")
        if (code ~ /(^|[^A-Za-z0-9_])(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|alloca|strtok)[ ]*\(/)
            broken(FNR, "no strcpy, strcat, sprintf, atoi, alloca, strtok (rule 18)")
        if (in_function && code ~ /^[ ]*#[ ]*(if|ifdef|ifndef|else|elif)/)
            broken(FNR, "no #if inside a function (rule 7)")

        if (code ~ /^{/ && head ~ /\(/ && head !~ /=[ ]*$/) {
            in_function = 1; began = FNR; name = head
            sub(/[ ]*\(.*/, "", name); sub(/.*[ *]/, "", name)
            if (count_parameters(head) > parameters_max)
                printf "%s:%d: warning: %s takes %d parameters\n", FILENAME, FNR, name, count_parameters(head)
        }
        if (code ~ /^}/ && in_function) {
            in_function = 0
            if (FNR - began - 1 > function_lines_max)
                broken(began, name " has " (FNR - began - 1) " lines, more than " function_lines_max)
        }
        if (code ~ /^[ ]*#/ || code ~ /[;}][ ]*$/) head = ""
        else if (!in_function) head = head " " code
    }
    END {
        if (!bad) print "lint: every file keeps the house rules"
        exit bad
    }' $files
