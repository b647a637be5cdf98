//! What the simulated account shows.

use serde_json::{Value, json};

use super::state::{Account, Held, Role, User};
use super::{Call, Outcome, Refusal, missing, named, unknown};

/// An operation that changes nothing.
pub(super) fn read(account: &Account, action: &str, call: &Call, caller: &str) -> Outcome {
    let user = || named(account, call, caller);
    match action {
        "ListUsers" => Ok(listed("Users", account.users.iter().map(|user| shown(account, user)).collect(), call)),
        "GetUser" => {
            let user = user()?;
            let mut shown = shown(account, user);
            let tags = tags(user);
            if !tags.is_empty() {
                shown["Tags"] = tags.into();
            }
            Ok(json!({ "User": shown }))
        }
        "ListUserTags" => Ok(listed("Tags", tags(user()?), call)),
        "GetLoginProfile" => {
            let user = user()?;
            let (created, _) = user.password.as_ref().ok_or_else(|| missing("Login Profile for User", &user.name))?;
            Ok(json!({ "LoginProfile": { "UserName": user.name, "CreateDate": created, "PasswordResetRequired": false } }))
        }
        "ListAccessKeys" => {
            let user = user()?;
            let key = |key: &Held| json!({ "UserName": user.name, "AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created });
            Ok(listed("AccessKeyMetadata", user.keys.iter().map(key).collect(), call))
        }
        "GetAccessKeyLastUsed" => key_use(account, call.need("AccessKeyId")?),
        "ListMFADevices" => {
            let user = user()?;
            let device = |serial: &String| json!({ "UserName": user.name, "SerialNumber": serial, "EnableDate": account.made });
            Ok(listed("MFADevices", user.mfa.iter().map(device).collect(), call))
        }
        "ListSSHPublicKeys" => {
            let user = user()?;
            let key =
                |key: &Held| json!({ "UserName": user.name, "SSHPublicKeyId": key.id, "Status": key.status, "UploadDate": key.created });
            Ok(listed("SSHPublicKeys", user.ssh_keys.iter().map(key).collect(), call))
        }
        "GetSSHPublicKey" => {
            let (user, id) = (user()?, call.need("SSHPublicKeyId")?);
            call.need("Encoding")?;
            let key = user.ssh_keys.iter().find(|key| key.id == id).ok_or_else(|| missing("Public Key", id))?;
            Ok(json!({ "SSHPublicKey": {
                "UserName": user.name, "SSHPublicKeyId": key.id, "Fingerprint": "4f6a0c3d8e1b7752aa19c45e90d12b63ff4f6a0c3d8e1b77",
                "SSHPublicKeyBody": "ssh-rsa AAAAsimulated", "Status": key.status, "UploadDate": key.created,
            } }))
        }
        "ListServiceSpecificCredentials" => {
            let user = user()?;
            let one = |one: &Held| {
                json!({
                    "UserName": user.name, "Status": one.status, "ServiceUserName": format!("{}-at-{}", user.name, account.number),
                    "CreateDate": one.created, "ServiceSpecificCredentialId": one.id, "ServiceName": one.service,
                })
            };
            Ok(listed("ServiceSpecificCredentials", user.service_credentials.iter().map(one).collect(), call))
        }
        "ListSigningCertificates" => {
            let user = user()?;
            let one = |one: &Held| {
                json!({
                    "UserName": user.name, "CertificateId": one.id, "CertificateBody": "-----BEGIN CERTIFICATE-----",
                    "Status": one.status, "UploadDate": one.created,
                })
            };
            Ok(listed("Certificates", user.certificates.iter().map(one).collect(), call))
        }
        "ListGroupsForUser" => {
            let group = |name: &String| {
                json!({
                    "Path": "/", "GroupName": name, "GroupId": format!("AGPANM{:0>14}", super::super::planted::number_of(name)),
                    "Arn": format!("arn:aws:iam::{}:group/{name}", account.number), "CreateDate": account.made,
                })
            };
            Ok(listed("Groups", user()?.groups.iter().map(group).collect(), call))
        }
        "ListAttachedGroupPolicies" => {
            let name = call.need("GroupName")?;
            let group = account.groups.iter().find(|group| group.name == name).ok_or_else(|| missing("group", name))?;
            Ok(listed("AttachedPolicies", group.policies.iter().map(policy).collect(), call))
        }
        "ListAttachedUserPolicies" => Ok(listed("AttachedPolicies", user()?.attached.iter().map(policy).collect(), call)),
        "ListUserPolicies" => Ok(listed("PolicyNames", user()?.inline.keys().map(|name| name.as_str().into()).collect(), call)),
        "GetUserPolicy" => {
            let (user, name) = (user()?, call.need("PolicyName")?);
            let document = user.inline.get(name).ok_or_else(|| missing("user policy", name))?;
            Ok(json!({ "UserName": user.name, "PolicyName": name, "PolicyDocument": encoded(document) }))
        }
        "ListRoles" => Ok(listed("Roles", account.roles.iter().map(|one| role(account, one)).collect(), call)),
        "GetRolePolicy" => {
            let (of, name) = (call.need("RoleName")?, call.need("PolicyName")?);
            let role = account.roles.iter().find(|role| role.name == of).ok_or_else(|| missing("role", of))?;
            let document = role.inline.get(name).ok_or_else(|| missing("role policy", name))?;
            Ok(json!({ "RoleName": of, "PolicyName": name, "PolicyDocument": encoded(document) }))
        }
        _ => Err(unknown(action)),
    }
}

/// One page: 100 items unless more are asked for, never more than 1000.
fn listed(name: &str, items: Vec<Value>, call: &Call) -> Value {
    let size = call.text("MaxItems").parse().unwrap_or(100).clamp(1, 1000);
    let from = call.text("Marker").strip_prefix("after").and_then(|at| at.parse().ok()).unwrap_or(0);
    let (page, next) = super::super::vendor::page(&items, from, size);
    let mut shown = json!({ name: page, "IsTruncated": next.is_some() });
    if let Some(next) = next {
        shown["Marker"] = format!("after{next}").into();
    }
    shown
}

/// As the lists have it: tags are shown one by one only.
fn shown(account: &Account, user: &User) -> Value {
    let mut shown = json!({ "Path": "/", "UserName": user.name, "UserId": user.id, "Arn": account.arn(user), "CreateDate": account.made });
    if let Some((_, used)) = &user.password {
        shown["PasswordLastUsed"] = used.as_str().into();
    }
    shown
}

fn tags(user: &User) -> Vec<Value> {
    let Some((number, email)) = &user.person else {
        return Vec::new();
    };
    vec![json!({ "Key": "email", "Value": email }), json!({ "Key": "employee-number", "Value": number })]
}

fn key_use(account: &Account, id: &str) -> Outcome {
    let found = account.users.iter().find_map(|user| Some((user, user.keys.iter().find(|key| key.id == id)?)));
    // The vendor says the same of a key that is nobody's and of one it may not tell about.
    let (user, key) =
        found.ok_or_else(|| Refusal(403, "AccessDenied", format!("not authorized to perform: iam:GetAccessKeyLastUsed on {id}")))?;
    let last = match &key.used {
        Some(used) => json!({ "LastUsedDate": used, "ServiceName": key.service, "Region": "eu-west-1" }),
        None => json!({ "ServiceName": "N/A", "Region": "N/A" }),
    };
    Ok(json!({ "UserName": user.name, "AccessKeyLastUsed": last }))
}

fn policy(arn: &String) -> Value {
    json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn })
}

fn role(account: &Account, role: &Role) -> Value {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "AWS": role.trusts }, "Action": "sts:AssumeRole" }],
    });
    json!({
        "Path": "/", "RoleName": role.name, "RoleId": format!("AROANM{:0>14}", super::super::planted::number_of(&role.name)),
        "Arn": format!("arn:aws:iam::{}:role/{}", account.number, role.name), "CreateDate": account.made,
        "AssumeRolePolicyDocument": encoded(&trust.to_string()), "MaxSessionDuration": role.hours * 3600,
    })
}

/// Policies are URL-encoded (RFC 3986) in answers.
fn encoded(document: &str) -> String {
    let mut out = String::new();
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
