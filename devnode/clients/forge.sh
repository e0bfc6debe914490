#!/usr/bin/env bash
# forge compiles, deploys, runs a script and tests on a fork. RPC and DEV_KEY are in the environment.
# shellcheck disable=SC2317 # steps are called by their names
set -euo pipefail
cd "$(dirname "$0")/forge"
# shellcheck source=devnode/clients/steps.sh
. ../steps.sh forge

forge=$(foundry forge)
cast=$(foundry cast)
forge() { "$forge" "$@"; }
cast() { "$cast" "$@"; }
export ETH_RPC_URL=${RPC:?} NO_COLOR=1
account=(--rpc-url "$RPC" --private-key "${DEV_KEY:?}" --broadcast)
rm -rf ../build/forge*

compiles() { forge build; }

creates() {
  local at
  at=$(forge create "${account[@]}" --json src/Counter.sol:Counter --constructor-args 7 | sed -nE 's/.*"deployedTo": "(.*)".*/\1/p')
  same "$(cast call "$at" 'number()(uint256)')" 7
}

# The transactions of the script are in a file that forge writes when they are mined.
runs_a_script() {
  local run=../build/forge-broadcast/Deploy.s.sol/412346/run-latest.json
  forge script "${account[@]}" script/Deploy.s.sol
  same "$(grep -c '"status": "0x1"' "$run")" 2
  sed -nE '0,/"contractAddress"/s/.*"contractAddress": "(0x[0-9a-f]{40})".*/\1/p' "$run" >"$notes/counter"
  same "$(cast call "$(cat "$notes/counter")" 'number()(uint256)')" 42
}

tests_on_a_fork() {
  local said
  said=$(COUNTER=$(cat "$notes/counter") forge test --fork-url "$RPC")
  same "$(grep -c '^\[PASS\]' <<<"$said")" 2
  # Nothing of it is on the chain.
  same "$(cast call "$(cat "$notes/counter")" 'number()(uint256)')" 42
}

# Before the script's transactions there was no counter.
forks_the_past() {
  local said
  said=$(COUNTER=$(cat "$notes/counter") forge test --fork-url "$RPC" --fork-block-number 1) || true
  grep -q ': 0 tests passed, 2 failed' <<<"$said"
}

step "compiles with solc from npm" compiles
step "deploys, with an argument" creates
step "runs a script of two transactions" runs_a_script
step "tests on a fork" tests_on_a_fork
step "tests on a fork of the past" forks_the_past
exit "$failed"
