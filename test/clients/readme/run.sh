#!/bin/sh
# Runs every snippet of README.md that is marked as a test against a real server. Uses the packages that the python and
# node suites have installed, so it runs after them.
set -eu
. "$(dirname -- "$0")/../server.sh"

start_server
"$node" "$repo/test/clients/readme/extract.mjs" "$repo/README.md" "$scratch"
# The snippets say where dev keeps its data; here that is elsewhere.
sed -i "s|\.csms/|$scratch/data/|g" "$scratch"/*.sh
export CSMS_DATA="$scratch/data" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
cd "$repo"

expect() {
  name=$1 wanted=$2
  shift 2
  answer=$("$@" 2>"$scratch/errors") || { cat "$scratch/errors" >&2; echo "$name ended with an error" >&2; exit 1; }
  case $answer in
    *"$wanted"*) echo "README snippet $name: ok" ;;
    *) echo "README snippet $name printed: $answer" >&2; exit 1 ;;
  esac
}

expect 'curl with a token' '"secret_string":"battery staple"' sh -eu "$scratch/1.sh"
expect 'call and sign' '"page_info"' sh -eu "$scratch/2.sh"
expect python s3cret env HOME="$scratch" "$cache/python/bin/python" "$scratch/3.python"
expect node '[' env NODE_PATH="$cache/node/node_modules" "$node" "$scratch/4.cjs"
