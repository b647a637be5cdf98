"""GitHub, held to githubkit."""
# needs: githubkit==0.16.1 hishel[async,httpx]==1.3.0

from githubkit import GitHub
from githubkit.exception import RequestFailed

import company


class Github(company.Case):
    system = "github"

    def client(self, purpose):
        token = self.secret(purpose) if purpose in ("read", "revoke") else purpose
        # Its parts hold it weakly.
        self.held = [*getattr(self, "held", []), GitHub(token, base_url=self.url, http_cache=False, auto_retry=False)]
        return self.held[-1]

    def status(self, call, *args, **more):
        """The status of the refusal that a call must end with."""
        with self.assertRaises(RequestFailed) as raised:
            call(*args, **more)
        return raised.exception.response.status_code

    def test_reads_lists_to_the_end_by_small_pages(self):
        github = self.client("read").rest
        few = [member.login for member in github.paginate(github.orgs.list_members, org="northmoor", per_page=7)]
        many = [member.login for member in github.paginate(github.orgs.list_members, org="northmoor", per_page=100)]
        self.assertEqual(few, many)
        self.assertGreater(len(few), 60)
        names = [one.name for one in github.paginate(github.repos.list_for_org, org="northmoor", per_page=3)]
        self.assertEqual(sorted(names), sorted(set(names)))

    def test_one_and_a_missing_one(self):
        github = self.client("read").rest
        self.assertEqual(github.users.get_by_username("mtavares").parsed_data.login, "mtavares")
        self.assertEqual(self.status(github.users.get_by_username, "nobody-at-all"), 404)
        self.assertEqual(self.status(github.orgs.list_members, "elsewhere"), 404)

    def test_a_bad_token(self):
        self.assertEqual(self.status(self.client("nobody").rest.orgs.list_members, "northmoor"), 401)

    def test_rights_are_what_teams_and_grants_say(self):
        github = self.client("read").rest
        repositories = github.teams.list_repos_in_org("northmoor", "releases").parsed_data
        self.assertEqual({one.role_name for one in repositories}, {"maintain"})
        direct = github.repos.list_collaborators("northmoor", "ledger-exports", affiliation="direct").parsed_data
        self.assertEqual([(one.login, one.role_name) for one in direct], [("rokonjo-finance", "admin")])
        outside = github.repos.list_collaborators("northmoor", "calibration", affiliation="outside").parsed_data
        self.assertEqual([one.login for one in outside], ["lumen-drivers"])

    def test_webhooks_and_installations(self):
        github = self.client("read").rest
        self.assertEqual(github.orgs.list_app_installations("northmoor").parsed_data.total_count, 2)
        self.assertEqual(len(github.orgs.list_webhooks("northmoor").parsed_data), 2)
        self.assertEqual(len(github.repos.list_webhooks("northmoor", "website").parsed_data), 1)

    def test_what_nobody_knows_is_refused(self):
        client = self.client("read")
        for query in [{"role": "owner"}, {"per_page": 0}, {"per_page": "all"}, {"page": 0}, {"sorted": "name"}]:
            self.assertEqual(self.status(client.request, "GET", "/orgs/northmoor/members", params=query), 422, query)

    def test_a_write_is_read_again(self):
        self.assertEqual(self.status(self.client("read").rest.orgs.remove_membership_for_user, "northmoor", "mtavares"), 403)
        github = self.client("revoke").rest
        github.orgs.remove_membership_for_user("northmoor", "mtavares")
        self.assertEqual(self.status(github.orgs.get_membership_for_user, "northmoor", "mtavares"), 404)


if __name__ == "__main__":
    company.main()
