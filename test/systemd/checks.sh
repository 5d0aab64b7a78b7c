#!/bin/bash
# Run by the systemd of inside.sh: installs the unit as docs/operations.md says, and tries what it promises.
set -euo pipefail
programs=$SCRATCH/programs
export HOME=/root PATH=/opt/csms-server/node_modules/.bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec 2>&1
trap 'echo "failed in line $LINENO"; systemctl status csms-server --no-pager --full || true; tail -20 /run/csms.log' ERR
cd "$SCRATCH/checkout"

say() { echo "systemd: $1"; }
property() { systemctl show csms-server --property "$1" --value; }
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(property MainPID)/status"; }
ready() { curl -fsS --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:4280/readyz; }
expect() { [ "$2" = "$3" ] || { echo "$1: $2 instead of $3"; false; }; }
call() { csms-server call "$@"; }

sh -eu "$programs/systemd.sh"
ready | grep -q '"writes":"ok"'
say 'the unit starts'
[ -s /etc/csms-server/admin.sk ]
export CSMS_ENDPOINT=http://127.0.0.1:4280
export HUAWEICLOUD_SDK_AK=$(sed -n 's/.* ak: //p' /etc/csms-server/identities.yaml)
export HUAWEICLOUD_SDK_SK=$(cat /etc/csms-server/admin.sk)
export HUAWEICLOUD_SDK_PROJECT_ID=$(call GET /v3/projects | sed 's/.*"projects":\[{"id":"\([^"]*\)".*/\1/')
call POST '/v1/{project_id}/secrets' -d '{"name": "unit", "secret_string": "kept"}' >/dev/null
say 'a secret is made'

expect 'user' "$(status Uid | cut -f1)" "$(id -u csms-server)"
expect 'capabilities' "$(status CapBnd)" 0000000000000000
expect 'no new privileges' "$(status NoNewPrivs)" 1
expect 'system calls are filtered' "$(status Seccomp)" 2
expect 'core dumps' "$(sed -n 's/^Max core file size *\([^ ]*\).*/\1/p' "/proc/$(property MainPID)/limits")" 0
expect 'mode of the data' "$(stat -c '%U %a' /var/lib/csms-server)" 'csms-server 700'
expect 'mode of the root key' "$(stat -c '%U %a' /etc/csms-server/root.key)" 'root 600'
say 'it has the rights of nobody else'

# A removed access key counts no longer: without a restart.
pid=$(property MainPID)
cp /etc/csms-server/identities.yaml /run/identities.yaml
sed -i "s/$HUAWEICLOUD_SDK_AK/AKOFSOMEBODYELSE/" /etc/csms-server/identities.yaml
systemctl reload csms-server
for _ in $(seq 60); do call GET '/v1/{project_id}/secrets' >/dev/null 2>&1 || break; sleep 0.5; done
! call GET '/v1/{project_id}/secrets' >/run/refused 2>&1
grep -q APIGW.0301 /run/refused
cat /run/identities.yaml >/etc/csms-server/identities.yaml
systemctl reload csms-server
for _ in $(seq 60); do call GET '/v1/{project_id}/secrets' >/dev/null 2>&1 && break; sleep 0.5; done
call GET '/v1/{project_id}/secrets' >/dev/null
expect 'process' "$(property MainPID)" "$pid"
say 'a reload is enough for identities'

kill -KILL "$pid"
for _ in $(seq 60); do [ "$(property NRestarts)" = 1 ] && break; sleep 0.5; done
ready >/dev/null
call GET '/v1/{project_id}/secrets/unit/versions/latest' | grep -q kept
say 'it is started again after a kill, and has its data'

systemctl stop csms-server
expect 'result of a stop' "$(property Result) $(property ExecMainStatus)" 'success 0'
sh -eu "$programs/systemd-verify.sh" | grep -q 'all good'
say 'verify, as its user and with its credential'

# A certificate that the group may read, for all addresses, and metrics beside it.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout /etc/csms-server/tls.key -out /etc/csms-server/tls.crt 2>/dev/null
chgrp csms-server /etc/csms-server/tls.*
chmod 0640 /etc/csms-server/tls.*
printf '%s\n' CSMS_HOST=0.0.0.0 CSMS_METRICS=127.0.0.1:4281 CSMS_TLS_CERT=/etc/csms-server/tls.crt \
  CSMS_TLS_KEY=/etc/csms-server/tls.key >/etc/csms-server/server.env
systemctl start csms-server
curl -fsS --retry 60 --retry-connrefused --retry-delay 1 --cacert /etc/csms-server/tls.crt https://localhost:4280/readyz >/dev/null
curl -fsS http://127.0.0.1:4281/metrics | grep -q '^process_resident_memory_bytes [1-9]'
! grep -E '"level":(40|50|60)' /run/csms.log | grep -v polic
systemctl stop csms-server
say 'TLS and metrics, and no warning but of policies'

echo 'CSMS_PORT=none' >/etc/csms-server/server.env
systemctl start csms-server || true
for _ in $(seq 60); do [ "$(property ActiveState)" = failed ] && break; sleep 0.5; done
expect 'a wrong setting' "$(property ActiveState) $(property ExecMainStatus)" 'failed 78'
grep -q CSMS_PORT /run/csms.log
say 'a wrong setting ends it once, with 78'
say 'all held'
