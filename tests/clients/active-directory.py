"""Active Directory, held to ldap3 (cannatag)."""
# needs: ldap3==2.9.1

import company
import ldap3
from ldap3.core.exceptions import LDAPInvalidCredentialsResult, LDAPOperationResult
from ldap3.utils.conv import escape_filter_chars

PEOPLE = "(&(objectCategory=person)(objectClass=user)(employeeID=*))"


class ActiveDirectory(company.Case):
    system = "active-directory"

    def server(self):
        return ldap3.Server(self.url, get_info=ldap3.ALL)

    def connection(self, purpose, password=None):
        user = self.settings[f"{purpose}_user"]
        password = password or self.secret(purpose)
        return ldap3.Connection(self.server(), user, password, auto_bind=True, raise_exceptions=True, auto_referrals=False)

    def find(self, connection, filter, attributes=("cn",)):
        connection.search(self.settings["base"], filter, attributes=list(attributes))
        return [entry for entry in connection.response if entry["type"] == "searchResEntry"]

    def test_what_the_server_says_of_itself(self):
        server = self.connection("read").server
        base = self.settings["base"]
        self.assertEqual(server.info.other["defaultNamingContext"], [base])
        self.assertIn(f"CN=Schema,CN=Configuration,{base}", server.info.naming_contexts)
        self.assertEqual(server.info.schema_entry, [f"CN=Aggregate,CN=Schema,CN=Configuration,{base}"])
        self.assertIn("1.2.840.113556.1.4.319", [control[0] for control in server.info.supported_controls])
        types, classes = server.schema.attribute_types, server.schema.object_classes
        self.assertTrue(types["userAccountControl"].single_value)
        self.assertFalse(types["member"].single_value)
        self.assertEqual(classes["user"].superior, ["organizationalPerson"])
        self.assertIn("userPrincipalName", classes["user"].may_contain)

    def test_pages_to_the_end(self):
        connection = self.connection("read")
        paged = connection.extend.standard.paged_search
        rows = paged(self.settings["base"], PEOPLE, attributes=["employeeID"], paged_size=50, generator=True)
        small = [row["attributes"]["employeeID"] for row in rows if row["type"] == "searchResEntry"]
        self.assertEqual(len(small), 412)
        self.assertEqual(sorted(small), sorted({row["attributes"]["employeeID"] for row in self.find(connection, PEOPLE, ["employeeID"])}))

    def test_one_and_a_missing_one(self):
        connection = self.connection("read")
        one = self.find(connection, "(employeeID=E1001)", ["cn", "objectGUID", "objectSid", "whenCreated", "member"])[0]
        # ldap3 reads each value by the syntax that the schema tells.
        self.assertEqual(one["attributes"]["objectSid"][:9], "S-1-5-21-")
        self.assertEqual(one["attributes"]["whenCreated"].tzname(), "UTC")
        self.assertEqual(one["attributes"]["member"], [])
        guid = escape_filter_chars(one["raw_attributes"]["objectGUID"][0])
        self.assertEqual(self.find(connection, f"(objectGUID={guid})")[0]["dn"], one["dn"])
        with self.assertRaises(LDAPOperationResult) as raised:
            connection.search(f"CN=Nobody,{self.settings['base']}", "(objectClass=*)", ldap3.BASE)
        self.assertEqual(raised.exception.result, 32)

    def test_groups_in_groups(self):
        connection = self.connection("read")
        one = self.find(connection, "(employeeID=E1003)")[0]["dn"]
        connection.search(one, "(objectClass=*)", ldap3.BASE, attributes=["tokenGroups"])
        last = [int.from_bytes(sid[-4:], "little") for sid in connection.response[0]["raw_attributes"]["tokenGroups"]]
        self.assertLessEqual({512, 513}, set(last), "Domain Admins by way of another group, and the primary group")
        with self.assertRaises(LDAPOperationResult) as raised:
            self.find(connection, "(employeeID=E1003)", ["tokenGroups"])
        self.assertEqual(raised.exception.result, 1)

    def test_a_bad_password(self):
        with self.assertRaises(LDAPInvalidCredentialsResult) as raised:
            self.connection("read", "wrong")
        self.assertIn("data 52e", raised.exception.message)

    def test_a_bad_cookie(self):
        with self.assertRaises(LDAPOperationResult) as raised:
            self.connection("read").search(self.settings["base"], PEOPLE, paged_size=5, paged_cookie=b"cookie")
        self.assertEqual(raised.exception.result, 12)

    def test_a_write_is_read_again(self):
        dn = self.find(self.connection("read"), "(employeeID=E1009)")[0]["dn"]
        change = {"userAccountControl": [(ldap3.MODIFY_REPLACE, [514])]}
        with self.assertRaises(LDAPOperationResult) as raised:
            self.connection("read").modify(dn, change)
        self.assertEqual(raised.exception.result, 50)
        self.connection("revoke").modify(dn, change)
        again = self.find(self.connection("read"), "(employeeID=E1009)", ["userAccountControl"])[0]
        self.assertEqual(again["attributes"]["userAccountControl"], 514)


if __name__ == "__main__":
    company.main()
