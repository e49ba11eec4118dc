#!/usr/bin/env bash
# PostgreSQL of Debian, a server of its own below APP_HOME with the tables of a small app. Loopback only.
set -euo pipefail
PORT=${PORT:-15532}
H=${APP_HOME:-${TMPDIR:-/var/tmp}/postern-apps/postgres}
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends postgresql openssl >/dev/null 2>&1
fi
BIN=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as() { runuser -u postgres -- "$@"; }
mkdir -p "$H"; chmod 755 "$H"
if [ ! -s "$H/pg/PG_VERSION" ]; then
  mkdir -p "$H/pg"; echo owner-s3cret >"$H/password"; chown postgres "$H/pg" "$H/password"
  as "$BIN/initdb" -D "$H/pg" -A scram-sha-256 -U postgres -E UTF8 --locale=C.UTF-8 --pwfile="$H/password" >"$H/initdb.log"
  # Nobody has signed it: a gateway that is not told to trust the way must refuse it.
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -keyout "$H/pg/server.key" -out "$H/pg/server.crt" 2>/dev/null
  chown postgres "$H/pg/server.key" "$H/pg/server.crt"; chmod 600 "$H/pg/server.key"
  : >"$H/new"
fi
as "$BIN/pg_ctl" -s -D "$H/pg" -l "$H/pg/log" -w start -o "-c listen_addresses=127.0.0.1 -c port=$PORT -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c ssl=on"
if [ -e "$H/new" ]; then
  export PGPASSWORD=owner-s3cret
  "$BIN/psql" -q -h 127.0.0.1 -p "$PORT" -U postgres -v ON_ERROR_STOP=1 -c 'CREATE DATABASE desk'
  "$BIN/psql" -q -h 127.0.0.1 -p "$PORT" -U postgres -d desk -v ON_ERROR_STOP=1 -f "$(dirname "$0")/../../../examples/database-app/postgres.sql"
  rm "$H/new"
fi
echo "BASE_URL=postgres://127.0.0.1:$PORT/desk"
echo "STOP=kill $(head -1 "$H/pg/postmaster.pid")"
