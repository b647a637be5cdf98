#!/usr/bin/env python3
"""Fills a moto server. usage: aws.py ENDPOINT TRUTH_FILE (needs boto3)

IAM: users with keys and groups, a leaver with everything that hangs on a user, and one whom nothing hangs on. Identity Center: people,
groups, assignments of the leaver's own and through a group.
"""

import json
import sys

import boto3
from botocore.config import Config

endpoint, truth_file = sys.argv[1:3]
options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
               config=Config(retries={"max_attempts": 0}))
iam, store, sso = (boto3.client(service, **options) for service in ("iam", "identitystore", "sso-admin"))
PEOPLE, STORE_PEOPLE, MAIL, ACCOUNT = 40, 120, "real.northmoor.example", "123456789012"

document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
policy = iam.create_policy(PolicyName="shared-read", PolicyDocument=document)["Policy"]["Arn"]
for g in range(6):
    iam.create_group(GroupName=f"g{g}", Path="/teams/" if g % 2 else "/")
iam.attach_group_policy(GroupName="g0", PolicyArn=policy)
for i in range(PEOPLE):
    name = f"u{i:05d}"
    iam.create_user(UserName=name, Path=f"/dept{i % 5}/", Tags=[{"Key": "employee-number", "Value": f"N{i:04d}"}])
    iam.add_user_to_group(GroupName=f"g{i % 6}", UserName=name)
    if i % 3 == 0:
        iam.create_access_key(UserName=name)

leaver = "leaver"
iam.create_user(UserName=leaver, Tags=[{"Key": "email", "Value": f"leaver@{MAIL}"}, {"Key": "cost-center", "Value": "7"}])
active, off = (iam.create_access_key(UserName=leaver)["AccessKey"]["AccessKeyId"] for _ in range(2))
iam.update_access_key(UserName=leaver, AccessKeyId=off, Status="Inactive")
iam.create_login_profile(UserName=leaver, Password="Le4ver-pass!")
iam.put_user_policy(UserName=leaver, PolicyName="inline", PolicyDocument=document)
iam.attach_user_policy(UserName=leaver, PolicyArn=policy)
for g in range(3):
    iam.add_user_to_group(GroupName=f"g{g}", UserName=leaver)
ssh = iam.upload_ssh_public_key(UserName=leaver, SSHPublicKeyBody="ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDd0 leaver")["SSHPublicKey"]["SSHPublicKeyId"]
factor = iam.create_virtual_mfa_device(VirtualMFADeviceName="leaver-phone")["VirtualMFADevice"]["SerialNumber"]
iam.enable_mfa_device(UserName=leaver, SerialNumber=factor, AuthenticationCode1="123456", AuthenticationCode2="654321")
arn = iam.get_user(UserName=leaver)["User"]["Arn"]
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}]}
iam.create_role(RoleName="trusts-leaver", AssumeRolePolicyDocument=json.dumps(trust))
trust["Statement"][0]["Principal"]["AWS"] = arn.replace("leaver", "leavers-deputy")
iam.create_role(RoleName="trusts-another", AssumeRolePolicyDocument=json.dumps(trust))

# One more, for the trap that a user is not deleted as long as anything hangs on them.
iam.create_user(UserName="second", Tags=[{"Key": "email", "Value": f"second@{MAIL}"}])
iam.create_access_key(UserName="second")

instance = sso.list_instances()["Instances"][0]
store_id, instance_arn = instance["IdentityStoreId"], instance["InstanceArn"]


def person(login, given, family):
    return store.create_user(IdentityStoreId=store_id, UserName=login, DisplayName=f"{given} {family}", Name={"GivenName": given, "FamilyName": family},
                             Emails=[{"Value": login, "Type": "work", "Primary": True}])["UserId"]


people = [person(f"p{i:04d}@{MAIL}", f"Given {i}", f"Family {i}") for i in range(STORE_PEOPLE)]
user = person(f"leaver@{MAIL}", "Rui", "Tamm")
groups = [store.create_group(IdentityStoreId=store_id, DisplayName=f"team {g}")["GroupId"] for g in range(6)]
for i, member in enumerate(people):
    store.create_group_membership(IdentityStoreId=store_id, GroupId=groups[i % 6], MemberId={"UserId": member})
for group in groups[:3]:
    store.create_group_membership(IdentityStoreId=store_id, GroupId=group, MemberId={"UserId": user})
administrator, reader = (sso.create_permission_set(InstanceArn=instance_arn, Name=name)["PermissionSet"]["PermissionSetArn"]
                         for name in ("AdministratorAccess", "ReadOnly"))


def assign(permission_set, kind, principal):
    sso.create_account_assignment(InstanceArn=instance_arn, TargetId=ACCOUNT, TargetType="AWS_ACCOUNT", PermissionSetArn=permission_set,
                                  PrincipalType=kind, PrincipalId=principal)


assign(administrator, "USER", user)
assign(reader, "USER", user)
assign(reader, "USER", people[0])
assign(administrator, "GROUP", groups[0])

json.dump({"account": ACCOUNT, "users": PEOPLE + 2, "store_users": STORE_PEOPLE + 1, "groups": len(groups), "store": store_id, "instance": instance_arn,
           "leaver": {"name": leaver, "active_key": active, "inactive_key": off, "ssh_key": ssh, "mfa": factor, "groups": ["g0", "g1", "g2"],
                      "policy": policy, "store_user": user, "other": people[0], "trusted_by": "trusts-leaver"}},
          open(truth_file, "w"), indent=1)
