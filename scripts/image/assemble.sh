#!/bin/sh
# Puts together what the image holds, from a built checkout: `assemble.sh DIRECTORY`.
set -eu
image=$1
app=$image/app
sqlite=node_modules/better-sqlite3

mkdir -p "$app/src" "$app/$sqlite/prebuilds" "$image/bin" "$image/cache"
cp -R package.json LICENSE dist "$app"
# Source maps, and what programs of other machines import.
rm -rf "$app"/dist/*.map "$app"/dist/testing* "$app"/dist/temporary-server.cjs
cp src/launch.js "$app/src"
cp scripts/image/probe.cjs "$app"
# It brings the binaries of eight platforms and its sources.
cp -R "$sqlite/package.json" "$sqlite/LICENSE" "$sqlite/lib" "$app/$sqlite"
cp "$sqlite/prebuilds/linux-$(node -p process.arch).node" "$app/$sqlite/prebuilds"
node scripts/image/sbom.ts >"$app/sbom.cdx.json"
cp scripts/image/csms-server "$image/bin"

# Whatever mask the checkout was made with.
chmod -R a+rX,go-w "$image"
chmod 0755 "$image/bin/csms-server"
mkdir "$image/volumes"
mkdir -m 0700 "$image/volumes/data" "$image/volumes/config"
