#!/bin/bash
# run.sh: makes the sample retailer unless it is there, starts velumd on it in the foreground, and
# prints three commands to paste: one of a service, one of a customer, one of the officer.
#   PORT=N       the port (8080, or the next free one; 0 takes any)
#   CUSTOMERS=N  how many customers a new sample has (5000)
#   FRESH=1      throws the sample away and makes a new one
# Tokens are shown once. The sample's are kept beside it so that a second run can print them again;
# a real folder never does this.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${VELUM_BUILD:-build/release}
sample=${SAMPLE:-build/sample}
customers=${CUSTOMERS:-5000}
port=${PORT:-}
tokens=$sample-tokens
domain=care
said=
daemon=
stopping=

fail() {
    printf 'run: %s\n' "$@" >&2
    exit 1
}

# velumd answers what is under way and signs a last checkpoint, so its end is waited for.
stop() {
    trap '' INT TERM HUP
    stopping=yes
    [ -z "$daemon" ] || kill -TERM "$daemon" 2>/dev/null || true
}
leave() {
    local code=$?
    stop
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    [ -z "$said" ] || rm -rf "$said"
    exit "$code"
}
trap leave EXIT

# Somebody holds the folder's lock (an open file description lock, seen in /proc/locks).
is_held() {
    [ -e "$sample/lock" ] && [ -r /proc/locks ] &&
        grep -q "OFDLCK.*:$(stat -c %i "$sample/lock") " /proc/locks
}

# ---- the sample ---------------------------------------------------------------------------------

throw_away() {
    [ -e "$sample" ] || return 0
    # Only a sample keeps its root secret inside: nothing else is ever removed.
    [ -f "$sample/root.key" ] || fail "$sample is no sample: it is left alone"
    rm -rf "$sample" "$tokens"
}

make_sample() {
    echo "Making a sample retailer: 30 stores, $customers customers, nobody real."
    rm -rf "$sample.new" "$tokens"
    mkdir -p "$(dirname "$sample")"
    "$build/velum" init "$sample.new" --sample --customers "$customers"
    mv "$sample.new" "$sample"
}

# ---- velumd -------------------------------------------------------------------------------------

is_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

choose_port() {
    [ -z "$port" ] || return 0
    for port in {8080..8099}; do
        is_taken "$port" || return 0
    done
    fail 'the ports 8080 to 8099 are all taken: choose one with PORT='
}

start_daemon() {
    said=$(mktemp -d)
    "$build/velumd" --data "$sample" --listen "127.0.0.1:$port" >"$said/out" </dev/null &
    daemon=$!
    for _ in {1..1200}; do
        if grep -q '^listening on ' "$said/out"; then
            url=$(sed -n 's/^listening on //p' "$said/out")
            return 0
        fi
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    fail 'velumd did not start'
}

# ---- tokens -------------------------------------------------------------------------------------

# The reference of the sample's first customer, as the service sees it; empty when refused.
look_up() {
    curl -s --max-time 20 -X POST -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
        -d '{"identifier":{"type":"ext:sample","value":"0"}}' "$url/v1/subjects/lookup" |
        sed -n 's/.*"subject":"\([0-9A-Z]*\)".*/\1/p'
}

add_service() { # NAME
    "$build/velum" --data "$sample" credential add "$1" --kind service --role customer_service \
        --activity customer-care --domain $domain 2>/dev/null
}

find_service() {
    token=$(cat "$tokens" 2>/dev/null || true)
    [ -n "$token" ] && ref=$(look_up "$token") && [ -n "$ref" ] && return 0
    token=$(add_service sample-service) || token=$(add_service "sample-service-$(date +%s)") ||
        fail 'the service could not be registered'
    (umask 077 && printf '%s\n' "$token" >"$tokens")
    ref=$(look_up "$token")
    [ -n "$ref" ] || fail "the sample's first customer was not found; make a new one: FRESH=1"
}

print_commands() {
    local customer
    customer=$("$build/velum" --data "$sample" credential customer "$domain:$ref" 2>/dev/null) ||
        fail 'no token could be made for the customer'
    cat <<END

velumd listens on $url and holds $sample.
Three commands to paste into another terminal, in this folder:

# A service reads a customer. Its role sees the name; the phone number comes masked.
curl -s -w '\n' -H "Authorization: Bearer $token" "$url/v1/subjects/$ref?activity=customer-care"

# The customer withdraws a consent. This token is good for 15 minutes.
curl -s -w '\n' -X POST -H "Authorization: Bearer $customer" -H "Content-Type: application/json" -d '{"purpose":"direct-marketing","state":"withdrawn"}' $url/v1/me/consents

# You, as the officer, ask who saw this customer.
$build/velum --data $sample audit log --subject $domain:$ref

The service's token is kept in $tokens. That is for a sample only: a real token is
shown once and kept nowhere. Ctrl-C stops velumd.

END
}

# ---- the way ------------------------------------------------------------------------------------

for program in velum velumd; do
    [ -x "$build/$program" ] || fail "there is no $build/$program: \`make build\` makes it"
done
is_held && fail "another velumd holds $sample: stop it first"
[ -z "${FRESH:-}" ] || [ "$FRESH" = 0 ] || throw_away
if [ -d "$sample" ]; then
    echo "Using the sample in $sample again (FRESH=1 makes a new one)."
else
    make_sample
fi
choose_port
start_daemon
find_service
print_commands

trap stop INT TERM HUP
code=0
wait "$daemon" || code=$?
if [ -n "$stopping" ] && [ "$code" -gt 128 ]; then # the signal cut the wait short
    code=0
    wait "$daemon" || code=$?
fi
daemon=
exit "$code"
