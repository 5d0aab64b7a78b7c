# Sourced by run.sh and by test/container/run.sh: what the programs of docs/testing.md are run with. Uses `repo`, `cache` and
# `node`.

testing=$repo/test/clients/testing
testing_room=$cache/testing-node

# Installs the packages of package.json, and beside them this checkout's own package, as it would be published.
install_node_packages() {
  if ! cmp -s "$testing/package-lock.json" "$testing_room/installed.json"; then
    rm -rf "$testing_room"
    mkdir -p "$testing_room"
    cp "$testing/package.json" "$testing/package-lock.json" "$testing_room"
    (cd "$testing_room" && npm ci --silent --ignore-scripts --no-audit --no-fund)
    cp "$testing/package-lock.json" "$testing_room/installed.json"
  fi
  modules=$testing_room/node_modules
  # These are the checkout's.
  for package in vitest better-sqlite3; do ln -sfn "$repo/node_modules/$package" "$modules/$package"; done
  tree=$(mktemp -d)
  (cd "$repo" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory="$tree")
  ln -s "$repo/node_modules" "$tree/node_modules"
  (cd "$tree" && npm pack --silent --pack-destination="$tree" >/dev/null)
  rm -rf "$modules/csms-server"
  mkdir "$modules/csms-server"
  tar -xzf "$tree"/csms-server-*.tgz -C "$modules/csms-server" --strip-components=1
  ln -sf ../csms-server/src/launch.js "$modules/.bin/csms-server"
  chmod +x "$modules/csms-server/src/launch.js"
  rm -rf "$tree"
}

# Writes the programs of the page into the folder $1, which is a reader's project.
write_programs() {
  rm -rf "$1"
  mkdir -p "$1"
  "$node" "$repo/test/clients/blocks.mjs" "$repo/docs/testing.md" "$1" \
    seed.yaml check.sh dev.sh seed.sh ctl.sh worlds.sh world-env.sh clock.sh faults.sh lists.sh hooks.sh calls.yaml diff.sh \
    app.cjs node.test.mjs vitest.config.mts csms.setup.ts csms.test.ts \
    jest.config.cjs jest.setup.cjs jest.teardown.cjs csms.test.js conftest.py test_app.py \
    containers.test.mjs test_containers.py Containers.java containers_test.go \
    compose-seed.sh compose.testing.yaml github.yaml gitlab.yaml
  ln -s "$testing_room/node_modules" "$1/node_modules"
  # Below a checkout the nearest package.json would be that of csms-server itself.
  echo '{ "private": true }' >"$1/package.json"
}

# Compiles what Java and Go need for their examples in the folder $1. Needs Maven and Go, and the network when the packages
# are not yet in the caches.
compile_containers() {
  . "$repo/test/clients/go.sh"
  cp "$testing/go.mod" "$testing/go.sum" "$1"
  (cd "$1" && go test -c -o containers.test .)
  mkdir -p "$cache/testing-java"
  offline=
  if cmp -s "$testing/pom.xml" "$cache/testing-java/installed.xml"; then offline=--offline; fi
  mvn --quiet --batch-mode $offline --file "$testing/pom.xml" -Dmaven.repo.local="$cache/java/repository" \
    dependency:build-classpath -Dmdep.outputFile="$cache/testing-java/classpath"
  cp "$testing/pom.xml" "$cache/testing-java/installed.xml"
  javac -cp "$(cat "$cache/testing-java/classpath")" -d "$1/classes" "$1/Containers.java"
}
