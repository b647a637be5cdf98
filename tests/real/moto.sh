#!/usr/bin/env bash
# Moto (from PyPI): AWS's IAM, Identity Store and SSO administration, in memory. Not AWS: written by others than us from its documents.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=15010 URL=http://127.0.0.1:15010

system moto

install() { python_packages 'moto[server]==5.2.*'; }

answers() { curl -sf $URL/moto-api/; }

# It keeps everything in memory, so a new start is an empty one.
start() {
  rm -f "$DIR/seeded"
  port_free $ADDR $PORT
  launch "$DIR/venv/bin/python" "$HERE/seed/aws_gate.py" $ADDR $PORT
  ready answers
}

fill() { "$DIR/venv/bin/python" "$HERE/seed/aws.py" $URL "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_MOTO_URL=$URL EXEUNT_REAL_MOTO_TRUTH=$TRUTH EXEUNT_REAL_MOTO_SECRET=any
export EXEUNT_REAL_MOTO_PYTHON=$DIR/venv/bin/python EXEUNT_REAL_MOTO_LEFT=$HERE/seed/aws_left.py
END
}

verbs "$@"
