#!/usr/bin/env bash
# Unleash 8 OSS (npm: unleash-server; needs Node 22 or newer on the PATH), and a PostgreSQL 15 of its own (Debian 12).
# Loopback only; the database has no port at all. APP_PACKAGES: where the packages are kept for the next run.
set -euo pipefail
PORT=${PORT:-14242}; H=${APP_HOME:?}; N=${APP_PACKAGES:-$H/packages}; B=/usr/lib/postgresql/15/bin; PASS='Adm1n-s3cret-Pw!'
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 22 ] || { echo "Unleash needs Node 22 or newer; this is $(node -v)"; exit 1; }
if ! dpkg -s postgresql-15 curl >/dev/null 2>&1; then
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends curl postgresql >/dev/null 2>&1
fi
mkdir -p "$H/pg" "$H/sock" "$N"; chmod 755 "$H"; chown postgres "$H/pg" "$H/sock"
if [ ! -d "$N/node_modules/unleash-server" ]; then
  echo '{"name":"app-unleash","private":true,"version":"1.0.0"}' >"$N/package.json"
  # A script that npm has started tells npm where the project is.
  (cd "$N"; unset npm_config_local_prefix; npm install --prefix "$N" --no-audit --no-fund --loglevel=error unleash-server@8.2.0 >"$H/npm.log" 2>&1) || { tail -20 "$H/npm.log"; exit 1; }
fi
runuser -u postgres -- $B/initdb -D "$H/pg" -A trust -U postgres >"$H/initdb.log"
runuser -u postgres -- $B/pg_ctl -s -D "$H/pg" -l "$H/pg/log" -o "-c listen_addresses= -c unix_socket_directories=$H/sock -c fsync=off -c synchronous_commit=off" -w start
psql -q -h "$H/sock" -U postgres -c 'create database unleash'
BASE=http://127.0.0.1:$PORT
# One process to end: it takes the server and the database with it.
cat > "$H/run.sh" <<R
stop() { trap '' TERM; kill -- -\$\$; runuser -u postgres -- $B/pg_ctl -s -D "$H/pg" -m fast stop; }
trap stop EXIT
trap 'exit 0' TERM INT
cd "$N"
DATABASE_HOST="$H/sock" DATABASE_NAME=unleash DATABASE_USERNAME=postgres DATABASE_PASSWORD=x DATABASE_SSL=false HTTP_HOST=127.0.0.1 HTTP_PORT=$PORT \
 UNLEASH_URL=$BASE CHECK_VERSION=false SEND_TELEMETRY=false LOG_LEVEL=warn UNLEASH_DEFAULT_ADMIN_USERNAME=admin UNLEASH_DEFAULT_ADMIN_PASSWORD='$PASS' \
 node node_modules/unleash-server/dist/server.js &
wait
R
setsid nohup bash "$H/run.sh" >"$H/out.log" 2>&1 </dev/null &
PID=$!
up() { curl -fs -o /dev/null "$BASE/health"; }
for _ in $(seq 240); do up && break; sleep 0.5; done
up || { tail -20 "$H/out.log"; kill $PID; exit 1; }
curl -fsS -o /dev/null -c "$H/jar" -H 'Content-Type: application/json' -d "{\"username\":\"admin\",\"password\":\"$PASS\"}" "$BASE/auth/simple/login"
echo "BASE_URL=$BASE"
echo "CREDENTIAL=$(curl -fsS -b "$H/jar" -H 'Content-Type: application/json' -d '{"description":"postern","expiresAt":"2099-01-01T00:00:00Z"}' "$BASE/api/admin/user/tokens" | sed -n 's/.*"secret":"\([^"]*\)".*/\1/p')"
echo "STOP=kill $PID"
