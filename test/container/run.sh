#!/bin/bash
# Builds the image and Compose, and tries them on a real engine: see engine.sh. Arguments go to vitest. Prints how many
# tests there were; its exit code is ours. The calls are those of the unmodified Python SDK.
set -euo pipefail
repo=$(cd "$(dirname -- "$0")/../.." && pwd)
cache=${CLIENTS_CACHE:-$repo/.cache/clients}
mkdir -p "$cache"
. "$repo/test/clients/pytest.sh"
install_packages python
export SDK_PYTHON=$venv/bin/python
cd "$repo"
bash test/container/engine.sh node_modules/.bin/vitest run --mode container "$@"
