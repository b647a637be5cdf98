"""Intune, held to Office365-REST-Python-Client and MSAL."""
# needs: office365-rest-python-client==3.3.0 msal==1.39.0 requests

import time

import requests
from office365.runtime.client_request_exception import ClientRequestException

import company


class Intune(company.Case):
    system = "intune"

    def devices(self, purpose="read"):
        return company.microsoft_graph(self, purpose).device_management.managed_devices

    def named(self, name):
        return self.devices().filter(f"deviceName eq '{name}'").get().execute_query()[0]

    def refused(self, status, query):
        with self.assertRaises(ClientRequestException) as raised:
            query.execute_query()
        self.assertEqual(raised.exception.response.status_code, status)

    def test_small_pages_hold_what_large_ones_hold(self):
        small = [device.id for device in self.devices().get_all(page_size=50).execute_query()]
        large = [device.id for device in self.devices().get_all(page_size=1000).execute_query()]
        self.assertEqual(small, large)
        self.assertGreater(len(small), 400)

    def test_one_and_a_missing_one(self):
        device = self.named("NM-LAPTOP-0001")
        self.assertEqual(self.devices()[device.id].get().execute_query().device_name, "NM-LAPTOP-0001")
        self.refused(404, self.devices()["10000000-0000-4000-8000-000000009999"].get())

    def get(self, query):
        headers = {"Authorization": f"Bearer {company.microsoft_token(self, 'read')['access_token']}"}
        return requests.get(f"{self.url}/v1.0/deviceManagement/managedDevices{query}", headers=headers)

    def test_what_is_not_known_is_refused(self):
        self.refused(400, self.devices().select(["nickname"]).get())
        self.refused(400, self.devices().filter("nickname eq 'x'").get())
        for query in ["$orderby=nickname", "$skiptoken=200", "$search=x", "$top=many", "top=2"]:
            self.assertEqual(self.get(f"?{query}").status_code, 400, query)

    def test_orders_have_effect(self):
        # The library writes this option as `$order_by`, which Graph does not have.
        names = [device["deviceName"] for device in self.get("?$orderby=deviceName desc&$top=5").json()["value"]]
        self.assertEqual(names, sorted(names, key=str.lower, reverse=True))
        self.assertEqual(len(names), 5)

    def test_a_bad_token(self):
        reply = requests.get(f"{self.url}/v1.0/deviceManagement/managedDevices", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((reply.status_code, reply.json()["error"]["code"]), (401, "InvalidAuthenticationToken"))

    def test_a_retired_device_goes_when_it_checks_in(self):
        device = self.named("Okonjo iPad")
        self.refused(403, self.devices()[device.id].retire())
        self.devices("revoke")[device.id].retire().execute_query()
        self.assertEqual(self.get(f"/{device.id}").json()["managementState"], "retirePending")
        time.sleep(1)
        self.refused(404, self.devices()[device.id].get())


if __name__ == "__main__":
    company.main()
