#!/usr/bin/env bash
# A real OpenLDAP server (Debian's slapd) with the memberof, refint and ppolicy overlays, and the limits that directories set.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=13990 TLSPORT=13736 BASE=dc=real,dc=northmoor,dc=example
READ_PASSWORD='Read-0nly!' REVOKE_PASSWORD='Revoke-M3!' ADMIN_PASSWORD='Adm1n-Passw0rd!'
READER="uid=exeunt-read,ou=services,$BASE" REVOKER="uid=exeunt-revoke,ou=services,$BASE"

system openldap

install() {
  need /usr/sbin/slapd slapd
  need /usr/bin/ldapsearch ldap-utils
}

# The revoke account may lock, expire, re-password and re-shell people, take their keys, and change groups' members. No more.
configure() {
  cat >"$DIR/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
include $HERE/seed/ssh-key.schema
pidfile $DIR/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
TLSCACertificateFile $DIR/tls/ca.pem
TLSCertificateFile $DIR/tls/cert.pem
TLSCertificateKeyFile $DIR/tls/key.pem
sizelimit size.soft=500 size.hard=500 size.pr=200 size.prtotal=unlimited
loglevel stats
database mdb
suffix "$BASE"
rootdn "cn=admin,$BASE"
rootpw "$ADMIN_PASSWORD"
directory $DIR/data
maxsize 1073741824
index objectClass,entryUUID eq
index uid,cn,mail,employeeNumber eq
index member,uniqueMember,memberUid,memberOf eq
access to attrs=userPassword by dn.exact="$REVOKER" =w by anonymous auth by * none
access to dn.subtree="ou=people,$BASE" attrs=pwdAccountLockedTime,shadowExpire,loginShell,sshPublicKey by dn.exact="$REVOKER" write by users read by * none
access to dn.subtree="ou=groups,$BASE" attrs=member,uniqueMember,memberUid by dn.exact="$REVOKER" write by users read by * none
access to * by users read by * none
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
memberof-memberof-ad memberOf
memberof-dangling ignore
overlay refint
refint_attributes member uniqueMember manager
refint_nothing "cn=nobody,$BASE"
overlay ppolicy
ppolicy_default "cn=default,ou=policies,$BASE"
ppolicy_use_lockout
END
}

answers() { ldapsearch -LLL -x -H ldap://$ADDR:$PORT -b '' -s base namingContexts; }

start() {
  mkdir -p "$DIR/data"
  [[ -s $DIR/tls/cert.pem ]] || quietly certificate certificate localhost "DNS:localhost,IP:$ADDR"
  configure
  port_free $ADDR $PORT
  port_free $ADDR $TLSPORT
  launch /usr/sbin/slapd -d stats -f "$DIR/slapd.conf" -h "ldap://$ADDR:$PORT ldaps://$ADDR:$TLSPORT"
  ready answers
}

# Loaded into the files, while the server is down.
fill() {
  python3 "$HERE/seed/openldap.py" "$BASE" "$READ_PASSWORD" "$REVOKE_PASSWORD" "$TRUTH" >"$DIR/seed.ldif"
  stop
  rm -rf "$DIR/data"
  mkdir "$DIR/data"
  quietly slapadd /usr/sbin/slapadd -q -w -f "$DIR/slapd.conf" -l "$DIR/seed.ldif"
  start
}

env_lines() {
  cat <<END
export EXEUNT_REAL_LDAP_URL=ldap://$ADDR:$PORT EXEUNT_REAL_LDAP_LDAPS=ldaps://$ADDR:$TLSPORT EXEUNT_REAL_LDAP_CA=$DIR/tls/ca.pem
export EXEUNT_REAL_LDAP_BASE=$BASE EXEUNT_REAL_LDAP_TRUTH=$TRUTH
export EXEUNT_REAL_LDAP_READ_DN='$READER' EXEUNT_REAL_LDAP_READ_PASSWORD='$READ_PASSWORD'
export EXEUNT_REAL_LDAP_REVOKE_DN='$REVOKER' EXEUNT_REAL_LDAP_REVOKE_PASSWORD='$REVOKE_PASSWORD'
export EXEUNT_REAL_LDAP_ADMIN_DN='cn=admin,$BASE' EXEUNT_REAL_LDAP_ADMIN_PASSWORD='$ADMIN_PASSWORD'
END
}

verbs "$@"
