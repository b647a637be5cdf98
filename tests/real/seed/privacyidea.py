#!/usr/bin/env python3
"""Fills a privacyIDEA server. usage: privacyidea.py URL ADMIN_PASSWORD PASSWD_FILE TRUTH_FILE

People with one factor each; a leaver with six, three of them off already, each in another way; tokens of nobody, and of somebody who has
vanished from the directory. Administrators have just the rights that scanners/privacyidea.yaml asks for.
"""

import json
import sys
import urllib.error
import urllib.request

url, password, passwd, truth_file = sys.argv[1:5]
PEOPLE, MAIL, headers = 110, "real.northmoor.example", {"Content-Type": "application/json"}


def call(method, path, body=None):
    request = urllib.request.Request(url + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.code} {error.read()[:300]!r}")


def line(login, number, name):
    return f"{login}:x:{number}:100:{name},,,,{login}@{MAIL}:/home/{login}:/bin/sh\n"


with open(passwd, "w") as file:
    file.writelines(line(f"u{i:05d}", 10000 + i, f"Given{i} Family{i}") for i in range(PEOPLE))
    file.writelines([line("leaver", 9999, "Rui Tamm"), line("second", 9998, "Second One"), line("vanishing", 9997, "Van Ishing")])
headers["Authorization"] = call("POST", "/auth", {"username": "admin", "password": password})["result"]["value"]["token"]
call("POST", "/resolver/staff", {"type": "passwdresolver", "fileName": passwd})
call("POST", "/realm/corp", {"resolvers": "staff"})
call("POST", "/defaultrealm/corp", {})


def token(user, kind, **more):
    body = {"type": kind, "genkey": 1, "description": f"{kind} of {user or 'nobody'}", **({"user": user, "realm": "corp"} if user else {}), **more}
    if kind == "pw":
        body.update(otpkey="static-passw0rd", genkey=0)
    return call("POST", "/token/init", body)["detail"]["serial"]


for i in range(PEOPLE):
    token(f"u{i:05d}", ("hotp", "totp", "pw", "spass")[i % 4])
mine = [token("leaver", kind, pin="1234") for kind in ("hotp", "totp", "pw", "spass", "totp", "hotp")]
call("POST", "/token/disable", {"serial": mine[3]})
call("POST", "/token/revoke", {"serial": mine[4]})
call("POST", "/token/set", {"serial": mine[5], "validity_period_end": "2020-01-01T10:00+0000"})
second = token("second", "spass", pin="1234")
nobody = [token("", "hotp") for _ in range(3)]
gone = token("vanishing", "totp")
lines = [entry for entry in open(passwd) if not entry.startswith("vanishing:")]
open(passwd, "w").writelines(lines)

# Once there is a policy for administrators, nobody has a right that no policy gives.
for name, admin, action in (("all", "admin", "*"), ("read", "exeunt-read", "tokenlist, userlist, manage_machine_tokens"),
                            ("revoke", "exeunt-revoke", "tokenlist, enable, disable, revoke, delete")):
    call("POST", f"/policy/{name}", {"scope": "admin", "action": action, "adminuser": admin, "active": True})

json.dump({"tokens": PEOPLE + 6 + 1 + 3 + 1, "users": PEOPLE + 2, "nobody": nobody, "vanished": gone, "second": second,
           "leaver": {"serials": mine, "disabled": mine[3], "revoked": mine[4], "expired": mine[5], "password": mine[2]}},
          open(truth_file, "w"), indent=1)
