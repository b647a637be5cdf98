#!/usr/bin/env bash
# Emulate (from npm): emulators of Okta, GitHub and Slack. Not the vendors' servers: written by others than us from the vendors' documents.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=14420

system emulate

# It wants a newer Node.js than Debian has: that is a package, too.
install() { npm_packages 'emulate@~0.12.2' 'node@^24'; }

answers() {
  local k
  for k in 0 1 2; do curl -s -o /dev/null http://$ADDR:$((PORT + k))/; done
}

# It keeps everything in memory, and is filled as it starts. The services have their ports in the order of their names here.
start() {
  rm -f "$DIR/seeded"
  python3 "$HERE/seed/emulate.py" "$TRUTH" >"$DIR/seed.json"
  local k
  for k in 0 1 2; do port_free $ADDR $((PORT + k)); done
  launch "$DIR/npm/node_modules/.bin/node" "$DIR/npm/node_modules/emulate/dist/index.js" start --host $ADDR --port $PORT \
    --service okta,github,slack --seed "$DIR/seed.json"
  ready answers
}

fill() { [[ -s $TRUTH ]] || python3 "$HERE/seed/emulate.py" "$TRUTH" >/dev/null; }

env_lines() {
  cat <<END
export EXEUNT_REAL_EMULATE_OKTA=http://$ADDR:$PORT EXEUNT_REAL_EMULATE_GITHUB=http://$ADDR:$((PORT + 1)) EXEUNT_REAL_EMULATE_SLACK=http://$ADDR:$((PORT + 2))
export EXEUNT_REAL_EMULATE_TOKEN=admin-token EXEUNT_REAL_EMULATE_SLACK_TOKEN=xoxp-admin EXEUNT_REAL_EMULATE_TRUTH=$TRUTH
END
}

verbs "$@"
