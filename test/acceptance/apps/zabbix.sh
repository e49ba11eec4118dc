#!/usr/bin/env bash
# Zabbix 6.0 frontend with its JSON-RPC API, and a PostgreSQL 15 of its own (Debian 12: zabbix-frontend-php
# zabbix-server-pgsql). The daemon zabbix-server is not needed. Loopback only; the database has no port at all.
set -euo pipefail
PORT=${PORT:-18081}; H=${APP_HOME:?}; B=/usr/lib/postgresql/15/bin
if ! dpkg -s zabbix-frontend-php zabbix-server-pgsql php-cli php-pgsql postgresql-15 curl >/dev/null 2>&1; then
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends curl postgresql php-cli php-pgsql zabbix-server-pgsql zabbix-frontend-php >/dev/null 2>&1
fi
mkdir -p "$H/pg" "$H/sock"; chmod 755 "$H"; chown postgres "$H/pg" "$H/sock"
runuser -u postgres -- $B/initdb -D "$H/pg" -A trust -U postgres >"$H/initdb.log"
runuser -u postgres -- $B/pg_ctl -s -D "$H/pg" -l "$H/pg/log" -o "-c listen_addresses= -c unix_socket_directories=$H/sock -c fsync=off -c synchronous_commit=off -c full_page_writes=off" -w start
fail() { tail -30 "$1"; runuser -u postgres -- $B/pg_ctl -s -D "$H/pg" -m fast stop; exit 1; }
psql() { command psql -q -h "$H/sock" -U postgres -v ON_ERROR_STOP=1 "$@"; }
S=/usr/share/zabbix-server-pgsql
psql -c 'create database zabbix' >"$H/import.log" 2>&1 || fail "$H/import.log"
{ zcat $S/schema.sql.gz; zcat $S/images.sql.gz 2>/dev/null || true; zcat $S/data.sql.gz; } | psql -1 -d zabbix >"$H/import.log" 2>&1 || fail "$H/import.log"
cp -a /usr/share/zabbix "$H/web"
cat > "$H/web/conf/zabbix.conf.php" <<P
<?php
\$DB['TYPE']='POSTGRESQL'; \$DB['SERVER']='$H/sock'; \$DB['PORT']='5432'; \$DB['DATABASE']='zabbix'; \$DB['USER']='postgres'; \$DB['PASSWORD']='';
\$DB['SCHEMA']='public'; \$DB['ENCRYPTION']=false; \$DB['KEY_FILE']=''; \$DB['CERT_FILE']=''; \$DB['CA_FILE']=''; \$DB['VERIFY_HOST']=false; \$DB['CIPHER_LIST']='';
\$DB['VAULT_URL']=''; \$DB['VAULT_DB_PATH']=''; \$DB['VAULT_TOKEN']=''; \$DB['DOUBLE_IEEE754']=true;
\$ZBX_SERVER='127.0.0.1'; \$ZBX_SERVER_PORT='10051'; \$ZBX_SERVER_NAME='scim'; \$IMAGE_FORMAT_DEFAULT=IMAGE_FORMAT_PNG;
P
# Debian hard-codes /etc/zabbix.
sed -i "s#CONFIG_FILE_PATH = .*#CONFIG_FILE_PATH = '$H/web/conf/zabbix.conf.php';#" "$H/web/include/classes/core/CConfigFile.php"
chown -R www-data "$H/web/conf"
# One process to end: it takes the web server, its workers and the database with it.
cat > "$H/run.sh" <<R
stop() { trap '' TERM; kill -- -\$\$; runuser -u postgres -- $B/pg_ctl -s -D "$H/pg" -m fast stop; }
trap stop EXIT
trap 'exit 0' TERM INT
PHP_CLI_SERVER_WORKERS=4 runuser -u www-data -- php -d post_max_size=16M -d max_execution_time=300 -d memory_limit=256M -d date.timezone=UTC -S 127.0.0.1:$PORT -t "$H/web" &
wait
R
setsid nohup bash "$H/run.sh" >"$H/out.log" 2>&1 </dev/null &
PID=$!
BASE=http://127.0.0.1:$PORT
rpc() { curl -fsS -H 'Content-Type: application/json-rpc' -d "$1" "$BASE/api_jsonrpc.php"; }
up() { rpc '{"jsonrpc":"2.0","method":"apiinfo.version","params":[],"id":1}' 2>/dev/null | grep -q result; }
for _ in $(seq 120); do up && break; sleep 0.5; done
up || { tail -30 "$H/out.log"; kill $PID; exit 1; }
SESSION=$(rpc '{"jsonrpc":"2.0","method":"user.login","params":{"username":"Admin","password":"zabbix"},"id":1}' | sed -n 's/.*"result":"\([^"]*\)".*/\1/p')
TOKEN=$(rpc "{\"jsonrpc\":\"2.0\",\"method\":\"token.create\",\"params\":{\"name\":\"postern\",\"userid\":\"1\"},\"auth\":\"$SESSION\",\"id\":1}" | sed -n 's/.*"tokenids":\["\([0-9]*\)".*/\1/p')
echo "BASE_URL=$BASE"
echo "CREDENTIAL=$(rpc "{\"jsonrpc\":\"2.0\",\"method\":\"token.generate\",\"params\":[\"$TOKEN\"],\"auth\":\"$SESSION\",\"id\":1}" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')"
echo "STOP=kill $PID"
