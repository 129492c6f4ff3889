#!/bin/bash
# one-at-a-time.sh LOCK COMMAND...: waits for whoever holds the lock, saying so, then runs the command.
set -eu
lock=$1
shift

mkdir -p "$(dirname "$lock")"
exec 9>"$lock"
if ! flock -n 9; then
    echo "waiting for another build to finish ($lock)" >&2
    flock 9
fi
"$@" 9>&-
