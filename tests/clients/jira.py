"""Jira, held to jira (pycontribs)."""
# needs: jira==3.10.5 requests

import sys
import time

# This file has the library's name.
here = sys.path.pop(0)
sys.modules.pop("jira", None)
from jira import JIRA, JIRAError  # noqa: E402

sys.path.insert(0, here)
import company  # noqa: E402
import requests  # noqa: E402


class Jira(company.Case):
    system = "jira"

    def client(self, token):
        options = {"rest_api_version": "3"}
        return JIRA(self.url, options=options, basic_auth=(self.settings["user"], token), max_retries=0)

    def ours(self):
        return self.client(self.secret("tell"))

    @staticmethod
    def fields(label):
        text = {"type": "paragraph", "content": [{"type": "text", "text": "At the desk"}]}
        return {
            "project": {"key": "OFF"},
            "issuetype": {"name": "Task"},
            "summary": f"Collect the fob of {label}",
            "labels": [label],
            "description": {"type": "doc", "version": 1, "content": [text]},
        }

    def test_searches_to_the_end_by_small_pages(self):
        client = self.ours()
        made = [client.create_issue(fields=self.fields(f"page-{number}")).key for number in range(7)]
        time.sleep(1)
        labels = ", ".join(f"page-{number}" for number in range(7))
        jql = f"project = OFF AND labels in ({labels}) ORDER BY created ASC, key ASC"
        found, token = [], None
        while True:
            page = client.enhanced_search_issues(jql, maxResults=2, nextPageToken=token)
            found += [issue.key for issue in page]
            token = page.nextPageToken
            if not token:
                break
        self.assertEqual(found, made)
        self.assertEqual(found, [issue.key for issue in client.enhanced_search_issues(jql, maxResults=0)])

    def test_the_language_has_effect(self):
        client = self.ours()
        one, other = (client.create_issue(fields=self.fields(label)) for label in ("lang-a", "lang-b"))
        time.sleep(1)
        for jql, expected in [
            ("labels = lang-a OR labels = lang-b ORDER BY key DESC", [other.key, one.key]),
            ("labels in (lang-a, lang-b) AND NOT labels = lang-a", [other.key]),
            ('summary ~ "lang-a" AND (status = "To Do" OR status = Done)', [one.key]),
            ("labels = lang-a AND assignee is not EMPTY", []),
        ]:
            self.assertEqual([issue.key for issue in client.enhanced_search_issues(jql)], expected, jql)
        for jql in ["shoe = 9", "labels lang-a", "project = NONE", "ORDER BY key"]:
            with self.assertRaises(JIRAError) as raised:
                client.enhanced_search_issues(jql)
            self.assertEqual(raised.exception.status_code, 400, jql)

    def test_one_and_a_missing_one(self):
        client = self.ours()
        made = client.create_issue(fields=self.fields("one"))
        issue = client.issue(made.key, fields="summary,labels")
        self.assertEqual((issue.fields.labels, hasattr(issue.fields, "status")), (["one"], False))
        with self.assertRaises(JIRAError) as raised:
            client.issue("OFF-999")
        self.assertEqual(raised.exception.status_code, 404)

    def test_a_parameter_or_page_token_that_nobody_knows(self):
        user = (self.settings["user"], self.secret("tell"))
        for query in ["nextPageToken=2", "startAt=2", "fields=shoe", "maxResults=many"]:
            reply = requests.get(f"{self.url}/rest/api/3/search/jql?jql=project%3DOFF&{query}", auth=user)
            self.assertEqual(reply.status_code, 400, query)

    def test_a_bad_token(self):
        with self.assertRaises(JIRAError) as raised:
            self.client("nobody").myself()
        self.assertEqual(raised.exception.status_code, 401)

    def test_a_write_is_read_again(self):
        client = self.ours()
        issue = client.create_issue(fields=self.fields("done"))
        client.transition_issue(issue, "Done")
        self.assertEqual(client.issue(issue.key).fields.status.name, "Done")


if __name__ == "__main__":
    company.main()
