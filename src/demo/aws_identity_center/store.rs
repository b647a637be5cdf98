//! The identity store: users, groups, memberships.

use serde_json::{Value, json};

use super::state::{Instance, Membership, User};
use super::{Refusal, listed, missing, need};

/// One operation of the identity store.
pub(super) fn call(instance: &mut Instance, operation: &str, body: &Value) -> Result<Value, Refusal> {
    if need(body, "IdentityStoreId")? != instance.planted.store {
        return Err(missing("IDENTITY_STORE"));
    }
    let extended = body["Extensions"].as_array().is_some_and(|wanted| wanted.iter().any(|name| name == ENTERPRISE));
    match operation {
        "ListUsers" => listed("Users", &instance.users.iter().map(|user| shown(instance, user, extended)).collect::<Vec<_>>(), body),
        "DescribeUser" => {
            let user = find(instance, need(body, "UserId")?)?;
            Ok(shown(instance, user, extended))
        }
        "ListGroups" => {
            let group = |group: &super::state::Group| {
                json!({
                    "IdentityStoreId": instance.planted.store, "GroupId": group.id, "Revision": "1",
                    "GroupArn": format!("arn:aws:identitystore:::group/{}", group.id), "DisplayName": group.name,
                    "ExternalIds": [{ "Issuer": "SCIM", "Id": format!("00g{}", group.id.replace('-', "")) }],
                })
            };
            listed("Groups", &instance.groups.iter().map(group).collect::<Vec<_>>(), body)
        }
        "ListGroupMembershipsForMember" => {
            let user = find(instance, body["MemberId"]["UserId"].as_str().unwrap_or_default())?;
            let mine = instance.memberships.iter().filter(|one| one.user == user.id);
            listed("GroupMemberships", &mine.map(|one| membership(instance, one)).collect::<Vec<_>>(), body)
        }
        "DescribeGroupMembership" => {
            let id = need(body, "MembershipId")?;
            let found = instance.memberships.iter().find(|one| one.id == id).ok_or_else(|| missing("MEMBERSHIP"))?;
            Ok(membership(instance, found))
        }
        "DeleteGroupMembership" => {
            let id = need(body, "MembershipId")?;
            let at = instance.memberships.iter().position(|one| one.id == id).ok_or_else(|| missing("MEMBERSHIP"))?;
            instance.memberships.remove(at);
            Ok(json!({}))
        }
        "DeleteUser" => {
            let id = find(instance, need(body, "UserId")?)?.id.clone();
            instance.users.retain(|user| user.id != id);
            instance.memberships.retain(|one| one.user != id);
            Ok(json!({}))
        }
        other => Err(("UnknownOperationException", format!("{other} is no operation of the identity store"))),
    }
}

fn find<'a>(instance: &'a Instance, id: &str) -> Result<&'a User, Refusal> {
    instance.users.iter().find(|user| user.id == id).ok_or_else(|| missing("USER"))
}

const ENTERPRISE: &str = "aws:identitystore:enterprise";

fn shown(instance: &Instance, user: &User, extended: bool) -> Value {
    let person = &user.person;
    // As this company's provider sends them: a name without punctuation, the employee number in the extension, no address.
    let plain = |text: &str| text.replace(['.', '-'], "");
    let mut shown = json!({
        "IdentityStoreId": instance.planted.store,
        "UserId": user.id,
        "UserArn": format!("arn:aws:identitystore:::user/{}", user.id),
        "Revision": "1",
        "UserName": plain(&person.login),
        "DisplayName": person.display().replace('-', " "),
        "ExternalIds": [{ "Issuer": "SCIM", "Id": format!("00u{}", person.number) }],
        "UserStatus": if user.enabled { "ENABLED" } else { "DISABLED" },
        "CreatedAt": instance.made,
    });
    if extended {
        shown["Extensions"] = json!({ ENTERPRISE: { "employeeNumber": person.number, "department": person.department } });
    }
    shown
}

fn membership(instance: &Instance, one: &Membership) -> Value {
    json!({
        "IdentityStoreId": instance.planted.store, "MembershipId": one.id, "GroupId": one.group, "MemberId": { "UserId": one.user },
        "MembershipArn": format!("arn:aws:identitystore:::membership/{}", one.id),
    })
}
