"""Dropbox, held to the vendor's own library."""
# needs: dropbox==12.2.4 requests

import sys

# This file has the name of the library that it needs.
here = sys.path.pop(0)
import dropbox
import dropbox.exceptions
import dropbox.team
sys.path.insert(0, here)

import requests

import company

CFO = "dbmid:AAD-northmoor-E1002"


class Dropbox(company.Case):
    system = "dropbox"

    def client(self, purpose, secret=None, scope=None):
        session = company.lead(requests.Session(), "api.dropboxapi.com", self.url)
        return dropbox.DropboxTeam(oauth2_refresh_token=secret or self.secret(purpose), app_key=self.settings[f"{purpose}_app"],
                                   session=session, scope=scope, max_retries_on_error=0)

    def members(self, client, limit):
        page = client.team_members_list_v2(limit=limit)
        found = [member.profile.team_member_id for member in page.members]
        while page.has_more:
            page = client.team_members_list_continue_v2(page.cursor)
            found += [member.profile.team_member_id for member in page.members]
        return found

    def user(self, id):
        return dropbox.team.UserSelectorArg.team_member_id(id)

    def test_reads_lists_to_the_end_by_small_pages(self):
        client = self.client("read")
        small = self.members(client, 5)
        self.assertEqual(small, self.members(client, 1000))
        self.assertGreater(len(small), 25)
        page = client.team_groups_list(limit=1)
        groups = [group.group_name for group in page.groups]
        while page.has_more:
            page = client.team_groups_list_continue(page.cursor)
            groups += [group.group_name for group in page.groups]
        self.assertEqual(len(groups), 3)
        group = dropbox.team.GroupSelector.group_id("g:northmoorlaunch")
        page = client.team_groups_members_list(group, limit=1)
        members = list(page.members)
        while page.has_more:
            page = client.team_groups_members_list_continue(page.cursor)
            members += page.members
        self.assertEqual(len(members), 3)

    def test_one_and_a_missing_one(self):
        client = self.client("read")
        found, missing = client.team_members_get_info_v2([self.user(CFO), self.user("dbmid:none")]).members_info
        self.assertEqual(found.get_member_info().profile.email, "rafael.okonjo@northmoor.example")
        self.assertEqual(missing.get_id_not_found(), "dbmid:none")

    def test_cursors_of_another_list(self):
        client = self.client("read")
        cursor = client.team_members_list_v2(limit=5).cursor
        for ask in [client.team_groups_list_continue, lambda cursor: client.team_devices_list_members_devices(cursor=cursor)]:
            with self.assertRaises(dropbox.exceptions.ApiError):
                ask(cursor)
        with self.assertRaises(dropbox.exceptions.ApiError) as raised:
            client.team_members_list_continue_v2("guessed")
        self.assertTrue(raised.exception.error.is_invalid_cursor())

    def test_a_bad_token_and_a_missing_scope(self):
        with self.assertRaises(dropbox.exceptions.AuthError):
            self.client("read", secret="nobody").team_members_list_v2()
        with self.assertRaises(dropbox.exceptions.AuthError) as raised:
            self.client("read").team_members_suspend(self.user(CFO), wipe_data=False)
        self.assertEqual(raised.exception.error.get_missing_scope().required_scope, "members.write")
        with self.assertRaises(dropbox.exceptions.AuthError) as raised:
            self.client("revoke", scope=["members.write"]).team_token_get_authenticated_admin()
        self.assertEqual(raised.exception.error.get_missing_scope().required_scope, "team_info.read")

    def test_what_is_a_members_own_is_asked_for_in_their_name(self):
        client = self.client("revoke")
        reader = self.client("read").as_user(CFO)
        links = reader.sharing_list_shared_links().links
        self.assertEqual(len(links), 2)
        client.as_user(CFO).sharing_revoke_shared_link(links[0].url)
        self.assertEqual(len(reader.sharing_list_shared_links().links), 1)
        self.assertEqual(len(reader.sharing_list_folders(limit=1).entries), 1)
        with self.assertRaises(dropbox.exceptions.AuthError) as raised:
            self.client("read").as_user("dbmid:none").sharing_list_shared_links()
        self.assertTrue(raised.exception.error.is_invalid_select_user())

    def test_a_write_is_read_again(self):
        client, reader = self.client("revoke"), self.client("read")
        other = self.user("dbmid:AAD-northmoor-E1009")
        client.team_members_suspend(other, wipe_data=False)
        status = reader.team_members_get_info_v2([other]).members_info[0].get_member_info().profile.status
        self.assertTrue(status.is_suspended())
        with self.assertRaises(dropbox.exceptions.ApiError) as raised:
            client.team_members_suspend(other, wipe_data=False)
        self.assertTrue(raised.exception.error.is_suspend_inactive_user())


if __name__ == "__main__":
    company.main()
