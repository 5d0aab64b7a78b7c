#!/bin/sh
# The chart with the real Helm, and what it renders beside the schemas of Kubernetes. Needs Go.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
repo=$(CDPATH= cd -- "$here/../.." && pwd)
CHART_TOOLS=$(bash "$here/tools.sh")
export CHART_TOOLS

# The bundled Node where there is one: the machine's own may be too old.
node=$repo/node_modules/node/bin/node
[ -x "$node" ] || node=node
cd "$repo"
exec "$node" --test --test-timeout=120000 "$here/chart.ts" "$here/refusals.ts" "$here/page.ts"
