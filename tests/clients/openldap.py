"""OpenLDAP, held to ldap3 (cannatag)."""
# needs: ldap3==2.9.1

import company
import ldap3
from ldap3.core.exceptions import LDAPInvalidCredentialsResult, LDAPOperationResult

PEOPLE = "(objectClass=posixAccount)"
RELAX = ("1.3.6.1.4.1.4203.666.5.12", True, None)


class OpenLdap(company.Case):
    system = "openldap"

    def connection(self, purpose, password=None):
        server = ldap3.Server(self.url, get_info=ldap3.ALL)
        password = password or self.secret(purpose)
        return ldap3.Connection(server, self.settings[f"{purpose}_dn"], password, auto_bind=True, raise_exceptions=True)

    def find(self, connection, filter, attributes=("cn",)):
        connection.search(self.settings["base"], filter, attributes=list(attributes))
        return connection.response

    def test_what_the_server_says_of_itself(self):
        server = self.connection("read").server
        self.assertEqual(server.info.naming_contexts, [self.settings["base"]])
        self.assertEqual(server.info.schema_entry, ["cn=Subschema"])
        types, classes = server.schema.attribute_types, server.schema.object_classes
        self.assertTrue(types["loginShell"].single_value)
        self.assertEqual(types["cn"].superior, ["name"])
        self.assertTrue(types["entryUUID"].no_user_modification)
        self.assertEqual(classes["groupOfNames"].must_contain, ["member", "cn"])

    def test_pages_to_the_end(self):
        connection = self.connection("read")
        paged = connection.extend.standard.paged_search
        small = [row["dn"] for row in paged(self.settings["base"], PEOPLE, attributes=["uid"], paged_size=20, generator=True)]
        self.assertGreater(len(small), 100)
        self.assertEqual(sorted(small), sorted(row["dn"] for row in self.find(connection, PEOPLE)))
        with self.assertRaises(LDAPOperationResult) as raised:
            connection.search(self.settings["base"], PEOPLE, paged_size=501)
        self.assertEqual(raised.exception.result, 11)

    def test_one_and_a_missing_one(self):
        connection = self.connection("read")
        one = self.find(connection, "(uid=yuki.abernathy)", [ldap3.ALL_ATTRIBUTES, ldap3.ALL_OPERATIONAL_ATTRIBUTES])[0]["attributes"]
        self.assertEqual((one["uidNumber"] > 20000, one["entryDN"]), (True, f"uid=yuki.abernathy,ou=people,{self.settings['base']}"))
        with self.assertRaises(LDAPOperationResult) as raised:
            connection.search(f"uid=nobody,{self.settings['base']}", "(objectClass=*)", ldap3.BASE)
        self.assertEqual(raised.exception.result, 32)

    def test_a_bad_password(self):
        with self.assertRaises(LDAPInvalidCredentialsResult):
            self.connection("read", "wrong")

    def test_a_bad_cookie(self):
        with self.assertRaises(LDAPOperationResult) as raised:
            self.connection("read").search(self.settings["base"], PEOPLE, paged_size=5, paged_cookie=b"cookie")
        self.assertEqual((raised.exception.result, raised.exception.message), (2, "paged results cookie is invalid"))

    def test_a_write_is_read_again(self):
        dn = f"uid=yuki.abernathy,ou=people,{self.settings['base']}"
        lock = {"pwdAccountLockedTime": [(ldap3.MODIFY_REPLACE, ["000001010000Z"])]}
        with self.assertRaises(LDAPOperationResult) as raised:
            self.connection("read").modify(dn, {"loginShell": [(ldap3.MODIFY_REPLACE, ["/usr/sbin/nologin"])]})
        self.assertEqual(raised.exception.result, 50)
        revoker = self.connection("revoke")
        with self.assertRaises(LDAPOperationResult) as raised:
            revoker.modify(dn, lock)
        self.assertEqual(raised.exception.result, 19)
        revoker.modify(dn, lock, controls=[RELAX])
        again = self.find(self.connection("read"), "(uid=yuki.abernathy)", ["pwdAccountLockedTime"])[0]
        self.assertEqual(again["raw_attributes"]["pwdAccountLockedTime"], [b"000001010000Z"])


if __name__ == "__main__":
    company.main()
