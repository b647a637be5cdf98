"""SCIM, held to scim2-client, which checks every answer against the schemas that the provider publishes."""
# needs: scim2-client[httpx2]==0.13.2 requests

import httpx2
import requests
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error, PatchOp, PatchOperation, SearchRequest

import company

CFO = "rafael.okonjo@northmoor.example"


class Scim(company.Case):
    system = "scim"

    def client(self, purpose, token=None):
        headers = {"Authorization": f"Bearer {token or self.secret(purpose)}"}
        client = SyncSCIMClient(httpx2.Client(base_url=self.url, headers=headers, trust_env=False), raise_scim_errors=False)
        if not token:
            client.discover()
        return client

    def all(self, client, model, count, **more):
        found = []
        while True:
            page = client.query(model, query_parameters=SearchRequest(start_index=len(found) + 1, count=count, **more))
            found += [one.id for one in page.resources or []]
            if len(found) >= page.total_results:
                return found

    def one(self, client, filter):
        return client.query(client.get_resource_model("User"), query_parameters=SearchRequest(filter=filter))

    def test_what_the_provider_says_of_itself(self):
        client = self.client("read")
        self.assertTrue(client.service_provider_config.sort.supported)
        self.assertEqual({one.name for one in client.resource_types}, {"User", "Group"})

    def test_reads_lists_to_the_end_by_small_pages(self):
        client = self.client("read")
        for name in ["User", "Group"]:
            model = client.get_resource_model(name)
            small = self.all(client, model, 1)
            self.assertEqual(small, self.all(client, model, 100))
            self.assertEqual(len(small), len(set(small)))

    def test_one_and_a_missing_one(self):
        client = self.client("read")
        user = client.get_resource_model("User")
        found = self.one(client, f'userName eq "{CFO}"').resources[0]
        self.assertEqual(client.query(user, found.id).user_name, CFO)
        missing = client.query(user, "nobody")
        self.assertIsInstance(missing, Error)
        self.assertEqual(missing.status, 404)

    def test_filters_and_sorts(self):
        client = self.client("read")
        total = self.one(client, "userName pr").total_results
        for filter, count in [
            ('userName sw "rafael" and active eq true', 1),
            ('not (userName sw "rafael")', total - 1),
            ('(name.familyName co "okonjo" or userName ew "@nobody.example") and title pr', 1),
            ('emails[type eq "work" and value eq "%s"]' % CFO, 1),
            ('meta.created gt "2099-01-01T00:00:00Z"', 0),
            ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "E1002"', 1),
            ('userName ne "%s"' % CFO, total - 1),
        ]:
            self.assertEqual(self.one(client, filter).total_results, count, filter)
        user = client.get_resource_model("User")
        up = self.all(client, user, 3, sort_by="userName", sort_order=SearchRequest.SortOrder.ascending)
        down = self.all(client, user, 100, sort_by="userName", sort_order=SearchRequest.SortOrder.descending)
        self.assertEqual(up, down[::-1])
        some = client.query(user, query_parameters=SearchRequest(attributes=["userName"])).resources[0]
        self.assertIsNone(some.display_name)

    def test_what_the_provider_does_not_take(self):
        headers = {"Authorization": f"Bearer {self.secret('read')}"}
        for query, kind in [
            ("filter=salary pr", "invalidFilter"), ("filter=userName eq", "invalidFilter"), ("filter=active gt true", "invalidFilter"),
            ("filter=(userName pr", "invalidFilter"), ("startIndex=first", "invalidValue"), ("count=many", "invalidValue"),
            ("sortBy=salary", "invalidPath"), ("sortOrder=up", "invalidValue"), ("attributes=salary", "invalidPath"), ("page=2", "invalidValue"),
        ]:
            reply = requests.get(f"{self.url}/Users?{query}", headers=headers)
            self.assertEqual((reply.status_code, reply.json().get("scimType")), (400, kind), query)
        first = requests.get(f"{self.url}/Users?startIndex=-5&count=-1", headers=headers).json()
        self.assertEqual((first["startIndex"], first["itemsPerPage"], first["Resources"]), (1, 0, []))

    def test_a_bad_token_and_a_token_that_only_reads(self):
        nobody = requests.get(f"{self.url}/Users", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((nobody.status_code, nobody.json()["status"]), (401, "401"))
        client = self.client("read")
        user = client.get_resource_model("User")
        self.assertEqual(client.create(user(user_name="new@northmoor.example")).status, 403)

    def test_writes_are_read_again(self):
        client = self.client("revoke")
        user, group = client.get_resource_model("User"), client.get_resource_model("Group")
        made = client.create(user(user_name="nia@northmoor.example", active=True))
        self.assertEqual(client.create(user(user_name="nia@northmoor.example")).status, 409)
        change = PatchOp[user](operations=[PatchOperation(op="replace", path="active", value=False),
                                           PatchOperation(op="add", path="name.familyName", value="Holt")])
        client.modify(user, made.id, change)
        read = client.query(user, made.id)
        self.assertEqual((read.active, read.name.family_name), (False, "Holt"))
        read.title = "Analyst"
        self.assertEqual(client.replace(read).title, "Analyst")
        self.assertIsNone(client.delete(user, made.id))
        self.assertEqual(client.query(user, made.id).status, 404)
        cfo = self.one(client, f'userName eq "{CFO}"').resources[0].id
        out = PatchOp[group](operations=[PatchOperation(op="remove", path=f'members[value eq "{cfo}"]')])
        client.modify(group, "grp-audit", out)
        self.assertNotIn(cfo, [member.value for member in client.query(group, "grp-audit").members])


if __name__ == "__main__":
    company.main()
