"""Zendesk, held to zenpy."""
# needs: zenpy==2.0.57 requests

import requests
from zenpy import Zenpy
from zenpy.lib.exception import APIException, RecordNotFoundException

import company


class Zendesk(company.Case):
    system = "zendesk"

    def token(self, purpose, scope):
        client = f"{purpose}-zendesk"
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": self.secret(purpose), "scope": scope}
        return requests.post(f"{self.url}/oauth/tokens", data=form).json()["access_token"]

    def client(self, token):
        session = company.lead(requests.Session(), "northmoor.zendesk.com", self.url)
        session.headers["Authorization"] = f"Bearer {token}"
        return Zenpy(subdomain="northmoor", oauth_token=token, session=session)

    def test_reads_lists_to_the_end_by_small_pages(self):
        client = self.client(self.token("read", "read"))
        users = {user.id for user in client.users(role=["agent", "admin"], cursor_pagination=5)}
        whole = {user.id for user in client.users(role=["agent", "admin"])}
        self.assertEqual(users, whole)
        self.assertGreater(len(users), 20)

    def test_one_and_a_missing_one(self):
        client = self.client(self.token("read", "read"))
        self.assertEqual(client.users(id=9001002).email, "rafael.okonjo@northmoor.example")
        with self.assertRaises(RecordNotFoundException):
            client.users(id=1)

    def test_memberships_of_one_agent(self):
        client = self.client(self.token("read", "read"))
        memberships = list(client.users.group_memberships(user=9001002))
        self.assertEqual({membership.user_id for membership in memberships}, {9001002})

    def test_a_parameter_or_page_token_that_nobody_knows(self):
        headers = {"Authorization": f"Bearer {self.token('read', 'read')}"}
        for query in ["group_id=61001", "page[size]=5&page[after]=after5", "page[size]=0", "page[size]=many"]:
            reply = requests.get(f"{self.url}/api/v2/group_memberships?{query}", headers=headers)
            self.assertEqual(reply.status_code, 400, query)

    def test_a_bad_token(self):
        with self.assertRaises(APIException) as raised:
            self.client("nobody").users(id=9001002)
        self.assertEqual(raised.exception.response.status_code, 401)

    def test_a_write_is_read_again(self):
        client = self.client(self.token("revoke", "read write"))
        user = client.users(id=9001006)
        user.suspended = True
        client.users.update(user)
        self.assertTrue(client.users(id=9001006).suspended)


if __name__ == "__main__":
    company.main()
