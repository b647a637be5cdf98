"""Atlassian's organisation, held to atlassian-python-api."""
# needs: atlassian-python-api==5.0.5 requests

import sys

# This file has the library's name.
here = sys.path.pop(0)
sys.modules.pop("atlassian", None)
from atlassian.cloud_admin import CloudAdmin  # noqa: E402

sys.path.insert(0, here)
import company  # noqa: E402
import requests  # noqa: E402

CFO = "712020:a7100000-0000-4000-8000-000000001002"


class Atlassian(company.Case):
    system = "atlassian"

    def client(self, key):
        session = company.lead(requests.Session(), "api.atlassian.com", self.url)
        return CloudAdmin(key, session=session)

    def reader(self):
        return self.client(self.secret("read"))

    def test_the_organisation_and_its_accounts_to_the_end(self):
        client = self.reader()
        organisations = client.get_organizations()["data"]
        self.assertEqual([one["id"] for one in organisations], [self.settings["org"]])
        self.assertEqual(client.get_organization(self.settings["org"])["data"]["type"], "orgs")
        # The library has no call for managed accounts; the page size is the vendor's.
        found, path = [], f"admin/v1/orgs/{self.settings['org']}/users"
        while path:
            page = client.get(path)
            found += [one["account_id"] for one in page["data"]]
            path = (page["links"]["next"] or "").removeprefix("http://api.atlassian.com/")
        self.assertEqual((len(found), len(set(found))), (page["meta"]["total"], page["meta"]["total"]))
        self.assertGreater(len(found), 50)

    def test_one_and_a_missing_one(self):
        client = self.reader()
        for spelling in (CFO, CFO.replace(":", "%3A")):
            self.assertEqual(client.get_user_profile(spelling)["account"]["email"], "rafael.okonjo@northmoor.example")
        with self.assertRaises(requests.HTTPError) as raised:
            client.get_user_profile("712020:nobody")
        self.assertEqual(raised.exception.response.status_code, 404)
        self.assertEqual(list(client.get_user_management_permissions(CFO, privileges="apiToken.read")), ["apiToken.read"])

    def test_a_parameter_or_cursor_that_nobody_knows(self):
        headers = {"Authorization": f"Bearer {self.secret('read')}"}
        for query in ["cursor=c-50", "limit=5"]:
            reply = requests.get(f"{self.url}/admin/v1/orgs/{self.settings['org']}/users?{query}", headers=headers)
            self.assertEqual(reply.status_code, 400, query)

    def test_a_bad_key(self):
        with self.assertRaises(requests.HTTPError) as raised:
            self.client("nobody").get_user_profile(CFO)
        self.assertEqual(raised.exception.response.status_code, 401)

    def test_a_write_is_read_again(self):
        client = self.client(self.secret("revoke"))
        client.deactivate_user(CFO, message="No longer with the company")
        self.assertEqual(client.get_user_profile(CFO)["account"]["account_status"], "inactive")
        tokens = self.reader().get_user_api_tokens(CFO)
        client.delete_user_api_token(CFO, tokens[0]["id"])
        self.assertEqual(self.reader().get_user_api_tokens(CFO), tokens[1:])
        with self.assertRaises(requests.HTTPError) as raised:
            self.reader().activate_user(CFO)
        self.assertEqual(raised.exception.response.status_code, 403)


if __name__ == "__main__":
    company.main()
