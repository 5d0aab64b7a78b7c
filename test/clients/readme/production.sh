# Sourced by run.sh: what docs/operations.md says, from the installation to the restored copy. Uses its `programs`,
# `checkout`, `scratch` and `run_blocks`.

production_pid=
nginx_pid=

stop_production() {
  for pid in $nginx_pid $production_pid; do kill "$pid" 2>/dev/null || true; done
}

# Starts the program $1 of the documents in the background, and waits until it listens. Its last line becomes the process,
# so that a signal reaches the server.
start_production() {
  used="$used$1 "
  sed -i '$s/csms-server serve/exec csms-server serve/' "$programs/$1"
  # What the server before it has printed must not count.
  : >"$scratch/production"
  (exec sh -eu "$programs/$1") >"$scratch/production" 2>"$scratch/production.log" &
  production_pid=$!
  tries=0
  until grep -q '^csms-server listening on ' "$scratch/production"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ] || ! kill -0 "$production_pid" 2>/dev/null; then
      cat "$scratch/production" "$scratch/production.log" >&2
      echo "$1 did not start" >&2
      exit 1
    fi
    sleep 0.1
  done
  (cd "$repo" && "$node" "$here/blocks.mjs" check "$1" "$scratch/production")
}

end_production() {
  kill "$production_pid"
  wait "$production_pid" || { cat "$scratch/production.log" >&2; echo 'the server did not stop well' >&2; exit 1; }
  production_pid=
}

start_nginx() {
  mkdir "$scratch/nginx"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=csms.example \
    -addext subjectAltName=DNS:csms.example -keyout "$scratch/nginx/csms.key" -out "$scratch/nginx/csms.crt" 2>/dev/null
  sed "s|/etc/nginx/|$scratch/nginx/|; s|listen 443|listen 127.0.0.1:$1|" "$programs/nginx.conf" >"$scratch/nginx/site.conf"
  cat >"$scratch/nginx/nginx.conf" <<END
daemon off;
pid $scratch/nginx/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $scratch/nginx/body;
  proxy_temp_path $scratch/nginx/proxy;
  fastcgi_temp_path $scratch/nginx/fastcgi;
  uwsgi_temp_path $scratch/nginx/uwsgi;
  scgi_temp_path $scratch/nginx/scgi;
  include $scratch/nginx/site.conf;
}
END
  PATH=$PATH:/usr/sbin nginx -c "$scratch/nginx/nginx.conf" 2>"$scratch/nginx/errors" &
  nginx_pid=$!
  until curl -sko /dev/null "https://127.0.0.1:$1/"; do
    kill -0 "$nginx_pid" || { cat "$scratch/nginx/errors" >&2; exit 1; }
    sleep 0.1
  done
}

# A signed request through nginx, and the address that an answer contains.
through_nginx() {
  url=https://csms.example:$1/v3/projects
  sh -eu -c '. "$1"; "$2" src/launch.js sign GET "$3" | curl -sS -H @- --cacert "$4" --resolve "$5:127.0.0.1" "$3"' sh \
    "$scratch/credentials" "$node" "$url" "$scratch/nginx/csms.crt" "csms.example:$1"
}

run_production() {
  trap 'stop_production; stop_server' EXIT
  port=$(free_port)
  sed -i "s/\b4280\b/$port/" "$programs/admin.sh" "$programs/nginx.conf"
  # Nothing of dev's may help.
  unset CSMS_ENDPOINT CSMS_USER CSMS_DOMAIN CSMS_PASSWORD CSMS_CONTROL_TOKEN
  for name in $(env | sed -n 's/^\(\(HUAWEICLOUD_SDK\|HW\)_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
  sed -i "s|/opt/|$scratch/|" "$programs/install.sh"
  run_blocks install.sh
  export PATH="$scratch/csms-server/node_modules/.bin:$PATH"
  run_blocks init.sh
  sed -i "s/^CSMS_PORT=.*/CSMS_PORT=$port/" csms-config/csms.env
  start_production serve.sh
  run_blocks admin.sh
  run_blocks copy.sh
  end_production
  run_blocks check.sh
  run_blocks restore.sh
  run_blocks clock.sh
  start_production proxied.sh
  proxy_port=$(free_port)
  start_nginx "$proxy_port"
  grep '^export H' "$programs/admin.sh" | grep -v PROJECT >"$scratch/credentials"
  expect nginx.conf '"https://csms.example/v3/projects"' through_nginx "$proxy_port"
  end_production
}
