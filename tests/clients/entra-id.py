"""Entra ID, held to Office365-REST-Python-Client and MSAL."""
# needs: office365-rest-python-client==3.3.0 msal==1.39.0 requests

import requests
from office365.runtime.client_request_exception import ClientRequestException

import company

CFO = "30000000-0000-4000-8000-000000001002"
FINANCE = "40000000-0000-4000-8000-000000000002"


class EntraId(company.Case):
    system = "entra-id"

    def client(self, purpose="read"):
        return company.microsoft_graph(self, purpose)

    def send(self, method, path, purpose="read", headers=None, **more):
        token = company.microsoft_token(self, purpose)["access_token"]
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        return requests.request(method, f"{self.url}/v1.0/{path}", headers=headers, **more)

    def refused(self, status, *queries):
        with self.assertRaises(ClientRequestException) as raised:
            for query in queries:
                query.execute_query()
        self.assertEqual(raised.exception.response.status_code, status)
        return raised.exception

    def test_small_pages_hold_what_large_ones_hold(self):
        small = [user.id for user in self.client().users.get_all(page_size=50).execute_query()]
        large = [user.id for user in self.client().users.get_all(page_size=999).execute_query()]
        self.assertEqual(small, large)
        self.assertGreater(len(small), 400)

    def test_one_and_a_missing_one(self):
        user = self.client().users[CFO].get().execute_query()
        self.assertEqual(user.user_principal_name, "rafael.okonjo@northmoor.example")
        error = self.refused(404, self.client().users["nobody@northmoor.example"].get())
        self.assertEqual(error.code, "Request_ResourceNotFound")

    def test_filters_orders_and_selections_have_effect(self):
        users = self.client().users.filter("startswith(displayName,'Rafael')").select(["displayName", "accountEnabled"]).get().execute_query()
        self.assertEqual({user.display_name for user in users}, {"Rafael Okonjo"})
        # The library writes this option as `$order_by`, which Graph does not have.
        names = [group["displayName"] for group in self.send("GET", "groups?$orderby=displayName desc&$top=3").json()["value"]]
        self.assertEqual(names, sorted(names, reverse=True))
        self.assertEqual(len(names), 3)
        error = self.refused(400, self.client().users.select(["nickname"]).get())
        self.assertIn("Could not find a property named 'nickname' on type 'microsoft.graph.user'", str(error))
        self.refused(400, self.client().users.filter("nickname eq 'x'").get())
        self.assertEqual(self.send("GET", "users?$orderby=nickname").status_code, 400)

    def test_a_search_needs_its_header(self):
        path = 'users?$search="displayName:okonjo"&$count=true'
        self.assertEqual(self.send("GET", path).status_code, 400)
        found = self.send("GET", path, headers={"ConsistencyLevel": "eventual"}).json()
        self.assertEqual(found["@odata.count"], len(found["value"]))

    def test_a_page_token_that_was_not_issued(self):
        for token in ["2", "m~AQAnOzkz", ""]:
            reply = self.send("GET", f"users?$top=5&$skiptoken={token}")
            self.assertEqual((reply.status_code, reply.json()["error"]["code"]), (400, "Directory_ExpiredPageToken"), token)

    def test_memberships(self):
        groups = self.client().users[CFO].member_of.get().execute_query()
        self.assertIn("Finance", {group.properties.get("displayName") for group in groups})
        members = {member.id for member in self.client().groups[FINANCE].members.get_all().execute_query()}
        self.assertIn(CFO, members)

    def test_a_bad_token(self):
        reply = requests.get(f"{self.url}/v1.0/users", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((reply.status_code, reply.json()["error"]["code"]), (401, "InvalidAuthenticationToken"))

    def test_an_application_that_nobody_knows(self):
        self.settings["read_client"], known = "read-elsewhere", self.settings["read_client"]
        try:
            answer = company.microsoft_token(self, "read")
        finally:
            self.settings["read_client"] = known
        self.assertEqual(answer["error"], "unauthorized_client")

    def test_a_write_is_read_again(self):
        client = self.client("revoke")
        user = client.users["30000000-0000-4000-8000-000000001006"]
        user.set_property("accountEnabled", False).update().execute_query()
        again = self.client().users["30000000-0000-4000-8000-000000001006"].select(["accountEnabled"]).get().execute_query()
        self.assertIs(again.properties["accountEnabled"], False)
        self.assertTrue(client.users[CFO].revoke_signin_sessions().execute_query().value)

    def test_a_body_that_says_its_type(self):
        path = "users/30000000-0000-4000-8000-000000001009"
        body = {"@odata.type": "#microsoft.graph.user", "accountEnabled": False}
        self.assertEqual(self.send("PATCH", path, "revoke", json=body).status_code, 204)
        self.assertEqual(self.send("GET", f"{path}?$select=accountEnabled").json()["accountEnabled"], False)
        for wrong in [{**body, "@odata.type": "#microsoft.graph.group"}, {**body, "nickname": "x"}]:
            self.assertEqual(self.send("PATCH", path, "revoke", json=wrong).status_code, 400)

    def test_the_reader_may_not_write(self):
        user = self.client().users[CFO]
        error = self.refused(403, user.set_property("accountEnabled", False).update())
        self.assertEqual(error.code, "Authorization_RequestDenied")


if __name__ == "__main__":
    company.main()
