# Sourced: sets `postgres` to the folder of PostgreSQL's programs; installs them by apt-get where there are none, which needs
# root.

find_postgres() {
  for directory in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr); do
    [ -x "$directory/initdb" ] && echo "$directory" && return
  done
  command -v initdb >/dev/null 2>&1 && dirname "$(readlink -f "$(command -v initdb)")"
}

postgres=$(find_postgres || true)
if [ -z "$postgres" ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >/dev/null
  postgres=$(find_postgres)
fi
