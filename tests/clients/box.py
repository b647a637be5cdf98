"""Box, held to boxsdk (the older client) and box-sdk-gen (the newer one)."""
# needs: boxsdk==3.14.0 box-sdk-gen==1.17.0 requests

import boxsdk
import boxsdk.config
import requests
from box_sdk_gen import BaseUrls, BoxAPIError, BoxCCGAuth, BoxClient, CCGConfig, NetworkSession
from boxsdk.exception import BoxAPIException, BoxOAuthException

import company

CFO = "301002"


class Box(company.Case):
    system = "box"

    def older(self, purpose, user=None):
        boxsdk.config.API.BASE_API_URL = f"{self.url}/2.0"
        boxsdk.config.API.OAUTH2_API_URL = f"{self.url}/oauth2"
        who = {"user": user} if user else {"enterprise_id": self.settings["enterprise"]}
        return boxsdk.Client(boxsdk.CCGAuth(f"{purpose}-box", self.secret(purpose), **who))

    def newer(self, purpose, secret=None):
        config = CCGConfig(f"{purpose}-box", secret or self.secret(purpose), enterprise_id=self.settings["enterprise"])
        session = NetworkSession(base_urls=BaseUrls(base_url=self.url, upload_url=self.url, oauth_2_url=self.url))
        return BoxClient(BoxCCGAuth(config), network_session=session)

    def test_reads_users_to_the_end_by_marker_and_by_offset(self):
        client = self.older("read")
        by_marker = {user.id for user in client.users(limit=5, user_type="managed", use_marker=True)}
        by_offset = {user.id for user in client.users(limit=7, user_type="managed")}
        whole = {user.id for user in client.users(limit=1000)}
        self.assertEqual(by_marker, whole)
        self.assertEqual(by_offset, whole)
        self.assertGreater(len(whole), 40)
        self.assertEqual({group.id for group in client.get_groups(limit=1)}, {"51001", "51002"})

    def test_fields_choose_what_is_shown(self):
        client = self.older("read")
        user = client.user(CFO).get(fields=["role", "status"])
        self.assertEqual(set(user.response_object), {"type", "id", "name", "login", "role", "status"})
        self.assertNotIn("role", client.user(CFO).get().response_object)
        with self.assertRaises(BoxAPIException) as raised:
            client.user(CFO).get(fields=["salary"])
        self.assertEqual(raised.exception.status, 400)

    def test_one_and_a_missing_one(self):
        client = self.newer("read")
        self.assertEqual(client.users.get_user_by_id(CFO).login, "rafael.okonjo@northmoor.example")
        self.assertEqual(client.users.get_user_by_id("30100%32").id, CFO)
        with self.assertRaises(BoxAPIError) as raised:
            client.users.get_user_by_id("1")
        self.assertEqual((raised.exception.response_info.status_code, raised.exception.response_info.code), (404, "not_found"))

    def test_markers_of_another_list_and_parameters_that_nobody_knows(self):
        marker = self.newer("read").users.get_users(usemarker=True, limit=5).next_marker
        headers = {"Authorization": f"Bearer {self.token('read')}"}
        for path in [f"/folders/0/items?usemarker=true&marker={marker}", "/users?usemarker=true&marker=5", "/users?limit=1001",
                     "/users?offset=10001", "/users?order=name", "/users?usemarker=maybe", "/folders/0/items?sort=owner"]:
            reply = requests.get(f"{self.url}/2.0{path}", headers=headers)
            self.assertEqual(reply.status_code, 400, path)

    def token(self, purpose):
        form = {"grant_type": "client_credentials", "client_id": f"{purpose}-box", "client_secret": self.secret(purpose),
                "box_subject_type": "enterprise", "box_subject_id": self.settings["enterprise"]}
        return requests.post(f"{self.url}/oauth2/token", data=form).json()["access_token"]

    def test_a_bad_secret_and_a_bad_token(self):
        with self.assertRaises(BoxAPIError):
            self.newer("read", secret="nobody").users.get_user_me()
        reply = requests.get(f"{self.url}/2.0/users", headers={"Authorization": "Bearer nobody"})
        self.assertEqual(reply.status_code, 401)
        with self.assertRaises(BoxOAuthException):
            self.older("read", user="1").user().get()

    def test_a_users_own_folder_and_a_link_that_is_closed(self):
        client = self.older("revoke", user=CFO)
        small = [item.id for item in client.folder("0").get_items(limit=1)]
        self.assertEqual(small, [item.id for item in client.folder("0").get_items(limit=100, use_marker=True)])
        link = client.file("61002").get(fields=["shared_link"]).shared_link
        self.assertEqual(link["effective_access"], "open")
        self.assertTrue(client.file("61002").remove_shared_link())
        self.assertIsNone(client.file("61002").get(fields=["shared_link"]).shared_link)

    def test_a_write_is_read_again(self):
        client = self.newer("revoke")
        changed = client.users.update_user_by_id("301006", status="inactive")
        self.assertEqual(changed.status, "inactive")
        self.assertEqual(client.users.get_user_by_id("301006").status, "inactive")


if __name__ == "__main__":
    company.main()
