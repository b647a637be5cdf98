#!/usr/bin/env python3
"""Fills a Keycloak through its own API. usage: keycloak.py URL ADMIN_PASSWORD READ_SECRET REVOKE_SECRET TRUTH_FILE

A realm with people, groups and roles; two service clients with just the rights that scanners/keycloak.yaml asks for; a leaver with a browser
session, two offline sessions (one that was consented to), a second factor, roles of both kinds and a link to a private account elsewhere.
"""

import base64
import hmac
import html
import http.cookiejar
import json
import re
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

url, admin_password, read_secret, revoke_secret, truth_file = sys.argv[1:6]
REALM, PEOPLE, MAIL, PASSWORD, SECRET, BACK = "corp", 120, "real.northmoor.example", "Le4ver-Passw0rd!", "app-s3cret", "http://127.0.0.1:1/cb"
SEED = "a-seed-of-twenty-one!"
TOKEN = f"{url}/realms/{REALM}/protocol/openid-connect/token"


def send(method, where, body=None, form=None, headers=None, opener=urllib.request.build_opener()):
    headers, data = dict(headers or {}), None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
    try:
        with opener.open(urllib.request.Request(where, data, headers, method=method), timeout=60) as answer:
            return answer, answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {where}: {error.code} {error.read()[:300]!r}")


def tokens(where, **form):
    return json.loads(send("POST", where, form=form)[1])


def admin(method, path, body=None):
    # Its token is good for a minute.
    token = tokens(f"{url}/realms/master/protocol/openid-connect/token", grant_type="password", client_id="admin-cli", username="admin", password=admin_password)
    answer, raw = send(method, f"{url}/admin/realms{path}", body, headers={"Authorization": "Bearer " + token["access_token"]})
    made = answer.headers.get("Location", "").rsplit("/", 1)[-1]
    return json.loads(raw) if raw else made


def one_time_code():
    digest = hmac.digest(SEED.encode(), struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not the one back to the app."""

    def redirect_request(self, request, file, code, message, headers, new):
        return None if new.startswith(BACK) else super().redirect_request(request, file, code, message, headers, new)


def in_a_browser(client, scope):
    """Signs in as a person does, consents if asked, and gives the tokens that the app gets."""
    # A browser takes the address of its own machine for secure, and so must we.
    jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), Stay)
    where = f"{url}/realms/{REALM}/protocol/openid-connect/auth?" + urllib.parse.urlencode(
        {"client_id": client, "redirect_uri": BACK, "response_type": "code", "scope": scope})
    form = None
    for _ in range(6):
        try:
            request = urllib.request.Request(where, urllib.parse.urlencode(form).encode() if form else None)
            with opener.open(request, timeout=60) as answer:
                page = answer.read().decode()
        except urllib.error.HTTPError as error:
            back = error.headers.get("Location", "")
            if not back.startswith(BACK):
                raise SystemExit(f"{where}: {error.code} {error.read()[:300]!r}")
            code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
            return tokens(TOKEN, grant_type="authorization_code", client_id=client, client_secret=SECRET, code=code, redirect_uri=BACK)
        where = html.unescape(re.search(r'action="([^"]+)"', page)[1])
        where = urllib.parse.urljoin(url, where)
        if 'name="username"' in page:
            form = {"username": "leaver", "password": PASSWORD}
        elif 'name="otp"' in page:
            form = {"otp": one_time_code()}
        else:
            code = re.search(r'name="code" value="([^"]*)"', page)
            form = {"accept": "Yes", **({"code": html.unescape(code[1])} if code else {})}
    raise SystemExit(f"signing in to {client} did not end: {page[:500]}")


admin("POST", "", {"realm": REALM, "enabled": True, "sslRequired": "none", "otpPolicyType": "totp", "otpPolicyAlgorithm": "HmacSHA1",
                   "otpPolicyDigits": 6, "otpPolicyPeriod": 30, "otpPolicyLookAheadWindow": 1, "otpPolicyInitialCounter": 0, "otpPolicyCodeReusable": True})
# Otherwise attributes that the realm's profile doesn't name are lost.
profile = admin("GET", f"/{REALM}/users/profile")
admin("PUT", f"/{REALM}/users/profile", {**profile, "unmanagedAttributePolicy": "ADMIN_EDIT"})
management = admin("GET", f"/{REALM}/clients?clientId=realm-management")[0]["id"]
rights = {role["name"]: role for role in admin("GET", f"/{REALM}/clients/{management}/roles")}
for client, secret, may in (("exeunt-read", read_secret, ("view-users", "view-clients", "view-realm")),
                            ("exeunt-revoke", revoke_secret, ("manage-users", "view-users", "view-clients", "view-realm"))):
    made = admin("POST", f"/{REALM}/clients", {"clientId": client, "secret": secret, "serviceAccountsEnabled": True, "standardFlowEnabled": False})
    account = admin("GET", f"/{REALM}/clients/{made}/service-account-user")["id"]
    admin("POST", f"/{REALM}/users/{account}/role-mappings/clients/{management}", [rights[name] for name in may])
for client, consent in (("mail-app", False), ("board-app", True)):
    admin("POST", f"/{REALM}/clients", {"clientId": client, "secret": SECRET, "directAccessGrantsEnabled": True, "consentRequired": consent,
                                        "redirectUris": [BACK], "attributes": {"post.logout.redirect.uris": "+"}})
admin("POST", f"/{REALM}/roles", {"name": "treasurer"})
treasurer = admin("GET", f"/{REALM}/roles/treasurer")
admin("POST", f"/{REALM}/identity-provider/instances", {"alias": "private", "providerId": "oidc", "enabled": True, "config": {
    "clientId": "x", "clientSecret": "x", "tokenUrl": "http://127.0.0.1:1/t", "authorizationUrl": "http://127.0.0.1:1/a"}})
groups = [admin("POST", f"/{REALM}/groups", {"name": f"team {g}"}) for g in range(3)]
inner = admin("POST", f"/{REALM}/groups/{groups[0]}/children", {"name": "inner"})["id"]


def user(name, number, **more):
    return {"username": name, "email": f"{name}@{MAIL}", "firstName": "Given", "lastName": f"Family {name}", "enabled": True, "emailVerified": True,
            "attributes": {"employeeNumber": [number]}, **more}


people = [user(f"u{i:05d}", f"N{i:04d}", enabled=i % 20 != 7) for i in range(PEOPLE)]
admin("POST", f"/{REALM}/partialImport", {"ifResourceExists": "FAIL", "users": people})
leaver = admin("POST", f"/{REALM}/users", user("leaver", "N9001", credentials=[
    {"type": "password", "value": PASSWORD, "temporary": False},
    {"type": "otp", "userLabel": "phone", "secretData": json.dumps({"value": SEED}),
     "credentialData": json.dumps({"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"})}]))
admin("POST", f"/{REALM}/users/{leaver}/role-mappings/realm", [treasurer])
admin("POST", f"/{REALM}/users/{leaver}/role-mappings/clients/{management}", [rights["view-users"]])
admin("POST", f"/{REALM}/users/{leaver}/federated-identity/private", {"identityProvider": "private", "userId": "4711", "userName": "rui@home.example"})
for group in (groups[1], inner):
    admin("PUT", f"/{REALM}/users/{leaver}/groups/{group}", {})

direct = dict(client_secret=SECRET, username="leaver", password=PASSWORD, grant_type="password")
refresh = {
    "session": in_a_browser("mail-app", "openid")["refresh_token"],
    "offline": tokens(TOKEN, client_id="mail-app", scope="openid offline_access", totp=one_time_code(), **direct)["refresh_token"],
    "consented": in_a_browser("board-app", "openid offline_access")["refresh_token"],
}
json.dump({"realm": REALM, "users": PEOPLE + 1, "disabled": sum(1 for i in range(PEOPLE) if i % 20 == 7), "secret": SECRET,
           "leaver": {"id": leaver, "refresh": refresh, "groups": ["/team 1", "/team 0/inner"]}}, open(truth_file, "w"), indent=1)
