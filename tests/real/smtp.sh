#!/usr/bin/env bash
# A real mail server (aiosmtpd, from PyPI) that wants STARTTLS and a login, and keeps what it takes in a Maildir.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=18125 USER_NAME=exeunt@real.northmoor.example PASSWORD=m4il-secret

system smtp

environment() { "${PYTHON:-python3}" -m venv "$DIR/venv" && "$DIR/venv/bin/pip" install -q --disable-pip-version-check 'aiosmtpd==1.4.*' && touch "$DIR/venv/made"; }

install() {
  [[ -e $DIR/venv/made ]] || { rm -rf "$DIR/venv"; quietly environment environment; }
  need /usr/bin/openssl openssl
  [[ -s $DIR/tls/cert.pem ]] || quietly certificate certificate localhost "DNS:localhost,IP:$ADDR"
}

answers() { exec 3<>"/dev/tcp/$ADDR/$PORT"; }

start() {
  rm -rf "$DIR/seeded" "$DIR/maildir"
  port_free $ADDR $PORT
  launch "$DIR/venv/bin/python" "$HERE/seed/smtp_keep.py" $ADDR $PORT "$DIR/maildir" "$DIR/tls" "$USER_NAME" "$PASSWORD"
  ready answers
}

# An empty mailbox is all there is to begin with.
fill() { mkdir -p "$DIR/maildir"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_SMTP_URL=smtp://localhost:$PORT EXEUNT_REAL_SMTP_CA=$DIR/tls/ca.pem EXEUNT_REAL_SMTP_MAILDIR=$DIR/maildir
export EXEUNT_REAL_SMTP_USER=$USER_NAME EXEUNT_REAL_SMTP_PASSWORD=$PASSWORD
END
}

verbs "$@"
