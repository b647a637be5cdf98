"""Zoom, held to zoomus."""
# needs: zoomus==1.2.1 requests

import requests
from zoomus import ZoomClient

import company

CFO = "zmE1002nmAAAAAAAAAAAA"
GROUP = "grpInvestors00000000"


class Zoom(company.Case):
    system = "zoom"

    def client(self, purpose, secret=None):
        return ZoomClient(f"{purpose}-zoom", secret or self.secret(purpose), self.settings["account"], base_uri=f"{self.url}/v2",
                          oauth_uri=f"{self.url}/oauth/token")

    def all(self, ask, name, **more):
        found, token = [], ""
        while True:
            page = ask(next_page_token=token, **more).json()
            found += [one["id"] for one in page[name]]
            token = page["next_page_token"]
            if not token:
                return found

    def test_reads_lists_to_the_end_by_small_pages(self):
        client = self.client("read")
        for status in ["active", "inactive"]:
            small = self.all(client.user.list, "users", page_size=5, status=status)
            self.assertEqual(small, self.all(client.user.list, "users", page_size=300, status=status))
            self.assertEqual(len(small), len(set(small)))
        self.assertGreater(len(self.all(client.user.list, "users", page_size=40)), 60)
        self.assertEqual(len(self.all(client.group.list, "groups", page_size=1)), 2)
        self.assertEqual(len(self.all(client.group.list_members, "members", groupid=GROUP, page_size=1)), 2)

    def test_one_and_a_missing_one(self):
        client = self.client("read")
        self.assertEqual(client.user.get(id=CFO).json()["email"], "rafael.okonjo@northmoor.example")
        self.assertEqual(client.user.get(id="rafael.okonjo%40northmoor.example").status_code, 400, "the id in the query is another")
        missing = client.user.get(id="nobody")
        self.assertEqual((missing.status_code, missing.json()["code"]), (404, 1001))

    def test_sizes_tokens_and_parameters_that_nobody_knows(self):
        client = self.client("read")
        token = client.user.list(page_size=5).json()["next_page_token"]
        for asked in [{"page_size": 301}, {"page_size": 0}, {"page_size": "many"}, {"next_page_token": "another"}, {"order": "asc"}, {"status": "gone"}]:
            refused = client.user.list(**asked)
            self.assertEqual((refused.status_code, refused.json()["code"]), (400, 300), asked)
        self.assertEqual(client.group.list_members(groupid=GROUP, next_page_token=token).status_code, 400)

    def test_a_bad_token_and_a_missing_scope(self):
        nobody = self.client("read", secret="nobody")
        self.assertIsNone(nobody.config["token"])
        self.assertEqual(nobody.user.list().status_code, 401)
        refused = self.client("read").user.update_status(id=CFO, action="deactivate")
        self.assertEqual((refused.status_code, refused.json()["code"]), (400, 4711))
        self.assertIn("user:update:status:admin", refused.json()["message"])

    def test_a_write_is_read_again(self):
        client, reader = self.client("revoke"), self.client("read")
        self.assertEqual(client.user.update_status(id=CFO, action="deactivate").status_code, 204)
        self.assertEqual(reader.user.get(id=CFO).json()["status"], "inactive")
        self.assertEqual(client.user.update_status(id=CFO, action="activate").status_code, 204)
        self.assertEqual(client.group.delete_member(groupid=GROUP, memberid=CFO).status_code, 204)
        self.assertNotIn(CFO, self.all(reader.group.list_members, "members", groupid=GROUP))

    def test_group_administrators(self):
        headers = {"Authorization": f"Bearer {self.client('revoke').config['token']}"}
        admins = f"{self.url}/v2/groups/{GROUP}/admins"
        shown = requests.get(admins, headers={"Authorization": f"Bearer {self.client('read').config['token']}"}).json()
        self.assertEqual(shown["admins"][0]["email"], "rafael.okonjo@northmoor.example")
        self.assertEqual(requests.delete(f"{admins}/{CFO}", headers=headers).status_code, 204)
        self.assertEqual(requests.delete(f"{admins}/{CFO}", headers=headers).status_code, 404)


if __name__ == "__main__":
    company.main()
