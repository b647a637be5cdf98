"""HubSpot, held to hubspot-api-client."""
# needs: hubspot-api-client==12.0.0 requests

import sys

# This file has the library's name.
here = sys.path.pop(0)
sys.modules.pop("hubspot", None)
import hubspot  # noqa: E402
from hubspot.crm.companies import BatchInputSimplePublicObjectBatchInput, PublicObjectSearchRequest  # noqa: E402
from hubspot.crm.companies.exceptions import ApiException as CompaniesError  # noqa: E402
from hubspot.crm.owners.exceptions import ApiException as OwnersError  # noqa: E402
from hubspot.settings.users.exceptions import ApiException as UsersError  # noqa: E402

sys.path.insert(0, here)
import company  # noqa: E402
import requests  # noqa: E402


class HubSpot(company.Case):
    system = "hubspot"

    def led(self, token):
        """A client whose every part is led to the simulation."""
        client = hubspot.Client.create(access_token=token)
        users, owners, companies = client.settings.users, client.crm.owners, client.crm.companies
        apis = [users.users_api, users.roles_api, users.teams_api, owners.owners_api]
        apis += [companies.basic_api, companies.batch_api, companies.search_api]
        for api in apis:
            configuration = api.api_client.configuration
            configuration.host = self.url
        return apis

    def apis(self, purpose):
        return self.led(self.secret(purpose))

    @staticmethod
    def all(page, size):
        found, after = [], None
        while True:
            more = {"after": after} if after else {}
            got = page(limit=size, **more)
            found += [one.id for one in got.results]
            if not got.paging:
                return found
            after = got.paging.next.after

    def test_reads_lists_to_the_end_by_small_pages(self):
        users, _, _, owners, *_ = self.apis("read")
        for page in (users.get_page, owners.get_page):
            found = self.all(page, 7)
            self.assertEqual(found, self.all(page, 100))
            self.assertGreater(len(found), 50)

    def test_one_and_a_missing_one(self):
        users, roles, teams, owners, *_ = self.apis("read")
        found = users.get_by_id("rafael.okonjo@northmoor.example", id_property="EMAIL")
        self.assertEqual(users.get_by_id(found.id).email, "rafael.okonjo@northmoor.example")
        self.assertEqual(roles.get_all().results[0].name, "Deal approver")
        self.assertEqual(teams.get_all().results[0].secondary_user_ids, [found.id])
        with self.assertRaises(UsersError) as raised:
            users.get_by_id("1")
        self.assertEqual(raised.exception.status, 404)
        with self.assertRaises(OwnersError) as raised:
            owners.get_by_id(1)
        self.assertEqual(raised.exception.status, 404)

    def test_properties_are_those_asked_for(self):
        *_, basic, _, search = self.apis("read")
        one = basic.get_by_id("501", properties=["name", "hubspot_owner_id"])
        self.assertEqual(one.properties["hubspot_owner_id"], "3001002")
        self.assertNotIn("hubspot_owner_id", basic.get_by_id("501").properties)
        with self.assertRaises(CompaniesError) as raised:
            basic.get_page(properties=["shoe_size"])
        self.assertEqual(raised.exception.status, 400)
        filters = [{"filters": [{"propertyName": "hubspot_owner_id", "operator": "EQ", "value": "3001002"}]}]
        asked = {"filter_groups": filters, "limit": 1, "after": "0", "properties": ["name"], "sorts": []}
        found = search.do_search(PublicObjectSearchRequest(**asked))
        self.assertEqual([one.id for one in found.results], ["501"])

    def test_a_page_token_or_parameter_that_nobody_knows(self):
        headers = {"Authorization": f"Bearer {self.secret('read')}"}
        for query in ["after=7", "limit=0", "limit=many", "sort=email"]:
            reply = requests.get(f"{self.url}/settings/v3/users/?{query}", headers=headers)
            self.assertEqual((reply.status_code, reply.json()["category"]), (400, "VALIDATION_ERROR"), query)

    def test_a_bad_token(self):
        with self.assertRaises(UsersError) as raised:
            self.led("nobody")[0].get_page()
        self.assertEqual(raised.exception.status, 401)

    def test_a_write_is_read_again(self):
        users, _, _, owners, basic, batch, _ = self.apis("revoke")
        inputs = [{"id": "502", "properties": {"hubspot_owner_id": "3002006"}}]
        batch.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))
        self.assertEqual(basic.get_by_id("502", properties=["hubspot_owner_id"]).properties["hubspot_owner_id"], "3002006")
        users.archive("6001006")
        with self.assertRaises(UsersError) as raised:
            users.get_by_id("6001006")
        self.assertEqual(raised.exception.status, 404)
        self.assertTrue(owners.get_by_id(3001006, archived=True).archived)


if __name__ == "__main__":
    company.main()
