# Steps of a client that is a command of Foundry: sourced by cast.sh and forge.sh, with the client's name.
# shellcheck shell=bash disable=SC2034 # $failed is for what sources this
client=$1
failed=0
notes=$(mktemp -d)
trap 'rm -rf "$notes"' EXIT

clients=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The file of a command of Foundry, which npm has in a package of its own.
foundry() {
  local file=$clients/node_modules/@foundry-rs/$1-linux-amd64/bin/$1
  [ -x "$file" ] || {
    echo "$1 is not here: its package is for Linux on x86-64" >&2
    exit 1
  }
  echo "$file"
}

# Runs a function as a step, in a subshell: passed if every command in it succeeds.
step() {
  local title=$1 said status
  shift
  set +e
  said=$(set -e; "$@" 2>&1)
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    echo "ok    $client: $title"
  else
    failed=1
    echo "FAIL  $client: $title: $(tr '\n' ' ' <<<"$said")"
  fi
}

# same ACTUAL EXPECTED
same() {
  [ "$1" = "$2" ] || { echo "${FUNCNAME[1]}: $1 instead of $2"; return 1; }
}
