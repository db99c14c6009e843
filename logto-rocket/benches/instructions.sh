#!/usr/bin/env bash
# The instructions of a request, in process, counted by callgrind: other work on the
# machine does not matter. Needs valgrind.
#
#   logto-rocket/benches/instructions.sh [binary of the benchmark `request`]
set -euo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-$(cargo bench -p logto-rocket --features __internal --bench request --no-run 2>&1 |
    sed -n 's/.*Executable.*(\(.*\))/\1/p')}

collected() { # benchmark, requests in each of a hundred samples
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" --bench \
        --sample-count 100 --sample-size "$2" "request::$1" 2>&1 >/dev/null |
        awk '/Collected/ { print $NF }'
}

# Two runs of different length: the share of the launch and the sign-in cancels out.
instructions() { echo $((($(collected "$1" 120) - $(collected "$1" 20)) / 10000)); }

for store in cookie memory; do
    base=$(instructions "bare_with_cookie::$store")
    printf '%-7s %-20s %6d\n' "$store" bare_with_cookie "$base"
    for route in signed_in signed_in_claims signed_in_user; do
        all=$(instructions "$route::$store")
        printf '%-7s %-20s %6d   + %5d\n' "$store" "$route" "$all" $((all - base))
    done
done
for route in bare_without_cookie stranger_401 stranger_303; do
    printf '%-7s %-20s %6d\n' "" "$route" "$(instructions "$route")"
done
