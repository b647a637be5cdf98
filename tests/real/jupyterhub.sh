#!/usr/bin/env bash
# A real JupyterHub (from PyPI) with its proxy (from npm). People's servers are small web servers: the hub is what is tested.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=18210 URL=http://127.0.0.1:18211
ADMIN_TOKEN=hub-admin-t0ken-0123456789 READ_TOKEN=hub-read-t0ken-0123456789 REVOKE_TOKEN=hub-revoke-t0ken-0123456789

system jupyterhub

install() {
  python_packages 'jupyterhub==6.1.*'
  npm_packages 'configurable-http-proxy@^5.0.1'
}

# The rights of the two credentials are those that scanners/jupyterhub.yaml asks for, no more.
configure() {
  cat >"$DIR/data/config.py" <<END
c = get_config()
c.JupyterHub.bind_url = "http://$ADDR:$PORT"
c.JupyterHub.hub_bind_url = "$URL"
c.ConfigurableHTTPProxy.api_url = "http://$ADDR:18212"
c.ConfigurableHTTPProxy.command = ["$DIR/npm/node_modules/.bin/configurable-http-proxy"]
c.ConfigurableHTTPProxy.pid_file = "$DIR/data/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.admin_users = {"the-admin"}
c.JupyterHub.db_url = "sqlite:///$DIR/data/hub.sqlite"
c.JupyterHub.cookie_secret_file = "$DIR/data/cookie_secret"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "$DIR/data/home/{username}"
c.Spawner.cmd = ["$DIR/venv/bin/python", "$HERE/seed/jupyterhub_server.py"]
c.Spawner.notebook_dir = ""
c.JupyterHub.api_page_default_limit = 50
c.JupyterHub.api_page_max_limit = 200
c.JupyterHub.services = [
    {"name": "seed", "api_token": "$ADMIN_TOKEN"},
    {"name": "exeunt-read", "api_token": "$READ_TOKEN"},
    {"name": "exeunt-revoke", "api_token": "$REVOKE_TOKEN"},
]
c.JupyterHub.load_roles = [
    {"name": "seed", "scopes": ["admin:users", "admin:groups", "admin:servers", "tokens", "shares"], "services": ["seed"]},
    {"name": "exeunt-read", "scopes": ["list:users", "read:users", "read:groups", "list:groups", "read:tokens", "read:servers", "read:shares", "read:users:shares"], "services": ["exeunt-read"]},
    {"name": "exeunt-revoke", "scopes": ["admin:users", "groups", "tokens", "servers", "shares"], "services": ["exeunt-revoke"]},
]
END
}

answers() { curl -sf $URL/hub/api/; }

start() {
  mkdir -p "$DIR/data"
  configure
  port_free $ADDR $PORT
  port_free $ADDR 18211
  port_free $ADDR 18212
  cd "$DIR/data"
  launch "$DIR/venv/bin/jupyterhub" -f "$DIR/data/config.py"
  ready answers
}

fill() { python3 "$HERE/seed/jupyterhub.py" $URL/hub/api $ADMIN_TOKEN "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_JUPYTERHUB_URL=$URL EXEUNT_REAL_JUPYTERHUB_TRUTH=$TRUTH
export EXEUNT_REAL_JUPYTERHUB_ADMIN_TOKEN=$ADMIN_TOKEN EXEUNT_REAL_JUPYTERHUB_READ_TOKEN=$READ_TOKEN EXEUNT_REAL_JUPYTERHUB_REVOKE_TOKEN=$REVOKE_TOKEN
export EXEUNT_REAL_JUPYTERHUB_BIN=$DIR/venv/bin:$DIR/npm/node_modules/.bin
END
}

verbs "$@"
