#!/bin/sh
# Runs every snippet of README.md that is marked as a test against a real server. Uses the packages that the python and
# node suites have installed, so it runs after them.
set -eu
. "$(dirname -- "$0")/../server.sh"

# The region of an application that knows nothing of this server.
server_region=cn-north-4
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
    *'"error_code"'*) echo "README snippet $name was refused: $answer" >&2; exit 1 ;;
    *"$wanted"*) echo "README snippet $name: ok" ;;
    *) echo "README snippet $name printed: $answer" >&2; exit 1 ;;
  esac
}

expect 'curl with a token' '"secret_string":"battery staple"' sh -eu "$scratch/curl.sh"
expect 'call and sign' '"page_info"' sh -eu "$scratch/signed.sh"
# Without a project: the SDK has to find it by the region.
expect 'unchanged application' current_count env -u HUAWEICLOUD_SDK_PROJECT_ID HOME="$scratch" \
  "$cache/python/bin/python" "$scratch/region.python"
expect python s3cret env HOME="$scratch" "$cache/python/bin/python" "$scratch/python.python"
expect node '[' env NODE_PATH="$cache/node/node_modules" "$node" "$scratch/node.cjs"
# It goes on where the curl snippet ends, as a reader does; the blob that it writes goes where it is thrown away.
sed "s|one\.blob|$scratch/one.blob|" "$scratch/tour.sh" >"$scratch/rest"
{ sed '/^$/,$d' "$scratch/curl.sh"; cat "$scratch/rest"; } >"$scratch/whole.sh"
expect 'what else it does' '"users"' sh -eu "$scratch/whole.sh"
