"""AWS IAM Identity Center, held to boto3: the identity store, and the assignments."""
# needs: boto3==1.44.8

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import company

READ, REVOKE = "read-aws-identity-center", "revoke-aws-identity-center"


class AwsIdentityCenter(company.Case):
    system = "aws-identity-center"

    def client(self, service, key=READ, region="eu-west-1"):
        return boto3.client(
            service, endpoint_url=self.url, region_name=region, aws_access_key_id=key, aws_secret_access_key=key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def refused(self, code, call, **parameters):
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        self.assertEqual(raised.exception.response["Error"]["Code"], code)

    @property
    def store(self):
        return {"IdentityStoreId": self.settings["store"]}

    @property
    def instance(self):
        return {"InstanceArn": self.settings["instance"]}

    def users(self, size):
        pages = self.client("identitystore").get_paginator("list_users").paginate(**self.store, PaginationConfig={"PageSize": size})
        return [user["UserId"] for page in pages for user in page["Users"]]

    def user(self, name):
        filters = [{"AttributePath": "UserName", "AttributeValue": name}]
        [user] = self.client("identitystore").list_users(**self.store, Filters=filters)["Users"]
        return user

    def test_a_list_to_its_end_by_small_pages(self):
        small = self.users(9)
        self.assertEqual(small, self.users(100))
        self.assertGreater(len(small), 100)
        self.assertEqual(len(small), len(set(small)))

    def test_one_and_a_missing_one(self):
        client = self.client("identitystore")
        user = self.user("rafaelokonjo")
        self.assertEqual(client.describe_user(**self.store, UserId=user["UserId"])["UserName"], "rafaelokonjo")
        self.assertNotIn("Extensions", user)
        self.refused("ResourceNotFoundException", client.describe_user, **self.store, UserId="9367a1b2c3-00000000-0000-4000-8000-000000000000")

    def test_filters_and_tokens(self):
        client = self.client("identitystore")
        groups = client.list_groups(**self.store)["Groups"]
        filters = [{"AttributePath": "DisplayName", "AttributeValue": groups[0]["DisplayName"]}]
        self.assertEqual(client.list_groups(**self.store, Filters=filters)["Groups"], groups[:1])
        for parameters in [
            {"NextToken": "after100"},
            {"Filters": [{"AttributePath": "Nickname", "AttributeValue": "x"}]},
            {"NextToken": self.client("identitystore").list_users(**self.store, MaxResults=1)["NextToken"]},
        ]:
            self.refused("ValidationException", client.list_groups, **self.store, **parameters)
        self.refused("ValidationException", self.client("sso-admin").list_permission_sets, **self.instance, NextToken="after1")

    def test_who_may(self):
        self.refused("UnrecognizedClientException", self.client("identitystore", key="AKIANOBODY").list_users, **self.store)
        for service, list_all, more in [("identitystore", "list_users", self.store), ("sso-admin", "list_permission_sets", self.instance)]:
            client = self.client(service, region="us-east-1")
            self.refused("InvalidSignatureException", getattr(client, list_all), **more)
        user = self.user("rafaelokonjo")["UserId"]
        self.refused("AccessDeniedException", self.client("identitystore").delete_user, **self.store, UserId=user)

    def test_assignments_of_one_account(self):
        client, user = self.client("sso-admin"), self.user("rafaelokonjo")["UserId"]
        principal = {**self.instance, "PrincipalId": user, "PrincipalType": "USER"}
        pages = client.get_paginator("list_account_assignments_for_principal").paginate(**principal, PaginationConfig={"PageSize": 1})
        small = [one for page in pages for one in page["AccountAssignments"]]
        self.assertEqual(small, client.list_account_assignments_for_principal(**principal)["AccountAssignments"])
        account = small[0]["AccountId"]
        own = client.list_account_assignments_for_principal(**principal, Filter={"AccountId": account})["AccountAssignments"]
        self.assertEqual(own, [one for one in small if one["AccountId"] == account])

    def test_a_write_is_read_again(self):
        reads, user = self.client("identitystore"), self.user("rafaelokonjo")["UserId"]
        member = {**self.store, "MemberId": {"UserId": user}}
        [first, *rest] = reads.list_group_memberships_for_member(**member)["GroupMemberships"]
        self.client("identitystore", key=REVOKE).delete_group_membership(**self.store, MembershipId=first["MembershipId"])
        after = reads.list_group_memberships_for_member(**member)["GroupMemberships"]
        self.assertEqual([one["MembershipId"] for one in after], [one["MembershipId"] for one in rest])
        self.refused("ResourceNotFoundException", reads.describe_group_membership, **self.store, MembershipId=first["MembershipId"])


if __name__ == "__main__":
    company.main()
