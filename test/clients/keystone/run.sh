#!/bin/sh
# Drives a real server with the unmodified keystoneauth1. Arguments go to pytest; its exit code is ours.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../pytest.sh"
run_pytest keystone "$@"
