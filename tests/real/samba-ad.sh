#!/usr/bin/env bash
# A real Active Directory domain controller (Samba, from Debian's packages) on a loopback address of its own, as its ports are fixed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.31 DNSNAME=real.northmoor.example BASE=DC=real,DC=northmoor,DC=example
ADMIN_PASSWORD='Adm1n-Passw0rd!' READ_PASSWORD='Read-0nly!' REVOKE_PASSWORD='Revoke-M3!'
SERVICES="OU=Service Accounts,$BASE"

system samba-ad
CONF=$DIR/data/etc/smb.conf SAM=$DIR/data/private/sam.ldb
KEEP=(--option="interfaces=$ADDR/8" --option="bind interfaces only=yes" --option="vfs objects=dfs_samba4 acl_xattr xattr_tdb")

install() {
  [[ $(id -u) = 0 ]] || die "Samba wants root: it binds ports below 1024"
  need /usr/sbin/samba samba samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind
  need /usr/bin/ldbadd ldb-tools
  need /usr/bin/ldapsearch ldap-utils
}

provision() {
  rm -rf "$DIR/data" "$DIR/seeded"
  samba-tool domain provision --realm=${DNSNAME^^} --domain=REAL --server-role=dc --dns-backend=SAMBA_INTERNAL --backend-store=mdb \
    --adminpass="$ADMIN_PASSWORD" --targetdir="$DIR/data" --host-name=dc1 --host-ip=$ADDR "${KEEP[@]}" --option="log file=$LOG/provision-%m.log" || return
  cat >"$CONF" <<END
[global]
	workgroup = REAL
	realm = ${DNSNAME^^}
	netbios name = DC1
	server role = active directory domain controller
	interfaces = $ADDR/8
	bind interfaces only = yes
	private dir = $DIR/data/private
	state directory = $DIR/data/state
	cache directory = $DIR/data/cache
	lock directory = $DIR/data
	pid directory = $DIR
	binddns dir = $DIR/data/bind-dns
	ncalrpc dir = $DIR/data/ncalrpc
	log file = $LOG/%m.log
	max log size = 5000
	logging = file
	ldap server require strong auth = no
	tls keyfile = $DIR/tls/key.pem
	tls certfile = $DIR/tls/cert.pem
	tls cafile = $DIR/tls/ca.pem
	server services = ldap, kdc
	vfs objects = dfs_samba4 acl_xattr xattr_tdb
END
  mkdir -p "$DIR/data/ncalrpc" "$DIR/data/cache" && touch "$DIR/data/provisioned"
}

root_dse() { ldapsearch -LLL -x -H ldap://$ADDR -b '' -s base defaultNamingContext; }

start() {
  [[ -s $DIR/tls/cert.pem ]] || quietly certificate certificate dc1.$DNSNAME "DNS:dc1.$DNSNAME,DNS:$DNSNAME,IP:$ADDR"
  [[ -e $DIR/data/provisioned ]] || quietly provision provision
  port_free $ADDR 389
  launch samba -s "$CONF" -F --no-process-group --model=single
  ready root_dse
}

# ldbadd ends with 0 when a record failed: its words count.
ldb() {
  quietly "$1" "ldb$1" -H "$SAM" --configfile="$CONF" "$DIR/ldif/$2.ldif"
  ! grep -m 3 '^ERR' "$LOG/$1.log" >&2 || die "$NAME: loading $2.ldif failed (log: $LOG/$1.log)"
}

# Loaded into the files, while the server is down: many times faster than over LDAP.
fill() {
  mkdir -p "$DIR/ldif"
  [[ ! -e $DIR/half ]] || { stop; quietly provision provision; } # an earlier fill broke off
  touch "$DIR/half"
  /usr/bin/python3 "$HERE/seed/ad.py" "$DIR/ldif" "$BASE" $DNSNAME "$READ_PASSWORD" "$REVOKE_PASSWORD" "$TRUTH"
  stop
  ldb add 1-tree
  ldb modify 2-links
  quietly rights /usr/bin/python3 "$HERE/seed/ad_rights.py" "$SAM" "$CONF" "$BASE"
  rm "$DIR/half"
  start
}

env_lines() {
  cat <<END
export EXEUNT_REAL_AD_URL=ldap://$ADDR EXEUNT_REAL_AD_LDAPS=ldaps://$ADDR EXEUNT_REAL_AD_CA=$DIR/tls/ca.pem
export EXEUNT_REAL_AD_BASE=$BASE EXEUNT_REAL_AD_DOMAIN=$DNSNAME EXEUNT_REAL_AD_TRUTH=$TRUTH
export EXEUNT_REAL_AD_READ_DN='CN=exeunt-read,$SERVICES' EXEUNT_REAL_AD_READ_PASSWORD='$READ_PASSWORD'
export EXEUNT_REAL_AD_REVOKE_DN='CN=exeunt-revoke,$SERVICES' EXEUNT_REAL_AD_REVOKE_PASSWORD='$REVOKE_PASSWORD'
export EXEUNT_REAL_AD_ADMIN_DN='CN=Administrator,CN=Users,$BASE' EXEUNT_REAL_AD_ADMIN_PASSWORD='$ADMIN_PASSWORD'
END
}

verbs "$@"
