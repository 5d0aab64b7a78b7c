#!/bin/bash
# Puts into a tree what must never get into an image: `plant.sh DIRECTORY`. Every file holds the same words.
set -euo pipefail
cd "$1"
for file in .env root.key admin.sk credentials.env one.blob config/root.key csms-config/identities.yaml csms-data/csms.db \
  .csms/root.key .git/config node_modules/planted.js src/.env src/root.key migrations/sqlite/.env notes.txt; do
  mkdir -p "$(dirname -- "$file")"
  printf 'PLANTED: this must not be in an image\n' >"$file"
done
