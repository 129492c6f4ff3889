#!/bin/sh
# fuzz.sh BUILD SECONDS: libFuzzer on every target in turn, growing a corpus of its own under build/.
set -eu
build=$1
seconds=$2

for source in tests/fuzz/fuzz_*.c; do
    [ -f "$source" ] || { echo 'fuzz: no target yet'; exit 0; }
    name=$(basename "$source" .c)
    grown=build/fuzz-corpus/${name#fuzz_}
    seeds=tests/fuzz/corpus/${name#fuzz_}
    mkdir -p "$grown"
    [ -d "$seeds" ] || seeds=
    echo "fuzz: $name for $seconds s"
    "$build/tests/fuzz/$name" -max_total_time="$seconds" -max_len=65536 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix="$grown-" "$grown" $seeds
done
