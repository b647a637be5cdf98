//! What can be changed in the simulated account, and what is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use super::state::{Account, Held, User};
use super::{Call, Outcome, Refusal, missing, unknown};

/// An operation that changes something.
pub(super) fn write(account: &mut Account, action: &str, call: &Call) -> Outcome {
    match action {
        "PutRolePolicy" | "DeleteRolePolicy" => {
            let name = call.need("RoleName")?;
            let role = account.roles.iter_mut().find(|role| role.name == name).ok_or_else(|| missing("role", name))?;
            return inline(&mut role.inline, action.starts_with("Put"), "role policy", call);
        }
        "DeleteUser" => return delete(account, call.need("UserName")?),
        "AddUserToGroup" if !account.groups.iter().any(|group| group.name == call.text("GroupName")) => {
            return Err(missing("group", call.text("GroupName")));
        }
        _ => {}
    }
    let name = call.need("UserName")?;
    let user = account.users.iter_mut().find(|user| user.name == name).ok_or_else(|| missing("user", name))?;
    match action {
        "PutUserPolicy" => inline(&mut user.inline, true, "user policy", call),
        "DeleteUserPolicy" => inline(&mut user.inline, false, "user policy", call),
        "DeleteLoginProfile" => {
            user.password.take().ok_or_else(|| missing("Login Profile for User", name))?;
            Ok(Value::Null)
        }
        "UpdateAccessKey" => set(&mut user.keys, "Access Key", call.need("AccessKeyId")?, call),
        "DeleteAccessKey" => drop_one(&mut user.keys, "Access Key", call.need("AccessKeyId")?),
        "UpdateSSHPublicKey" => set(&mut user.ssh_keys, "Public Key", call.need("SSHPublicKeyId")?, call),
        "DeleteSSHPublicKey" => drop_one(&mut user.ssh_keys, "Public Key", call.need("SSHPublicKeyId")?),
        "UpdateServiceSpecificCredential" => {
            set(&mut user.service_credentials, "service specific credential", call.need("ServiceSpecificCredentialId")?, call)
        }
        "DeleteServiceSpecificCredential" => {
            drop_one(&mut user.service_credentials, "service specific credential", call.need("ServiceSpecificCredentialId")?)
        }
        "UpdateSigningCertificate" => set(&mut user.certificates, "Certificate", call.need("CertificateId")?, call),
        "DeleteSigningCertificate" => drop_one(&mut user.certificates, "Certificate", call.need("CertificateId")?),
        "DeactivateMFADevice" => without(&mut user.mfa, "VirtualMFADevice", call.need("SerialNumber")?),
        "RemoveUserFromGroup" => without(&mut user.groups, "group", call.need("GroupName")?),
        "AddUserToGroup" => with(&mut user.groups, call.need("GroupName")?),
        "DetachUserPolicy" => without(&mut user.attached, "policy", call.need("PolicyArn")?),
        "AttachUserPolicy" => with(&mut user.attached, call.need("PolicyArn")?),
        _ => Err(unknown(action)),
    }
}

fn inline(policies: &mut BTreeMap<String, String>, put: bool, what: &str, call: &Call) -> Outcome {
    let name = call.need("PolicyName")?;
    if put {
        let document = call.need("PolicyDocument")?;
        let parsed: Value = serde_json::from_str(document).unwrap_or_default();
        if !parsed["Statement"].is_array() {
            return Err(Refusal(400, "MalformedPolicyDocument", "Syntax errors in policy.".into()));
        }
        policies.insert(name.to_owned(), document.to_owned());
    } else {
        policies.remove(name).ok_or_else(|| missing(what, name))?;
    }
    Ok(Value::Null)
}

fn set(all: &mut [Held], what: &str, id: &str, call: &Call) -> Outcome {
    let status = call.need("Status")?;
    if !["Active", "Inactive"].contains(&status) {
        return Err(Refusal(400, "ValidationError", format!("Status can't be {status}")));
    }
    let held = all.iter_mut().find(|held| held.id == id).ok_or_else(|| missing(what, id))?;
    held.status = status.to_owned();
    Ok(Value::Null)
}

fn drop_one(all: &mut Vec<Held>, what: &str, id: &str) -> Outcome {
    let at = all.iter().position(|held| held.id == id).ok_or_else(|| missing(what, id))?;
    all.remove(at);
    Ok(Value::Null)
}

fn without(all: &mut Vec<String>, what: &str, name: &str) -> Outcome {
    let at = all.iter().position(|one| one == name).ok_or_else(|| missing(what, name))?;
    all.remove(at);
    Ok(Value::Null)
}

fn with(all: &mut Vec<String>, name: &str) -> Outcome {
    if !all.iter().any(|one| one == name) {
        all.push(name.to_owned());
    }
    Ok(Value::Null)
}

/// Refused as long as anything hangs on the user.
fn delete(account: &mut Account, name: &str) -> Outcome {
    let at = account.users.iter().position(|user| user.name == name).ok_or_else(|| missing("user", name))?;
    if let Some(first) = hanging(&account.users[at]) {
        return Err(Refusal(409, "DeleteConflict", format!("Cannot delete entity, must {first} first.")));
    }
    account.users.remove(at);
    Ok(Value::Null)
}

fn hanging(user: &User) -> Option<&'static str> {
    let conflicts = [
        (user.password.is_some(), "delete login profile"),
        (!user.keys.is_empty(), "delete access keys"),
        (!user.certificates.is_empty(), "delete signing certificates"),
        (!user.ssh_keys.is_empty(), "delete SSH public keys"),
        (!user.service_credentials.is_empty(), "delete service specific credentials"),
        (!user.mfa.is_empty(), "deactivate MFA devices"),
        (!user.inline.is_empty(), "delete policies"),
        (!user.attached.is_empty(), "detach all policies"),
        (!user.groups.is_empty(), "remove users from group"),
    ];
    conflicts.into_iter().find(|(hangs, _)| *hangs).map(|(_, first)| first)
}
