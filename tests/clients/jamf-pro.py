"""Jamf Pro, held to the vendor's own jamf-pro-sdk."""
# needs: jamf-pro-sdk==0.9a1

import urllib.parse

import requests
from jamf_pro_sdk import ApiClientCredentialsProvider, JamfProClient, SessionConfig
from jamf_pro_sdk.clients.pro_api.pagination import FilterField, SortField, filter_group
from jamf_pro_sdk.models.pro.mdm import CustomCommand

import company

MAC = "3a000000-0000-4000-8000-000000001002"


class JamfPro(company.Case):
    system = "jamf-pro"

    def client(self, purpose="read", secret=None):
        at = urllib.parse.urlsplit(self.url)
        credentials = ApiClientCredentialsProvider(f"{purpose}-jamf-pro", secret or self.secret(purpose))
        return JamfProClient(at.hostname, credentials, port=at.port, session_config=SessionConfig(scheme="http", max_retries=0))

    def refused(self, status, call, *values, **parameters):
        with self.assertRaises(requests.HTTPError) as raised:
            call(*values, **parameters)
        self.assertEqual(raised.exception.response.status_code, status)

    def computers(self, **more):
        return [computer.general.name for computer in self.client().pro_api.get_computer_inventory_v1(**more)]

    def test_a_list_to_its_end_by_small_pages(self):
        small, whole = self.computers(page_size=9), self.computers(page_size=2000)
        # Pages are read beside each other.
        self.assertEqual(sorted(small), whole)
        self.assertGreater(len(whole), 60)
        self.refused(400, self.computers, page_size=2001)

    def test_sections(self):
        api = self.client().pro_api
        [computer] = api.get_computer_inventory_v1(sections=["GENERAL", "USER_AND_LOCATION"], filter_expression=FilterField("id").eq("1002"))
        self.assertEqual(computer.userAndLocation.email, "rafael.okonjo@northmoor.example")
        self.assertIsNone(computer.hardware)
        [phone] = api.get_mobile_device_inventory_v2(sections=["HARDWARE"], filter_expression=FilterField("serialNumber").eq("F2L00000303"))
        self.assertEqual((phone.mobileDeviceId, phone.general), ("303", None))

    def test_filters_and_sorts(self):
        name = FilterField("general.name")
        self.assertEqual(self.computers(filter_expression=name.eq("NM-MAC-1002")), ["NM-MAC-1002"])
        either = filter_group(name.eq("NM-MAC-1002") | name.eq("NM-MAC-1003")) & FilterField("id").ne("1003")
        self.assertEqual(self.computers(filter_expression=either), ["NM-MAC-1002"])
        self.assertEqual(self.computers(filter_expression=name.is_in(["NM-MAC-1003", "NM-MAC-1002"])), ["NM-MAC-1002", "NM-MAC-1003"])
        down = self.computers(sort_expression=SortField("general.name").desc(), page_size=2000)
        self.assertEqual(down, self.computers(page_size=2000)[::-1])
        client = self.client()
        for query in [{"filter": "general.nickname==x"}, {"filter": "general.name"}, {"sort": "nickname:asc"}, {"order": "asc"}]:
            self.refused(400, client.pro_api_request, "get", "v1/computers-inventory", query_params=query)

    def test_one_and_a_missing_one(self):
        client = self.client()
        self.assertEqual(client.pro_api_request("get", "v1/computers-inventory/1002").json()["general"]["name"], "NM-MAC-1002")
        self.refused(404, client.pro_api_request, "get", "v1/computers-inventory/999999")

    def test_who_may(self):
        self.refused(401, self.client(secret="guessed").pro_api_request, "get", "v1/auth")
        lock = CustomCommand(commandType="DEVICE_LOCK", pin="482913")
        self.refused(403, self.client().pro_api.send_mdm_command_v2, [MAC], lock)

    def test_a_command_is_carried_out_when_the_device_answers(self):
        client = self.client("revoke")
        [order] = client.pro_api.send_mdm_command_v2([MAC], CustomCommand(commandType="DEVICE_LOCK", pin="482913"))
        # The library's model of a command asks for a date that the vendor's description does not have: the list is read without it.
        of = {"filter": str(FilterField("clientManagementId").eq(MAC) & FilterField("command").eq("DEVICE_LOCK"))}
        for state in ["PENDING", "ACKNOWLEDGED"]:
            [seen] = client.pro_api_request("get", "v2/mdm/commands", query_params=of).json()["results"]
            self.assertEqual((seen["uuid"], seen["commandState"]), (order.id, state))
        self.refused(400, client.pro_api_request, "get", "v2/mdm/commands")


if __name__ == "__main__":
    company.main()
