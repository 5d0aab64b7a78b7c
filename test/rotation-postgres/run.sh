#!/bin/sh
# Rotates the passwords of real PostgreSQL roles: a real server, the function template as its webhook, a database of its
# own. Needs PostgreSQL (installed by apt-get where it is missing, which needs root) and npm.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
repo=$(CDPATH= cd -- "$here/../.." && pwd)
cache=${CLIENTS_CACHE:-$repo/.cache/clients}

. "$here/postgres.sh"

modules=$cache/rotation-postgres
# Not beside the tests: whatever looks through test/ would look through them too.
if ! cmp -s "$here/package-lock.json" "$modules/installed.json"; then
  mkdir -p "$modules"
  cp "$here/package.json" "$here/package-lock.json" "$modules"
  (cd "$modules" && npm ci --silent --no-audit --no-fund)
  cp "$here/package-lock.json" "$modules/installed.json"
fi
modules=$(CDPATH= cd -- "$modules" && pwd)

# The bundled Node where there is one: the machine's own may be too old.
node=$repo/node_modules/node/bin/node
[ -x "$node" ] || node=node
cd "$repo"
POSTGRES_BIN=$postgres PG_MODULES=$modules/node_modules exec "$node" --test --test-timeout=120000 "$here/rotation.ts"
