#!/bin/bash
# Makes what takes the place of the Dockerfile's two bases where no image can be fetched, once, as archives for
# `docker import` in CONTAINER_CACHE: `build` as node:24-bookworm-slim, `runtime` as distroless's nodejs24-debian12, which
# has no shell and nothing else that a program does not load. Both run the Node binary of this checkout.
# Prints the names of the two files. Needs root, debootstrap, and the network unless the cache has them.
set -euo pipefail
cache=$CONTAINER_CACHE
repo=$(cd "$(dirname -- "$0")/../.." && pwd)
node=$repo/node_modules/node/bin/node
npm_version=11.19.1
mirror=http://deb.debian.org/debian

version=$("$node" --version)
build=$cache/build-$version-npm-$npm_version-1.tar
runtime=$cache/runtime-$version-1.tar

mkdir -p "$cache"
exec 9>"$cache/bases.lock"
flock 9

if ! [ -f "$build" ] || ! [ -f "$runtime" ]; then
  rm -rf --one-file-system "$cache"/bases.??????
  work=$(mktemp -d "$cache/bases.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  root=$work/build
  # In namespaces of its own: what debootstrap mounts and starts is gone when it ends, and it ends with this shell.
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
    debootstrap --variant=minbase --include=ca-certificates,libstdc++6,netbase,tzdata \
    bookworm "$root" "$mirror" >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
  bundle=etc/ssl/certs/ca-certificates.crt

  # Only what distroless puts below its Node.
  small=$work/runtime
  mkdir "$small"
  for package in base-files ca-certificates gcc-12-base libc6 libgcc-s1 libgomp1 libssl3 libstdc++6 netbase tzdata; do
    for file in "$root/var/cache/apt/archives/${package}"_*.deb; do
      [ -f "$file" ] && dpkg-deb --extract "$file" "$small"
    done
  done
  rm -rf "$small/usr/share/doc" "$small/usr/share/man" "$small/usr/share/ca-certificates" "$small/usr/sbin" "$small/usr/bin" "$small/bin" "$small/sbin"
  cp "$root/$bundle" "$small/$bundle"
  printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' \
    'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$small/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nobody:x:65534:' 'tty:x:5:' 'staff:x:50:' 'nonroot:x:65532:' >"$small/etc/group"
  install -d -o 65532 -g 65532 -m 0700 "$small/home/nonroot"
  install -d -m 1777 "$small/tmp"
  install -D -m 0755 "$node" "$small/nodejs/bin/node"

  install -m 0755 "$node" "$root/usr/local/bin/node"
  npm install --silent --no-audit --no-fund --ignore-scripts --global --prefix "$root/usr/local" "npm@$npm_version"
  chroot "$root" groupadd --gid 1000 node
  chroot "$root" useradd --uid 1000 --gid node --shell /bin/bash --create-home node
  rm -rf "$root/var/cache/apt/archives" "$root/var/lib/apt/lists"

  tar --create --file "$work/build.tar" --numeric-owner --directory "$root" .
  tar --create --file "$work/runtime.tar" --numeric-owner --directory "$small" .
  mv "$work/build.tar" "$build"
  mv "$work/runtime.tar" "$runtime"
fi
printf '%s\n%s\n' "$build" "$runtime"
