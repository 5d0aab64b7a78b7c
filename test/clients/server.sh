# Sourced by the run.sh of each client: a real server on a free port, with data that is thrown away.
# Once the server is stopped, what was asked of it stands in .cache/matrix/clients, for `npm run matrix`, unless the script
# was given arguments and so ran a part of its tests only.
# Sets `repo`, `cache` (CLIENTS_CACHE, default .cache/clients), `node` and `scratch`; `start_server` exports what
# credentials.env holds. `start_tls_server` does the same with a server that has a certificate, and sets `ca`: whoever
# trusts this file trusts that server. `start_users_server`, before these, starts one for the users of identities.yaml and
# exports where it is as `USERS_ENDPOINT`. The servers are stopped, by their pids, when the script ends.

repo=$(CDPATH= cd -- "$(dirname -- "$0")/../../.." && pwd)
cache=${CLIENTS_CACHE:-$repo/.cache/clients}
mkdir -p "$cache"
cache=$(CDPATH= cd -- "$cache" && pwd)
scratch=$(mktemp -d)
server_pids=
suite=$(basename -- "$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)")
record=$repo/.cache/matrix/clients/$suite
[ $# -eq 0 ] || record=/dev/null

# The bundled Node where there is one: the machine's own may be too old.
node=$repo/node_modules/node/bin/node
[ -x "$node" ] || node=node

stop_server() {
  for pid in $server_pids; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [ -z "$server_pids" ] || record_requests
  rm -rf "$scratch"
}
# Each kind of request as `count method route status`, read from the server's own log. A script that prepares things by
# `call` says in `counted`, a pattern for grep, which requests are its client's.
record_requests() {
  mkdir -p "$repo/.cache/matrix/clients"
  sed -n 's/.*"method":"\([A-Z]*\)","route":"\([^"]*\)".*"status":\([0-9]*\).*/\1 \2 \3/p' "$scratch"/*.stderr |
    grep -e "${counted:-.}" | sort | uniq -c >"$record"
}

trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_server() {
  launch data
}

start_tls_server() {
  (cd "$repo" && "$node" src/main.ts init "$scratch/tls-config" --tls-self-signed >/dev/null)
  ca=$scratch/tls-config/tls.crt
  launch tls CSMS_TLS_CERT="$ca" CSMS_TLS_KEY="$scratch/tls-config/tls.key"
}

start_users_server() {
  # A file with keys must not be readable by others, as one in a checkout is.
  install -m 600 "$repo/test/clients/identities.yaml" "$scratch/identities.yaml"
  launch users CSMS_IDENTITIES="$scratch/identities.yaml"
  export USERS_ENDPOINT="$CSMS_ENDPOINT"
}

# Starts a server with its data in the folder of that name; the rest are further variables of its environment.
launch() {
  name=$1
  shift
  # A clean environment: a stray CSMS_ variable would make another server of it.
  (cd "$repo" && exec env -i PATH="$PATH" HOME="$scratch" CSMS_DATA="$scratch/$name" CSMS_PORT=0 CSMS_LOG_LEVEL=info \
    CSMS_REGION="${server_region:-local-1}" "$@" \
    "$node" src/main.ts dev >"$scratch/$name.stdout" 2>"$scratch/$name.stderr") &
  server_pid=$!
  server_pids="$server_pids $server_pid"
  tries=0
  until grep -q '^csms-server listening on ' "$scratch/$name.stdout" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ] || ! kill -0 "$server_pid" 2>/dev/null; then
      echo 'the server did not start:' >&2
      cat "$scratch/$name.stdout" "$scratch/$name.stderr" >&2
      exit 1
    fi
    sleep 0.1
  done
  set -a
  . "$scratch/$name/credentials.env"
  set +a
}
