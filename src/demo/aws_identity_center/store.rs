//! The identity store: users, groups, memberships.

use serde_json::{Value, json};

use super::state::{Instance, Membership, User};
use super::{Refusal, listed, missing, need};

/// One operation of the identity store.
pub(super) fn call(instance: &mut Instance, operation: &str, body: &Value) -> Result<Value, Refusal> {
    if need(body, "IdentityStoreId")? != instance.planted.store {
        return Err(missing("IDENTITY_STORE"));
    }
    match operation {
        "ListUsers" => listed("Users", &instance.users.iter().map(|user| shown(instance, user)).collect::<Vec<_>>(), body),
        "DescribeUser" => {
            let user = find(instance, need(body, "UserId")?)?;
            Ok(shown(instance, user))
        }
        "ListGroups" => {
            let group = |group: &super::state::Group| {
                json!({
                    "IdentityStoreId": instance.planted.store, "GroupId": group.id, "Revision": "1",
                    "GroupArn": format!("arn:aws:identitystore:::group/{}", group.id), "DisplayName": group.name,
                    "ExternalIds": [{ "Issuer": "https://scim.aws.com/id", "Id": group.id }],
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

fn shown(instance: &Instance, user: &User) -> Value {
    let person = &user.person;
    let mut shown = json!({
        "IdentityStoreId": instance.planted.store,
        "UserId": user.id,
        "UserArn": format!("arn:aws:identitystore:::user/{}", user.id),
        "Revision": "1",
        "UserName": person.work_email,
        "Name": { "FamilyName": person.last, "GivenName": person.first },
        "DisplayName": person.display(),
        "Emails": [{ "Value": person.work_email, "Type": "work", "Primary": true }],
        "UserStatus": if user.enabled { "ENABLED" } else { "DISABLED" },
        "CreatedAt": instance.made,
    });
    if user.provisioned {
        shown["ExternalIds"] = json!([{ "Issuer": "https://scim.aws.com/id", "Id": format!("00u{}", person.number) }]);
    }
    shown
}

fn membership(instance: &Instance, one: &Membership) -> Value {
    json!({
        "IdentityStoreId": instance.planted.store, "MembershipId": one.id, "GroupId": one.group, "MemberId": { "UserId": one.user },
        "MembershipArn": format!("arn:aws:identitystore:::membership/{}", one.id),
    })
}
