# Every tool the project fetches for itself, in the one version that is known
# to work. The versions of Rust crates are in Cargo.lock, those of the browser
# tests in end2end/package-lock.json.
#
# shellcheck disable=SC2034  # read by the scripts that source this file

RUST_OLDEST=1.95
NODE_OLDEST=20
# What checks the API is written in Python; its version is in tests/contract/requirements.txt.
PYTHON_OLDEST=3.10

# Must be the version of the wasm-bindgen crate in Cargo.lock; scripts/setup checks it.
WASM_BINDGEN=0.2.129
# 0.3.11's lock file wants Rust 1.96.
CARGO_LEPTOS=0.3.10
CARGO_DENY=0.20.2
# npm's version of wasm-opt's package; Debian's is too old for today's WASM features.
BINARYEN=132.0.0
