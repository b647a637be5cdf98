#!/usr/bin/env python3
"""Fills a Directus server through its own API. usage: directus.py URL ADMIN_TOKEN READ_TOKEN REVOKE_TOKEN TRUTH_FILE

People past the size of a page, documents, two users for exeunt with the rights that scanners/directus.yaml asks for, and a leaver, who is an
administrator, with a static token, a session, six share links of all kinds and a flow that anybody can trigger.
"""

import json
import sys
import urllib.error
import urllib.request

url, admin_token, read_token, revoke_token, truth_file = sys.argv[1:6]
# It refuses addresses under .example.
PEOPLE, MAIL, LEAVER_TOKEN, PASSWORD = 120, "example.com", "leaver-static-t0ken", "Le4ver-Passw0rd!"


def call(method, path, body=None, bearer=admin_token):
    headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + bearer} if bearer else {})}
    request = urllib.request.Request(url + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            raw = answer.read()
            return json.loads(raw)["data"] if raw else None
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {path}: {error.code} {error.read()[:300]!r}")


def role(name, rights, **policy):
    made = call("POST", "/policies", {"name": name, "app_access": False, "admin_access": False, **policy})["id"]
    new = call("POST", "/roles", {"name": name})["id"]
    call("POST", "/access", {"role": new, "policy": made})
    if rights:
        call("POST", "/permissions", [{"policy": made, "collection": collection, "action": action, "permissions": {}, "fields": ["*"]}
                                      for action, collections in rights.items() for collection in collections])
    return new


call("POST", "/collections", {"collection": "documents", "schema": {}, "meta": {}, "fields": [
    {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}, "meta": {"hidden": True}},
    {"field": "title", "type": "string", "schema": {}, "meta": {}}]})
administrator = call("GET", "/users/me?fields=role")["role"]
staff = role("Staff", {}, app_access=True)
reader = role("Reader", {"read": ["documents"]})
look = ["directus_users", "directus_roles", "directus_policies", "directus_access", "directus_shares", "directus_flows"]
scan = role("exeunt-read", {"read": look})
revoke = role("exeunt-revoke", {"read": look, "update": ["directus_users", "directus_flows"], "delete": ["directus_users", "directus_shares"]})
call("POST", "/users", [{"email": f"{name}@{MAIL}", "role": its, "status": "active", "token": token}
                        for name, its, token in (("exeunt-read", scan, read_token), ("exeunt-revoke", revoke, revoke_token))])
for k in range(0, PEOPLE, 60):
    call("POST", "/users", [{"email": f"p{i:04d}@{MAIL}", "first_name": f"Given {i}", "last_name": f"Family {i}", "role": staff, "external_identifier": f"N{i:04d}",
                             "status": ["active", "active", "active", "invited", "suspended"][i % 5], **({"token": f"static-token-{i:05d}"} if i % 10 == 0 else {})}
                            for i in range(k, k + 60)])
leaver = call("POST", "/users", {"email": f"leaver@{MAIL}", "first_name": "Rui", "last_name": "Tamm", "role": administrator, "status": "active",
                                 "password": PASSWORD, "token": LEAVER_TOKEN, "external_identifier": "N9001"})["id"]
documents = call("POST", "/items/documents", [{"title": f"Document {i}"} for i in range(30)])
session = call("POST", "/auth/login", {"email": f"leaver@{MAIL}", "password": PASSWORD, "mode": "json"}, bearer=None)


def share(k, name, bearer, **more):
    return call("POST", "/shares", {"name": f"{name} {k}", "collection": "documents", "item": str(documents[k]["id"]), "role": reader, **more}, bearer)["id"]


mine = [share(k, "link", session["access_token"], **more) for k, more in enumerate(
    [{}, {"password": "share-pass"}, {"date_end": "2020-01-01T00:00:00Z"}, {"date_end": "2099-01-01T00:00:00Z"}, {"max_uses": 1}, {"max_uses": 0}])]
others = [share(k, "other", admin_token) for k in range(3)]
flow = call("POST", "/flows", {"name": "export", "status": "active", "trigger": "webhook", "options": {"method": "GET"}}, session["access_token"])["id"]
json.dump({"users": PEOPLE + 4, "suspended": PEOPLE // 5, "shares": len(mine) + len(others), "others": others,
           "leaver": {"id": leaver, "token": LEAVER_TOKEN, "refresh_token": session["refresh_token"], "shares": mine, "flow": flow}},
          open(truth_file, "w"), indent=1)
