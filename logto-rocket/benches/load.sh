#!/usr/bin/env bash
# Load over TCP: a bare route, the same with the session's cookie, and protected
# routes, in turns, with server and load on a core each. Prints the medians of
# requests a second and the ratios. Needs wrk, redis-server and at least two cores. Redis
# shares the load's core, as if on a machine of its own.
#
#   logto-rocket/benches/load.sh [rounds [seconds]]
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-7}
seconds=${2:-3}
address=http://127.0.0.1:8123
binary=${CARGO_TARGET_DIR:-target}/release/examples/load
cargo build --quiet --release -p logto-rocket --features redis --example load

measure() { # path, cookie or nothing
    local header=()
    [ -z "${2:-}" ] || header=(-H "Cookie: $2")
    taskset -c 1 wrk -t1 -c16 -d"${seconds}s" "${header[@]}" "$address$1" |
        awk '/Requests\/sec/ { print $2 }'
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

taskset -c 1 redis-server --port 8124 --save "" --bind 127.0.0.1 >/dev/null &
redis=$!
trap 'kill $redis 2>/dev/null || true' EXIT

for store in cookie memory marks redis; do
    out=$(mktemp -d)
    unset LOGTO_SESSION_REDIS_URL
    case $store in marks | redis) export LOGTO_SESSION_REDIS_URL=redis://127.0.0.1:8124 ;; esac
    taskset -c 0 "$binary" "$store" >"$out/cookie" 2>"$out/log" &
    server=$!
    trap 'kill $server $redis 2>/dev/null || true' EXIT
    for _ in $(seq 100); do [ -s "$out/cookie" ] && break || sleep 0.1; done
    cookie=$(head -n 1 "$out/cookie")
    for _ in $(seq "$rounds"); do
        measure /bare >>"$out/bare"
        measure /bare "$cookie" >>"$out/with-cookie"
        measure /protected "$cookie" >>"$out/protected"
        measure /user "$cookie" >>"$out/user"
        measure /protected >>"$out/stranger-401"
        measure /page >>"$out/stranger-303"
    done
    kill $server
    wait $server 2>/dev/null || true
    echo "store $store, cookie of ${#cookie} bytes, $rounds rounds of $seconds s"
    base=$(median "$out/bare")
    carried=$(median "$out/with-cookie")
    for route in bare with-cookie protected user stranger-401 stranger-303; do
        awk -v n="$route" -v r="$(median "$out/$route")" -v b="$base" -v c="$carried" 'BEGIN {
            printf "  %-14s %8.0f requests/s   / bare %.2f   / with cookie %.2f\n", n, r, r / b, r / c
        }'
    done
done
