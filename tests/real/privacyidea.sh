#!/usr/bin/env bash
# A real privacyIDEA server (from PyPI), over a directory that is a file, with a database of its own (SQLite).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=15090 URL=http://127.0.0.1:15090
ADMIN_PASSWORD='Adm1n-Passw0rd!' READ_PASSWORD='Read-0nly!' REVOKE_PASSWORD='Revoke-M3!'

system privacyidea
DATA=$DIR/data

install() { python_packages 'privacyidea==3.14.*'; }

manage() { PRIVACYIDEA_CONFIGFILE=$DATA/pi.cfg "$DIR/venv/bin/pi-manage" "$@"; }
make_database() {
  manage setup create_enckey && manage setup create_audit_keys && manage setup create_tables &&
    manage admin add admin -p "$ADMIN_PASSWORD" && manage admin add exeunt-read -p "$READ_PASSWORD" &&
    manage admin add exeunt-revoke -p "$REVOKE_PASSWORD" && touch "$DATA/made"
}

configure() {
  cat >"$DATA/pi.cfg" <<END
SUPERUSER_REALM = ['super']
SQLALCHEMY_DATABASE_URI = 'sqlite:///$DATA/pi.db'
SECRET_KEY = 'session-secret'
PI_PEPPER = 'pepper'
PI_ENCFILE = '$DATA/enckey'
PI_AUDIT_KEY_PRIVATE = '$DATA/private.pem'
PI_AUDIT_KEY_PUBLIC = '$DATA/public.pem'
PI_LOGFILE = '$LOG/privacyidea.log'
END
}

answers() { curl -s -o /dev/null $URL/auth; }

start() {
  if [[ ! -e $DATA/made ]]; then
    rm -rf "$DATA" "$DIR/seeded"
    mkdir -p "$DATA"
    configure
    quietly database make_database
  fi
  port_free $ADDR $PORT
  launch "$DIR/venv/bin/python" "$HERE/seed/privacyidea_serve.py" "$DATA/pi.cfg" $ADDR $PORT
  ready answers
}

fill() { python3 "$HERE/seed/privacyidea.py" $URL "$ADMIN_PASSWORD" "$DATA/passwd" "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_PRIVACYIDEA_URL=$URL EXEUNT_REAL_PRIVACYIDEA_TRUTH=$TRUTH EXEUNT_REAL_PRIVACYIDEA_ADMIN_PASSWORD='$ADMIN_PASSWORD'
export EXEUNT_REAL_PRIVACYIDEA_READ_PASSWORD='$READ_PASSWORD' EXEUNT_REAL_PRIVACYIDEA_REVOKE_PASSWORD='$REVOKE_PASSWORD'
END
}

verbs "$@"
