"""AWS IAM, held to boto3."""
# needs: boto3==1.44.8

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import company

DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})


class AwsIam(company.Case):
    system = "aws-iam"

    def client(self, key, secret=None, region="us-east-1"):
        return boto3.client(
            "iam", endpoint_url=self.url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret or key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def refused(self, code, call, **parameters):
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        self.assertEqual(raised.exception.response["Error"]["Code"], code)

    def users(self, size):
        pages = self.client("read-aws-iam").get_paginator("list_users").paginate(PaginationConfig={"PageSize": size})
        return [user["UserName"] for page in pages for user in page["Users"]]

    def test_a_list_to_its_end_by_small_pages(self):
        small = self.users(7)
        self.assertEqual(small, self.users(1000))
        self.assertGreater(len(small), 14)
        self.assertEqual(len(small), len(set(small)))

    def test_one_and_a_missing_one(self):
        client = self.client("read-aws-iam")
        user = client.get_user(UserName="rafael.okonjo")["User"]
        self.assertIn({"Key": "employee-number", "Value": "E1002"}, user["Tags"])
        self.assertEqual(client.get_user()["User"]["UserName"], "exeunt-read")
        self.refused("NoSuchEntity", client.get_user, UserName="nobody")

    def test_markers_page_sizes_and_prefixes(self):
        client = self.client("read-aws-iam")
        marker = client.list_users(MaxItems=1)["Marker"]
        self.assertEqual(client.list_users(MaxItems=1, Marker=marker)["Users"][0]["UserName"], self.users(1000)[1])
        for parameters in [{"Marker": "after1"}, {"Marker": "bm9uZQ"}]:
            self.refused("ValidationError", client.list_users, **parameters)
        self.refused("ValidationError", client.list_roles, Marker=marker)
        self.assertEqual(client.list_users(PathPrefix="/people/")["Users"], [])
        policies = client.list_attached_user_policies(UserName="rafael.okonjo", PathPrefix="/job-function/")["AttachedPolicies"]
        self.assertEqual([policy["PolicyName"] for policy in policies], ["ViewOnlyAccess"])
        self.assertEqual(client.list_attached_user_policies(UserName="rafael.okonjo", PathPrefix="/other/")["AttachedPolicies"], [])

    def test_who_may(self):
        self.refused("InvalidClientTokenId", self.client("AKIANOBODY").list_users)
        self.refused("SignatureDoesNotMatch", self.client("read-aws-iam", secret="wrong").list_users)
        self.refused("SignatureDoesNotMatch", self.client("read-aws-iam", region="eu-west-1").list_users)
        self.refused("AccessDenied", self.client("read-aws-iam").delete_login_profile, UserName="rafael.okonjo")

    def test_a_write_is_read_again(self):
        reads, revokes = self.client("read-aws-iam"), self.client("revoke-aws-iam")
        revokes.put_user_policy(UserName="rafael.okonjo", PolicyName="deny", PolicyDocument=DENY)
        # boto3 decodes the document.
        policy = reads.get_user_policy(UserName="rafael.okonjo", PolicyName="deny")
        self.assertEqual(policy["PolicyDocument"]["Statement"][0]["Effect"], "Deny")
        self.refused("MalformedPolicyDocument", revokes.put_user_policy, UserName="rafael.okonjo", PolicyName="x", PolicyDocument="no")
        self.refused("DeleteConflict", revokes.delete_user, UserName="rafael.okonjo")


if __name__ == "__main__":
    company.main()
