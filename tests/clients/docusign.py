"""DocuSign, held to the vendor's own library."""
# needs: docusign-esign==6.1.0 requests

import time

import jwt
import requests
from docusign_esign import ApiClient, GroupsApi, UserInfo, UserInfoList, UsersApi
from docusign_esign.client.api_exception import ApiException

import company

CFO = "d0c50000-0000-4000-8000-000000001002"


class DocuSign(company.Case):
    system = "docusign"

    def assertion(self, purpose, scope):
        now = int(time.time())
        claims = {"iss": self.settings[f"{purpose}_client"], "sub": self.settings[f"{purpose}_user"], "aud": "account.docusign.com",
                  "scope": scope, "iat": now, "exp": now + 600}
        return jwt.encode(claims, self.secret(purpose), algorithm="RS256")

    def token(self, purpose, scope="signature impersonation"):
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self.assertion(purpose, scope)}
        return requests.post(f"{self.url}/oauth/token", data=form).json()

    def client(self, purpose, token=None):
        client = ApiClient(host=f"{self.url}/restapi")
        client.set_default_header("Authorization", f"Bearer {token or self.token(purpose)['access_token']}")
        return client

    @property
    def account(self):
        return self.settings["account"]

    def users(self, api, size, **more):
        found = []
        while True:
            page = api.list(self.account, count=str(size), start_position=str(len(found)), **more)
            found += [user.user_id for user in page.users or []]
            if len(found) >= int(page.total_set_size):
                return found

    def refused(self, call, *words, **named):
        with self.assertRaises(ApiException) as raised:
            call(*words, **named)
        return raised.exception

    def test_reads_lists_to_the_end_by_small_pages(self):
        api = UsersApi(self.client("read"))
        small = self.users(api, 7)
        self.assertEqual(small, self.users(api, 100))
        self.assertGreater(len(small), 50)
        groups = GroupsApi(self.client("read"))
        members = groups.list_group_users(self.account, "9003", count="2").users
        self.assertEqual(len(members), 2)
        self.assertEqual(groups.list_group_users(self.account, "9003").total_set_size, "3")

    def test_filters_do_what_they_say(self):
        api = UsersApi(self.client("read"))
        self.assertEqual(self.users(api, 100, email="rafael.okonjo@northmoor.example"), [CFO])
        self.assertEqual(self.users(api, 100, email_substring="OKONJO"), [CFO])
        self.assertEqual(self.users(api, 100, user_name_substring="rafael", status="Active"), [CFO])
        self.assertEqual(len(self.users(api, 100, status="Closed,ActivationSent")), 2)
        self.assertEqual(len(self.users(api, 100, group_id="9003")), 3)
        groups = GroupsApi(self.client("read"))
        self.assertEqual([group.group_id for group in groups.list_groups(self.account, search_text="bank").groups], ["9003"])
        self.assertEqual([group.group_id for group in groups.list_groups(self.account, group_type="adminGroup").groups], ["9001"])

    def test_what_the_vendor_does_not_take(self):
        api = UsersApi(self.client("read"))
        for more in [{"count": "101"}, {"count": "0"}, {"start_position": "first"}, {"status": "Retired"}, {"login_status": "true"}]:
            self.assertEqual(self.refused(api.list, self.account, **more).status, 400, more)
        headers = {"Authorization": f"Bearer {self.token('read')['access_token']}"}
        address = f"{self.url}/restapi/v2.1/accounts/{self.account}/users?order_by=email"
        self.assertEqual(requests.get(address, headers=headers).json()["errorCode"], "INVALID_REQUEST_PARAMETER")

    def test_oneself_another_and_a_missing_group(self):
        api = UsersApi(self.client("read"))
        own = self.settings["read_user"]
        self.assertEqual(api.get_information(self.account, own).user_id, own)
        self.assertIn("USER_LACKS_PERMISSIONS", str(self.refused(api.get_information, self.account, CFO).body))
        self.assertEqual(self.refused(GroupsApi(self.client("read")).list_group_users, self.account, "1").status, 400)

    def test_a_bad_token_and_scopes(self):
        self.assertEqual(self.refused(UsersApi(self.client("read", "nobody")).list, self.account).status, 401)
        self.assertEqual(self.token("read", "signature")["error"], "invalid_scope")
        self.assertEqual(self.token("read", "signature impersonation payments")["error"], "invalid_scope")
        close = UserInfoList(users=[UserInfo(user_id=CFO)])
        refused = self.refused(UsersApi(self.client("read")).delete, self.account, user_info_list=close)
        self.assertIn("USER_LACKS_PERMISSIONS", str(refused.body))

    def test_a_write_is_read_again(self):
        client = self.client("revoke")
        other = "d0c50000-0000-4000-8000-000000001001"
        leave = UserInfoList(users=[UserInfo(user_id=other)])
        GroupsApi(client).delete_group_users(self.account, "9003", user_info_list=leave)
        self.assertNotIn(other, self.users(UsersApi(client), 100, group_id="9003"))
        UsersApi(client).delete(self.account, user_info_list=leave)
        self.assertIn(other, self.users(UsersApi(self.client("read")), 100, status="Closed"))


if __name__ == "__main__":
    company.main()
