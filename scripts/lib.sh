# Shared by the scripts: where things are, and how to say what is wrong. Sourced, never run.
# shellcheck shell=bash disable=SC2034 # variables are for the scripts that source this
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Things made once for the machine, outside the clone: the wasm toolchain, and tools from the registry.
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

# Installs packages of the distribution.
apt_install() {
  local sudo=()
  has apt-get || die "missing: $*" "this system has no apt-get; install the equivalent by hand and try again"
  if [ "$(id -u)" != 0 ]; then
    has sudo || die "missing: $*" "as root: apt-get install $*"
    sudo=(sudo)
  fi
  say "installing $* (apt)"
  if [ -z "${APT_UPDATED:-}" ]; then
    "${sudo[@]}" apt-get update -qq || say "apt-get update failed, trying with the lists that are here"
    APT_UPDATED=1
  fi
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    die "apt-get could not install: $*" "try: apt-get update && apt-get install $*"
}

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

# The market's address in what a deployment printed: the last address, and no part of a longer hash.
printed_market() { grep -owE '0x[0-9a-fA-F]{40}' <<<"$1" | tail -n 1; }

# Builds target/debug/muster, once for a script. With MUSTER_BUILT=1 in the environment it is there already:
# scripts/test has it from its tests, which build dependencies with other features than the command alone.
build_muster() {
  [ -n "${MUSTER_BUILT:-}" ] || cargo build --quiet --locked -p muster-cli
  MUSTER_BUILT=1
}

# Builds target/debug/node-proxy, and makes `node-proxy` that program; after prepare_programs.
build_node_proxy() {
  if [ -z "${MUSTER_BUILT:-}" ] || [ ! -x target/debug/node-proxy ]; then cargo build --quiet --locked -p muster-node-proxy; fi
}

# Runs the command `muster`, built if need be.
muster() {
  build_muster
  target/debug/muster "$@"
}

# Starts the embedded chain in the background on any free port: sets NODE (process) and RPC (URL).
start_devnode() {
  local log
  log=$(mktemp)
  build_muster
  target/debug/muster --json devnode --port 0 >"$log" &
  NODE=$!
  RPC=$(printed_url "$log" "$NODE") || die "the dev chain did not start"
}

# A fact that a background process prints in JSON when it is ready: NAME|NAME, FILE with its output, its process.
printed() {
  local value
  until value=$(sed -nE "s/.*\"($1)\": ?\"([^\"]+)\".*/\2/p" "$2") && [ -n "$value" ]; do
    kill -0 "$3" 2>/dev/null || return 1
    sleep 0.05
  done
  printf '%s\n' "${value%%$'\n'*}"
}

# The URL that a background process prints when it is ready: FILE with its output, its process.
printed_url() { printed 'rpc|url' "$1" "$2"; }

# The key of the account that every Nitro dev chain starts with.
DEV_KEY=0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659

# The folder of a command from the registry, installed once, outside the clone: its crate, its version, and its name if
# that is not the crate's.
cargo_tool() {
  local home=$MUSTER_CACHE/$1-$2 command=${3:-$1}
  if [ ! -x "$home/bin/$command" ]; then
    say "installing $1 $2 (once; about 4 minutes on two cores, cargo-stylus about 20)"
    CARGO_TARGET_DIR=$home/target cargo install --quiet --locked --debug --root "$home" --version "$2" "$1" >&2 ||
      die "$1 $2 did not install" "see the messages above"
    rm -rf "$home/target"
  fi
  printf '%s\n' "$home/bin"
}

# Runs `cargo stylus`, as it comes from the registry.
stylus() {
  local bin
  bin=$(cargo_tool cargo-stylus 0.10.10) || exit 1
  NO_COLOR=1 with_wasm "$bin/cargo-stylus" stylus "$@"
}

# Runs `cargo mutants`.
mutants() {
  local bin
  bin=$(cargo_tool cargo-mutants 27.1.0) || exit 1
  PATH=$bin:$PATH cargo mutants "$@"
}

# Runs `cargo deny`.
deny() {
  local bin
  bin=$(cargo_tool cargo-deny 0.20.2) || exit 1
  PATH=$bin:$PATH cargo deny --locked "$@"
}

# Runs `typos`.
typos() {
  local bin
  bin=$(cargo_tool typos-cli 1.52.0 typos) || exit 1
  "$bin/typos" "$@"
}

# Checks shell scripts.
lint_scripts() {
  has shellcheck || apt_install shellcheck
  shellcheck -x -P scripts "$@"
}

# Makes `muster deploy` take the contracts that scripts/wasm built in place of the embedded ones.
deploy_built_contracts() {
  export MUSTER_AGREEMENT_WASM=$ROOT/target/$WASM_TARGET/release/agreement.wasm
  export MUSTER_DISPATCHER_WASM=$ROOT/target/$WASM_TARGET/release/dispatcher.wasm
}

# For scripts that run many programs side by side: builds everything, makes `muster` the program itself, and makes
# $notes, a folder for what they say and know.
prepare_programs() {
  scripts/wasm
  deploy_built_contracts
  build_muster
  unset -f muster
  PATH=$ROOT/target/debug:$PATH
  notes=$(mktemp -d)
  declare -gA process
}

# Starts a program that runs until it is ended, with state files of its own: its name here, and the command.
# Ready when it has said so.
launch() {
  local name=$1
  shift
  : >"$notes/$name.out"
  MUSTER_STATE_FOLDER=$notes/$name "$@" --json >"$notes/$name.out" 2>>"$notes/$name.log" &
  process[$name]=$!
  said "$name" 'health|url|rpc' >/dev/null || die "$name did not start" "see $notes/$name.log"
}

# What a program said when it was ready: its name here, and the fact.
said() { printed "$2" "$notes/$1.out" "${process[$1]}"; }

# For a trap at the end of such a script: ends the dev chain and all programs, shows what they said if something went wrong,
# and removes $notes and whatever else is named.
end_programs() {
  local code=$?
  kill ${NODE:+"$NODE"} "${process[@]}" 2>/dev/null || true
  if [ "$code" != 0 ]; then tail -n 20 "$notes"/*.log >&2 || true; fi
  rm -rf "$notes" "$@"
}

# The constructor's constants for dev chains, in seconds: what `muster deploy --preset dev --clock second` takes.
DEV_CONSTANTS=${DEV_CONSTANTS:-1 3 5 12 1123200 6 604800 2 3 3 5000 1000 100 2000000000000000 1300000000000 50000000000000000 240000000000000}

# Deploys the contract in this folder with cargo-stylus; sets ADDRESS and TRANSACTION.
stylus_deploy() {
  local log
  log=$(mktemp)
  stylus deploy --no-verify "$@" | tee "$log" >&2
  ADDRESS=$(sed -nE 's/.*deployed code at address: [^0]*(0x[0-9a-fA-F]{40}).*/\1/p' "$log")
  TRANSACTION=$(sed -nE 's/.*deployment tx hash: [^0]*(0x[0-9a-fA-F]{64}).*/\1/p' "$log")
  rm -f "$log"
  if [ -z "$ADDRESS" ] || [ -z "$TRANSACTION" ]; then die "cargo stylus deploy printed no address" "see its words above"; fi
}
