//! Groups of the Directory API and who is in them.

use axum::extract::Path;
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Right, empty, etag, listing};
use super::state::{Group, Member, State};

pub(super) async fn list(call: Call) -> Answer {
    let state = call.admin(Right::Read)?;
    let of = match (call.query("userKey"), call.query("customer"), call.query("domain")) {
        (Some(key), _, _) => Some(state.user(key)?.id.clone()),
        (None, Some(customer), _) => {
            call.customer(&state, customer)?;
            None
        }
        (None, None, Some(domain)) if domain == state.domain => None,
        _ => {
            return Err(Refusal::invalid("Bad Request: customer, domain or userKey is required"));
        }
    };
    let all = state
        .groups
        .values()
        .filter(|group| of.as_ref().is_none_or(|id| group.members.contains_key(id)))
        .map(|group| (group.id.clone(), body(group)))
        .collect();
    let (page, next) = call.page("maxResults", 200, 200, all)?;
    call.reply(listing(Some("admin#directory#groups"), "groups", page, next))
}

pub(super) async fn read(call: Call, Path(key): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    call.reply(body(find(&state, &key)?))
}

fn body(group: &Group) -> Value {
    json!({
        "kind": "admin#directory#group",
        "id": group.id,
        "etag": etag(&format!("{}{}", group.id, group.members.len())),
        "email": group.email,
        "name": group.name,
        "description": group.description,
        "directMembersCount": group.members.len().to_string(),
        "adminCreated": true,
    })
}

fn find<'a>(state: &'a State, key: &str) -> Result<&'a Group, Refusal> {
    state.group(key).ok_or_else(|| Refusal::not_found("Resource Not Found: groupKey"))
}

pub(super) async fn members(call: Call, Path(key): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let group = find(&state, &key)?;
    let all = group
        .members
        .iter()
        .filter(|(_, member)| call.query("roles").is_none_or(|roles| roles.split(',').any(|role| role == member.role)))
        .map(|(id, member)| (id.clone(), member_body(&state, id, member)))
        .collect();
    let (page, next) = call.page("maxResults", 200, 200, all)?;
    call.reply(listing(Some("admin#directory#members"), "members", page, next))
}

fn member_body(state: &State, id: &str, member: &Member) -> Value {
    let suspended = state.users.get(id).is_some_and(|user| user.suspended);
    json!({
        "kind": "admin#directory#member",
        "etag": etag(&format!("{id}{}", member.role)),
        "id": id,
        "email": member.email,
        "role": member.role,
        "type": if member.group { "GROUP" } else { "USER" },
        "status": if suspended { "SUSPENDED" } else { "ACTIVE" },
    })
}

/// The id of the member with this id or address.
fn member_id(state: &State, group: &Group, key: &str) -> Result<String, Refusal> {
    let by_address = || {
        let user = state.find(key).map(|user| user.id.clone());
        user.or_else(|| state.group(key).map(|group| group.id.clone()))
    };
    Some(key.to_owned())
        .filter(|id| group.members.contains_key(id))
        .or_else(by_address)
        .filter(|id| group.members.contains_key(id))
        .ok_or_else(|| Refusal::not_found("Resource Not Found: memberKey"))
}

pub(super) async fn member(call: Call, Path((key, member)): Path<(String, String)>) -> Answer {
    let state = call.admin(Right::Read)?;
    let group = find(&state, &key)?;
    let id = member_id(&state, group, &member)?;
    let member = group.members.get(&id).ok_or_else(|| Refusal::not_found("Resource Not Found: memberKey"))?;
    call.reply(member_body(&state, &id, member))
}

pub(super) async fn delete_member(call: Call, Path((key, member)): Path<(String, String)>) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let group = find(&state, &key)?;
    let member = member_id(&state, group, &member)?;
    let group = group.id.clone();
    if let Some(group) = state.groups.get_mut(&group) {
        group.members.remove(&member);
    }
    empty()
}
