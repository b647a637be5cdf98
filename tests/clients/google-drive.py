"""Google Drive in the tenant of the company that was bought, held to google-api-python-client and google-auth."""
# needs: google-api-python-client==2.202.0 google-auth==2.62.2 requests

import requests
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials

import company

CFO = "rafael.okonjo@heron.example"
CTO = "seun.graf@heron.example"
OUTSIDE = "rafael.okonjo@postbox.example"
OWN = "'me' in owners and trashed = false"
ALL = {"supportsAllDrives": True}


class GoogleDrive(company.Case):
    system = "google-drive"

    def drive(self, purpose="read", subject=CFO):
        return company.google(self, purpose, "drive", "v3", ["drive.readonly" if purpose == "read" else "drive"], subject)

    def own(self, drive, name):
        return next(file for file in drive.files().list(q=OWN).execute()["files"] if file["name"] == name)["id"]

    def test_reads_files_and_drives_to_the_end_by_small_pages(self):
        files = self.drive().files()
        more = {"includeItemsFromAllDrives": True, **ALL}
        small, pages = company.google_all(files, files.list(pageSize=1, **more), "files")
        whole, _ = company.google_all(files, files.list(pageSize=1000, **more), "files")
        self.assertEqual([file["id"] for file in small], [file["id"] for file in whole])
        self.assertEqual(pages, len(whole))
        own, _ = company.google_all(files, files.list(q=OWN, corpora="user"), "files")
        self.assertEqual({file["name"] for file in own}, {"Heron earn-out model.xlsx", "Heron cash plan.gsheet"})
        drives = self.drive(subject=self.settings["admin"]).drives()
        self.assertEqual(len(company.google_all(drives, drives.list(pageSize=1, useDomainAdminAccess=True), "drives")[0]), 2)
        company.google_refuses(self, self.drive().drives().list(useDomainAdminAccess=True), 403, "forbidden")

    def test_one_and_a_missing_one(self):
        drive = self.drive()
        id = self.own(drive, "Heron earn-out model.xlsx")
        self.assertEqual(set(drive.files().get(fileId=id).execute()), {"kind", "id", "name", "mimeType"})
        fields = "owners/emailAddress,permissions(type,role)"
        file = drive.files().get(fileId=id, fields=fields).execute()
        self.assertEqual(file["owners"], [{"emailAddress": CFO}])
        self.assertIn({"type": "anyone", "role": "writer"}, file["permissions"])
        company.google_refuses(self, drive.files().get(fileId="0"), 404, "notFound")
        for wrong in ["salary", "owners/salary", "owners("]:
            company.google_refuses(self, drive.files().get(fileId=id, fields=wrong), 400, "invalidParameter", "fields")
        self.assertEqual(drive.about().get(fields="user/emailAddress").execute(), {"user": {"emailAddress": CFO}})
        company.google_refuses(self, drive.about().get(), 400, "required", "fields")

    def test_what_lies_in_a_shared_drive_is_shown_to_who_supports_those(self):
        drive = self.drive()
        files = drive.files().list(includeItemsFromAllDrives=True, fields="files(id,name,driveId)", **ALL).execute()["files"]
        shared = next(file for file in files if file["name"] == "Purchase agreement.pdf")
        self.assertEqual(drive.files().get(fileId=shared["id"], **ALL).execute()["name"], "Purchase agreement.pdf")
        company.google_refuses(self, drive.files().get(fileId=shared["id"]), 404, "notFound")
        company.google_refuses(self, drive.permissions().list(fileId=shared["driveId"]), 404, "notFound")
        permissions = drive.permissions()
        found, pages = company.google_all(permissions, permissions.list(fileId=shared["driveId"], pageSize=1, **ALL), "permissions")
        self.assertEqual((len(found), pages), (3, 3))
        company.google_refuses(self, drive.files().list(includeItemsFromAllDrives=True), 403, "teamDrivesNotSupported")

    def test_page_tokens_sizes_and_queries(self):
        drive = self.drive()
        token = drive.files().list(pageSize=1).execute()["nextPageToken"]
        company.google_refuses(self, drive.files().list(pageToken="5"), 400, "invalid", "pageToken")
        company.google_refuses(self, drive.drives().list(pageToken=token), 400, "invalid", "pageToken")
        for size in [0, 1001]:
            company.google_refuses(self, drive.files().list(pageSize=size), 400, "invalidParameter", "pageSize")
        company.google_refuses(self, drive.files().list(q="size > 5 and"), 400, "invalid", "q")
        changes = drive.changes()
        mark = changes.getStartPageToken().execute()["startPageToken"]
        self.assertEqual(changes.list(pageToken=mark).execute()["newStartPageToken"], mark)
        company.google_refuses(self, changes.list(pageToken="99999"), 400, "invalid", "pageToken")
        with self.assertRaises(TypeError):
            drive.files().list(pageSizes=5)

    def test_a_bad_token_and_a_bad_account(self):
        with self.assertRaises(RefreshError):
            company.google_with(self, Credentials("nobody"), "drive", "v3").files().list().execute()
        reply = requests.get(f"{self.url}/drive/v3/files", headers={"Authorization": "Bearer nobody"})
        self.assertEqual((reply.status_code, reply.json()["error"]["errors"][0]["reason"]), (401, "authError"))
        with self.assertRaises(RefreshError):
            self.drive(subject="rafael.okonjo@northmoor.example").files().list().execute()

    def test_a_share_is_taken_away_and_read_again(self):
        drive = self.drive("revoke")
        id = self.own(drive, "Heron earn-out model.xlsx")
        permissions = drive.permissions()
        found = permissions.list(fileId=id, fields="permissions(id,emailAddress)").execute()["permissions"]
        outside = next(one["id"] for one in found if one.get("emailAddress") == OUTSIDE)
        company.google_refuses(self, self.drive().permissions().delete(fileId=id, permissionId=outside), 403, "insufficientPermissions")
        permissions.delete(fileId=id, permissionId=outside).execute()
        company.google_refuses(self, permissions.get(fileId=id, permissionId=outside), 404, "notFound")
        given = permissions.create(fileId=id, sendNotificationEmail=False,
                                   body={"type": "user", "role": "reader", "emailAddress": OUTSIDE}).execute()
        self.assertEqual(permissions.get(fileId=id, permissionId=given["id"]).execute()["role"], "reader")

    def test_copies_are_blocked(self):
        files = self.drive("revoke").files()
        id = self.own(self.drive(), "Heron cash plan.gsheet")
        fields = "copyRequiresWriterPermission"
        self.assertEqual(files.get(fileId=id, fields=fields).execute(), {fields: False})
        self.assertEqual(files.update(fileId=id, body={fields: True}, fields=fields).execute(), {fields: True})
        self.assertEqual(files.get(fileId=id, fields=fields).execute(), {fields: True})
        company.google_refuses(self, files.update(fileId=id, body={"owner": CTO}), 400, "invalid")


if __name__ == "__main__":
    company.main()
