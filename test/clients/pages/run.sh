#!/bin/sh
# Runs every block of docs/clients/{python,node,java}.md that is marked as a test, against a server on plain HTTP and one on
# TLS. Uses the packages that the suites of these languages have installed, so it runs after them.
set -eu
. "$(dirname -- "$0")/../server.sh"
. "$(dirname -- "$0")/../checks.sh"

# Each language's own suite is what counts in the matrix.
record=/dev/null
blocks() {
  mkdir "$scratch/$1"
  language=$1
  shift
  "$node" "$repo/test/clients/blocks.mjs" "$repo/docs/clients/$language.md" "$scratch/$language" "$@"
}
blocks python page.python tls.python region.python
blocks node page.cjs tls.sh
blocks java Page.java Region.java tls.sh
python=$cache/python/bin/python
CLASSPATH=$(cat "$cache/java/classpath")
export CLASSPATH NODE_PATH="$cache/node/node_modules" NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
# The pages call plain `node` and `java`. The SDKs write an application id into the home directory.
export PATH="$(dirname -- "$node"):$PATH" JAVA_TOOL_OPTIONS="-Duser.home=$scratch" HOME="$scratch"
# What this server has on TLS, in place of what the pages say.
here() {
  sed -i -e "s|csms-config/tls.crt|$ca|; s|https://localhost:4280|https://localhost:${CSMS_ENDPOINT##*:}|" "$@"
}

# The programs end with the refusal of a secret that is not there any more.
whole='v1 = correct horse*latest = battery staple*404 CSMS.0106'

# The region of an application that knows nothing of this server.
server_region=cn-north-4
start_server
expect 'Python' "$whole" "$python" "$scratch/python/page.python"
expect 'Python, region only' 0 env -u HUAWEICLOUD_SDK_PROJECT_ID "$python" "$scratch/python/region.python"
expect 'Node' "$whole" node "$scratch/node/page.cjs"
expect 'Java' "$whole" java -cp "$CLASSPATH" "$scratch/java/Page.java"
expect 'Java, region only' 0 env -u HUAWEICLOUD_SDK_PROJECT_ID java -cp "$CLASSPATH" "$scratch/java/Region.java"

start_tls_server
here "$scratch/python/tls.python" "$scratch/node/tls.sh" "$scratch/java/tls.sh"
expect 'Python on TLS' 0 "$python" "$scratch/python/tls.python"
expect 'Python on TLS, REQUESTS_CA_BUNDLE' "$whole" \
  env REQUESTS_CA_BUNDLE="$ca" "$python" "$scratch/python/page.python"
refuse 'Python without the certificate' 'CERTIFICATE_VERIFY_FAILED' \
  env -u REQUESTS_CA_BUNDLE "$python" "$scratch/python/page.python"
cd "$scratch/node"
expect 'Node on TLS' "$whole" sh -eu tls.sh
refuse 'Node without the certificate' 'certificate' env -u NODE_EXTRA_CA_CERTS node page.cjs
cd "$scratch/java"
expect 'Java on TLS' "$whole" sh -eu tls.sh
refuse 'Java without the certificate' 'PKIX' java -cp "$CLASSPATH" Page.java
summary
