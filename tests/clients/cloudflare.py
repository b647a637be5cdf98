"""Cloudflare, held to the vendor's own library: the account and Zero Trust."""
# needs: cloudflare==5.9.0

import sys

# The library has the name of this file, and goes before it.
sys.path.append(sys.path.pop(0))

import cloudflare

import company

ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"


class Account(company.Case):
    system = "cloudflare"

    def client(self, token):
        return cloudflare.Cloudflare(api_token=token, base_url=f"{self.url}/client/v4", max_retries=0)

    def test_small_pages_lead_to_the_end(self):
        members = self.client(self.secret("read")).accounts.members
        small = [member.id for member in members.list(account_id=ACCOUNT, per_page=5)]
        self.assertEqual(small, [member.id for member in members.list(account_id=ACCOUNT, per_page=50)])
        self.assertGreater(len(small), 5)

    def test_sorts_and_filters(self):
        members = self.client(self.secret("read")).accounts.members
        emails = [member.user.email for member in members.list(account_id=ACCOUNT, order="user.email", direction="desc")]
        self.assertEqual(emails, sorted(emails, reverse=True))
        self.assertEqual({member.status for member in members.list(account_id=ACCOUNT, status="pending")}, {"pending"})

    def test_one_and_a_missing_one(self):
        members = self.client(self.secret("read")).accounts.members
        first = next(iter(members.list(account_id=ACCOUNT)))
        self.assertEqual(members.get(first.id, account_id=ACCOUNT).user.email, first.user.email)
        with self.assertRaises(cloudflare.NotFoundError):
            members.get("0" * 32, account_id=ACCOUNT)

    def test_a_bad_token_and_one_that_only_reads(self):
        with self.assertRaises(cloudflare.AuthenticationError):
            self.client("nobody").user.get()
        client = self.client(self.secret("read"))
        token = next(iter(client.accounts.tokens.list(account_id=ACCOUNT)))
        with self.assertRaises(cloudflare.PermissionDeniedError):
            client.accounts.tokens.delete(token.id, account_id=ACCOUNT)

    def test_what_nobody_knows_is_refused(self):
        members = self.client(self.secret("read")).accounts.members
        for query in [{"per_page": "4"}, {"per_page": "51"}, {"page": "first"}, {"order": "age"}, {"email": "x"}]:
            with self.assertRaises(cloudflare.BadRequestError, msg=query):
                members.list(account_id=ACCOUNT, extra_query=query)

    def test_tokens_of_the_account_are_deleted(self):
        tokens = self.client(self.secret("revoke")).accounts.tokens
        all_of_them = {token.name for token in tokens.list(account_id=ACCOUNT, include_expired=True)}
        living = {token.name: token.id for token in tokens.list(account_id=ACCOUNT)}
        self.assertEqual(all_of_them - set(living), {"Old status page"})
        tokens.delete(living["Terraform"], account_id=ACCOUNT)
        with self.assertRaises(cloudflare.NotFoundError):
            tokens.get(living["Terraform"], account_id=ACCOUNT)


class ZeroTrust(company.Case):
    system = "cloudflare-zero-trust"

    def client(self, purpose):
        return cloudflare.Cloudflare(api_token=self.secret(purpose), base_url=f"{self.url}/client/v4", max_retries=0).zero_trust

    def test_small_pages_lead_to_the_end(self):
        access = self.client("read").access
        for listed in [access.users, access.groups, access.policies, access.service_tokens]:
            small = [one.id for one in listed.list(account_id=ACCOUNT, per_page=2)]
            self.assertEqual(small, [one.id for one in listed.list(account_id=ACCOUNT)])
            self.assertTrue(small)

    def test_one_person_by_address(self):
        users = list(self.client("read").access.users.list(account_id=ACCOUNT, email="rafael.okonjo@northmoor.example"))
        self.assertEqual([user.email for user in users], ["rafael.okonjo@northmoor.example"])

    def test_a_service_token_is_read_deleted_and_missed(self):
        tokens = self.client("revoke").access.service_tokens
        token = next(iter(tokens.list(account_id=ACCOUNT)))
        self.assertEqual(tokens.get(token.id, account_id=ACCOUNT).name, token.name)
        tokens.delete(token.id, account_id=ACCOUNT)
        with self.assertRaises(cloudflare.NotFoundError):
            tokens.get(token.id, account_id=ACCOUNT)


if __name__ == "__main__":
    company.main()
