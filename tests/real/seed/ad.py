#!/usr/bin/env python3
"""Writes an untidy Active Directory as LDIF. usage: ad.py OUT_DIR BASE_DN DNS_NAME READ_PASSWORD REVOKE_PASSWORD TRUTH_FILE

1-tree.ldif is for ldbadd, 2-links.ldif for ldbmodify, the truth file says what is true of it all. The same every time.
"""

import json
import sys

from ldif import change, entry, escape

folder, base, dns, read_password, revoke_password, truth_file = sys.argv[1:7]
tree = open(f"{folder}/1-tree.ldif", "w")
links = open(f"{folder}/2-links.ldif", "w")

USERS, CONTACTS = 1200, 400
LONG_AGO, NEVER = 132223104000000000, 9223372036854775807  # 2020-01-01 and no date, in Windows' file time
DEPARTMENTS = ["Engineering", "Sales, Europe", "People+Culture", "Finance", "Legal (Group)", "Research"]
FIRST = ["Ana", "Chidi", "Gül", "Jürgen", "Léa", "Mina", "Pål", "Søren", "Věra", "Zoë"]
LAST = ["Abe", "Dvořák", "Eze", "Grøn", "Kowalski", "Müller", "O'Neill", "Şahin", "Wójcik", "Žižek"]
GLOBAL, UNIVERSAL = -2147483646, -2147483640


def secret(password):
    return password.encode("utf-16-le")


def group(name, kind=UNIVERSAL, **more):
    dn = f"CN={escape(name)},OU=Groups,{base}"
    sam = "".join(c for c in name if c not in ",+()").replace("  ", " ")
    entry(tree, dn, objectClass="group", sAMAccountName=sam, groupType=kind, **more)
    return dn


def user(name, sam, ou="People", **more):
    dn = f"CN={escape(name)},OU={escape(ou)},{base}"
    entry(tree, dn, **({"objectClass": "user", "sAMAccountName": sam, "userPrincipalName": f"{sam}@{dns}", "displayName": name,
                        "userAccountControl": 512} | more))
    return dn


for ou in ["People", "Groups", "Service Accounts", "Workstations", "Partners"]:
    entry(tree, f"OU={ou},{base}", objectClass="organizationalUnit")
user("exeunt-read", "exeunt-read", "Service Accounts", clearTextPassword=secret(read_password), userAccountControl=66048)
user("exeunt-revoke", "exeunt-revoke", "Service Accounts", clearTextPassword=secret(revoke_password), userAccountControl=66048)

people, disabled, expired = [], 0, 0
for i in range(USERS):
    first, last, sam = FIRST[i % 10], LAST[i // 10 % 10], f"u{i:04d}"
    off, over = i % 50 == 7, i % 113 == 5
    disabled, expired = disabled + off, expired + over
    people.append(user(f"{first} {last} {i:04d}", sam, givenName=first, sn=last, mail=f"{sam}@{dns}", employeeID=f"N{i:04d}",
                       department=DEPARTMENTS[i % 6], userAccountControl=514 if off else 512,
                       accountExpires=LONG_AGO if over else NEVER if i % 2 else None,
                       proxyAddresses=[f"SMTP:{sam}@{dns}", f"smtp:alias.{i}@{dns}"] if i % 20 == 0 else [f"SMTP:{sam}@{dns}"]))

leaver = user("Rui Tamm", "leaver", givenName="Rui", sn="Tamm", mail=f"leaver@{dns}", employeeID="N9001", manager=people[0],
              clearTextPassword=secret("Le4ver-pass!"), userAccountControl=66048)
# One whom a delegated account may not touch: administrators' entries do not inherit rights (see ad_rights.py).
admin = user("Protected Admin", "protected-admin", employeeID="N9002", adminCount=1, mail=f"protected-admin@{dns}")

# Names that break whoever parses or builds a distinguished name by hand.
odd = {"odd-comma": "Doe, John", "odd-hash": "#hash first", "odd-lead": " leading space", "odd-quote": 'quote "q" inside',
       "odd-back": "back\\slash", "odd-plus": "plus+sign=equals", "odd-angle": "<angle> ; semi", "odd-star": "star * (paren)",
       "odd-wide": "Ünïcødé 名前 🦀", "odd-long": "x" * 64, "odd-nfc": "Ren\u00e9 Composed", "odd-nfd": "Rene\u0301 Decomposed"}
odd_dns = [user(name, sam, employeeID=f"N8{i:03d}") for i, (sam, name) in enumerate(odd.items())]

for i in range(10):
    entry(tree, f"CN=WS-{i:03d},OU=Workstations,{base}", objectClass="computer", sAMAccountName=f"WS-{i:03d}$", userAccountControl=4096,
          managedBy=leaver if i < 2 else None)
contacts = [f"CN=Contact {i:03d},OU=Partners,{base}" for i in range(CONTACTS)]
for i, dn in enumerate(contacts):
    entry(tree, dn, objectClass="contact", mail=f"contact{i}@partner.example")

# Children before parents, so that each member exists when it is named.
for d, name in enumerate(DEPARTMENTS):
    group(f"Department {name}", member=people[d::6])
inner = group("Nested Inner", member=[leaver, people[1]])
middle = group("Nested Middle", member=inner)
group("Nested Outer", member=middle)
leads = group("Platform Leads", GLOBAL, member=[leaver, people[0], admin])
vpn = group("VPN Users", GLOBAL, member=[leaver, people[3]])
group("Badge, Main (Door)", member=[leaver, odd_dns[0]], managedBy=leaver)
a, b, c = (group(f"Cycle {x}") for x in "ABC")
group("Only The Leaver", member=leaver)
mailing = group("All Mail")
primary = group("Board Office", GLOBAL)

change(links, a, "add", "member", [leaver, c])
change(links, b, "add", "member", [a])
change(links, c, "add", "member", [b])
change(links, f"CN=Domain Admins,CN=Users,{base}", "add", "member", [leads])
change(links, mailing, "add", "member", people + contacts + [leaver])
for i, dn in enumerate(people[1:120], 1):
    change(links, dn, "add", "manager", [people[i // 10]])

json.dump({
    # krbtgt, Guest and Administrator are the domain's own; krbtgt and Guest are born disabled.
    "users": USERS + 2 + len(odd) + 2 + 3, "users_in_people": USERS + 2 + len(odd), "disabled": disabled + 2, "expired": expired,
    "contacts": CONTACTS, "computers": 11, "groups_in_ou": len(DEPARTMENTS) + 11,
    "big_group": {"dn": mailing, "members": USERS + CONTACTS + 1},
    "cycle": [a, b, c], "nested": ["Nested Inner", "Nested Middle", "Nested Outer"],
    "odd": {sam: {"name": name, "dn": dn} for (sam, name), dn in zip(odd.items(), odd_dns)},
    "protected": {"group": "Domain Admins", "through": "Platform Leads", "user": {"sam": "protected-admin", "dn": admin}},
    "disabled_example": people[7], "expired_example": people[5],
    "leaver": {
        "sam": "leaver", "dn": leaver, "employee_id": "N9001", "mail": f"leaver@{dns}", "password": "Le4ver-pass!",
        "primary_group": {"name": "Board Office", "dn": primary, "lists_the_leaver": False},
        "member_of": sorted(["Nested Inner", "Platform Leads", "VPN Users", "Badge, Main (Door)", "Cycle A", "Only The Leaver", "All Mail",
                             "Domain Users"]),
        "through_nesting": sorted(["Administrators", "Denied RODC Password Replication Group", "Users", "Nested Middle", "Nested Outer", "Domain Admins", "Cycle B", "Cycle C"]),
        "manages": ["WS-000", "WS-001", "Badge, Main (Door)"]},
}, open(truth_file, "w"), indent=1, ensure_ascii=False, sort_keys=True)
