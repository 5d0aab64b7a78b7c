#!/bin/sh
# Runs every program in README.md and the documents against real servers, as a reader would: in a checkout, one after the
# other. Uses the packages that the python suite has installed, so it runs after it; installs nginx and the
# shell of SQLite by apt-get where they are missing, which needs root.
set -eu
. "$(dirname -- "$0")/../server.sh"
here=$repo/test/clients/readme
. "$here/rotation.sh"
. "$here/production.sh"

for program in nginx sqlite3; do
  PATH=$PATH:/usr/sbin command -v "$program" >/dev/null && continue
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$program" >/dev/null
done

programs=$scratch/programs
checkout=$scratch/checkout
mkdir "$programs" "$checkout"
(cd "$repo" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory="$checkout")
ln -s "$repo/node_modules" "$checkout/node_modules"
(cd "$repo" && "$node" "$here/blocks.mjs" write "$programs")

# The region of an application that knows nothing of this server.
server_region=cn-north-4
start_server
ln -s "$scratch/data" "$checkout/.csms"
cd "$checkout"

# A port that is free now.
free_port() {
  "$node" -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# Programs that were run, and those that other suites run.
used=' systemd.sh systemd-verify.sh app.mjs busy.test.mjs busy.sh '

# Runs a shell program of the documents, and checks what each of its blocks has printed.
run_blocks() {
  used="$used$1 "
  sh -eu "$programs/$1" >"$scratch/printed" 2>"$scratch/errors" || {
    cat "$scratch/printed" "$scratch/errors" >&2
    echo "$1 ended with an error" >&2
    exit 1
  }
  (cd "$repo" && "$node" "$here/blocks.mjs" check "$1" "$scratch/printed")
}

# Runs any other program, which must print a text.
expect() {
  name=$1 wanted=$2
  used="$used$1 "
  shift 2
  printed=$("$@" 2>"$scratch/errors") || { cat "$scratch/errors" >&2; echo "$name ended with an error" >&2; exit 1; }
  case $printed in
    *"$wanted"*) echo "$name: ok" ;;
    *) echo "$name printed: $printed" >&2; exit 1 ;;
  esac
}

export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 PATH="$(dirname -- "$(command -v "$node")"):$PATH"
run_blocks curl.sh
run_blocks signed.sh
# Without a project: the SDK has to find it by the region.
expect region.python current_count env -u HUAWEICLOUD_SDK_PROJECT_ID HOME="$scratch" \
  "$cache/python/bin/python" "$programs/region.python"
run_blocks guide.sh
run_rotation
run_production
for program in "$programs"/*; do
  case $used in *" ${program##*/} "*) ;; *) echo "nothing runs ${program##*/}" >&2; exit 1 ;; esac
done
