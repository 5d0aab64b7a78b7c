#!/bin/sh
# Drives a real server with the unmodified Python SDK. Arguments go to pytest; its exit code is ours.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../pytest.sh"
start_users_server
run_pytest python "$@"
