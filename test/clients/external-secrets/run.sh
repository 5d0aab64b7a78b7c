#!/bin/sh
# Gives the manifests of docs/clients/external-secrets.md to the unmodified webhook provider of External Secrets, against a
# server on TLS. Not a part of the gate: compiling takes minutes. Needs `go` 1.25.1 or later, and the Go module proxy when the
# modules are not yet in the cache.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../checks.sh"
. "$(dirname -- "$0")/../go.sh"

# Not a part of the gate, so not of the matrix.
record=/dev/null
(cd "$repo/test/clients/external-secrets" && go build -o "$go_cache/bin/external-secrets" .)
operator=$go_cache/bin/external-secrets
export HOME="$scratch"
mkdir "$scratch/page" "$scratch/bin"
"$node" "$repo/test/clients/blocks.mjs" "$repo/docs/clients/external-secrets.md" "$scratch/page" \
  token.yaml renew.sh store.yaml secret.yaml push-store.yaml
cd "$scratch/page"
csms() {
  (cd "$repo" && NODE_EXTRA_CA_CERTS=$ca "$node" src/main.ts call "$@") >>"$scratch/calls" 2>&1
}
# Changes the Secret in a file, as kubectl changes it in a cluster.
cat >"$scratch/bin/kubectl" <<'END'
#!/bin/sh
[ "$1 $2 $3 $4 $5 $6" = 'patch secret csms-token --type merge -p' ] || exit 1
token=$(printf %s "$7" | sed 's/.*"token": "\([^"]*\)".*/\1/')
sed "s|TOKEN|$token|" token.yaml >renewed.yaml
END
chmod 755 "$scratch/bin/kubectl"
export PATH="$scratch/bin:$PATH" NO_PROXY=localhost,127.0.0.1 no_proxy=localhost,127.0.0.1

start_tls_server
sed -i -e "s|PROJECT_ID|$HUAWEICLOUD_SDK_PROJECT_ID|; s|CA_BUNDLE|$(base64 -w0 "$ca")|" \
  -e "s|https://csms.example:4280|https://localhost:${CSMS_ENDPOINT##*:}|" store.yaml push-store.yaml
csms POST '/v1/{project_id}/secrets' -d '{"name": "api-key", "secret_string": "first key"}'
csms POST '/v1/{project_id}/secrets/api-key/versions' -d '{"secret_string": "second \"key\" 日本"}'
csms POST '/v1/{project_id}/secrets' -d '{"name": "app-db", "secret_string": "{\"username\": \"app\", \"port\": 5432}"}'

export CSMS_CA="$ca"
expect 'the script that renews the token' '' sh -eu renew.sh
expect 'values, a version, members' \
  '{"api-key":"second \\"key\\" 日本","api-key-before":"first key","port":"5432","username":"app"}' \
  "$operator" read store.yaml renewed.yaml secret.yaml
sed 's|key: app-db|key: absent|' secret.yaml >absent.yaml
refuse 'a missing secret' 'absent: Secret does not exist' "$operator" read store.yaml renewed.yaml absent.yaml
refuse 'a wrong token' '401' "$operator" read store.yaml token.yaml secret.yaml
sed '/labels:/,+1d' renewed.yaml >unlabelled.yaml
refuse 'a token without the label' 'label' "$operator" read store.yaml unlabelled.yaml secret.yaml
sed '/caBundle/d' store.yaml >untrusting.yaml
refuse 'no CA bundle' 'failed to verify certificate' "$operator" read untrusting.yaml renewed.yaml secret.yaml
expect 'pushing a version' '' "$operator" push push-store.yaml renewed.yaml api-key 'third "key"'
expect 'what was pushed' '"api-key":"third \\"key\\""' "$operator" read store.yaml renewed.yaml secret.yaml
refuse 'pushing to a secret that is not there' '' "$operator" push push-store.yaml renewed.yaml absent value
summary
