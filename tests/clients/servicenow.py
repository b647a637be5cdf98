"""ServiceNow, held to pysnc."""
# needs: pysnc==1.2.1 requests

import requests
from pysnc import ServiceNowClient
from pysnc.exceptions import AuthenticationException, RequestException, RoleException

import company

HOST = "northmoor.service-now.com"


class ServiceNow(company.Case):
    system = "servicenow"

    def client(self, purpose):
        return self.with_password(self.settings[f"{purpose}_user"], self.secret(purpose))

    def with_password(self, user, password):
        # The library takes https alone.
        client = ServiceNowClient(f"https://{HOST}", (user, password), auto_retry=False)
        company.lead(client.session, HOST, self.url)
        return client

    def numbers(self, record):
        return [str(one.employee_number) for one in record]

    def users(self, size=100):
        return self.client("read").GlideRecord("sys_user", batch_size=size)

    def test_reads_lists_to_the_end_by_small_pages(self):
        small, large = self.users(size=4), self.users(size=1000)
        for record in (small, large):
            record.order_by("sys_id")
            record.query()
        found = [str(one.sys_id) for one in small]
        self.assertEqual(found, [str(one.sys_id) for one in large])
        self.assertEqual(len(found), small.get_row_count())
        self.assertGreater(len(found), 20)

    def test_one_and_a_missing_one(self):
        record = self.users()
        self.assertTrue(record.get("user_name", "exeunt.read"))
        self.assertTrue(self.users().get(str(record.sys_id)))
        self.assertFalse(self.users().get("0" * 32))

    def test_queries_have_effect(self):
        record = self.users()
        record.add_query("employee_number", "E1001").add_or_condition("employee_number", "E1002")
        record.add_active_query()
        record.order_by_desc("employee_number")
        record.query()
        self.assertEqual(self.numbers(record), ["E1002", "E1001"])
        for operator, value, expected in [
            ("IN", "E1003,E1004", ["E1003", "E1004"]),
            ("STARTSWITH", "E300", ["E3001", "E3002", "E3003"]),
            ("ENDSWITH", "1011", []),
            ("LIKE", "011", ["E2011"]),
            (">=", "E3003", ["E3003"]),
        ]:
            record = self.users()
            record.add_query("employee_number", operator, value)
            record.order_by("employee_number")
            record.query()
            self.assertEqual(self.numbers(record), expected, operator)
        record = self.users()
        record.add_null_query("employee_number")
        record.query()
        self.assertEqual(len(self.numbers(record)), 3)

    def test_display_values_and_references(self):
        record = self.client("read").GlideRecord("sys_user_has_role")
        record.add_query("role.name", "admin")
        record.query()
        self.assertTrue(record.next())
        self.assertEqual(record.get_display_value("role"), "admin")
        self.assertEqual(len(record.get_value("role")), 32)

    def test_what_there_is_not(self):
        record = self.users()
        record.add_query("shoe_size", "9")
        with self.assertRaises(RequestException):
            record.query()
        record = self.users()
        record.fields = ["sys_id", "shoe_size"]
        with self.assertRaises(RequestException):
            record.query()
        user = (self.settings["read_user"], self.secret("read"))
        for query in ["sysparm_limit=none", "sysparm_offset=-1", "sysparm_display_value=yes", "shoe_size=9", "sysparm_query=active"]:
            reply = requests.get(f"{self.url}/api/now/table/sys_user?{query}", auth=user)
            self.assertEqual(reply.status_code, 400, query)

    def test_a_bad_password(self):
        record = self.with_password("exeunt.read", "guessed").GlideRecord("sys_user")
        with self.assertRaises(AuthenticationException):
            record.query()

    def test_a_write_is_read_again(self):
        record = self.client("revoke").GlideRecord("sys_user")
        self.assertTrue(record.get("employee_number", "E1006"))
        record.active = "false"
        self.assertTrue(record.update())
        again = self.users()
        self.assertTrue(again.get(str(record.sys_id)))
        self.assertEqual(again.get_value("active"), "false")
        with self.assertRaises(RoleException):
            again.active = "true"
            again.update()

    def test_a_task_is_made_and_has_a_file(self):
        task = self.client("tell").GlideRecord("sc_task")
        task.initialize()
        task.short_description = "Collect the fob"
        made = task.insert()
        again = self.client("tell").GlideRecord("sc_task")
        self.assertTrue(again.get(str(made)))
        self.assertEqual(again.get_value("short_description"), "Collect the fob")
        own = again.add_attachment("receipt.txt", b"signed")
        kept = requests.get(own.replace(f"http://{HOST}", self.url), auth=(self.settings["tell_user"], self.secret("tell")))
        self.assertEqual(kept.json()["result"]["file_name"], "receipt.txt")
        files = [(str(file.file_name), file.read()) for file in again.get_attachments()]
        self.assertEqual(files, [("receipt.txt", b"signed")])


if __name__ == "__main__":
    company.main()
