#!/usr/bin/env python3
"""Gives exeunt-revoke the rights it needs and no more, and sets the leaver's primary group. usage: ad_rights.py SAM CONF BASE_DN

Over people: disable, expire, unlock, set the password. Over groups: their members. Nothing else, and nothing over
protected-admin, whose entry inherits no rights, as Active Directory's own background task makes it for administrators.
"""

import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

sam, conf, base = sys.argv[1:4]
lp = LoadParm()
lp.load(conf)
db = SamDB(url=sam, lp=lp, session_info=system_session(lp))
domain = security.dom_sid(db.get_domain_sid())

USER, GROUP = "bf967aba-0de6-11d0-a285-00aa003049e2", "bf967a9c-0de6-11d0-a285-00aa003049e2"
WRITABLE = {  # attribute's schema identifier: on which class
    "bf967a68-0de6-11d0-a285-00aa003049e2": USER,  # userAccountControl
    "bf967915-0de6-11d0-a285-00aa003049e2": USER,  # accountExpires
    "bf967a0a-0de6-11d0-a285-00aa003049e2": USER,  # pwdLastSet
    "28630ebf-41d5-11d1-a9c1-0000f80367c1": USER,  # lockoutTime
    "bf9679c0-0de6-11d0-a285-00aa003049e2": GROUP,  # member
}
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"


def sid_of(dn):
    return ndr_unpack(security.dom_sid, db.search(dn, ldb.SCOPE_BASE, attrs=["objectSid"])[0]["objectSid"][0])


def write(dn, attribute, value):
    message = ldb.Message(ldb.Dn(db, dn))
    message[attribute] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, attribute)
    db.modify(message)


def descriptor(dn):
    return ndr_unpack(security.descriptor, db.search(dn, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])[0]["nTSecurityDescriptor"][0])


revoker = sid_of(f"CN=exeunt-revoke,OU=Service Accounts,{base}")
aces = {USER: f"(OA;CIIO;CR;{RESET_PASSWORD};{USER};{revoker})", GROUP: ""}
for attribute, owner in WRITABLE.items():
    aces[owner] += f"(OA;CIIO;WP;{attribute};{owner};{revoker})"

db.transaction_start()
protected = descriptor(f"CN=Protected Admin,OU=People,{base}")
text = protected.as_sddl(domain).replace("D:AI", "D:", 1).replace("D:", "D:P", 1)
for ou, owner in (("People", USER), ("Groups", GROUP)):
    dn = f"OU={ou},{base}"
    now = descriptor(dn).as_sddl(domain)
    owner_part, acl = now.split("D:", 1)
    flags, rest = acl.split("(", 1)
    write(dn, "nTSecurityDescriptor", ndr_pack(security.descriptor.from_sddl(f"{owner_part}D:{flags}{aces[owner]}({rest}", domain)))
write(f"CN=Protected Admin,OU=People,{base}", "nTSecurityDescriptor", ndr_pack(security.descriptor.from_sddl(text, domain)))
rid = str(sid_of(f"CN=Board Office,OU=Groups,{base}")).rsplit("-", 1)[1]
leaver = f"CN=Rui Tamm,OU=People,{base}"
message = ldb.Message(ldb.Dn(db, f"CN=Board Office,OU=Groups,{base}"))
message["member"] = ldb.MessageElement(leaver, ldb.FLAG_MOD_ADD, "member")
db.modify(message)
write(leaver, "primaryGroupID", rid)  # the group then stops listing the leaver, and Domain Users starts to
db.transaction_commit()
