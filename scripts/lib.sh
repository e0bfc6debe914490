# Shared by the scripts: where things are, and how to say what is wrong. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Things made once for the machine, outside the clone: the wasm toolchain, cargo-stylus.
MUSTER_CACHE=${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}
WASM_TARGET=wasm32-unknown-unknown
WASM_TOOLCHAIN=$MUSTER_CACHE/wasm-toolchain

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $1"
  shift
  for line in "$@"; do say "       $line"; done
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Whether the cargo in PATH, as it stands, compiles and links for Stylus.
has_wasm_target() {
  local sysroot
  sysroot=$(rustc --print sysroot 2>/dev/null) || return 1
  compgen -G "$sysroot/lib/rustlib/$WASM_TARGET/lib/libstd-*.rlib" >/dev/null
}

# Runs a command with a toolchain that knows the wasm target.
with_wasm() {
  if has_wasm_target; then
    "$@"
  elif [ -x "$WASM_TOOLCHAIN/bin/rustc" ]; then
    PATH="$WASM_TOOLCHAIN/bin:$PATH" "$@"
  else
    die "no compiler here knows the target $WASM_TARGET" "run scripts/setup"
  fi
}

# Runs the command `muster`, built if need be.
muster() {
  if [ -z "${MUSTER_BUILT:-}" ]; then
    cargo build --quiet --locked -p cli
    MUSTER_BUILT=1
  fi
  target/debug/muster "$@"
}
