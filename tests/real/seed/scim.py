#!/usr/bin/env python3
"""Fills a SCIM 2.0 provider through its own API. usage: scim.py BASE_URL ADMIN_TOKEN TRUTH_FILE"""

import json
import sys
import urllib.error
import urllib.request

base, token, truth_file = sys.argv[1:4]
USER, GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
USERS, MAIL = 1200, "real.northmoor.example"


def add(path, things):
    """Creates them, 200 at a time, and returns their identifiers."""
    ids = []
    for k in range(0, len(things), 200):
        operations = [{"method": "POST", "path": path, "bulkId": f"b{k + j}", "data": t} for j, t in enumerate(things[k : k + 200])]
        request = urllib.request.Request(base + "/Bulk", json.dumps({"schemas": [BULK], "Operations": operations}).encode(),
                                         {"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                done = json.load(answer)["Operations"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"bulk to {path}: {error.code} {error.read()[:300]!r}")
        for one in done:
            if not str(one["status"]).startswith("2"):
                raise SystemExit(f"bulk to {path}: {json.dumps(one)[:300]}")
            ids.append(one["location"].rsplit("/", 1)[1])
    return ids


def user(name, i, active=True):
    return {"schemas": [USER, ENTERPRISE], "userName": name, "externalId": f"ext-{i}", "active": active, "displayName": f"Person {i}",
            "name": {"givenName": f"Given{i}", "familyName": f"Family{i}"}, "emails": [{"value": f"p{i}@{MAIL}", "type": "work", "primary": True}],
            ENTERPRISE: {"employeeNumber": f"N{i:04d}", "department": f"Department {i % 7}"}}


def group(name, members, kind="User"):
    return {"schemas": [GROUP], "displayName": name, "members": [{"value": m, "type": kind} for m in members]}


odd = ["Doe, John", 'quo"te', "back\\slash", "名前-🦀", "Ren\u00e9-composed", "Rene\u0301-decomposed", "MiXed.CaSe", f"plus+tag@{MAIL}",
       "semi;colon", "per%20cent", "(paren) #hash", "x" * 200]
ids = add("/Users", [user(f"u{i:04d}", i, i % 25 != 7) for i in range(USERS)])
leaver = add("/Users", [user(f"leaver@{MAIL}", 9001)])[0]
odd_ids = add("/Users", [user(name, 8000 + k) for k, name in enumerate(odd)])
groups = add("/Groups", [group(f"group {g}", ids[g::40] + ([leaver] if g < 4 else [])) for g in range(40)])
inner = add("/Groups", [group("nested inner", [leaver])])[0]
middle = add("/Groups", [group("nested middle", [inner], "Group")])[0]
outer = add("/Groups", [group("nested outer", [middle], "Group")])[0]
everybody = add("/Groups", [group("everybody", ids + [leaver])])[0]
only = add("/Groups", [group("only the leaver", [leaver])])[0]

json.dump({
    "users": USERS + 1 + len(odd), "inactive": USERS // 25, "inactive_example": ids[7], "groups": 45,
    "big_group": {"id": everybody, "members": USERS + 1}, "odd": dict(zip(odd, odd_ids)),
    "leaver": {"id": leaver, "user_name": f"leaver@{MAIL}", "employee_number": "N9001", "mail": f"p9001@{MAIL}",
               "groups": groups[:4] + [inner, everybody, only], "through_nesting": [middle, outer]},
}, open(truth_file, "w"), indent=1, ensure_ascii=False, sort_keys=True)
