#!/usr/bin/env bash
# OpenLDAP 2.5 (Debian 12: slapd ldap-utils): inetOrgPerson and groupOfNames, with ppolicy, memberof, refint and unique. Loopback only. Idempotent.
# REFINT=no leaves refint and memberof out. TLS=yes adds StartTLS and, on PORT+1, ldaps, for the name localhost, with a CA of its own in $APP_HOME/ca.pem.
# Postern signs in as cn=postern,dc=example,dc=com, who may write everything and read SIZELIMIT entries at once.
set -euo pipefail
PORT=${PORT:-13890}; H=${APP_HOME:-${TMPDIR:-/var/tmp}/postern-apps/slapd}; PASS=${ADMIN_PASS:-Adm1n-s3cret}; OURS=${POSTERN_PASS:-P0stern-s3cret}
dpkg -s slapd ldap-utils >/dev/null 2>&1 || { [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }; apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends slapd ldap-utils >/dev/null 2>&1; }
mkdir -p "$H/db"; URL=ldap://127.0.0.1:$PORT; LISTEN="$URL/"; TLSCONF=
if [ "${TLS:-no}" = yes ]; then
  LISTEN="$LISTEN ldaps://127.0.0.1:$((PORT + 1))/"
  TLSCONF="TLSCertificateFile $H/server.pem
TLSCertificateKeyFile $H/server.key"
  [ -f "$H/server.pem" ] || { cd "$H"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=Test CA' 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost 2>/dev/null
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile <(echo subjectAltName=DNS:localhost) 2>/dev/null; }
fi
OVERLAYS='overlay memberof
overlay refint
refint_attributes member memberOf'; [ "${REFINT:-yes}" = yes ] || OVERLAYS=
cat > "$H/slapd.conf" <<C
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload unique
moduleload ppolicy
$TLSCONF
pidfile $H/pid
argsfile $H/args
sizelimit ${SIZELIMIT:-500}
database mdb
maxsize 104857600
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw $PASS
directory $H/db
index objectClass,uid,mail,entryUUID,cn,member eq
access to attrs=userPassword by dn.exact="cn=postern,dc=example,dc=com" write by anonymous auth
access to * by dn.exact="cn=postern,dc=example,dc=com" write by * search
$OVERLAYS
overlay unique
unique_uri ldap:///ou=people,dc=example,dc=com?uid,mail?sub
overlay ppolicy
ppolicy_default cn=default,ou=policies,dc=example,dc=com
C
up() { ldapwhoami -x -H $URL -D cn=admin,dc=example,dc=com -w "$PASS" >/dev/null 2>&1; }
if ! up; then
  [ -f "$H/db/data.mdb" ] || slapadd -f "$H/slapd.conf" <<L
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=postern,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: $OURS

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: ou=policies,dc=example,dc=com
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,dc=example,dc=com
objectClass: organizationalRole
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdLockout: TRUE
L
  slapd -f "$H/slapd.conf" -h "$LISTEN" > "$H/out.log" 2>&1 || { cat "$H/out.log"; exit 1; }; for _ in $(seq 40); do up && break; sleep 0.25; done; up || { cat "$H/out.log"; exit 1; }
fi
echo "BASE_URL=$URL"; echo "CREDENTIAL=cn=postern,dc=example,dc=com / $OURS   (people: ou=people, groups: ou=groups,dc=example,dc=com)"; echo "STOP=kill $(cat "$H/pid")"
