#!/bin/sh
# Runs what docs/clients/sops.md shows with the unmodified sops, compiled from its module, against a server on plain HTTP and
# one on TLS. Needs `go` 1.25.8 or later, and the Go module proxy when the modules are not yet in the cache.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../checks.sh"
. "$(dirname -- "$0")/../go.sh"

counted='crypt-data '
# Compiled again only when something has changed.
(cd "$repo/test/clients/sops" && go build -o "$go_cache/bin/sops" github.com/getsops/sops/v3/cmd/sops)
export PATH="$go_cache/bin:$PATH" HOME="$scratch"
mkdir "$scratch/page"
"$node" "$repo/test/clients/blocks.mjs" "$repo/docs/clients/sops.md" "$scratch/page" key.sh encrypt.sh rules.yaml tls.sh
cd "$scratch/page"
printf 'user: app\npassword: correct horse\n' >secrets.yaml
key() {
  (cd "$repo" && CSMS_DATA=$1 sh -eu "$scratch/page/key.sh" 2>>"$scratch/calls") | sed -n 's/.*"key_id": *"\([^"]*\)".*/\1/p'
}
kms() {
  (cd "$repo" && "$node" src/main.ts call POST "/v1.0/{project_id}/kms/$1" -d "{\"key_id\": \"$KEY_ID\"}") \
    >>"$scratch/calls" 2>&1
}

start_server
export CSMS_DATA="$scratch/data"
KEY_ID=$(key "$CSMS_DATA")
export KEY_ID
sed -i "s|\.csms/|$scratch/data/|" encrypt.sh
expect 'the lines of the page' '*password: correct horse*the program sees battery staple' sh -eu encrypt.sh
expect 'what is kept' 'user: ENC*local-1:'"$KEY_ID" cat secrets.enc.yaml
sed "s|KEY_ID|$KEY_ID|" rules.yaml >.sops.yaml
cp secrets.yaml other.enc.yaml
expect '.sops.yaml' '' sops encrypt --in-place other.enc.yaml
expect 'decrypting what .sops.yaml had encrypted' 'password: correct horse' sops decrypt other.enc.yaml
kms enable-key-rotation
expect 'a file from before a rotation was enabled' 'password: battery staple' sops decrypt secrets.enc.yaml
refuse 'a wrong secret key' 'APIGW.0301' env HUAWEICLOUD_SDK_SK=another sops decrypt secrets.enc.yaml
kms disable-key
refuse 'a disabled key' 'KMS.' sops decrypt secrets.enc.yaml
kms enable-key
expect 'the key enabled again' 'password: battery staple' sops decrypt secrets.enc.yaml
sed -i "s|battery|correct|; s|ENC\[AES256_GCM,data:.|&A|" secrets.enc.yaml
refuse 'a changed file' '' sops decrypt secrets.enc.yaml

rm .sops.yaml
start_tls_server
KEY_ID=$(NODE_EXTRA_CA_CERTS=$ca key "$scratch/tls")
sops_here="sops encrypt --hckms local-1:$KEY_ID secrets.yaml"
refuse 'TLS without the certificate' 'failed to verify certificate' env -u SSL_CERT_FILE $sops_here
SSL_CERT_FILE=$ca $sops_here >secrets.enc.yaml
sed -i "s|csms-config/tls.crt|$ca|" tls.sh
expect 'TLS' 'password: correct horse' sh -eu tls.sh
summary
