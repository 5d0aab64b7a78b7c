#!/bin/sh
# Drives a real server with the unmodified KMS wrapper that vaults unseal themselves with. It signs in the older, scoped form
# and finds the service through the lists of services and endpoints. Needs `go`, and the Go module proxy when the modules are
# not yet in CLIENTS_CACHE.
set -eu
. "$(dirname -- "$0")/../server.sh"

here=$repo/test/clients/go-kms-wrapping
program=$cache/go-kms-wrapping/wrap
# -modcacherw: so that the cache can be removed like any other folder.
(cd "$here" && GOPATH=$cache/go-kms-wrapping/path GOCACHE=$cache/go-kms-wrapping/build GOFLAGS=-modcacherw GOTOOLCHAIN=local \
  go build -o "$program" .)

# All but the key, which is created by `call`.
counted='/v3/\|describe-key\|crypt-data '
start_server
CSMS_DATA=$scratch/data
export CSMS_DATA
KEY_ID=$("$node" "$repo/src/main.ts" call POST '/v1.0/{project_id}/kms/create-key' -d '{"key_alias": "unseal"}' |
  sed -n 's/.*"key_id": *"\([^"]*\)".*/\1/p')
export KEY_ID
HOME=$scratch NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 "$program"
