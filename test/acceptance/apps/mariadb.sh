#!/usr/bin/env bash
# MariaDB of Debian, a server of its own below APP_HOME with the tables of a small app. Loopback only.
set -euo pipefail
PORT=${PORT:-13316}
H=${APP_HOME:-${TMPDIR:-/var/tmp}/postern-apps/mariadb}
if ! command -v mariadbd >/dev/null; then
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends mariadb-server openssl >/dev/null 2>&1
fi
mkdir -p "$H"; chmod 755 "$H"
SOCKET=$H/socket
if [ ! -d "$H/data" ]; then
  mkdir "$H/data"; chown mysql "$H" "$H/data"
  mariadb-install-db --no-defaults --user=mysql --datadir="$H/data" --auth-root-authentication-method=normal --skip-test-db >"$H/install.log" 2>&1
  # Nobody has signed it: a gateway that is not told to trust the way must refuse it.
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -keyout "$H/server.key" -out "$H/server.crt" 2>/dev/null
  chown mysql "$H/server.key" "$H/server.crt"; chmod 600 "$H/server.key"
  : >"$H/new"
fi
setsid nohup mariadbd --no-defaults --user=mysql --datadir="$H/data" --socket="$SOCKET" --pid-file="$H/pid" \
  --bind-address=127.0.0.1 --port="$PORT" --skip-log-bin --innodb-flush-log-at-trx-commit=0 --skip-name-resolve \
  --ssl-cert="$H/server.crt" --ssl-key="$H/server.key" --character-set-server=utf8mb4 >"$H/log" 2>&1 </dev/null &
up() { mariadb --no-defaults --socket="$SOCKET" -uroot -e 'SELECT 1' >/dev/null 2>&1; }
for _ in $(seq 120); do up && break; sleep 0.25; done
up || { tail -20 "$H/log"; exit 1; }
if [ -e "$H/new" ]; then
  mariadb --no-defaults --socket="$SOCKET" -uroot <"$(dirname "$0")/../../../examples/database-app/mariadb.sql"
  rm "$H/new"
fi
echo "BASE_URL=mysql://127.0.0.1:$PORT/desk"
echo "STOP=kill $(cat "$H/pid")"
