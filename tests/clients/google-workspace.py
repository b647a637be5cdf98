"""Google Workspace, held to google-api-python-client and google-auth."""
# needs: google-api-python-client==2.202.0 google-auth==2.62.2 requests

import requests
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials

import company

CFO = "rafael.okonjo@northmoor.example"
CFO_ID = "100000000000000001002"
SALES = "tobias.marchetti@northmoor.example"
LEFT = "viktor.salonen@northmoor.example"
READ = ["admin.directory.user.readonly", "admin.directory.user.security", "admin.directory.group.readonly",
        "admin.directory.rolemanagement.readonly", "admin.directory.device.mobile.readonly"]
REVOKE = ["admin.directory.user", "admin.directory.user.security", "admin.directory.group.member"]


class GoogleWorkspace(company.Case):
    system = "google-workspace"

    def directory(self, purpose="read", subject=None):
        scopes = READ if purpose == "read" else REVOKE
        return company.google(self, purpose, "admin", "directory_v1", scopes, subject or self.settings["admin"])

    def test_reads_users_to_the_end_by_small_pages(self):
        users = self.directory().users()
        small, pages = company.google_all(users, users.list(customer="my_customer", maxResults=50), "users")
        whole, _ = company.google_all(users, users.list(domain="northmoor.example", maxResults=500), "users")
        self.assertEqual([user["id"] for user in small], [user["id"] for user in whole])
        self.assertEqual((len({user["id"] for user in small}), pages), (413, 9))
        groups = self.directory().groups()
        small, pages = company.google_all(groups, groups.list(customer="my_customer", maxResults=3), "groups")
        whole, _ = company.google_all(groups, groups.list(customer="my_customer"), "groups")
        self.assertEqual([group["email"] for group in small], [group["email"] for group in whole])
        self.assertEqual(pages, -(-len(whole) // 3))
        members = self.directory().members()
        found, _ = company.google_all(members, members.list(groupKey="executives@northmoor.example", maxResults=5), "members")
        self.assertEqual(len(found), 12)
        owners, _ = company.google_all(members, members.list(groupKey="executives@northmoor.example", roles="OWNER"), "members")
        self.assertEqual([member["role"] for member in owners], ["OWNER"])

    def test_users_in_order(self):
        users = self.directory().users()

        def by(**more):
            return company.google_all(users, users.list(customer="my_customer", maxResults=100, **more), "users")[0]

        emails = [user["primaryEmail"] for user in by(orderBy="email")]
        self.assertEqual(emails, sorted(emails))
        self.assertEqual([user["primaryEmail"] for user in by(orderBy="email", sortOrder="DESCENDING")], emails[::-1])
        for order in ["givenName", "familyName"]:
            names = [user["name"][order].lower() for user in by(orderBy=order)]
            self.assertEqual(names, sorted(names))
        # Only what the description has; the library looks at it as well.
        with self.assertRaises(TypeError):
            users.list(customer="my_customer", orderBy="age")

    def test_users_that_are_searched_for(self):
        users = self.directory().users()

        def found(query):
            return {user["primaryEmail"] for user in company.google_all(users, users.list(customer="my_customer", query=query), "users")[0]}

        self.assertEqual(found(f"email={CFO}"), {CFO})
        self.assertEqual(found("email:rafael.*"), {CFO})
        self.assertIn(CFO, found("familyName:Okonjo"))
        self.assertEqual(found("familyName=Okonjo givenName=Rafael"), {CFO})
        self.assertEqual(found("name:'Rafael Okonjo'"), {CFO})
        self.assertIn(LEFT, found("isSuspended=true"))
        self.assertNotIn(CFO, found("isSuspended=true"))
        self.assertEqual(found("isAdmin=true"), {"admin@northmoor.example", "ingrid.vasquez-holm@northmoor.example"})
        self.assertIn(CFO, found("orgDepartment=Finance"))
        self.assertEqual(found("externalId=E1002"), {CFO})
        self.assertEqual(found("givenName=Nobody"), set())
        for query in ["age=5", "familyName", "isSuspended=perhaps", "isAdmin:true", "name:'Rafael"]:
            company.google_refuses(self, users.list(customer="my_customer", query=query), 400, "invalid")

    def test_the_view_that_everybody_has(self):
        own = self.directory(subject=CFO).users()
        company.google_refuses(self, own.get(userKey=SALES), 403, "forbidden")
        company.google_refuses(self, own.list(customer="my_customer"), 403, "forbidden")
        public = own.get(userKey=SALES, viewType="domain_public").execute()
        self.assertEqual((public["primaryEmail"], public["name"]["fullName"]), (SALES, "Tobias Marchetti"))
        for hidden in ["isAdmin", "suspended", "recoveryEmail", "lastLoginTime", "isEnrolledIn2Sv"]:
            self.assertNotIn(hidden, public)
        self.assertEqual([email["address"] for email in public["emails"]], [SALES])
        # Who is suspended has no public profile.
        company.google_refuses(self, own.get(userKey=LEFT, viewType="domain_public"), 404, "notFound")
        listed, _ = company.google_all(own, own.list(customer="my_customer", viewType="domain_public"), "users")
        self.assertNotIn(LEFT, {user["primaryEmail"] for user in listed})
        self.assertIn("recoveryEmail", self.directory().users().get(userKey=SALES, viewType="admin_view").execute())

    def test_one_and_a_missing_one(self):
        users = self.directory().users()
        self.assertEqual(users.get(userKey=CFO).execute()["id"], CFO_ID)
        self.assertEqual(users.get(userKey=CFO_ID, projection="full").execute()["primaryEmail"], CFO)
        self.assertEqual(users.get(userKey=CFO, fields="name/fullName,suspended").execute(),
                         {"name": {"fullName": "Rafael Okonjo"}, "suspended": False})
        self.assertIn("userKey", company.google_refuses(self, users.get(userKey="nobody@northmoor.example"), 404, "notFound"))
        company.google_refuses(self, users.get(userKey=CFO, fields="salary"), 400, "invalidParameter", "fields")
        roles = self.directory().roles()
        company.google_refuses(self, self.directory().groups().get(groupKey="nobody@northmoor.example"), 404, "notFound")
        self.assertEqual(len(company.google_all(roles, roles.list(customer="my_customer", maxResults=1), "items")[0]), 4)
        company.google_refuses(self, roles.list(customer="C000000"), 404, "notFound")

    def test_page_tokens_and_sizes(self):
        directory = self.directory()
        token = directory.users().list(customer="my_customer", maxResults=5).execute()["nextPageToken"]
        company.google_refuses(self, directory.users().list(customer="my_customer", pageToken="5"), 400, "invalid", "pageToken")
        company.google_refuses(self, directory.groups().list(customer="my_customer", pageToken=token), 400, "invalid", "pageToken")
        for size in [0, 501]:
            company.google_refuses(self, directory.users().list(customer="my_customer", maxResults=size), 400, "invalidParameter", "maxResults")
        # Groups are cut down to 200 without a word.
        directory.groups().list(customer="my_customer", maxResults=500).execute()

    def test_a_bad_token_and_a_bad_account(self):
        strange = company.google_with(self, Credentials("nobody"), "admin", "directory_v1")
        with self.assertRaises(RefreshError):
            strange.users().get(userKey=CFO).execute()
        reply = requests.get(f"{self.settings['directory']}/admin/directory/v1/users/{CFO}", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((reply.status_code, reply.json()["error"]["status"]), (401, "UNAUTHENTICATED"))
        with self.assertRaises(RefreshError) as raised:
            self.directory(subject="nobody@northmoor.example").users().get(userKey=CFO).execute()
        self.assertEqual(raised.exception.args[1]["error"], "invalid_grant")
        company.google_refuses(self, self.directory().users().signOut(userKey=CFO), 403, "insufficientPermissions")

    def test_a_user_is_suspended_and_read_again(self):
        users = self.directory("revoke").users()
        self.assertTrue(users.update(userKey=SALES, body={"suspended": True}).execute()["suspended"])
        self.assertEqual(users.get(userKey=SALES).execute()["suspensionReason"], "ADMIN")
        self.assertFalse(users.patch(userKey=SALES, body={"suspended": False}).execute()["suspended"])
        self.assertNotIn("suspensionReason", users.get(userKey=SALES).execute())
        company.google_refuses(self, users.update(userKey=SALES, body={"suspnded": True}), 400, "invalid")

    def test_grants_and_passwords_go(self):
        directory = self.directory("revoke")
        grant = directory.tokens().list(userKey=CFO).execute()["items"][0]
        self.assertEqual(directory.tokens().get(userKey=CFO, clientId=grant["clientId"]).execute()["displayText"], "ScheduleWise")
        self.assertEqual(directory.tokens().delete(userKey=CFO, clientId=grant["clientId"]).execute(), "")
        company.google_refuses(self, directory.tokens().get(userKey=CFO, clientId=grant["clientId"]), 404, "notFound")
        code = directory.asps().list(userKey=CFO).execute()["items"][0]["codeId"]
        directory.asps().delete(userKey=CFO, codeId=code).execute()
        self.assertNotIn("items", directory.asps().list(userKey=CFO).execute())
        self.assertEqual(len(directory.verificationCodes().list(userKey=CFO).execute()["items"]), 10)
        directory.verificationCodes().invalidate(userKey=CFO).execute()
        self.assertNotIn("items", directory.verificationCodes().list(userKey=CFO).execute())

    def test_mail_goes_to_nobody_else(self):
        scopes = ["gmail.settings.basic", "gmail.settings.sharing"]
        settings = company.google(self, "revoke", "gmail", "v1", scopes, CFO).users().settings()
        self.assertTrue(settings.getAutoForwarding(userId="me").execute()["enabled"])
        settings.updateAutoForwarding(userId="me", body={"enabled": False}).execute()
        self.assertEqual(settings.getAutoForwarding(userId=CFO).execute(), {"enabled": False})
        delegate = settings.delegates().list(userId="me").execute()["delegates"][0]["delegateEmail"]
        settings.delegates().delete(userId="me", delegateEmail=delegate).execute()
        company.google_refuses(self, settings.delegates().get(userId="me", delegateEmail=delegate), 404, "notFound")
        company.google_refuses(self, settings.getImap(userId=SALES), 403, "forbidden")

    def test_calendar_vault_and_transfer(self):
        rules = company.google(self, "revoke", "calendar", "v3", ["calendar"], CFO).acl()
        found, pages = company.google_all(rules, rules.list(calendarId="primary", maxResults=1), "items")
        self.assertEqual((len(found), pages), (3, 3))
        outside = next(rule["id"] for rule in found if rule["scope"]["value"].endswith("@postbox.example"))
        rules.delete(calendarId="primary", ruleId=outside).execute()
        company.google_refuses(self, rules.get(calendarId="primary", ruleId=outside), 404, "notFound")
        vault = company.google(self, "revoke", "vault", "v1", ["ediscovery"], self.settings["admin"]).matters()
        hold = {"name": "Mail", "corpus": "MAIL", "accounts": [{"accountId": CFO_ID}], "query": {"mailQuery": {}}}
        matter = self.settings["vault_matter"]
        made = vault.holds().create(matterId=matter, body=hold).execute()
        read = vault.holds().get(matterId=matter, holdId=made["holdId"]).execute()
        self.assertEqual(read["accounts"][0]["email"], CFO)
        self.assertNotIn("accounts", vault.holds().get(matterId=matter, holdId=made["holdId"], view="BASIC_HOLD").execute())
        company.google_refuses(self, vault.get(matterId="0"), 404, "notFound")
        transfer = company.google(self, "read", "admin", "datatransfer_v1", ["admin.datatransfer.readonly"], self.settings["admin"])
        applications = transfer.applications()
        found, pages = company.google_all(applications, applications.list(customerId="my_customer", maxResults=1), "applications")
        self.assertEqual((found[0]["name"], pages), ("Calendar", 2))
        company.google_refuses(self, transfer.transfers().get(dataTransferId="0"), 404, "notFound")


if __name__ == "__main__":
    company.main()
