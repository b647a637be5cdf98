#!/usr/bin/env bash
# A real Directus server (from npm), with its own SQLite database. Two of its modules are built at install time, which takes minutes.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=18065 URL=http://127.0.0.1:18065
ADMIN_TOKEN=directus-admin-t0ken READ_TOKEN=directus-read-t0ken REVOKE_TOKEN=directus-revoke-t0ken

system directus
DATA=$DIR/data

# Version 12 limits accounts that have no licence.
install() {
  need /usr/bin/g++ g++ make python3
  npm_packages 'directus@~11.17.4' 'sqlite3@^5.1.7'
}

configure() {
  cat >"$DIR/npm/.env" <<END
HOST=$ADDR
PORT=$PORT
PUBLIC_URL=$URL
SECRET=0123456789abcdef0123456789abcdef
DB_CLIENT=sqlite3
DB_FILENAME=$DATA/directus.db
ADMIN_EMAIL=admin@example.com
ADMIN_PASSWORD=Adm1n-Passw0rd!
ADMIN_TOKEN=$ADMIN_TOKEN
TELEMETRY=false
STORAGE_LOCATIONS=local
STORAGE_LOCAL_ROOT=$DATA/uploads
EXTENSIONS_PATH=$DATA/extensions
QUERY_LIMIT_MAX=100
END
}

directus() { cd "$DIR/npm" && exec node node_modules/directus/cli.js "$@"; }
bootstrap() { (directus bootstrap); }
answers() { curl -sf $URL/server/ping; }

start() {
  if [[ ! -e $DATA/made ]]; then
    rm -rf "$DATA" "$DIR/seeded"
    mkdir -p "$DATA/uploads" "$DATA/extensions"
    configure
    quietly bootstrap bootstrap
    touch "$DATA/made"
  fi
  port_free $ADDR $PORT
  cd "$DIR/npm"
  launch node node_modules/directus/cli.js start
  ready answers
}

fill() { python3 "$HERE/seed/directus.py" $URL $ADMIN_TOKEN $READ_TOKEN $REVOKE_TOKEN "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_DIRECTUS_URL=$URL EXEUNT_REAL_DIRECTUS_TRUTH=$TRUTH
export EXEUNT_REAL_DIRECTUS_ADMIN_TOKEN=$ADMIN_TOKEN EXEUNT_REAL_DIRECTUS_READ_TOKEN=$READ_TOKEN EXEUNT_REAL_DIRECTUS_REVOKE_TOKEN=$REVOKE_TOKEN
END
}

verbs "$@"
