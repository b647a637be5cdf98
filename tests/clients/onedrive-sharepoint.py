"""OneDrive and SharePoint, held to Office365-REST-Python-Client and MSAL."""
# needs: office365-rest-python-client==3.3.0 msal==1.39.0 requests

import requests
from office365.runtime.client_request_exception import ClientRequestException

import company

CFO = "rafael.okonjo@northmoor.example"
DRIVE = "b!drive1002"


class OneDrive(company.Case):
    system = "onedrive-sharepoint"

    def client(self, purpose="read"):
        return company.microsoft_graph(self, purpose)

    def get(self, path):
        token = company.microsoft_token(self, "read")["access_token"]
        return requests.get(f"{self.url}/v1.0/{path}", headers={"Authorization": f"Bearer {token}"})

    def refused(self, status, query):
        with self.assertRaises(ClientRequestException) as raised:
            query.execute_query()
        self.assertEqual(raised.exception.response.status_code, status)

    def test_small_pages_hold_what_large_ones_hold(self):
        children = self.client().drives[DRIVE].root.children
        small = [item.name for item in children.get_all(page_size=2).execute_query()]
        large = [item.name for item in self.client().drives[DRIVE].root.children.get_all(page_size=200).execute_query()]
        self.assertEqual(small, large)
        self.assertGreater(len(small), 3)

    def test_one_and_a_missing_one(self):
        self.assertEqual(self.client().users[CFO].drive.get().execute_query().id, DRIVE)
        self.assertEqual(self.client().drives[DRIVE].items["01SALARY"].get().execute_query().id, "01SALARY")
        self.refused(404, self.client().drives[DRIVE].items["01NOTHING"].get())
        self.refused(404, self.client().drives["b!nothing"].get())
        self.refused(423, self.client().users["viktor.salonen@northmoor.example"].drive.get())

    def test_what_is_not_known_is_refused(self):
        for query in ["$select=nickname", "$filter=nickname eq 'x'", "$skiptoken=2", "$orderby=nickname", "top=2"]:
            self.assertEqual(self.get(f"drives/{DRIVE}/root/children?{query}").status_code, 400, query)

    def test_the_changes_have_an_end(self):
        first = self.client().drives[DRIVE].root.delta.get_all(page_size=3).execute_query()
        self.assertIn("01SALARY", {item.id for item in first})

    def test_a_bad_token(self):
        reply = requests.get(f"{self.url}/v1.0/drives/{DRIVE}", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((reply.status_code, reply.json()["error"]["code"]), (401, "InvalidAuthenticationToken"))

    def test_a_write_is_read_again(self):
        item = self.client("revoke").drives[DRIVE].items["01SALARY"]
        given = item.invite(["a@elsewhere.example"], "hello", send_invitation=False, roles=["read"]).execute_query()
        self.assertEqual(len(given), 1)
        ids = lambda: {one.id for one in self.client().drives[DRIVE].items["01SALARY"].permissions.get().execute_query()}
        self.assertIn(given[0].id, ids())
        self.refused(403, self.client().drives[DRIVE].items["01SALARY"].permissions[given[0].id].delete_object())
        self.client("revoke").drives[DRIVE].items["01SALARY"].permissions[given[0].id].delete_object().execute_query()
        self.assertNotIn(given[0].id, ids())


if __name__ == "__main__":
    company.main()
