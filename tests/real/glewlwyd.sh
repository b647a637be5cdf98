#!/usr/bin/env bash
# A real Glewlwyd single sign-on server (Debian's package), with a database of its own (SQLite).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=14610 URL=http://127.0.0.1:14610
ADMIN_PASSWORD=password READ_PASSWORD='Read-0nly!' REVOKE_PASSWORD='Revoke-M3!'

system glewlwyd

install() {
  need /usr/bin/glewlwyd glewlwyd glewlwyd-common
  need /usr/bin/sqlite3 sqlite3
}

make_database() { sqlite3 "$DIR/data/glewlwyd.db" </usr/share/dbconfig-common/data/glewlwyd/install/sqlite3; }

configure() {
  cat >"$DIR/data/glewlwyd.conf" <<END
port=$PORT
bind_address="$ADDR"
external_url="$URL/"
login_url="login.html"
api_prefix="api"
cookie_secure=0
log_mode="console"
log_level="INFO"
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
login_api_enabled=true
max_post_size=16777216
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "$DIR/data/glewlwyd.db"; };
END
}

answers() { curl -sf $URL/config; }

start() {
  mkdir -p "$DIR/data"
  configure
  [[ -s $DIR/data/glewlwyd.db ]] || quietly database make_database
  port_free $ADDR $PORT
  launch /usr/bin/glewlwyd --config-file="$DIR/data/glewlwyd.conf"
  ready answers
}

fill() { python3 "$HERE/seed/glewlwyd.py" $URL/api $ADMIN_PASSWORD "$READ_PASSWORD" "$REVOKE_PASSWORD" "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_GLEWLWYD_URL=$URL EXEUNT_REAL_GLEWLWYD_TRUTH=$TRUTH EXEUNT_REAL_GLEWLWYD_ADMIN_PASSWORD=$ADMIN_PASSWORD
export EXEUNT_REAL_GLEWLWYD_READ_PASSWORD='$READ_PASSWORD' EXEUNT_REAL_GLEWLWYD_REVOKE_PASSWORD='$REVOKE_PASSWORD'
END
}

verbs "$@"
