"""PagerDuty, held to the vendor's own library."""
# needs: pagerduty==7.2.0

import sys

# The library has the name of this file, and goes before it.
sys.path.append(sys.path.pop(0))

import httpx2
import pagerduty

import company


class Led(httpx2.HTTPTransport):
    """Leads what the library sends, which takes https alone, to the simulation."""

    def __init__(self, url):
        super().__init__()
        self.to = httpx2.URL(url)

    def handle_request(self, request):
        url = request.url.copy_with(scheme=self.to.scheme, host=self.to.host, port=self.to.port)
        led = httpx2.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions)
        return super().handle_request(led)


class PagerDuty(company.Case):
    system = "pagerduty"

    def client(self, key):
        client = pagerduty.RestApiV2Client(key, default_from="oncall-desk@northmoor.example", transport=Led(self.url))
        client.max_http_attempts = 0
        return client

    def status(self, call, *arguments, **named):
        with self.assertRaises(pagerduty.HttpError) as raised:
            call(*arguments, **named)
        error = raised.exception.response.json()["error"]
        return raised.exception.response.status_code, error["code"]

    def test_small_pages_lead_to_the_end(self):
        client = self.client(self.secret("read"))
        for path in ["users", "teams", "schedules", "escalation_policies", "oncalls", "webhook_subscriptions"]:
            small = [one.get("id") for one in client.iter_all(path, page_size=2)]
            large = [one.get("id") for one in client.iter_all(path, page_size=100)]
            self.assertEqual(small, large, path)
            self.assertEqual(client.get_total(path), len(large), path)

    def test_one_and_a_missing_one(self):
        client = self.client(self.secret("read"))
        self.assertEqual(client.rget("/users/P001002")["email"], "rafael.okonjo@northmoor.example")
        self.assertEqual(self.status(client.rget, "/users/P999999"), (404, 2100))

    def test_a_search_finds_one(self):
        client = self.client(self.secret("read"))
        self.assertEqual(client.find("users", "rafael.okonjo@northmoor.example", attribute="email")["id"], "P001002")
        self.assertIsNone(client.find("users", "nobody@northmoor.example", attribute="email"))

    def test_what_is_included_is_whole(self):
        client = self.client(self.secret("read"))
        plain = client.rget("/users/P001003")
        whole = client.rget("/users/P001003", params={"include[]": ["teams", "contact_methods"]})
        self.assertNotIn("name", plain["teams"][0])
        self.assertEqual(whole["teams"][0]["name"], "Platform")
        self.assertEqual(whole["contact_methods"][0]["type"], "email_contact_method")

    def test_filters_of_policies(self):
        client = self.client(self.secret("read"))
        mine = client.list_all("escalation_policies", params={"user_ids[]": ["P001002"]})
        self.assertEqual([policy["name"] for policy in mine], ["Payments"])

    def test_what_nobody_knows_is_refused(self):
        client = self.client(self.secret("read"))
        for query in [{"limit": 101}, {"limit": 0}, {"include[]": ["friends"]}, {"name": "x"}, {"offset": "next"}, {"offset": 10000}]:
            self.assertEqual(self.status(client.rget, "/users", params=query), (400, 2001), query)

    def test_a_bad_key_and_a_key_that_only_reads(self):
        self.assertEqual(self.status(self.client("nobody").rget, "/users/P001002")[0], 401)
        self.assertEqual(self.status(self.client(self.secret("read")).rdelete, "/users/P001002/sessions"), (403, 2010))

    def test_sessions_end(self):
        client = self.client(self.secret("revoke"))
        self.assertEqual(client.rget("/users/P001002/sessions")[0]["type"], "browser")
        client.rdelete("/users/P001002/sessions")
        self.assertEqual(client.rget("/users/P001002/sessions"), [])

    def test_a_write_is_read_again(self):
        client = self.client(self.secret("revoke"))
        user = client.rget("/users/P001011")
        client.rput("/users/P001011", json={**user, "role": "restricted_access"})
        self.assertEqual(client.rget("/users/P001011")["role"], "restricted_access")


if __name__ == "__main__":
    company.main()
