# What all scripts share: where things are, and how to speak to the reader.
# Sourced, with the project's root as the working folder afterwards.
#
# shellcheck shell=bash

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD

# shellcheck source=scripts/versions.sh
. scripts/versions.sh

# Tools live beside the project and not in the user's home, so that they can
# be thrown away with it and never fight with other versions.
TOOLS=${LIVE_ORDERS_TOOLS:-$ROOT/.tools}
case $TOOLS in /*) ;; *) TOOLS=$ROOT/$TOOLS ;; esac
export LIVE_ORDERS_TOOLS=$TOOLS

# cargo-leptos takes wasm-bindgen and wasm-opt from PATH before it thinks of
# downloading them.
export PATH=$TOOLS/cargo/bin:$TOOLS/npm/node_modules/.bin:$PATH

# Whatever the user has set for other projects, this one finds what it has built.
export CARGO_TARGET_DIR=$ROOT/target
unset CARGO_BUILD_TARGET

# An answer that somebody has to type would hang a build that nobody watches.
export npm_config_yes=true CARGO_TERM_PROGRESS_WHEN=${CARGO_TERM_PROGRESS_WHEN:-never}

# One line for each step.
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# One line that says what is wrong and what to do, and the end.
fail() {
    printf '\033[1;31merror:\033[0m %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# at_least 1.95 1.100.2 is true: versions are compared number by number.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]
}

# BINARY is the program that is to be tried: the release binary, where nobody says another.
need_binary() {
    BINARY=${BINARY:-target/release/live-orders}
    [ -x "$BINARY" ] || fail "$BINARY is missing: run \"make build\" first, or set BINARY to one"
}

# The checksum of what comes in; macOS has no sha256sum.
checksum() {
    if have sha256sum; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# test_program faults: builds what is in tests/faults and says where it is, for whoever starts
# it without cargo, which would not pass on a signal.
test_program() {
    cargo test --locked --quiet --no-run --test "$1" >&2 || return
    cargo test --locked --no-run --test "$1" 2>&1 | sed -n 's|.*Executable.*(\(.*\))$|\1|p'
}
