#!/usr/bin/env python3
"""Prints what moto still has of the leaver, asked by Amazon's own client. usage: aws_left.py ENDPOINT TRUTH_FILE IAM_USER"""

import json
import sys

import boto3

endpoint, truth, name = sys.argv[1], json.load(open(sys.argv[2])), sys.argv[3]
iam, store, sso = (boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
                   for service in ("iam", "identitystore", "sso-admin"))


def there(call):
    try:
        return call()
    except iam.exceptions.NoSuchEntityException:
        return None


user = truth["leaver"]["store_user"]
principals = {"assignments": user, "assignments_of_another": truth["leaver"]["other"]}
print(json.dumps({
    "user": there(lambda: iam.get_user(UserName=name)) is not None,
    "denied": there(lambda: iam.get_user_policy(UserName=name, PolicyName="exeunt-deny-all")["PolicyDocument"]["Statement"][0]["Effect"] == "Deny") is True,
    "active_keys": [k["AccessKeyId"] for k in (there(lambda: iam.list_access_keys(UserName=name)["AccessKeyMetadata"]) or []) if k["Status"] == "Active"],
    "active_ssh_keys": [k["SSHPublicKeyId"] for k in (there(lambda: iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]) or []) if k["Status"] == "Active"],
    "password": there(lambda: iam.get_login_profile(UserName=name)) is not None,
    "memberships": len(store.list_group_memberships_for_member(IdentityStoreId=truth["store"], MemberId={"UserId": user})["GroupMemberships"]),
    **{what: len(sso.list_account_assignments_for_principal(InstanceArn=truth["instance"], PrincipalId=who, PrincipalType="USER")["AccountAssignments"])
       for what, who in principals.items()},
}))
