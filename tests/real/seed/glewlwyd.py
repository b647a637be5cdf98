#!/usr/bin/env python3
"""Fills a Glewlwyd server through its own API. usage: glewlwyd.py API_URL ADMIN_PASSWORD READ_PASSWORD REVOKE_PASSWORD TRUTH_FILE

People, some disabled, some with odd names; two clients; a leaver with browser sessions, consents and refresh tokens.
"""

import base64
import http.cookiejar
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

api, admin_password, read_password, revoke_password, truth_file = sys.argv[1:6]
PEOPLE, MAIL, PASSWORD, SECRET = 105, "real.northmoor.example", "Le4ver-Passw0rd!", "client-secret"


class Browser:
    def __init__(self, agent):
        self.agent = agent
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def call(self, method, path, body=None, form=None, basic=None):
        headers, data = {"User-Agent": self.agent}, None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        if form is not None:
            data, headers["Content-Type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
        try:
            with self.opener.open(urllib.request.Request(api + path, data, headers, method=method), timeout=30) as answer:
                raw = answer.read()
                return json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read()[:200]!r}")


admin = Browser("seed")
admin.call("POST", "/auth/", {"username": "admin", "password": admin_password})
admin.call("POST", "/mod/plugin/", {"module": "oauth2-glewlwyd", "name": "glwd", "display_name": "OAuth2", "parameters": {
    "url": "glwd", "jwt-type": "sha", "jwt-key-size": "256", "key": "secret-key", "access-token-duration": 3600, "refresh-token-duration": 1209600,
    "code-duration": 600, "refresh-token-rolling": True, "auth-type-code-enabled": True, "auth-type-implicit-enabled": False,
    "auth-type-password-enabled": True, "auth-type-client-enabled": True, "auth-type-refresh-enabled": True, "auth-type-device-enabled": False,
    "introspection-revocation-allowed": True, "introspection-revocation-auth-scope": [], "introspection-revocation-allow-target-client": True, "scope": []}})
for scope in ("files", "mail"):
    admin.call("POST", "/scope/", {"name": scope, "display_name": scope, "password_required": True, "password_max_age": 0, "scheme": {}, "scheme_required": {}})
for client in ("mail-app", "files-app"):
    admin.call("POST", "/client/", {"client_id": client, "name": client, "enabled": True, "confidential": True, "password": SECRET,
                                    "redirect_uri": ["http://127.0.0.1:1/cb"], "authorization_type": ["code", "password", "refresh_token", "token"], "scope": []})


def user(name, mail, scope, enabled=True, password=PASSWORD):
    admin.call("POST", "/user/", {"username": name, "name": name, "email": mail, "enabled": enabled, "password": password, "scope": scope})


for name, password in (("exeunt-read", read_password), ("exeunt-revoke", revoke_password)):
    user(name, f"{name}@{MAIL}", ["g_admin", "g_profile"], password=password)
for i in range(PEOPLE):
    user(f"u{i:05d}", f"u{i:05d}@{MAIL}", ["g_profile"] + (["files"] if i % 2 else []), i % 20 != 7)
odd = ["o'neill", "name with space", "na/me", "名前", f"plus+x@{MAIL}", "per%41cent"]
for k, name in enumerate(odd):
    user(name, f"odd{k}@{MAIL}", ["g_profile"])

refresh, agents = {}, ["Phone/1.0", "Laptop/2.0", "OldTablet/0.9"]
OTHERS = ["second", "third", "fourth"]
for who in ["leaver"] + OTHERS:
    user(who, f"{who}@{MAIL}", ["g_profile", "files", "mail"])
    refresh[who] = {}
    for client, scope in (("mail-app", "mail"), ("files-app", "files")):
        tokens = Browser("client " + client).call("POST", "/glwd/token", basic=f"{client}:{SECRET}",
                                                  form={"grant_type": "password", "username": who, "password": PASSWORD, "scope": scope})
        refresh[who][client] = tokens["refresh_token"]
cookies = []
for agent in agents:
    browser = Browser(agent)
    browser.call("POST", "/auth/", {"username": "leaver", "password": PASSWORD})
    browser.call("PUT", "/auth/grant/mail-app", {"scope": "mail"})
    cookies += [f"{c.name}={c.value}" for handler in browser.opener.handlers if hasattr(handler, "cookiejar") for c in handler.cookiejar]

json.dump({"users": PEOPLE + 1 + 2 + 1 + len(OTHERS) + len(odd), "disabled": sum(1 for i in range(PEOPLE) if i % 20 == 7), "odd": odd, "client_secret": SECRET,
           "refresh": refresh, "leaver": {"agents": agents, "cookies": cookies, "grants": ["mail-app"]}},
          open(truth_file, "w"), indent=1, ensure_ascii=False)
