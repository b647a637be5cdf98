#!/usr/bin/env bash
# A real SCIM 2.0 provider (scim2-server, from PyPI), behind a gate that gives each token its rights.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=18180 URL=http://127.0.0.1:18180
ADMIN_TOKEN=scim-admin-t0ken READ_TOKEN=scim-read-t0ken REVOKE_TOKEN=scim-revoke-t0ken

system scim

install() { python_packages 'scim2-server==0.8.*'; }

answers() { curl -sf -H "Authorization: Bearer $READ_TOKEN" $URL/ServiceProviderConfig; }

# It keeps everything in memory, so a new start is an empty one.
start() {
  rm -f "$DIR/seeded"
  port_free $ADDR $PORT
  launch "$DIR/venv/bin/python" "$HERE/seed/scim_gate.py" $ADDR $PORT $ADMIN_TOKEN $READ_TOKEN $REVOKE_TOKEN
  ready answers
}

fill() { "$DIR/venv/bin/python" "$HERE/seed/scim.py" $URL $ADMIN_TOKEN "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_SCIM_URL=$URL EXEUNT_REAL_SCIM_TRUTH=$TRUTH
export EXEUNT_REAL_SCIM_READ_TOKEN=$READ_TOKEN EXEUNT_REAL_SCIM_REVOKE_TOKEN=$REVOKE_TOKEN EXEUNT_REAL_SCIM_ADMIN_TOKEN=$ADMIN_TOKEN
END
}

verbs "$@"
