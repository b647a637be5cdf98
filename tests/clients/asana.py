"""Asana, held to the vendor's own library."""
# needs: asana==5.4.0

import sys

# The library has the name of this file, and goes before it.
sys.path.append(sys.path.pop(0))

import asana
from asana.rest import ApiException

import company

WORKSPACE = "1100000000000001"


class Asana(company.Case):
    system = "asana"

    def client(self, token):
        settings = asana.Configuration()
        settings.host = f"{self.url}/api/1.0"
        settings.access_token = token
        return asana.ApiClient(settings)

    def refused(self, call, *arguments):
        with self.assertRaises(ApiException) as raised:
            answer = call(*arguments)
            # Lists are read when they are looked at.
            list(answer)
        return raised.exception.status

    def test_small_pages_lead_to_the_end(self):
        client = self.client(self.secret("read"))
        memberships = asana.WorkspaceMembershipsApi(client).get_workspace_memberships_for_workspace
        small = [one["gid"] for one in memberships(WORKSPACE, {"limit": 7})]
        self.assertEqual(small, [one["gid"] for one in memberships(WORKSPACE, {"limit": 100})])
        self.assertGreater(len(small), 40)
        teams = asana.TeamsApi(client).get_teams_for_workspace
        self.assertEqual(list(teams(WORKSPACE, {"limit": 1})), list(teams(WORKSPACE, {"limit": 100})))

    def test_one_by_address_and_a_missing_one(self):
        users = asana.UsersApi(self.client(self.secret("read")))
        self.assertEqual(users.get_user("rafael.okonjo@northmoor.example", {})["gid"], "1200000000001002")
        self.assertEqual(self.refused(users.get_user, "nobody@northmoor.example", {}), 404)

    def test_fields_are_shown_when_asked_for(self):
        memberships = asana.WorkspaceMembershipsApi(self.client(self.secret("read")))
        listed = memberships.get_workspace_memberships_for_workspace
        self.assertNotIn("is_active", next(iter(listed(WORKSPACE, {"limit": 1}))))
        first = next(iter(listed(WORKSPACE, {"limit": 1, "opt_fields": "is_active,user.email"})))
        self.assertEqual((sorted(first), sorted(first["user"])), (["gid", "is_active", "user"], ["email", "gid"]))

    def test_what_nobody_knows_is_refused(self):
        listed = asana.WorkspaceMembershipsApi(self.client(self.secret("read"))).get_workspace_memberships_for_workspace
        for query in [{"limit": 101}, {"limit": 5, "offset": "asana.5"}, {"limit": 5, "opt_fields": "user.mail"}, {"limit": 5, "archived": True}]:
            self.assertEqual(self.refused(listed, WORKSPACE, query), 400, query)

    def test_a_bad_token(self):
        self.assertEqual(self.refused(asana.UsersApi(self.client("nobody")).get_user, "me", {}), 401)

    def test_a_write_is_read_again(self):
        client = self.client(self.secret("revoke"))
        body = {"data": {"user": "1200000000001009"}}
        asana.WorkspacesApi(client).remove_user_for_workspace(body, WORKSPACE)
        membership = asana.WorkspaceMembershipsApi(client).get_workspace_membership("1300000000001009", {})
        self.assertFalse(membership["is_active"])


if __name__ == "__main__":
    company.main()
