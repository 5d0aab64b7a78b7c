#!/bin/sh
# Gives the component of docs/clients/dapr.md to Dapr's unmodified secret store and calls it, against a server on TLS.
# Needs `go` 1.26.3 or later, and the Go module proxy when the modules are not yet in the cache.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../checks.sh"
. "$(dirname -- "$0")/../go.sh"

# The component only reads.
counted=^GET
(cd "$repo/test/clients/dapr" && go build -o "$go_cache/bin/dapr" .)
dapr=$go_cache/bin/dapr
export HOME="$scratch"
mkdir "$scratch/page"
"$node" "$repo/test/clients/blocks.mjs" "$repo/docs/clients/dapr.md" "$scratch/page" component.yaml environment.sh
cd "$scratch/page"
csms() {
  (cd "$repo" && NODE_EXTRA_CA_CERTS=$ca "$node" src/main.ts call "$@") >>"$scratch/calls" 2>&1
}
fill() {
  sed "s|ACCESS_KEY|$HUAWEICLOUD_SDK_AK|; s|SECRET_KEY|$HUAWEICLOUD_SDK_SK|" component.yaml >"$1"
}

start_tls_server
fill tls.yaml
sed "s|csms-config/tls.crt|$ca|; s|https://localhost:4280|https://localhost:${CSMS_ENDPOINT##*:}|" environment.sh >here.sh
. ./here.sh
csms POST '/v1/{project_id}/secrets' -d '{"name": "db", "secret_string": "correct horse"}'
csms POST '/v1/{project_id}/secrets/db/versions' -d '{"secret_string": "battery staple"}'
expect 'the latest version' 'battery staple' "$dapr" tls.yaml db latest
expect 'a version by number' 'correct horse' "$dapr" tls.yaml db v1
expect 'all secrets' '"db":{"db":"battery staple"}' "$dapr" tls.yaml
# More than a page of the component, which is 100.
secrets=$(i=0; while [ $i -lt 120 ]; do i=$((i + 1)); printf '{"name": "many-%s", "secret_string": "value %s"},' $i $i; done)
csms POST '/v1/{project_id}/secrets/batch-import' -d "{\"secrets\": [${secrets%,}]}"
expect 'more than a page of secrets' '"db":*"many-120":{"many-120":"value 120"}*"many-99":*' "$dapr" tls.yaml
refuse 'no version' '400' "$dapr" tls.yaml db none
refuse 'a secret that is not there' 'CSMS.0106' "$dapr" tls.yaml absent latest
csms POST '/v1/{project_id}/secrets' -d '{"name": "blob", "secret_binary": "AAEC"}'
refuse 'a binary value' 'nil pointer' "$dapr" tls.yaml blob latest
sed 's|local-1|another-1|' tls.yaml >region.yaml
refuse 'a region that is not there' 'another-1' "$dapr" region.yaml db latest
refuse 'TLS without the certificate' 'failed to verify certificate' env -u SSL_CERT_FILE "$dapr" tls.yaml db latest
summary
