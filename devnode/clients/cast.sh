#!/usr/bin/env bash
# cast drives the counter, once as an EVM contract and once as a Stylus program. RPC and DEV_KEY are in the environment.
# shellcheck disable=SC2317 # steps are called by their names
set -euo pipefail
cd "$(dirname "$0")"

# shellcheck source=devnode/clients/steps.sh
. ./steps.sh cast

program=$(foundry cast)
cast() { "$program" "$@"; }
export ETH_RPC_URL=${RPC:?} NO_COLOR=1
ARB_WASM=0x0000000000000000000000000000000000000071
ADDED='Added(address indexed by,uint256 amount,uint256 total)'
ACTIVATED='ProgramActivated(bytes32 indexed codehash,bytes32 moduleHash,address program,uint256 dataFee,uint16 version)'
LIMIT='TooMuch(uint256,uint256)'

# The bytecode compiled by build.mjs.
bytecode() { sed -E 's/.*"bytecode":"([^"]*)".*/\1/' "build/$1.json"; }

# Signs and sends a transaction, and writes its hash to FILE.
send() {
  local file=$notes/$1
  shift
  cast send --private-key "$KEY" --async "$@" >"$file"
}

# A field of the receipt of the transaction whose hash is in FILE.
receipt() { cast receipt "$(cat "$notes/$1")" "$2"; }

# The fee in wei of the transaction whose hash is in FILE.
fee() { echo $(($(receipt "$1" gasUsed) * $(receipt "$1" effectiveGasPrice))); }

# Initial balances exceed 2^63 wei: only their last 18 digits are compared.
left() { cast balance "$ME" | sed -E 's/^.*(.{18})$/\1/; s/^0+(.)/\1/'; }
less() { echo $((($1 - $2 + 1000000000000000000) % 1000000000000000000)); }

# The revert data in the output of a failing command.
refusal() {
  local said
  if said=$("$@" 2>&1); then
    echo "the call succeeded: $said"
    return 1
  fi
  sed -nE 's/.*data: "(0x[0-9a-f]*)".*/\1/p' <<<"$said"
}

# The plain numbers in the output of cast, which adds for example [1e3] to large ones.
numbers() { sed -E 's/ \[.*\]$//' | paste -sd ' '; }

fund() {
  KEY=$DEV_KEY
  send fund "$ME" --value 10ether
  same "$(receipt fund status) $(cast balance --ether "$ME")" "true 10.000000000000000000"
}

know_the_chain() {
  same "$(cast chain-id) $(cast gas-price) $(cast base-fee latest)" "412346 100000000 100000000"
  same "$(cast client | cut -d / -f 1)" anvil
}

# deploy NAME [SIGNATURE ARGUMENTS]: the address is computed before.
deploy() {
  local expected=$1 name=$2
  shift 2
  send deploy --create "$(bytecode "$name")" "$@"
  same "$(receipt deploy status) $(receipt deploy contractAddress)" "true $expected"
}

refuse_inactive() {
  local data
  data=$(refusal cast call "$ARB_WASM" 'programVersion(address)(uint16)' "$AT")
  same "$data" "$(cast sig 'ProgramNotActivated()')"
}

activate() {
  local before event
  before=$(left)
  send activate "$ARB_WASM" 'activateProgram(address)' "$AT" --value 1ether
  same "$(receipt activate status)" true
  event=$(cast logs --json --address "$ARB_WASM" --from-block 0 "$ACTIVATED" "$(cast codehash "$AT")")
  data=$(sed -E 's/.*"data":"([^"]*)".*/\1/' <<<"$event")
  # moduleHash, program, dataFee, version
  data=$(cast decode-abi 'f()(bytes32,address,uint256,uint16)' "$data" | numbers | cut -d ' ' -f 2-)
  same "${data%% *} ${data##* }" "$AT 3"
  data=${data#* }
  same "$(left)" "$(less "$(less "$before" "$(fee activate)")" "${data% *}")"
}

calls() { same "$(cast call "$AT" 'number()(uint256)')" "$START"; }

transacts() {
  local before estimate
  before=$(left)
  same "$(cast call --from "$ME" "$AT" 'add(uint256)(uint256)' 2)" "$((START + 2))"
  estimate=$(cast estimate --from "$ME" "$AT" 'add(uint256)' 2)
  send add "$AT" 'add(uint256)' 2
  same "$(receipt add status) $(cast call "$AT" 'number()(uint256)')" "true $((START + 2))"
  [ "$(receipt add gasUsed)" -le "$estimate" ]
  same "$(left)" "$(less "$before" "$(fee add)")"
}

decodes_event() {
  local found data
  found=$(cast logs --json --address "$AT" --from-block 0 "$ADDED" "$ME")
  same "$(grep -o transactionHash <<<"$found" | wc -l)" 1
  grep -q "$(cat "$notes/add")" <<<"$found"
  data=$(sed -E 's/.*"data":"([^"]*)".*/\1/' <<<"$found")
  receipt add logs | grep -q "$data"
  same "$(cast decode-abi 'f()(uint256,uint256)' "$data" | numbers)" "2 $((START + 2))"
}

decodes_error() {
  local data
  data=$(refusal cast call "$AT" 'add(uint256)(uint256)' 1000)
  same "$(cast decode-error --sig "$LIMIT" "$data" | numbers)" "1000 100"
  data=$(refusal cast estimate "$AT" 'add(uint256)' 101)
  same "$(cast decode-error --sig "$LIMIT" "$data" | numbers)" "101 100"
}

reverts() {
  local before
  before=$(left)
  send fail "$AT" 'add(uint256)' 1000 --gas-limit 100000
  same "$(receipt fail status) $(receipt fail logs)" "false []"
  same "$(cast call "$AT" 'number()(uint256)')" "$((START + 2))"
  same "$(left)" "$(less "$before" "$(fee fail)")"
}

looks_back() {
  local height
  height=$(receipt add blockNumber)
  same "$(cast call --block $((height - 1)) "$AT" 'number()(uint256)')" "$START"
  same "$(cast storage --block "$height" "$AT" 0)" "$(cast to-uint256 $((START + 2)))"
  same "$(cast tx "$(cat "$notes/add")" blockHash)" "$(cast block "$height" -f hash)"
}

# Nothing reports when the subscription is active, so additions continue until one of them is reported.
hears() {
  local listener
  rm -f "$notes/news"
  "$program" logs --json --subscribe --rpc-url "${RPC/http/ws}" --address "$AT" "$ADDED" &>"$notes/news" &
  listener=$!
  for ((tries = 0; tries < 50; tries++)); do
    [ ! -s "$notes/news" ] || break
    send more "$AT" 'add(uint256)' 1
    same "$(receipt more status)" true
  done
  kill "$listener"
  grep -q "\"address\": *\"${AT,,}\"" "$notes/news" || { cat "$notes/news"; return 1; }
}

# drive KIND: drives the counter at AT, whose value is START.
drive() {
  step "$1: calls" calls
  step "$1: sends a transaction and pays for the gas used" transacts
  step "$1: decodes the event" decodes_event
  step "$1: decodes the error of a call that reverts" decodes_error
  step "$1: a transaction that reverts costs gas and changes nothing" reverts
  step "$1: reads past state" looks_back
  step "$1: receives new events over WebSocket" hears
}

# Address of the next contract that this account creates.
next() { cast compute-address "$ME" | sed 's/.* //'; }

{ read -r ME; read -r KEY; } < <(cast wallet new | sed -nE 's/^(Address|Private key): +//p')
step "funds an own account" fund
step "reports the chain" know_the_chain

AT=$(next) START=40
step "contract: deploys, with an argument" deploy "$AT" Counter 'constructor(uint256)' "$START"
drive contract

AT=$(next) START=0
step "program: deploys" deploy "$AT" stylus-counter
step "program: cannot be called before its activation" refuse_inactive
step "program: is activated for the fee in the event" activate
drive program
exit "$failed"
