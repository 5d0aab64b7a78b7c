#!/bin/bash
# Builds the image and Compose, and tries them on a real engine: see engine.sh. Arguments go to vitest. Prints how many
# tests there were; its exit code is ours. The calls are those of the unmodified Python SDK, and of the programs in
# docs/testing.md that start containers: they are installed and compiled before, since there is no network beside the engine.
set -euo pipefail
repo=$(cd "$(dirname -- "$0")/../.." && pwd)
cache=${CLIENTS_CACHE:-$repo/.cache/clients}
mkdir -p "$cache"
. "$repo/test/clients/pytest.sh"
install_packages python
export SDK_PYTHON=$venv/bin/python
node=$repo/node_modules/node/bin/node
. "$repo/test/clients/testing/install.sh"
install_packages testing
install_node_packages
export TESTING_PAGE=$cache/testing-page TESTING_PYTHON=$venv/bin/python TESTING_CLASSPATH=$cache/testing-java/classpath
write_programs "$TESTING_PAGE"
compile_containers "$TESTING_PAGE"
cd "$repo"
bash test/container/engine.sh node_modules/.bin/vitest run --mode container "$@"
