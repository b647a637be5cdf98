#!/usr/bin/env python3
"""Writes what the emulators start with. usage: emulate.py TRUTH_FILE >seed.json"""

import json
import sys

PEOPLE, MAIL = 250, "real.northmoor.example"
LEAVER = f"leaver@{MAIL}"
STATES = ["ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED", "DEPROVISIONED", "STAGED", "LOCKED_OUT"]
people = [(f"p{i:04d}", f"p{i:04d}@{MAIL}", f"Given{i}", f"Family{i}") for i in range(PEOPLE)]
users = [{"okta_id": f"00u{i:04d}", "login": mail, "email": mail, "first_name": first, "last_name": last, "status": STATES[i % len(STATES)]}
         for i, (_, mail, first, last) in enumerate(people)]
users.append({"okta_id": "00uleaver", "login": LEAVER, "email": LEAVER, "first_name": "Rui", "last_name": "Tamm", "status": "ACTIVE"})
print(json.dumps({
    "tokens": {"admin-token": {"login": "admin", "scopes": ["repo", "user", "admin:org", "admin:repo_hook"]}},
    "okta": {"users": users,
             "groups": [{"okta_id": f"00g{k:03d}", "name": f"Group {k}", "description": f"group {k}", "type": "OKTA_GROUP"} for k in range(40)],
             "apps": [{"okta_id": f"0oa{k:03d}", "name": f"app{k}", "label": f"App {k}", "status": "ACTIVE"} for k in range(5)],
             "group_memberships": [{"group_okta_id": f"00g{i % 40:03d}", "user_okta_id": f"00u{i:04d}"} for i in range(PEOPLE)]
             + [{"group_okta_id": f"00g{k:03d}", "user_okta_id": "00uleaver"} for k in range(3)],
             "app_assignments": [{"app_okta_id": f"0oa{i % 5:03d}", "user_okta_id": f"00u{i:04d}"} for i in range(PEOPLE)]
             + [{"app_okta_id": f"0oa{k:03d}", "user_okta_id": "00uleaver"} for k in (1, 2)]},
    "github": {"users": [{"login": name, "name": f"{first} {last}", "email": mail} for name, mail, first, last in people[:80]]
               + [{"login": "leaver", "name": "Rui Tamm", "email": LEAVER}],
               "orgs": [{"login": "northmoor", "name": "Northmoor",
                         "members": [{"login": "admin", "role": "admin"}] + [{"login": name, "role": "member"} for name, *_ in people[:80]] + [{"login": "leaver", "role": "admin"}]}],
               "repos": [{"owner": "northmoor", "name": f"repo{k}", "private": True} for k in range(3)] + [{"owner": "leaver", "name": "side-project"}]},
    "slack": {"team": {"name": "Northmoor", "domain": "northmoor"},
              "users": [{"name": name, "real_name": f"{first} {last}", "email": mail} for name, mail, first, last in people[:120]]
              + [{"name": "leaver", "real_name": "Rui Tamm", "email": LEAVER, "is_admin": True}],
              "channels": [{"name": "general"}, {"name": "secret", "is_private": True}],
              "tokens": [{"token": "xoxp-admin", "type": "user", "user": "admin", "scopes": ["users:read", "users:read.email", "channels:read", "files:read"]}]},
}, indent=1))
json.dump({"okta": {"users": len(users), "groups": 40, "leaver": "00uleaver"}, "github": {"members": 82}, "slack": {"users": 121}}, open(sys.argv[1], "w"), indent=1)
