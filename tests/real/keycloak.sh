#!/usr/bin/env bash
# A real Keycloak (its distribution, from Maven's central repository), in development mode with its own database.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ADDR=127.0.0.1 PORT=18190 URL=http://127.0.0.1:18190
VERSION=26.7.3 COPY=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy
ADMIN_PASSWORD='Adm1n-Passw0rd!' READ_SECRET=keycloak-read-s3cret REVOKE_SECRET=keycloak-revoke-s3cret

system keycloak
HOME_OF=$DIR/keycloak-$VERSION

unpack() { rm -rf "$HOME_OF" && python3 -m zipfile -e "$DIR/keycloak-quarkus-dist-$VERSION.zip" "$DIR"; }

install() {
  need /usr/bin/java openjdk-17-jre-headless
  need /usr/bin/mvn maven
  [[ ! -e $HOME_OF/made ]] || return 0
  quietly download mvn -B -q $COPY -Dartifact=org.keycloak:keycloak-quarkus-dist:$VERSION:zip -DoutputDirectory="$DIR"
  quietly unpack unpack
  rm "$DIR/keycloak-quarkus-dist-$VERSION.zip"
  touch "$HOME_OF/made"
}

answers() { curl -sf $URL/realms/master; }

start() {
  mkdir -p "$DIR/data"
  rm -rf "$HOME_OF/data"
  ln -s "$DIR/data" "$HOME_OF/data"
  port_free $ADDR $PORT
  KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=$ADMIN_PASSWORD JAVA_OPTS_KC_HEAP='-Xms128m -Xmx768m' \
    launch bash "$HOME_OF/bin/kc.sh" start-dev --http-host=$ADDR --http-port=$PORT --cache=local
  PATIENCE=1800 ready answers
}

fill() { python3 "$HERE/seed/keycloak.py" $URL "$ADMIN_PASSWORD" $READ_SECRET $REVOKE_SECRET "$TRUTH"; }

env_lines() {
  cat <<END
export EXEUNT_REAL_KEYCLOAK_URL=$URL EXEUNT_REAL_KEYCLOAK_TRUTH=$TRUTH EXEUNT_REAL_KEYCLOAK_ADMIN_PASSWORD='$ADMIN_PASSWORD'
export EXEUNT_REAL_KEYCLOAK_READ_SECRET=$READ_SECRET EXEUNT_REAL_KEYCLOAK_REVOKE_SECRET=$REVOKE_SECRET
END
}

verbs "$@"
