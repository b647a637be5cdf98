#!/usr/bin/env python3
"""Fills a JupyterHub through its own API. usage: jupyterhub.py API_URL ADMIN_TOKEN TRUTH_FILE

People past the size of a page, groups, tokens, running servers (a default one and one with a name), shares both ways, invitations.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

api, token, truth_file = sys.argv[1:4]
PEOPLE, LEAVER, OTHER = 250, "leaver@real.northmoor.example", "u00001"


def call(method, path, body=None):
    request = urllib.request.Request(api + urllib.parse.quote(path, safe="/?=@+"), None if body is None else json.dumps(body).encode(),
                                     {"Authorization": "token " + token, "Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            raw = answer.read()
            return json.loads(raw) if raw else None
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.code} {error.read()[:300]!r}")


def server(user, name=""):
    path = f"/users/{user}/servers/{name}" if name else f"/users/{user}/server"
    call("POST", path)
    for _ in range(200):
        if call("GET", f"/users/{user}")["servers"].get(name, {}).get("ready"):
            return
        time.sleep(0.1)
    raise SystemExit(f"the server {user}/{name} did not start")


odd = ["o'neill", "plus+x@real.northmoor.example", "名前", "per%41cent", "name with space"]
names = [f"u{i:05d}" for i in range(PEOPLE)] + [LEAVER] + odd
for k in range(0, len(names), 100):
    call("POST", "/users", {"usernames": names[k : k + 100]})
for g in range(4):
    call("POST", f"/groups/team{g}")
    call("POST", f"/groups/team{g}/users", {"users": [u for i, u in enumerate(names) if i % 4 == g or (u == LEAVER and g < 3)]})

tokens = []
for note, more in (("ci", {}), ("laptop", {"expires_in": 86400}), ("narrow", {"scopes": [f"read:users:name!user={LEAVER}"]}), ("", {}), ("名前 🦀", {})):
    made = call("POST", f"/users/{LEAVER}/tokens", {"note": note, **more})
    tokens.append({"id": made["id"], "token": made["token"], "note": note})
for name in odd:
    call("POST", f"/users/{name}/tokens", {"note": "odd"})
for i in range(0, PEOPLE, 5):
    call("POST", f"/users/u{i:05d}/tokens", {"note": "theirs"})

server(LEAVER)
server(LEAVER, "gpu")
server(OTHER)
call("POST", f"/shares/{LEAVER}/gpu", {"user": OTHER})
call("POST", f"/shares/{LEAVER}/", {"group": "team3"})
call("POST", f"/shares/{OTHER}/", {"user": LEAVER})
call("POST", f"/shares/{OTHER}/", {"user": "u00002"})
codes = [call("POST", f"/share-codes/{LEAVER}/{name}", {})["id"] for name in ("", "gpu")]

json.dump({"users": len(names) + 1, "groups": 4, "odd": odd, "other": OTHER,
           "leaver": {"name": LEAVER, "tokens": tokens, "groups": ["team0", "team1", "team2"], "share_codes": codes}},
          open(truth_file, "w"), indent=1, ensure_ascii=False)
