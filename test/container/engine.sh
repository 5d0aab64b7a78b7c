#!/bin/bash
# Runs a command beside a Docker engine of its own that has this checkout's images: `engine.sh COMMAND [ARGUMENT...]`.
#   csms-server         the Dockerfile's default
#   csms-server:dev     its target `dev`
#   csms-server:build   what they are built in
# `docker` and `docker compose` reach the engine without being told where it is.
#
# The engine lives in namespaces of its own: nothing that it mounts, no rule, bridge, port or process of it is there for
# the rest of the machine, and all of it is gone with the first process, however that ends. So it disturbs no engine that
# is there already, and its ports can be reached by the command alone. Nothing inside reaches the network but the package
# registry, through a registry of a company that does not exist.
#
# Needs root, Go, and apt-get where the engine is missing. CONTAINER_CACHE (default ~/.cache/csms-server-gate) keeps what
# takes long: the bases and Compose.
set -euo pipefail
repo=$(cd "$(dirname -- "$0")/../.." && pwd)
here=$repo/test/container
export CONTAINER_CACHE=${CONTAINER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/csms-server-gate}
node=$repo/node_modules/node/bin/node
registry_port=4873
group=csms-server-test

say() { printf 'container: %s\n' "$1"; }
fail() { printf 'container: %s\n' "$1" >&2; exit 1; }

outside() {
  [ "$(id -u)" = 0 ] || fail 'an engine can be started by root alone'
  install_tools
  mkdir -p "$CONTAINER_CACHE"
  # One engine at a time; what an interrupted run has left goes.
  exec 8>"$CONTAINER_CACHE/engine.lock"
  flock 8
  data=$CONTAINER_CACHE/engine
  remove_groups
  rm -rf --one-file-system "$data"
  scratch=$(mktemp -d)
  trap stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  mkdir -p "$data" "$scratch/docker/cli-plugins"
  # The images do not need it, and it takes minutes where the cache does not have it.
  install_compose 8>&- &
  bash "$here/bases.sh" >"$scratch/bases" 8>&-
  start_registry
  export SCRATCH=$scratch ENGINE_DATA=$data
  with_this_shell unshare --mount --net --pid --ipc --uts --fork --kill-child --mount-proc \
    bash "$here/engine.sh" --inside "$@" 8>&- &
  wait $!
}

# Ends what was started and is still running, and removes what it has left.
stop() {
  local running
  running=$(jobs -pr)
  [ -z "$running" ] || kill -KILL $running 2>/dev/null || true
  wait 2>/dev/null || true
  remove_groups
  rm -rf --one-file-system "$scratch" "$data"
}

install_compose() {
  local program
  if program=$(with_this_shell bash "$here/compose.sh"); then
    cp "$program" "$scratch/docker-compose"
    mv "$scratch/docker-compose" "$scratch/docker/cli-plugins/"
  else
    touch "$scratch/no-compose"
  fi
}

# A program that is killed when this shell ends, even when the shell is killed.
with_this_shell() { exec setpriv --pdeathsig KILL "$@"; }

# Control groups have no namespace: their empty folders stay.
remove_groups() {
  find /sys/fs/cgroup -depth -maxdepth 4 -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
}

install_tools() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  command -v ip >/dev/null || missing+=(iproute2)
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "missing here, and there is no apt-get: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

start_registry() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj '/CN=registry of a company' \
    -addext 'subjectAltName=IP:127.0.0.1' -keyout "$scratch/registry.key" -out "$scratch/registry.crt" 2>/dev/null
  UPSTREAM=$(cd "$repo" && npm config get registry) NODE_USE_ENV_PROXY=1 with_this_shell "$node" "$here/company-registry.ts" \
    serve "$scratch/registry.sock" "$scratch/registry.crt" "$scratch/registry.key" 8>&- >/dev/null &
}

inside() {
  # Sockets of an engine that is there already would be taken for this one's.
  mount -t tmpfs tmpfs /run
  ip link set lo up
  export DOCKER_CONFIG=$SCRATCH/docker DOCKER_BUILDKIT=0
  unset DOCKER_HOST DOCKER_CONTEXT DOCKER_TLS_VERIFY
  # The client of this engine, even where another one comes first.
  PATH=$repo/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
  "$node" "$here/company-registry.ts" relay "$SCRATCH/registry.sock" "$registry_port" >/dev/null &
  start_engine
  import_bases
  build_images
  say "images built after $SECONDS s"
  until [ -x "$DOCKER_CONFIG/cli-plugins/docker-compose" ]; do
    [ ! -e "$SCRATCH/no-compose" ] || fail 'Compose was not built'
    sleep 0.2
  done
  say "Compose $(docker compose version --short)"
  "$@"
}

start_engine() {
  dockerd --data-root "$ENGINE_DATA" --exec-root /run/docker --pidfile /run/docker.pid --host unix:///run/docker.sock \
    --cgroup-parent "/$group" >"$SCRATCH/dockerd.log" 2>&1 &
  local engine=$! tries=0
  until docker version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$engine" 2>/dev/null; then
      tail -20 "$SCRATCH/dockerd.log" >&2
      fail 'the engine did not start'
    fi
    sleep 0.2
  done
  say "engine $(docker version --format '{{.Server.Version}}'), API $(docker version --format '{{.Server.APIVersion}}')"
}

# Under names of their own: no image can be imported under a digest.
import_bases() {
  { read -r build && read -r runtime; } <"$SCRATCH/bases"
  docker import --change 'CMD ["node"]' "$build" base.test/node:24 >/dev/null
  docker import --change 'ENTRYPOINT ["/nodejs/bin/node"]' --change 'USER 65532' --change 'WORKDIR /home/nonroot' \
    --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' "$runtime" base.test/nodejs24:nonroot >/dev/null
}

build_images() {
  context=$SCRATCH/context
  mkdir "$context"
  (cd "$repo" && git ls-files -z --cached --others --exclude-standard | xargs -0 tar --create --ignore-failed-read) 2>/dev/null |
    tar --extract --directory "$context"
  bash "$here/plant.sh" "$context"
  # Both builders, at once: the first is the one of engines before 23.
  { build_image 0 build && build_image 0 latest; } &
  local first=$!
  build_image 1 dev
  wait "$first"
}

# DOCKER_BUILDKIT and the tag.
build_image() {
  local target=(--target "$2")
  [ "$2" != latest ] || target=()
  DOCKER_BUILDKIT=$1 docker build --network host --cgroup-parent "/$group" "${target[@]}" --tag "csms-server:$2" \
    --build-arg BUILD_BASE=base.test/node:24 --build-arg RUNTIME_BASE=base.test/nodejs24:nonroot \
    --build-arg "NPM_REGISTRY=https://127.0.0.1:$registry_port/" --build-arg "CA_CERTIFICATES=$(cat "$SCRATCH/registry.crt")" \
    "$SCRATCH/context" >"$SCRATCH/build-$2.log" 2>&1 ||
    { tail -30 "$SCRATCH/build-$2.log" >&2; fail "the image $2 was not built"; }
}

if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
else
  outside "$@"
fi
