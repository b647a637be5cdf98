"""Directus, held to directus-sdk-py."""
# needs: directus-sdk-py==1.1.0

from directus_sdk_py import DirectusClient

import company

CFO = "d1ec7000-0000-4000-8000-0000000e1002"


class Directus(company.Case):
    system = "directus"

    def client(self, token=None, purpose="read"):
        return DirectusClient(self.url, token=token or self.secret(purpose))

    def users(self, **query):
        return self.client().get_users({"query": query})

    def refused(self, code, call, *values, **parameters):
        with self.assertRaises(AssertionError) as raised:
            call(*values, **parameters)
        self.assertIn(code, str(raised.exception))

    def test_a_list_to_its_end_by_small_pages(self):
        small, page = [], 1
        while some := self.users(sort=["id"], limit=7, page=page):
            small += some
            page += 1
        self.assertEqual(small, self.users(sort=["id"], limit=-1))
        self.assertGreater(len(small), 30)

    def test_one_and_a_missing_one(self):
        client = self.client()
        self.assertEqual(client.get(f"/users/{CFO}")["email"], "rafael.okonjo@northmoor.example")
        self.refused("FORBIDDEN", client.get, "/users/d1ec7000-0000-4000-8000-0000000e9999")

    def test_filters_searches_and_fields(self):
        email = "rafael.okonjo@northmoor.example"
        self.assertEqual(self.users(filter={"email": {"_eq": email}}, fields=["id"]), [{"id": CFO}])
        either = {"_or": [{"id": {"_eq": CFO}}, {"first_name": {"_starts_with": "Rafa"}}]}
        self.assertEqual(self.users(filter=either, fields=["id"]), [{"id": CFO}])
        self.assertEqual(self.users(filter={"_and": [either, {"email": {"_neq": email}}]}), [])
        self.assertEqual(self.users(search="okonjo", fields=["id"]), [{"id": CFO}])
        down = [user["email"] for user in self.users(sort=["-email"], limit=-1)]
        self.assertEqual(down, sorted(down, reverse=True))
        client = self.client()
        self.assertEqual(client.get("/users?filter%5Bid%5D%5B_eq%5D=" + CFO + "&fields=id"), [{"id": CFO}])
        self.assertEqual(client.get("/users/" + CFO.replace("-", "%2D") + "?fields=id"), {"id": CFO})
        for query in ["limit=101", "limit=many", "page=0", "colour=red", "filter%5Bemail%5D%5B_is%5D=x"]:
            self.refused("INVALID_QUERY", client.get, f"/users?{query}")
        for query in ["fields=colour", "sort=colour", "filter%5Bcolour%5D%5B_eq%5D=x"]:
            self.refused("FORBIDDEN", client.get, f"/users?{query}")

    def test_who_may(self):
        self.refused("INVALID_CREDENTIALS", self.client(token="guessed").me)
        self.refused("FORBIDDEN", self.client().update_user, CFO, {"status": "suspended"})

    def test_a_write_is_read_again(self):
        revokes = self.client(purpose="revoke")
        self.assertEqual(self.client(token="okonjo-figures").me()["id"], CFO)
        revokes.update_user(CFO, {"status": "suspended"})
        self.assertEqual(revokes.get(f"/users/{CFO}?fields=status"), {"status": "suspended"})
        self.refused("INVALID_CREDENTIALS", self.client(token="okonjo-figures").me)
        self.refused("FAILED_VALIDATION", revokes.update_user, CFO, {"status": "gone"})


if __name__ == "__main__":
    company.main()
