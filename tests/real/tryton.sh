#!/usr/bin/env bash
# A real Tryton server (from PyPI) with the modules party and company, and a database of its own (SQLite).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=18110 URL=http://127.0.0.1:18110 DATABASE=northmoor
ADMIN_PASSWORD='Adm1n-Passw0rd!' READ_PASSWORD='Read-0nly-Passw0rd!' REVOKE_PASSWORD='Revoke-M3-Passw0rd!'

system tryton

install() { python_packages 'trytond==8.2.*' 'trytond-party==8.2.*' 'trytond-company==8.2.*'; }

admin() { TRYTONPASSFILE=$DIR/password "$DIR/venv/bin/trytond-admin" -c "$DIR/trytond.conf" -d $DATABASE "$@"; }
make_database() {
  rm -rf "$DIR/data" "$DIR/seeded"
  mkdir -p "$DIR/data"
  touch "$DIR/data/$DATABASE.sqlite"
  admin --all --email admin@real.northmoor.example && admin -u party company --activate-dependencies && touch "$DIR/data/made"
}

version() { curl -sf -H 'Content-Type: application/json' -d '{"id":1,"method":"common.server.version","params":[]}' $URL/rpc/; }

start() {
  printf '%s\n' "$ADMIN_PASSWORD" >"$DIR/password"
  cat >"$DIR/trytond.conf" <<END
[web]
listen = $ADDR:$PORT
[database]
uri = sqlite://
path = $DIR/data
[session]
timeout = 86400
max_age = 2592000
END
  [[ -e $DIR/data/made ]] || quietly database make_database
  port_free $ADDR $PORT
  launch "$DIR/venv/bin/trytond" -c "$DIR/trytond.conf" -d $DATABASE
  ready version
}

fill() { python3 "$HERE/seed/tryton.py" $URL $DATABASE "$ADMIN_PASSWORD" "$READ_PASSWORD" "$REVOKE_PASSWORD" "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_TRYTON_URL=$URL EXEUNT_REAL_TRYTON_DATABASE=$DATABASE EXEUNT_REAL_TRYTON_TRUTH=$TRUTH EXEUNT_REAL_TRYTON_ADMIN_PASSWORD='$ADMIN_PASSWORD'
export EXEUNT_REAL_TRYTON_READ_PASSWORD='$READ_PASSWORD' EXEUNT_REAL_TRYTON_REVOKE_PASSWORD='$REVOKE_PASSWORD'
END
}

verbs "$@"
