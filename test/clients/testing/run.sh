#!/bin/sh
# Runs every program of docs/testing.md that needs no container, as a reader would: in a project of its own that has this
# checkout's package, against `dev` with the page's seed. The others are run by test/container/testcontainers.test.ts.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../checks.sh"
. "$(dirname -- "$0")/../pytest.sh"
. "$(dirname -- "$0")/install.sh"

# What is asked for here is no client's own choice.
record=/dev/null
install_packages testing
install_node_packages
page=$scratch/page
write_programs "$page"
cd "$page"
export HOME="$scratch" NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost PYTHONDONTWRITEBYTECODE=1
export PATH="$page/node_modules/.bin:$(dirname -- "$node"):$PATH"

# The command of the page, on any free port, becomes the process that is stopped.
start_dev() {
  sed -i 's/^csms-server dev/exec csms-server dev/' dev.sh
  CSMS_PORT=0 sh -eu dev.sh >"$scratch/dev.stdout" 2>"$scratch/dev.stderr" &
  server_pid=$!
  server_pids="$server_pids $server_pid"
  tries=0
  until grep -q '^csms-server listening on ' "$scratch/dev.stdout"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ] || ! kill -0 "$server_pid" 2>/dev/null; then
      cat "$scratch/dev.stdout" "$scratch/dev.stderr" >&2
      echo 'dev did not start' >&2
      exit 1
    fi
    sleep 0.1
  done
}

# A program of the page, in a shell that has run the page's first lines; what is refused ends it.
shell() { sh -eu -c '. ./ctl.sh; . "./$1"' sh "$1"; }

# A folder for one runner: it would take the tests of the others for its own.
project() {
  mkdir "$1"
  ln -s "$page/node_modules" "$1/node_modules"
  folder=$1
  shift
  cp seed.yaml app.cjs "$@" "$folder"
}
within() { (cd "$1" && shift && "$@" 2>&1); }

expect 'seed check' '' sh -eu check.sh
start_dev
expect 'seed' '' shell seed.sh
expect 'seed, exported' 'hunter2' cat now.yaml
expect 'worlds' '"name":"w1"' shell worlds.sh
expect 'world by its variables' '"name":"api-key"' shell world-env.sh
expect 'clock' '"settled":true*SECRET_VERSION_EXPIRED*2035-06-01T00:00:00.000Z' shell clock.sh
expect 'faults' '"id":"f4"' shell faults.sh
expect 'lists' '"status":"SUCCESS"' shell lists.sh
expect 'hooks' '"url":"http://127.0.0.1:8080/rotate"' shell hooks.sh
expect 'diff' 'version.secret_string: "hunter2", "hunter3"*they differ' shell diff.sh

project node node.test.mjs
expect 'node:test' 'pass 2' within node node --test node.test.mjs
project vitest vitest.config.mts csms.setup.ts csms.test.ts
expect 'Vitest' '2 passed' within vitest node node_modules/vitest/vitest.mjs run
expect 'Vitest, its types' '' within vitest node "$repo/node_modules/typescript/bin/tsc" --noEmit --strict --allowJs \
  --skipLibCheck --module nodenext --target es2024 --lib es2024,esnext.disposable,dom --types node \
  --typeRoots "$repo/node_modules/@types" csms.setup.ts csms.test.ts
project jest jest.config.cjs jest.setup.cjs jest.teardown.cjs csms.test.js
expect 'Jest' '1 passed' within jest node node_modules/jest/bin/jest.js
set -a
. .csms/credentials.env
set +a
expect 'pytest' '2 passed' "$venv/bin/python" -m pytest -q -p no:cacheprovider test_app.py
summary
