# shellcheck shell=bash disable=SC2034
# What the scripts in this folder share. Sourced, never run.
#
# A script names its system, defines `install`, `start`, `fill` and `env_lines`, and ends with `verbs "$@"`. Everything a
# system writes is under $ROOT/<name>; it listens on loopback only, and only the process that `launch` started is ended.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 # nothing is written beside the seeds
ROOT=${TMPDIR:-/tmp}/exeunt-real

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# system NAME: sets where it keeps its data, its logs and the id of its process.
system() {
  NAME=$1 DIR=$ROOT/$1
  LOG=$DIR/log PID=$DIR/server.pid TRUTH=$DIR/truth.json
}

# need FILE PACKAGE...: the Debian packages that bring FILE. Their own services must not start, these scripts start the servers.
need() {
  [[ -e $1 ]] && return 0
  shift
  [[ $(id -u) = 0 ]] || die "needed as root: apt-get install --no-install-recommends $*"
  say "installing $*"
  local policy=/usr/sbin/policy-rc.d made='' ok=1 lock
  # One at a time: servers are brought up beside one another, and Debian's installer is alone or fails.
  exec {lock}>"$ROOT/apt.lock"
  flock "$lock"
  [[ -e $policy ]] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; made=1; }
  DEBIAN_FRONTEND=noninteractive apt-get update -q >"$LOG/apt.log" 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$LOG/apt.log" 2>&1 || ok=
  [[ -z $made ]] || rm -f $policy
  exec {lock}>&-
  [[ -n $ok ]] || { tail -n 5 "$LOG/apt.log" >&2; die "apt-get install $* failed (log: $LOG/apt.log)"; }
}

# quietly WHAT COMMAND...: its words go to a log, and are shown when it fails.
quietly() {
  local what=$1
  shift
  "$@" >"$LOG/$what.log" 2>&1 || { tail -n 10 "$LOG/$what.log" >&2; die "$NAME: $what failed (log: $LOG/$what.log)"; }
}

# python_packages SPEC... and npm_packages SPEC...: an environment of the system's own ($DIR/venv, $DIR/npm) with these packages, made once
# for a list of them.
python_packages() {
  [[ $(cat "$DIR/venv/made" 2>/dev/null) != "$*" ]] || return 0
  rm -rf "$DIR/venv"
  quietly venv "${PYTHON:-python3}" -m venv "$DIR/venv"
  quietly pip "$DIR/venv/bin/pip" install -q --disable-pip-version-check "$@"
  printf '%s' "$*" >"$DIR/venv/made"
}
npm_packages() {
  [[ $(cat "$DIR/npm/made" 2>/dev/null) != "$*" ]] || return 0
  rm -rf "$DIR/npm"
  mkdir "$DIR/npm"
  printf '{"private":true}\n' >"$DIR/npm/package.json"
  quietly npm npm install --prefix "$DIR/npm" --no-audit --no-fund "$@"
  printf '%s' "$*" >"$DIR/npm/made"
}

# The process id is kept with the moment the process started, so that a later process with the same id is never taken for it.
born() { [[ -r /proc/$1/stat ]] && sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
  local pid when
  [[ -s $PID ]] && read -r pid when <"$PID" && [[ -n $when && $(born "$pid") = "$when" ]]
}

# launch COMMAND...: starts the server in a process group of its own.
launch() {
  setsid "$@" >"$LOG/server.log" 2>&1 </dev/null &
  echo "$! $(born $!)" >"$PID"
  disown
}

stop() {
  local pid _
  if alive; then
    read -r pid _ <"$PID"
    kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq 100); do alive || break; sleep 0.1; done
    ! alive || kill -KILL -- "-$pid" 2>/dev/null || true
  fi
  rm -f "$PID"
}

# ready COMMAND...: waits till it succeeds, while the server lives; PATIENCE is how many times it is tried, ten a second.
ready() {
  local _
  for _ in $(seq "${PATIENCE:-300}"); do
    "$@" >/dev/null 2>&1 && return 0
    alive || break
    sleep 0.1
  done
  tail -n 20 "$LOG/server.log" >&2 || true
  die "$NAME did not come up (logs: $LOG)"
}

port_free() { ! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null || die "$1:$2 is in use by something else"; }

# certificate NAME SAN: a throw-away authority and a server certificate that it signed, once.
certificate() {
  local d=$DIR/tls
  [[ -s $d/cert.pem ]] && return 0
  mkdir -p "$d"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=test authority" -keyout "$d/ca.key" -out "$d/ca.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$d/key.pem" -out "$d/request.pem"
  openssl x509 -req -in "$d/request.pem" -CA "$d/ca.pem" -CAkey "$d/ca.key" -CAcreateserial -days 30 -out "$d/cert.pem" \
    -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2")
  chmod 600 "$d/ca.key" "$d/key.pem"
}

# timed WHAT COMMAND...: says how long it took.
timed() {
  local what=$1 t0=$EPOCHREALTIME
  shift
  "$@"
  say "$NAME $what: $(awk -v a="$t0" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }')"
}

prepare() {
  mkdir -p "$LOG"
  install
}

up() {
  prepare
  alive || start
}

seed() {
  alive || die "start it first: $0 up"
  [[ ! -e $DIR/seeded ]] || { say "$NAME is seeded already"; return 0; }
  rm -f "$TRUTH"
  fill
  touch "$DIR/seeded"
}

# What is installed stays: only the data goes. A system keeps them in $DIR/data, or says what else.
fresh() {
  stop
  rm -rf "$DIR/data" "$DIR/seeded"
}

verbs() {
  case ${1:-} in
    install) timed install prepare ;;
    up) timed up up ;;
    seed) timed seed seed ;;
    env) env_lines ;;
    down) stop ;;
    fresh) fresh ;;
    purge) stop; rm -rf "${DIR:?}" ;;
    *) say "usage: $(basename "$0") install | up | seed | env | down | fresh | purge"; exit 2 ;;
  esac
}
