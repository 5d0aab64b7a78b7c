# Sourced by run.sh: what docs/rotation.md says, with a database of its own. Uses its `programs`, `checkout`, `scratch`,
# `run_blocks`, `free_port` and the server of dev.

database_pid=
function_pid=
database=

stop_rotation() {
  for pid in $function_pid $database_pid; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  [ -z "$database" ] || rm -rf "$database"
}

# PostgreSQL refuses to run as root.
as_user() {
  if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}

start_database() {
  . "$repo/test/rotation-postgres/postgres.sh"
  database=$(mktemp -d)
  echo 'password of the administrator' >"$database/password"
  [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$database"
  (
    cd "$database"
    as_user "$postgres/initdb" -D data -U admin -A scram-sha-256 --no-sync -E UTF8 --pwfile=password >/dev/null
  )
  (cd "$database" && as_user "$postgres/postgres" -D data -h 127.0.0.1 -p "$1" -k "$database" -F 2>"$database/log") &
  database_pid=$!
  until grep -q 'ready to accept connections' "$database/log" 2>/dev/null; do
    kill -0 "$database_pid" || { cat "$database/log" >&2; exit 1; }
    sleep 0.1
  done
}

run_rotation() {
  trap 'stop_rotation; stop_server' EXIT
  export PGPORT
  PGPORT=$(free_port)
  function_port=$(free_port)
  sed -i "s/\b8080\b/$function_port/; s/\b5432\b/$PGPORT/" "$programs/function-start.sh" "$programs/hooks.sh"
  # The program becomes the process, so that it can be stopped.
  sed -i 's/^CSMS_WEBHOOK_SECRET=/exec env &/' "$programs/function-start.sh"
  start_database "$PGPORT"
  PGPASSWORD='password of the administrator' PATH="$postgres:$PATH" psql -qh 127.0.0.1 -U admin postgres -f "$programs/role.sql"
  run_blocks function.sh
  used="$used role.sql function-start.sh "
  sh -eu "$programs/function-start.sh" >"$scratch/function" 2>&1 &
  function_pid=$!
  until curl -so /dev/null "http://127.0.0.1:$function_port/"; do
    kill -0 "$function_pid" || { cat "$scratch/function" >&2; exit 1; }
    sleep 0.1
  done
  run_blocks hooks.sh
  kill -HUP "$server_pid"
  until grep -q 'read identities, hooks and certificates again' "$scratch/data.stderr"; do
    kill -0 "$server_pid" || exit 1
    sleep 0.1
  done
  run_blocks rotate.sh
  while "$node" src/launch.js call GET '/v1/{project_id}/csms/tasks?secret_name=shop-db' 2>/dev/null | grep -q '"RUNNING"'; do sleep 0.1; done
  run_blocks rotated.sh
  stop_rotation
}
