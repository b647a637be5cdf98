"""BambooHR, held to PyBambooHR."""
# needs: PyBambooHR==0.8.1 requests

import datetime

import requests
from PyBambooHR.PyBambooHR import PyBambooHR

import company

HOOK = {
    "name": "Leavers",
    "url": "https://receiver.example/hr",
    "format": "json",
    "events": ["employee.created", "employee.updated"],
    "monitorFields": ["terminationDate"],
}


class BambooHR(company.Case):
    system = "bamboohr"

    def client(self, key):
        client = PyBambooHR(subdomain="northmoor", api_key=key)
        client.base_url = f"{self.url}/api/v1/"
        return client

    def reader(self):
        return self.client(self.secret("read"))

    def get(self, path):
        return requests.get(f"{self.url}/api/v1/{path}", auth=(self.secret("read"), "x"))

    def test_reads_lists_to_the_end_by_small_pages(self):
        # The library has no call for the list of everybody.
        found, cursor = [], None
        while True:
            after = f"&page[after]={cursor}" if cursor else ""
            page = self.get(f"employees?page[limit]=50{after}").json()
            found += [one["employeeId"] for one in page["data"]]
            cursor = page["meta"]["page"]["nextCursor"]
            if not cursor:
                break
        whole = self.get("employees?page[limit]=2500").json()
        self.assertEqual(found, [one["employeeId"] for one in whole["data"]])
        self.assertEqual(len(found), whole["meta"]["total"])
        active = self.get("employees?filter[status]=active&page[limit]=2500").json()["data"]
        directory = [one["id"] for one in self.reader().get_employee_directory()]
        self.assertEqual(directory, [one["employeeId"] for one in active])

    def test_one_and_a_missing_one(self):
        client = self.reader()
        self.assertEqual(client.get_employee(1002, ["workEmail"])["workEmail"], "rafael.okonjo@northmoor.example")
        with self.assertRaises(requests.HTTPError) as raised:
            client.get_employee(1, ["workEmail"])
        self.assertEqual(raised.exception.response.status_code, 404)
        self.assertEqual(client.get_employee(1002)["firstName"], "Rafael")

    def test_changes_users_and_fields(self):
        client = self.reader()
        later = datetime.datetime(2100, 1, 1)
        self.assertEqual(client.get_employee_changes(since=later)["employees"], {})
        everybody = client.get_employee_changes(since=datetime.datetime(2000, 1, 1))
        self.assertGreater(len(everybody["employees"]), 400)
        self.assertIn("enabled", {user["status"] for user in client.get_meta_users().values()})
        self.assertIn("terminationDate", {field["alias"] for field in client.get_meta_fields()})

    def test_a_parameter_or_page_token_that_nobody_knows(self):
        for query in ["page[after]=7", "page[limit]=0", "fields=shoeSize", "sort=shoeSize", "filter[shoe]=9", "page=2"]:
            self.assertEqual(self.get(f"employees?{query}").status_code, 400, query)

    def test_a_bad_key_and_a_key_that_only_reads(self):
        with self.assertRaises(requests.HTTPError) as raised:
            self.client("nobody").get_employee_directory()
        self.assertEqual(raised.exception.response.status_code, 401)
        self.assertEqual(self.hook("POST", key="read", json=HOOK).status_code, 403)

    def hook(self, method, path="", key="revoke", **more):
        # The library has no calls for webhooks.
        return requests.request(method, f"{self.url}/api/v1/webhooks{path}", auth=(self.secret(key), "x"), **more)

    def test_a_write_is_read_again(self):
        made = self.hook("POST", json=HOOK)
        self.assertEqual((made.status_code, made.json()["events"]), (201, HOOK["events"]))
        own = f"/{made.json()['id']}"
        read = self.hook("GET", own).json()
        self.assertEqual((read["url"], read["monitorFields"]), (HOOK["url"], HOOK["monitorFields"]))
        self.assertNotIn("privateKey", read)
        self.assertEqual(self.hook("DELETE", own).status_code, 200)
        self.assertEqual(self.hook("GET", own).status_code, 404)

    def test_webhooks_that_the_vendor_does_not_take(self):
        for wrong in [
            {"url": "http://receiver.example/hr"},
            {"format": "xml"},
            {"monitorFields": []},
            {"monitorFields": ["shoeSize"]},
            {"events": ["employee.hired"]},
            {"events": ["employee.updated", "employee_with_fields.created"]},
            {"colour": "red"},
        ]:
            self.assertEqual(self.hook("POST", json={**HOOK, **wrong}).status_code, 400, wrong)


if __name__ == "__main__":
    company.main()
