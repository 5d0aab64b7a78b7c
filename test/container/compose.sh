#!/bin/bash
# Builds Compose from its public module, once, into CONTAINER_CACHE and prints the file's name. Needs Go, and the Go module
# proxy unless the cache has it. It takes two to seven minutes and a gigabyte, which is removed again.
set -euo pipefail
here=$(cd "$(dirname -- "$0")" && pwd)/compose
cache=$CONTAINER_CACHE
version=$(awk '$1 == "github.com/docker/compose/v2" { print $2 }' "$here/go.mod")
program=$cache/docker-compose-$version

mkdir -p "$cache"
exec 9>"$cache/compose.lock"
flock 9
if ! [ -x "$program" ]; then
  rm -rf "$cache"/compose.??????
  work=$(mktemp -d "$cache/compose.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # -modcacherw: so that it can be removed like any other folder.
  (cd "$here" && GOPATH=$work/path GOCACHE=$work/build GOFLAGS='-modcacherw -buildvcs=false' GOTOOLCHAIN=local CGO_ENABLED=0 \
    setpriv --pdeathsig TERM nice go build -trimpath -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" -o "$work/docker-compose" github.com/docker/compose/v2/cmd) \
    >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
  mv "$work/docker-compose" "$program"
fi
printf '%s\n' "$program"
