"""Salesforce, held to simple-salesforce."""
# needs: simple-salesforce==1.12.10 requests

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

import company

HOST = "northmoor.my.salesforce.com"
CFO = "005NM0000000001002"


class SalesforceOrg(company.Case):
    system = "salesforce"

    def token(self, purpose):
        client = f"{purpose}-salesforce"
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": self.secret(purpose)}
        return requests.post(f"{self.url}/services/oauth2/token", data=form).json()["access_token"]

    def client(self, purpose):
        return self.with_token(self.token(purpose))

    def with_token(self, token):
        session = company.lead(requests.Session(), HOST, self.url)
        return Salesforce(instance_url=f"https://{HOST}", session_id=token, session=session, version="62.0")

    def test_reads_a_query_to_the_end_by_small_pages(self):
        client = self.client("read")
        query = "SELECT Id, Username FROM User ORDER BY Id"
        small = {"Sforce-Query-Options": "batchSize=200"}
        pages = list(client.query_all_iter(query, headers=small))
        whole = client.query_all(query)
        self.assertEqual([user["Id"] for user in pages], [user["Id"] for user in whole["records"]])
        self.assertGreater(whole["totalSize"], 400)

    def test_one_and_a_missing_one(self):
        client = self.client("read")
        self.assertEqual(client.User.get(CFO)["Email"], "rafael.okonjo@northmoor.example")
        with self.assertRaises(SalesforceResourceNotFound):
            client.User.get("005NM0000000000001")
        with self.assertRaises(SalesforceResourceNotFound):
            client.Nothing.get(CFO)

    def test_a_query_of_what_there_is_not(self):
        client = self.client("read")
        for query, code in [
            ("SELECT Shoe FROM User", "INVALID_FIELD"),
            ("SELECT Id FROM User WHERE Shoe = 'x'", "INVALID_FIELD"),
            ("SELECT Id FROM Shoe", "INVALID_TYPE"),
            ("SELECT Id FROM User WHERE", "MALFORMED_QUERY"),
        ]:
            with self.assertRaises(SalesforceMalformedRequest) as raised:
                client.query(query)
            self.assertEqual(raised.exception.content[0]["errorCode"], code, query)
        with self.assertRaises(SalesforceMalformedRequest) as raised:
            client.query_more("01gNM0000000000000-200")
        self.assertEqual(raised.exception.content[0]["errorCode"], "INVALID_QUERY_LOCATOR")

    def test_conditions_have_effect(self):
        client = self.client("read")
        found = client.query("SELECT Id FROM User WHERE (Name LIKE 'Raf%' OR EmployeeNumber = 'E1006') AND IsActive = true ORDER BY Id DESC")
        self.assertEqual(found["totalSize"], 2)
        self.assertGreater(found["records"][0]["Id"], found["records"][1]["Id"])
        self.assertEqual(client.query("SELECT COUNT() FROM User WHERE IsActive = false")["totalSize"], 0)

    def test_a_bad_token(self):
        with self.assertRaises(SalesforceExpiredSession):
            self.with_token("nobody").query("SELECT Id FROM User")

    def test_a_write_is_read_again(self):
        client = self.client("revoke")
        login = client.query("SELECT Id FROM UserLogin WHERE UserId = '005NM0000000002002'")["records"][0]["Id"]
        client.UserLogin.update(login, {"IsFrozen": True})
        self.assertTrue(client.UserLogin.get(login)["IsFrozen"])
        with self.assertRaises(SalesforceRefusedRequest):
            self.client("read").UserLogin.update(login, {"IsFrozen": False})

    def test_a_token_dies_with_its_user(self):
        reader, revoker = self.client("read"), self.client("revoke")
        revoker.UserLogin.update("0YwNM0000000009999", {"IsFrozen": True})
        with self.assertRaises(SalesforceExpiredSession):
            reader.query("SELECT Id FROM User")
        revoker.UserLogin.update("0YwNM0000000009999", {"IsFrozen": False})
        self.assertGreater(reader.query("SELECT Id FROM User")["totalSize"], 400)


if __name__ == "__main__":
    company.main()
