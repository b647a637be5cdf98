"""Slack, held to its own library."""
# needs: slack_sdk==3.48.0

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.scim import SCIMClient

import company

TEAM = "T0NORTHMOOR"


class Slack(company.Case):
    system = "slack"

    def client(self, purpose):
        token = self.secret(purpose) if purpose in ("read", "revoke", "tell") else purpose
        return WebClient(token=token, base_url=f"{self.url}/api/")

    def error(self, call, **more):
        """The error that a call must end with."""
        with self.assertRaises(SlackApiError) as raised:
            call(**more)
        self.assertEqual(raised.exception.response.status_code, 200)
        self.assertFalse(raised.exception.response["ok"])
        return raised.exception.response["error"]

    def members(self, limit):
        return [member["id"] for page in self.client("read").users_list(limit=limit) for member in page["members"]]

    def test_reads_lists_to_the_end_by_small_pages(self):
        few = self.members(60)
        self.assertEqual(few, self.members(1000))
        self.assertEqual(len(few), len(set(few)))
        self.assertGreater(len(few), 400)

    def test_one_and_a_missing_one(self):
        client = self.client("read")
        user = client.users_info(user="U0E1002")["user"]
        self.assertEqual(user["profile"]["email"], "rafael.okonjo@northmoor.example")
        self.assertEqual(self.error(client.users_info, user="U0"), "user_not_found")

    def test_a_bad_token(self):
        self.assertEqual(self.error(self.client("nobody").users_list), "invalid_auth")

    def test_limits_cursors_and_arguments(self):
        client = self.client("read")
        for limit in [0, 1001]:
            self.assertEqual(self.error(client.users_list, limit=limit), "invalid_limit")
        self.assertEqual(self.error(client.users_list, cursor="next:5"), "invalid_cursor")
        other = client.users_list(limit=5)["response_metadata"]["next_cursor"]
        self.assertEqual(self.error(client.conversations_list, cursor=other), "invalid_cursor")
        self.assertEqual(self.error(client.users_list, curser="x"), "invalid_arguments")
        self.assertEqual(self.error(client.api_call, api_method="users.nothing"), "unknown_method")

    def test_a_scope_that_is_missing_is_named(self):
        with self.assertRaises(SlackApiError) as raised:
            self.client("read").admin_users_session_reset(user_id="U0E1002")
        reply = raised.exception.response
        self.assertEqual((reply["error"], reply["needed"]), ("missing_scope", "admin.users:write"))
        self.assertIn("users:read", reply["provided"].split(","))

    def test_a_write_is_read_again(self):
        client = self.client("revoke")
        sessions = lambda: client.admin_users_session_list(user_id="U0E1003")["active_sessions"]
        self.assertEqual(len(sessions()), 2)
        client.admin_users_session_reset(user_id="U0E1003")
        self.assertEqual(sessions(), [])

    def test_an_account_goes_through_the_directory(self):
        directory = SCIMClient(token=self.secret("revoke"), base_url=f"{self.url}/scim/v2/")
        self.assertEqual(directory.read_user("U0E1004").user.active, True)
        directory.delete_user("U0E1004")
        self.assertTrue(self.client("read").users_info(user="U0E1004")["user"]["deleted"])
        nobody = SCIMClient(token="nobody", base_url=f"{self.url}/scim/v2/")
        self.assertEqual(nobody.read_user("U0E1004").status_code, 401)

    def test_a_message_is_in_the_history(self):
        client = self.client("tell")
        sent = client.chat_postMessage(channel="C0OFFBOARD", text="hello", unfurl_links=False)
        found = client.conversations_history(channel="C0OFFBOARD", oldest=sent["ts"], inclusive=True, limit=5)["messages"]
        self.assertEqual([message["text"] for message in found], ["hello"])


if __name__ == "__main__":
    company.main()
