#!/bin/sh
# Compiles the programs of docs/clients/go.md with the unmodified Go SDK and runs them, and tests of it, against a server
# on plain HTTP and one on TLS. Needs `go`, and the Go module proxy when the modules are not yet in the cache.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../checks.sh"
. "$(dirname -- "$0")/../go.sh"

here=$repo/test/clients/go
program=$scratch/program
mkdir "$program"
cp "$here/go.mod" "$here/go.sum" "$here"/*_test.go "$program"
"$node" "$repo/test/clients/blocks.mjs" "$repo/docs/clients/go.md" "$program" main.go trusting.go tls.sh
cd "$program"
go build -o page .
go test -c -o suite .
# The SDK writes an application id into the home directory.
export HOME="$scratch"

start_users_server
start_server
expect 'program of the page' 'latest = battery staple' ./page
expect 'tests' PASS ./suite -test.v

start_tls_server
refuse 'a certificate that nobody trusts' 'failed to verify certificate' env -u SSL_CERT_FILE ./page
sed -e "s|csms-config/tls.crt|$ca|; s|https://localhost:4280|https://localhost:${CSMS_ENDPOINT##*:}|; s|go run \.|./page|" \
  tls.sh >tls-here.sh
expect 'SSL_CERT_FILE' 'latest = battery staple' sh -eu tls-here.sh
expect 'tests with a pool of its own' PASS env TEST_CA="$ca" ./suite -test.v
summary
