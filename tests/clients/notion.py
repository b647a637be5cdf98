"""Notion, held to notion-client; members by SCIM."""
# needs: notion-client==3.1.0

import httpx
from notion_client import APIResponseError, Client
from notion_client.helpers import collect_paginated_api

import company

CFO = "3f1c8a40-0000-4000-8000-000000001002"


class Notion(company.Case):
    system = "notion"

    def client(self, token):
        return Client(auth=token, base_url=self.url)

    def refused(self, call, *arguments, **named):
        with self.assertRaises(APIResponseError) as raised:
            call(*arguments, **named)
        return raised.exception.status, str(getattr(raised.exception.code, "value", raised.exception.code))

    def test_small_pages_lead_to_the_end(self):
        client = self.client(self.secret("read"))
        small = collect_paginated_api(client.users.list, page_size=7)
        self.assertEqual(small, collect_paginated_api(client.users.list, page_size=100))
        self.assertGreater(len(small), 20)
        pages = {"filter": {"property": "object", "value": "page"}}
        self.assertEqual(collect_paginated_api(client.search, page_size=2, **pages), collect_paginated_api(client.search, **pages))

    def test_one_and_a_missing_one(self):
        client = self.client(self.secret("read"))
        self.assertEqual(client.users.retrieve(CFO)["person"]["email"], "rafael.okonjo@northmoor.example")
        self.assertEqual(client.users.retrieve(CFO.replace("-", ""))["id"], CFO)
        self.assertEqual(self.refused(client.users.retrieve, CFO.replace("1002", "9999")), (404, "object_not_found"))
        self.assertEqual(self.refused(client.users.retrieve, "somebody"), (400, "validation_error"))
        with self.assertRaises(APIResponseError) as raised:
            client.users.retrieve(CFO.replace("1002", "9999").replace("-", ""))
        self.assertIn(CFO.replace("1002", "9999"), str(raised.exception), "the id is shown with dashes")

    def test_a_search_by_title(self):
        found = self.client(self.secret("read")).search(query="press KIT")["results"]
        self.assertEqual([page["properties"]["title"]["title"][0]["plain_text"] for page in found], ["Press kit 2026"])

    def test_what_nobody_knows_is_refused(self):
        client = self.client(self.secret("read"))
        for query in [{"page_size": 101}, {"start_cursor": CFO.replace("1002", "9999")}]:
            self.assertEqual(self.refused(client.users.list, **query), (400, "validation_error"), query)
            self.assertEqual(self.refused(client.search, **query), (400, "validation_error"), query)
        self.assertEqual(self.refused(client.search, sort={"timestamp": "age", "direction": "ascending"}), (400, "validation_error"))

    def test_a_bad_token_and_what_the_integration_may_not(self):
        self.assertEqual(self.refused(self.client("nobody").users.list), (401, "unauthorized"))
        client = self.client(self.secret("read"))
        page = client.search()["results"][0]["id"]
        self.assertEqual(self.refused(client.pages.update, page, in_trash=True), (403, "restricted_resource"))

    def test_a_removed_member_is_gone(self):
        scim = {"Authorization": f"Bearer {self.secret('revoke')}"}
        member = CFO.replace("1002", "1009")
        self.assertEqual(httpx.delete(f"{self.url}/scim/v2/Users/{member}", headers=scim).status_code, 204)
        self.assertEqual(self.refused(self.client(self.secret("read")).users.retrieve, member), (404, "object_not_found"))


if __name__ == "__main__":
    company.main()
