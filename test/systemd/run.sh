#!/bin/bash
# deploy/csms-server.service under a real systemd, installed as docs/operations.md says. The systemd is the first process of
# namespaces of its own, on a copy of this machine's files that is thrown away: no unit, user or file of the machine is touched.
# Needs root, npm, and systemd and D-Bus, which apt-get installs where they are missing.
set -euo pipefail
here=$(cd "$(dirname -- "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo 'systemd: needs root' >&2; exit 1; }
if ! [ -x /lib/systemd/systemd ] || ! [ -e /lib/systemd/system/dbus.service ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends systemd dbus >/dev/null
fi

unit=$repo/deploy/csms-server.service
scratch=$(mktemp -d)
first=
stop() {
  [ -z "$first" ] || kill -KILL "$first" 2>/dev/null || true
  rm -rf --one-file-system "$scratch"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

warnings=$(systemd-analyze verify "$unit" 2>&1 || true)
[ -z "$warnings" ] || { echo "$warnings" >&2; exit 1; }
# Tenths of its score of exposure, of a hundred.
systemd-analyze security --offline=true --threshold=15 "$unit" >"$scratch/exposure" || { cat "$scratch/exposure" >&2; exit 1; }
tail -1 "$scratch/exposure"

node=$repo/node_modules/node/bin/node
[ -x "$node" ] || node=$(command -v node)
PATH="$(dirname -- "$node"):$PATH"
mkdir "$scratch/programs"
(cd "$repo" && "$node" test/clients/readme/blocks.mjs write "$scratch/programs" >/dev/null)
# From a copy of the checkout, as a reader would: what is packed is made there.
mkdir "$scratch/checkout"
(cd "$repo" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory="$scratch/checkout")
ln -s "$repo/node_modules" "$scratch/checkout/node_modules"
(cd "$scratch/checkout" && sed "s|/opt/|$scratch/opt/|" "$scratch/programs/install.sh" | sh -eu) >"$scratch/install.log" 2>&1 ||
  { cat "$scratch/install.log" >&2; exit 1; }

export SCRATCH=$scratch NODE_BINARY=$node
mkfifo "$scratch/done"
setsid unshare --mount --net --pid --ipc --uts --cgroup --fork --kill-child --mount-proc \
  bash "$here/inside.sh" >"$scratch/systemd.log" 2>&1 </dev/null &
first=$!
disown "$first"
# Nothing of it can hold this script: what the checks have found comes through here, or its end does.
{ timeout 240 cat "$scratch/done" || echo 'they did not end in time'; } >"$scratch/found"
cat "$scratch/found"
tail -1 "$scratch/found" | grep -q '^systemd: all held$' || { tail -40 "$scratch/systemd.log" >&2; exit 1; }
