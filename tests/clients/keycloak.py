"""Keycloak, held to python-keycloak."""
# needs: python-keycloak==7.1.1

import sys

# This file is named as the library is: its own folder must not be searched for that.
here = sys.path.pop(0)
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakAuthenticationError, KeycloakError, KeycloakGetError

sys.path.insert(0, here)
import company

CFO = "e0000000-0000-4000-8000-000000001002"


class Keycloak(company.Case):
    system = "keycloak"

    def admin(self, purpose="read", secret=None):
        connection = KeycloakOpenIDConnection(
            server_url=self.url, realm_name=self.settings["realm"], client_id=f"exeunt-{purpose}",
            client_secret_key=secret or self.secret(purpose),
        )
        return KeycloakAdmin(connection=connection)

    def refused(self, status, call, *values, **parameters):
        with self.assertRaises(KeycloakError) as raised:
            call(*values, **parameters)
        self.assertEqual(raised.exception.response_code, status)

    def test_a_list_to_its_end_by_small_pages(self):
        admin = self.admin()
        whole = admin.get_users({"max": -1})
        small, first = [], 0
        while page := admin.get_users({"first": first, "max": 7}):
            small += page
            first += len(page)
        self.assertEqual(small, whole)
        self.assertEqual(len(whole), admin.users_count())
        self.assertGreater(len(whole), 30)
        self.assertEqual([user["username"] for user in whole], sorted(user["username"] for user in whole))

    def test_one_and_a_missing_one(self):
        admin = self.admin()
        self.assertEqual(admin.get_user(CFO)["email"], "rafael.okonjo@northmoor.example")
        self.assertEqual(admin.get_user_id("rafael.okonjo"), CFO)
        self.refused(404, admin.get_user, "e0000000-0000-4000-8000-000000009999")

    def test_filters(self):
        admin = self.admin()

        def names(**query):
            return [user["username"] for user in admin.get_users({"max": -1, **query})]

        self.assertEqual(names(username="rafael.okonjo", exact=True), ["rafael.okonjo"])
        self.assertEqual(names(username="okonjo", exact=True), [])
        self.assertEqual(names(username="okonjo"), ["rafael.okonjo"])
        self.assertEqual(names(email="rafael.okonjo@northmoor.example"), ["rafael.okonjo"])
        self.assertEqual(names(search="rafael.ok"), ["rafael.okonjo"])
        self.assertEqual(names(search="konjo"), [])
        self.assertEqual(names(search="*konjo*"), ["rafael.okonjo"])
        self.assertEqual(names(q="employeeNumber:E1002"), ["rafael.okonjo"])
        self.assertEqual(names(idpAlias="google"), ["rafael.okonjo"])
        self.assertEqual(names(enabled=True) + names(enabled=False), sorted(names(), key=lambda name: (name in names(enabled=False), name)))
        self.assertEqual(admin.users_count({"search": "rafael.ok"}), 1)
        self.assertNotIn("attributes", admin.get_users({"username": "rafael.okonjo", "briefRepresentation": True})[0])
        self.refused(400, admin.get_users, {"name": "rafael.okonjo", "max": 1})
        self.refused(400, admin.get_users, {"search": "rafael", "username": "other", "max": 1})

    def test_clients(self):
        admin = self.admin()
        self.assertEqual(len(admin.get_clients()), 7)
        portal = admin.get_client_id("portal")
        self.assertEqual([client["clientId"] for client in admin.get_clients() if client["id"] == portal], ["portal"])

    def test_roles_decide(self):
        self.refused(403, self.admin().update_user, CFO, {"enabled": False})
        revokes = self.admin("revoke")
        mapped = revokes.get_all_roles_of_user(CFO)
        management = mapped["clientMappings"]["realm-management"]
        revokes.delete_client_roles_of_user(CFO, management["id"], management["mappings"])
        self.assertNotIn("clientMappings", revokes.get_all_roles_of_user(CFO))

    def test_a_bad_secret(self):
        with self.assertRaises((KeycloakAuthenticationError, KeycloakGetError, KeycloakError)) as raised:
            self.admin(secret="guessed").get_users({})
        self.assertEqual(raised.exception.response_code, 401)

    def test_a_write_is_read_again(self):
        admin = self.admin("revoke")
        user = admin.get_user_id("rafael.okonjo")
        sessions = admin.get_sessions(user)
        self.assertTrue(sessions)
        admin.user_logout(user)
        self.assertEqual(admin.get_sessions(user), [])
        admin.set_user_password(user, "aB3-long-enough", temporary=True)
        self.assertEqual(admin.get_user(user)["requiredActions"], ["UPDATE_PASSWORD"])
        admin.update_user(user, {"enabled": False})
        self.assertFalse(admin.get_user(user)["enabled"])
        self.refused(400, admin.update_user, user, {"enable": True})


if __name__ == "__main__":
    company.main()
