"""Google Cloud, held to google-api-python-client and google-auth: Resource Manager and IAM."""
# needs: google-api-python-client==2.202.0 google-auth==2.62.2 requests

import requests
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError

import company

LEDGER = "projects/nm-ledger-prod/serviceAccounts/ledger-export@nm-ledger-prod.iam.gserviceaccount.com"
TELEMETRY = "projects/nm-telemetry"
CI = f"{TELEMETRY}/serviceAccounts/ci@nm-telemetry.iam.gserviceaccount.com"


class GoogleCloud(company.Case):
    system = "google-cloud"

    def resources(self, purpose="read"):
        return company.google(self, purpose, "cloudresourcemanager", "v3", ["cloud-platform"])

    def accounts(self, purpose="read"):
        return company.google(self, purpose, "iam", "v1", ["cloud-platform"]).projects().serviceAccounts()

    def refused(self, request, status, name):
        with self.assertRaises(HttpError) as raised:
            request.execute()
        self.assertEqual(raised.exception.status_code, status, raised.exception)
        self.assertIn(f'"status":"{name}"', raised.exception.content.decode())

    def test_reads_to_the_end_by_small_pages(self):
        for collection, key, count in [(self.resources().folders(), "folders", 2), (self.resources().projects(), "projects", 4)]:
            def all(size):
                request, items, pages = collection.search(pageSize=size), [], 0
                while request is not None:
                    reply = request.execute()
                    items += [one["name"] for one in reply[key]]
                    pages += 1
                    request = collection.search_next(request, reply)
                return items, pages

            small, pages = all(1)
            self.assertEqual((small, pages, len(small)), (all(300)[0], count, count))
        accounts = self.accounts()
        small, pages = company.google_all(accounts, accounts.list(name=TELEMETRY, pageSize=2), "accounts")
        whole, _ = company.google_all(accounts, accounts.list(name=TELEMETRY, pageSize=100), "accounts")
        self.assertEqual((small, pages, len(small)), (whole, 2, 3))

    def test_one_and_a_missing_one(self):
        organizations = self.resources().organizations()
        found = organizations.get(name=f"organizations/{self.settings['organization']}").execute()
        self.assertEqual((found["displayName"], found["state"]), ("northmoor.example", "ACTIVE"))
        self.refused(organizations.get(name="organizations/1"), 403, "PERMISSION_DENIED")
        accounts = self.accounts()
        account = accounts.get(name=CI).execute()
        self.assertEqual(account["projectId"], "nm-telemetry")
        # The project may be left open, and the account named by its number.
        self.assertEqual(accounts.get(name=CI.replace("nm-telemetry/", "-/", 1)).execute(), account)
        self.assertEqual(accounts.get(name=f"projects/-/serviceAccounts/{account['uniqueId']}").execute(), account)
        self.assertEqual(accounts.get(name=CI, fields="email,disabled").execute(), {"email": account["email"]})
        self.refused(accounts.get(name=CI, fields="salary"), 400, "INVALID_ARGUMENT")
        self.refused(accounts.get(name=f"{TELEMETRY}/serviceAccounts/nobody@nm-telemetry.iam.gserviceaccount.com"), 404, "NOT_FOUND")
        self.refused(accounts.list(name="projects/nobody"), 403, "PERMISSION_DENIED")

    def test_keys_by_their_type(self):
        keys = self.accounts().keys()

        def types(**more):
            return sorted(key["keyType"] for key in keys.list(name=CI, **more).execute().get("keys", []))

        self.assertEqual(types(), ["SYSTEM_MANAGED", "USER_MANAGED", "USER_MANAGED"])
        self.assertEqual(types(keyTypes="USER_MANAGED"), ["USER_MANAGED"] * 2)
        self.assertEqual(types(keyTypes=["SYSTEM_MANAGED"]), ["SYSTEM_MANAGED"])
        self.assertEqual(types(keyTypes=["USER_MANAGED", "SYSTEM_MANAGED"]), types())
        with self.assertRaises(TypeError):
            keys.list(name=CI, keyTypes="MINE")
        self.assertEqual(types(keyTypes="KEY_TYPE_UNSPECIFIED"), types())
        key = keys.get(name=f"{CI}/keys/7b3e2c7d7b3e2c7d7b3e2c7d7b3e2c7d7b3e2c7d").execute()
        self.assertTrue(key["disabled"])
        self.refused(keys.get(name=f"{CI}/keys/0"), 404, "NOT_FOUND")

    def test_conditions_are_shown_to_who_asks_for_them(self):
        projects = self.resources().projects()

        def policy(version=None):
            body = {} if version is None else {"options": {"requestedPolicyVersion": version}}
            return projects.getIamPolicy(resource="projects/630000000001", body=body).execute()

        for version in [None, 0, 1]:
            plain = policy(version)
            self.assertEqual(plain["version"], 1)
            self.assertFalse(any("condition" in binding for binding in plain["bindings"]))
            self.assertTrue(any("_withcond_" in binding["role"] for binding in plain["bindings"]))
        whole = policy(3)
        self.assertEqual(whole["version"], 3)
        self.assertTrue(any("condition" in binding for binding in whole["bindings"]))
        for version in [2, 4]:
            with self.assertRaises(HttpError) as raised:
                policy(version)
            self.assertEqual(raised.exception.status_code, 400)
        of_account = self.accounts().getIamPolicy(resource=LEDGER, options_requestedPolicyVersion=3).execute()
        self.assertEqual(len(of_account["bindings"]), 2)
        self.refused(self.accounts().getIamPolicy(resource=LEDGER, options_requestedPolicyVersion=2), 400, "INVALID_ARGUMENT")

    def test_page_tokens_and_sizes(self):
        projects, accounts = self.resources().projects(), self.accounts()
        token = projects.search(pageSize=1).execute()["nextPageToken"]
        self.refused(projects.search(pageToken="5"), 400, "INVALID_ARGUMENT")
        self.refused(accounts.list(name=TELEMETRY, pageToken=token), 400, "INVALID_ARGUMENT")
        self.refused(projects.search(pageSize=-1), 400, "INVALID_ARGUMENT")
        # More than the most is cut down, and 0 stands for as many as usual.
        self.assertEqual(len(projects.search(pageSize=5000).execute()["projects"]), 4)
        self.assertEqual(len(projects.search(pageSize=0).execute()["projects"]), 4)

    def test_a_bad_token_and_a_bad_account(self):
        with self.assertRaises(RefreshError):
            company.google_with(self, Credentials("nobody"), "cloudresourcemanager", "v3").projects().search().execute()
        reply = requests.get(f"{self.url}/v3/projects:search", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((reply.status_code, reply.json()["error"]["status"]), (401, "UNAUTHENTICATED"))
        with self.assertRaises(RefreshError):
            company.google(self, "read", "iam", "v1", ["drive"]).projects().serviceAccounts().list(name=TELEMETRY).execute()

    def test_an_account_and_a_key_are_switched_off_and_read_again(self):
        accounts = self.accounts("revoke")
        self.refused(self.accounts().disable(name=LEDGER, body={}), 403, "PERMISSION_DENIED")
        self.assertEqual(accounts.disable(name=LEDGER, body={}).execute(), {})
        self.assertTrue(accounts.get(name=LEDGER).execute()["disabled"])
        accounts.enable(name=LEDGER, body={}).execute()
        self.assertNotIn("disabled", accounts.get(name=LEDGER).execute())
        key = f"{LEDGER}/keys/5f1c0a9b5f1c0a9b5f1c0a9b5f1c0a9b5f1c0a9b"
        accounts.keys().disable(name=key, body={}).execute()
        self.assertTrue(accounts.keys().get(name=key).execute()["disabled"])
        accounts.keys().delete(name=key).execute()
        self.refused(accounts.keys().get(name=key), 404, "NOT_FOUND")

    def test_a_policy_is_written_under_its_etag(self):
        projects, name = self.resources("revoke").projects(), "projects/630000000002"
        policy = projects.getIamPolicy(resource=name, body={"options": {"requestedPolicyVersion": 3}}).execute()
        policy["bindings"][0]["members"].remove("user:priya.lindqvist@northmoor.example")
        projects.setIamPolicy(resource=name, body={"policy": policy}).execute()
        read = projects.getIamPolicy(resource=name, body={"options": {"requestedPolicyVersion": 3}}).execute()
        self.assertEqual(read["bindings"], policy["bindings"])
        self.assertNotEqual(read["etag"], policy["etag"])
        self.refused(projects.setIamPolicy(resource=name, body={"policy": policy}), 409, "ABORTED")


if __name__ == "__main__":
    company.main()
