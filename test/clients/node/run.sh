#!/bin/sh
# Drives a real server with the published Node core of the SDK. Arguments go to node's test runner; its exit code is ours.
# Needs npm, and the network when the packages are not yet in CLIENTS_CACHE.
set -eu
. "$(dirname -- "$0")/../server.sh"

here=$repo/test/clients/node
modules=$cache/node
# Not beside the tests: whatever looks through test/ would look through them too.
if ! cmp -s "$here/package-lock.json" "$modules/installed.json"; then
  mkdir -p "$modules"
  cp "$here/package.json" "$here/package-lock.json" "$modules"
  (cd "$modules" && npm ci --silent --no-audit --no-fund)
  cp "$here/package-lock.json" "$modules/installed.json"
fi

start_users_server
start_server
cd "$here"
code=0
HOME=$scratch CLIENT_MODULES=$modules "$node" --test "$@" || code=$?
exit "$code"
