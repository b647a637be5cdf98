#!/usr/bin/env python3
"""Writes an untidy OpenLDAP directory as LDIF. usage: openldap.py BASE_DN READ_PASSWORD REVOKE_PASSWORD TRUTH_FILE >seed.ldif"""

import json
import sys

from ldif import entry, escape

base, read_password, revoke_password, truth_file = sys.argv[1:5]
out, USERS, MAIL = sys.stdout, 1200, "real.northmoor.example"
entries, member_of = [], {}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}"


def person(uid, name, i, mail=None, shell="/bin/bash", **more):
    dn = f"uid={escape(uid)},ou=people,{base}"
    classes = ["inetOrgPerson", "posixAccount", "shadowAccount", "ldapPublicKey"]
    entries.append((dn, {"objectClass": classes, "uid": uid, "cn": name, "sn": name.split()[-1] if name.split() else name, "uidNumber": 10000 + i,
                         "gidNumber": 10000, "homeDirectory": f"/home/u{i}", "loginShell": shell, "mail": mail} | more))
    return dn


def group(name, members, kind="groupOfNames", attribute="member", **more):
    dn = f"cn={escape(name)},ou=groups,{base}"
    for m in members if kind == "groupOfNames" else []:
        member_of.setdefault(m, []).append(dn)
    entries.append((dn, {"objectClass": kind, "cn": name, attribute: members} | more))
    return dn


entry(out, base, objectClass=["dcObject", "organization"], dc=base.split(",")[0].split("=")[1], o="Northmoor")
for ou in ("people", "groups", "policies", "services"):
    entry(out, f"ou={ou},{base}", objectClass="organizationalUnit", ou=ou)
entry(out, f"cn=default,ou=policies,{base}", objectClass=["device", "pwdPolicy"], cn="default", pwdAttribute="userPassword", pwdLockout="TRUE")
for uid, password in (("exeunt-read", read_password), ("exeunt-revoke", revoke_password)):
    entry(out, f"uid={uid},ou=services,{base}", objectClass=["account", "simpleSecurityObject"], uid=uid, userPassword=password)

people, locked, expired, nologin = [], [], [], []
for i in range(USERS):
    uid, more = f"u{i:04d}", {}
    if i % 50 == 7:
        more["pwdAccountLockedTime"] = "000001010000Z"
        locked.append(uid)
    if i % 60 == 11:
        more["shadowExpire"] = 1
        expired.append(uid)
    if i % 70 == 13:
        nologin.append(uid)
    if i % 25 == 0:
        more["sshPublicKey"] = KEY.format(f"{i:043d}")
    people.append(person(uid, f"Person Number {i}", i, [f"{uid}@{MAIL}"] + ([f"alias.{i}@{MAIL}"] if i % 20 == 0 else []),
                         "/usr/sbin/nologin" if i % 70 == 13 else "/bin/bash", employeeNumber=f"N{i:04d}",
                         manager=people[i // 10] if i else None, **more))
leaver = person("leaver", "Rui Tamm", 9001, f"leaver@{MAIL}", employeeNumber="N9001", userPassword="Le4ver-pass!",
                sshPublicKey=[KEY.format("A" * 43), KEY.format("B" * 43)], jpegPhoto=bytes(range(256)))
odd = ["Doe, John", "#hash", " lead", 'a"quote"', "back\\slash", "plus+eq=", "<angle>;", "star*(paren)", "名前 🦀", "Ren\u00e9 C", "Rene\u0301 D", "x" * 64]
odd_dns = [person(name, name, 8000 + k, employeeNumber=f"N8{k:03d}") for k, name in enumerate(odd)]

group("everybody", people + [leaver])
inner = group("nested-inner", [leaver, people[1]])
middle = group("nested-middle", [inner])
group("nested-outer", [middle, people[2]])
group("cycle-a", [f"cn=cycle-c,ou=groups,{base}", leaver])
group("cycle-b", [f"cn=cycle-a,ou=groups,{base}"])
group("cycle-c", [f"cn=cycle-b,ou=groups,{base}"])
last = group("jump-hosts", [leaver])
group("Badge, Main (Door)", [leaver, odd_dns[0]])
group("vpn-users", [leaver, people[3]], "groupOfUniqueNames", "uniqueMember")
group("wheel", ["leaver", "u0001"], "posixGroup", "memberUid", gidNumber=10)

for dn, attributes in entries:
    # An offline load runs no overlay: what the memberof overlay keeps up to date from now on is written here.
    entry(out, dn, **attributes, memberOf=member_of.get(dn, []))

json.dump({
    "users": len(people) + 1 + len(odd), "locked": len(locked), "locked_example": locked[0], "expired": len(expired), "nologin": len(nologin),
    "ssh_keys": USERS // 25 + 2, "groups": 11, "big_group": {"cn": "everybody", "members": USERS + 1},
    "page_limit": 200, "size_limit": 500, "odd": dict(zip(odd, odd_dns)), "last_member_group": last,
    "leaver": {"uid": "leaver", "dn": leaver, "employee_number": "N9001", "mail": f"leaver@{MAIL}", "password": "Le4ver-pass!", "ssh_keys": 2,
               "groupOfNames": sorted(["everybody", "nested-inner", "cycle-a", "jump-hosts", "Badge, Main (Door)"]),
               "groupOfUniqueNames": ["vpn-users"], "posixGroup": ["wheel"],
               "through_nesting": sorted(["nested-middle", "nested-outer", "cycle-b", "cycle-c"])},
}, open(truth_file, "w"), indent=1, ensure_ascii=False, sort_keys=True)
