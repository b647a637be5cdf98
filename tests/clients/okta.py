"""Okta, held to its own library."""
# needs: okta==3.4.6

import asyncio
import os
import pathlib
import re
import sys
from urllib.parse import unquote

import company

# This file has the library's own name.
sys.path = [folder for folder in sys.path if folder != str(pathlib.Path(__file__).resolve().parent)]

os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"

from okta.client import Client  # noqa: E402

CFO = "00uE1002000000000000"
CRO = "00uE1006000000000000"


class Okta(company.Case):
    system = "okta"

    def ask(self, purpose, work):
        """What `work` gives, for a client with the credential for this purpose (or this token)."""
        token = self.secret(purpose) if purpose in ("read", "revoke") else purpose

        async def run():
            async with Client({"orgUrl": self.url, "token": token}) as client:
                return await work(client)

        return asyncio.run(run())

    def all(self, list_page, **more):
        """All records of a list, page by page, the way the links lead."""

        async def run(client):
            found, after = [], None
            while True:
                page, reply, error = await getattr(client, list_page)(after=after, **more)
                if error:
                    raise AssertionError(error)
                found += page
                links = str(reply.headers.getall("link", []) if hasattr(reply.headers, "getall") else reply.headers)
                following = re.search(r"[?&]after=([^&>]+)[^>]*>; rel=\"next\"", links)
                if not following:
                    return found
                after = unquote(following.group(1))

        return self.ask("read", run)

    def error(self, purpose, call, *args, **more):
        """The status and the code of the error that a call must end with."""

        async def run(client):
            return await getattr(client, call)(*args, **more)

        error = self.ask(purpose, run)[-1]
        self.assertIsNotNone(error, (call, args, more))
        return error.status, error.error_code

    def test_reads_lists_to_the_end_by_small_pages(self):
        few = [user.id for user in self.all("list_users", limit=60)]
        many = [user.id for user in self.all("list_users", limit=200)]
        self.assertEqual(few, many)
        self.assertEqual(len(few), len(set(few)))
        self.assertGreater(len(few), 400)
        groups = [group.id for group in self.all("list_groups", limit=5)]
        self.assertEqual(groups, [group.id for group in self.all("list_groups", limit=100)])

    def test_one_and_a_missing_one(self):
        async def one(client):
            return await client.get_user(CFO)

        self.assertEqual(self.ask("read", one)[0].profile.last_name, "Okonjo")
        self.assertEqual(self.error("read", "get_user", "00u0"), (404, "E0000007"))

    def test_a_bad_token(self):
        self.assertEqual(self.error("nobody", "get_user", CFO), (401, "E0000011"))

    def test_searches_filters_and_sorts(self):
        both = '(profile.employeeNumber eq "E1002" or profile.employeeNumber eq "E1003") and status pr'
        names = lambda **more: [user.profile.last_name for user in self.all("list_users", **more)]
        self.assertEqual(names(search=both, sort_by="profile.lastName"), ["Okonjo", "Tavares"])
        self.assertEqual(names(search=both, sort_by="profile.lastName", sort_order="desc"), ["Tavares", "Okonjo"])
        self.assertEqual(names(filter='profile.lastName eq "Okonjo"'), ["Okonjo"])
        self.assertEqual(names(q="okonj"), ["Okonjo"])

    def test_what_nobody_knows_is_refused(self):
        for more, code in [
            ({"search": 'profile.shoeSize eq "42"'}, "E0000031"),
            ({"search": "(status pr"}, "E0000031"),
            ({"after": CFO}, "E0000001"),
            ({"limit": 201}, "E0000001"),
            ({"fields": "shoeSize"}, "E0000031"),
        ]:
            self.assertEqual(self.error("read", "list_users", **more), (400, code), more)

    def test_a_reading_token_writes_nothing(self):
        self.assertEqual(self.error("read", "suspend_user", CRO), (403, "E0000006"))

    def test_a_write_is_read_again(self):
        async def suspend(client):
            _, _, error = await client.suspend_user(CRO)
            user, _, _ = await client.get_user(CRO)
            return error, user.status

        error, status = self.ask("revoke", suspend)
        self.assertIsNone(error)
        self.assertIn("SUSPENDED", str(status))


if __name__ == "__main__":
    company.main()
