#!/bin/sh
# Faults that need a C compiler, so they are no part of npm test: sh test/faults/run.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
node=$here/../../node_modules/.bin/node
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O1 -Wall -Wextra -shared -fPIC -o "$work/fsync-eio.so" "$here/fsync-eio.c" -ldl
LD_PRELOAD=$work/fsync-eio.so FSYNC_EIO_SWITCH=$work/fail FSYNC_EIO_PATH=csms.db-wal "$node" "$here/fsync-eio.ts"
SHIM=$work/fsync-eio.so HANG_SWITCH=$work/hang "$node" "$here/fsync-hang.ts"
