#!/usr/bin/env bash
# A clean debug build of the quickstart, compared with one of Rocket, openidconnect and
# reqwest alone, in the same versions and features. Prints the medians and their ratio, in
# wall-clock and CPU time. For a quiet machine; takes minutes.
#
#   logto-rocket/benches/build.sh [rounds]
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The workspace's lines for the three, and its lock file: nothing else differs.
mkdir -p "$work/alone/src"
{
    printf '[package]\nname = "alone"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n'
    grep -E '^(openidconnect|reqwest) = ' Cargo.toml
    echo 'rocket = { version = "0.5", features = ["json"] }'
    printf '\n[profile.dev]\n'
    sed -n '/^\[profile.dev\]/,/^$/p' Cargo.toml | grep '^debug'
} >"$work/alone/Cargo.toml"
echo 'fn main() {}' >"$work/alone/src/main.rs"
cp Cargo.lock "$work/alone/"
cargo fetch --quiet
cargo fetch --quiet --manifest-path "$work/alone/Cargo.toml"

build() { # name, arguments of cargo
    local name=$1
    shift
    rm -rf "$work/target"
    local TIMEFORMAT='%R %U %S'
    { time CARGO_TARGET_DIR="$work/target" cargo build --quiet --offline "$@" 2>/dev/null; } 2>&1 |
        awk '{ print $1, $2 + $3 }' >>"$work/$name.times"
}

median() { # name, column
    cut -d' ' -f"$2" "$work/$1.times" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

for _ in $(seq "$rounds"); do
    build alone --manifest-path "$work/alone/Cargo.toml"
    build quickstart -p quickstart
done
for column in 1 2; do
    what=$([ "$column" = 1 ] && echo "on the clock" || echo "of processors")
    awk -v a="$(median alone $column)" -v q="$(median quickstart $column)" -v w="$what" 'BEGIN {
        printf "%-14s alone %6.1f s   quickstart %6.1f s   ratio %.2f\n", w, a, q, q / a
    }'
done
