#!/usr/bin/env python3
"""Fills a Tryton server over its own RPC. usage: tryton.py URL DATABASE ADMIN_PASSWORD READ_PASSWORD REVOKE_PASSWORD TRUTH_FILE

A company; employees, some with an end date that is past; an account for most, some switched off; groups; a leaver with open sessions and
three application keys (in use, asked for, cancelled).
"""

import base64
import json
import sys
import urllib.error
import urllib.request

url, database, admin_password, read_password, revoke_password, truth_file = sys.argv[1:7]
PEOPLE, MAIL, LEAVER_PASSWORD = 120, "real.northmoor.example", "Le4ver-Passw0rd!"


def date(year, month, day):
    return {"__class__": "date", "year": year, "month": month, "day": day}


def ask(path, body, headers=None, method="POST"):
    request = urllib.request.Request(f"{url}/{database}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{path} {json.dumps(body)[:120]}: {error.code} {error.read()[:300]!r}")


class Session:
    def __init__(self, login, password):
        self.headers, self.context = {}, {}
        self.uid, key = self.call("common.db.login", login, {"password": password})[:2]
        self.token = base64.b64encode(f"{login}:{self.uid}:{key}".encode()).decode()
        self.headers = {"Authorization": "Session " + self.token}

    def call(self, method, *params):
        out = ask("rpc/", {"id": 1, "method": method, "params": params}, self.headers)
        if isinstance(out, dict) and out.get("error"):
            raise SystemExit(f"{method}: {json.dumps(out['error'])[:600]}")
        return out["result"] if isinstance(out, dict) and "result" in out else out

    def model(self, name, method, *args):
        return self.call(f"model.{name}.{method}", *args, self.context)


admin = Session("admin", admin_password)
currency = admin.model("currency.currency", "create", [{"name": "Euro", "symbol": "E", "code": "EUR"}])[0]
company = admin.model("company.company", "create", [{"party": admin.model("party.party", "create", [{"name": "Northmoor"}])[0], "currency": currency}])[0]
admin.model("res.user", "write", [admin.uid], {"companies": [["add", [company]]], "company": company})
admin.context = {"company": company}
# Without this rule a user is shown their own application keys only, and nothing says so.
any_key = admin.model("ir.rule.group", "search", [["name", "=", "Any user application"]], 0, None, None)


def right(model, **may):
    return {"model": model, "perm_read": True, "perm_write": False, "perm_create": False, "perm_delete": False, **may}


for login, password, rights in (("exeunt-read", read_password, [right("res.user"), right("res.user.application")]),
                                ("exeunt-revoke", revoke_password, [right("res.user", perm_write=True), right("res.user.application", perm_write=True)])):
    group = admin.model("res.group", "create", [{"name": login, "rule_groups": [["add", any_key]], "model_access": [["create", rights]]}])
    admin.model("res.user", "create", [{"name": login, "login": login, "password": password, "groups": [["add", group]], "companies": [["add", [company]]],
                                        "company": company}])

parties = admin.model("party.party", "create", [{"name": f"Given {i} Family {i}", "code": f"N{i:04d}"} for i in range(PEOPLE)] + [{"name": "Rui Tamm", "code": "N9001"}])
employees = admin.model("company.employee", "create", [
    {"party": party, "company": company, "start_date": date(2015 + i % 8, 1 + i % 12, 1),
     **({"end_date": date(2024, 3, 31)} if i % 12 == 5 else {"end_date": date(2099, 12, 31)} if i % 12 == 6 else {})}
    for i, party in enumerate(parties)])
groups = admin.model("res.group", "create", [{"name": f"Team {k}"} for k in range(6)])


def account(i, login, name, group, **more):
    return {"name": name, "login": login, "email": f"{login}@{MAIL}", "groups": [["add", group]], "companies": [["add", [company]]], "company": company,
            "employees": [["add", [employees[i]]]], "employee": employees[i], **more}


with_account = [i for i in range(PEOPLE) if i % 10 != 9]
users = admin.model("res.user", "create", [account(i, f"u{i:04d}", f"Given {i}", [groups[i % 6]]) for i in with_account])
# An account can't be made inactive: it is switched off afterwards.
off = [user for user, i in zip(users, with_account) if i % 24 == 17]
admin.model("res.user", "write", off, {"active": False})
leaver = admin.model("res.user", "create", [account(PEOPLE, "leaver", "Rui Tamm", groups[:3], password=LEAVER_PASSWORD)])[0]
sessions = [Session("leaver", LEAVER_PASSWORD).token for _ in range(3)]

keys = {}
# Asking again replaces what was only asked for: that one comes last.
keys_in_turn = ("validated", "cancelled", "requested")
for state in keys_in_turn:
    key = ask("r/user/application/", {"user": "leaver", "application": "rest"})
    new = max(admin.model("res.user.application", "search", [["user", "=", leaver]], 0, None, None))
    keys[state] = {"id": new, "key": key}
    if state != "requested":
        admin.model("res.user.application", "validate_", [new])
    if state == "cancelled":
        admin.model("res.user.application", "cancel", [new])

# Another one, for what becomes of a key when its account is merely switched off.
second = users[1]
admin.model("res.user", "write", [second], {"password": LEAVER_PASSWORD})
second_key = ask("r/user/application/", {"user": "u0001", "application": "rest"})
admin.model("res.user.application", "validate_", admin.model("res.user.application", "search", [["user", "=", second]], 0, None, None))

json.dump({"second": {"user": second, "key": second_key, "session": Session("u0001", LEAVER_PASSWORD).token}, "employees": PEOPLE + 1, "ended": sum(1 for i in range(PEOPLE) if i % 12 == 5), "accounts_made": len(users) + 3, "off": len(off),
           "leaver": {"user": leaver, "employee": employees[-1], "sessions": sessions, "keys": keys, "groups": [f"Team {k}" for k in range(3)]}},
          open(truth_file, "w"), indent=1)
