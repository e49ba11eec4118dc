#!/usr/bin/env bash
# RabbitMQ 3.10 management HTTP API (Debian 12: rabbitmq-server). Loopback only. Idempotent.
set -euo pipefail
PORT=${PORT:-15672}; AMQP_PORT=${AMQP_PORT:-15673}; DIST_PORT=${DIST_PORT:-25673}   # off the standard ports
H=${APP_HOME:-${TMPDIR:-/var/tmp}/postern-apps/rabbitmq}; ADMIN=${ADMIN_USER:-scimadmin}; PASS=${ADMIN_PASS:-Adm1n-s3cret}
if ! dpkg -s rabbitmq-server >/dev/null 2>&1; then
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends rabbitmq-server >/dev/null
fi
mkdir -p "$H"/{mnesia,log}
cat > "$H/rabbitmq.conf" <<C
listeners.tcp.1 = 127.0.0.1:$AMQP_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $PORT
default_user = $ADMIN
default_pass = $PASS
default_user_tags.administrator = true
C
echo '[rabbitmq_management].' > "$H/enabled_plugins"
export HOME="$H" RABBITMQ_NODENAME=scimrabbit@localhost RABBITMQ_MNESIA_BASE="$H/mnesia" RABBITMQ_LOG_BASE="$H/log" \
  RABBITMQ_CONFIG_FILE="$H/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$H/enabled_plugins" RABBITMQ_DIST_PORT=$DIST_PORT \
  RABBITMQ_PID_FILE="$H/pid" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_CONF_ENV_FILE=/dev/null \
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
BASE=http://127.0.0.1:$PORT/api
cd "$H"
up() { curl -fs -o /dev/null -u "$ADMIN:$PASS" "$BASE/overview"; }
if ! up; then
  for _ in $(seq 40); do epmd -names 2>/dev/null | grep -q 'name scimrabbit ' || break; sleep 0.5; done   # a node still stopping keeps its name
  setsid nohup /usr/lib/rabbitmq/bin/rabbitmq-server >"$H/out.log" 2>&1 </dev/null &
  for _ in $(seq 120); do up && break; sleep 0.5; done; up || { tail -30 "$H/out.log"; exit 1; }
fi
# A group that is there, and nobody is in it: RabbitMQ gives each new one to whoever makes it.
api() { curl -fs -o /dev/null -u "$ADMIN:$PASS" -H 'content-type: application/json' "$@"; }
api -X PUT "$BASE/vhosts/press"
api -X DELETE "$BASE/permissions/press/$ADMIN" || true
echo "BASE_URL=$BASE"
echo "CREDENTIAL=basic:$ADMIN:$PASS"
echo "STOP=kill $(cat "$H/pid")"
