//! What the simulated content platform can be told to change, and what it refuses.

use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{no_content, param, reply};
use super::state::{Assignment, Content, Hold, Item};
use super::{Asked, Outcome, Refusal, done};

pub(super) fn answer(content: &mut Content, asked: &Asked, segments: &[&str]) -> Outcome {
    match (asked.method.as_str(), segments) {
        ("PUT", ["users", id]) => update_user(content, id, &asked.body),
        ("DELETE", ["users", id]) => delete_user(content, id, param(&asked.uri, "force").as_deref() == Some("true")),
        ("POST", ["users", "terminate_sessions"]) => terminate_sessions(content, &asked.body),
        ("PUT", ["users", id, "folders", "0"]) => transfer(content, id, &asked.body),
        ("DELETE", ["users", id, "email_aliases", alias]) => {
            done(removed(&mut content.planted.aliases, |one| one.person == *id && one.id == *alias))
        }
        ("DELETE", ["group_memberships", id]) => done(removed(&mut content.memberships, |one| one.id == *id)),
        ("DELETE", ["device_pinners", id]) => done(removed(&mut content.planted.pins, |one| one.id == *id)),
        ("DELETE", ["collaborations", id]) => {
            content.collaboration(id, &asked.user).ok_or_else(Refusal::not_found)?;
            done(removed(&mut content.planted.collaborations, |one| one.id == *id))
        }
        ("PUT", ["folders", id]) => update_item(content, id, "folder", asked),
        ("PUT", ["files", id]) => update_item(content, id, "file", asked),
        ("POST", ["legal_hold_policies"]) => new_hold(content, &asked.body),
        ("POST", ["legal_hold_policy_assignments"]) => assign_hold(content, &asked.body),
        _ => Err(Refusal::new(405, "method_not_allowed", "Method Not Allowed")),
    }
}

fn removed<T>(all: &mut Vec<T>, gone: impl Fn(&T) -> bool) -> bool {
    let before = all.len();
    all.retain(|one| !gone(one));
    all.len() < before
}

fn bad(what: &str) -> Refusal {
    Refusal::new(400, "bad_request", what)
}

/// The enterprise keeps its one administrator: nobody demotes, inactivates or deletes them.
fn not_the_administrator(content: &Content, id: &str) -> Result<(), Refusal> {
    match content.find(id).is_some_and(|user| user.role == "admin") {
        true => Err(Refusal::new(403, "forbidden", "The enterprise administrator can't be changed")),
        false => Ok(()),
    }
}

fn update_user(content: &mut Content, id: &str, body: &Value) -> Outcome {
    content.find(id).ok_or_else(Refusal::not_found)?;
    not_the_administrator(content, id)?;
    let body = body.as_object().ok_or_else(|| bad("a user is expected"))?;
    if body.get("enterprise").is_some_and(Value::is_null) {
        // Rolled out: a private account, with all that the user owned.
        let shown = content.user(id).unwrap_or_default();
        forget(content, id);
        return Ok(reply(200, &shown));
    }
    let status = body.get("status").map(|status| status.as_str().unwrap_or_default());
    if status.is_some_and(|status| !["active", "inactive", "cannot_delete_edit", "cannot_delete_edit_upload"].contains(&status)) {
        return Err(bad("Invalid value for status"));
    }
    let role = body.get("role").map(|role| role.as_str().unwrap_or_default());
    if role.is_some_and(|role| !["coadmin", "user"].contains(&role)) {
        return Err(bad("Invalid value for role"));
    }
    let flag = |name: &str| match body.get(name) {
        None => Ok(None),
        Some(value) => value.as_bool().map(Some).ok_or_else(|| bad(&format!("{name} must be true or false"))),
    };
    let notified = match body.get("notification_email") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(given) => Some(Some(given["email"].as_str().ok_or_else(|| bad("notification_email.email is missing"))?.to_owned())),
    };
    let (sync, restricted) = (flag("is_sync_enabled")?, flag("is_external_collab_restricted")?);
    let user = content.users.iter_mut().find(|user| user.id == id).ok_or_else(Refusal::not_found)?;
    if let Some(status) = status {
        user.status = status.to_owned();
        if status == "inactive" {
            user.sessions = 0;
        }
    }
    if let Some(role) = role {
        user.role = role.to_owned();
    }
    if let Some(notified) = notified {
        user.notified = notified;
    }
    user.sync = sync.unwrap_or(user.sync);
    user.external_collab_restricted = restricted.unwrap_or(user.external_collab_restricted);
    content.happened(if role.is_some() { "CHANGE_ADMIN_ROLE" } else { "EDIT_USER" }, id);
    Ok(reply(200, &content.user(id).unwrap_or_default()))
}

/// Nothing names the user any more; collaborations on single files go with whoever made them.
fn forget(content: &mut Content, id: &str) {
    let files: Vec<String> = content.planted.items.iter().filter(|item| item.kind == "file").map(|item| item.id.clone()).collect();
    content.users.retain(|user| user.id != id);
    content.memberships.retain(|membership| membership.user != id);
    content.planted.aliases.retain(|alias| alias.person != id);
    content.planted.pins.retain(|pin| pin.person != id);
    content.planted.collaborations.retain(|one| one.with != id && !(one.by == id && files.contains(&one.item)));
    content.planted.items.retain(|item| item.owner != id);
    let left: Vec<&str> = content.planted.items.iter().map(|item| item.id.as_str()).collect();
    content.planted.collaborations.retain(|one| left.contains(&one.item.as_str()));
}

fn delete_user(content: &mut Content, id: &str, force: bool) -> Outcome {
    content.find(id).ok_or_else(Refusal::not_found)?;
    not_the_administrator(content, id)?;
    if content.owns_anything(id) && !force {
        return Err(Refusal::new(409, "conflict", "The user still owns content; transfer it or use force"));
    }
    content.happened("DELETE_USER", id);
    forget(content, id);
    Ok(no_content())
}

/// Jobs that nobody can look at: what they did stands in the events.
fn terminate_sessions(content: &mut Content, body: &Value) -> Outcome {
    let list = |name: &str| -> Result<Vec<String>, Refusal> {
        let values = body[name].as_array().ok_or_else(|| bad("Users can not be NULL or EMPTY"))?;
        Ok(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
    };
    let (ids, logins) = (list("user_ids")?, list("user_logins")?);
    if ids.is_empty() && logins.is_empty() {
        return Err(bad("Users can not be NULL or EMPTY"));
    }
    let all_known = ids.iter().all(|id| content.users.iter().any(|user| user.id == *id))
        && logins.iter().all(|login| content.users.iter().any(|user| user.login == *login));
    if !all_known {
        return Err(Refusal::not_found());
    }
    let mut ended = Vec::new();
    for user in content.users.iter_mut().filter(|user| ids.contains(&user.id) || logins.contains(&user.login)) {
        ended.extend((0..user.sessions).map(|_| user.id.clone()));
        user.sessions = 0;
    }
    for user in ended {
        content.happened("REMOVE_LOGIN_ACTIVITY_DEVICE", &user);
    }
    Ok(reply(202, &json!({ "message": "Request is successful, please check the admin events for the status of the job" })))
}

/// All that a user owns moves into one new folder of the other; links and collaborations move along.
fn transfer(content: &mut Content, from: &str, body: &Value) -> Outcome {
    content.find(from).ok_or_else(Refusal::not_found)?;
    let to = body["owned_by"]["id"].as_str().ok_or_else(|| bad("owned_by.id is missing"))?.to_owned();
    let receiver = content.find(&to).ok_or_else(Refusal::not_found)?;
    if to == from || receiver.status == "inactive" {
        return Err(bad("The new owner must be another, active user"));
    }
    let giver = content.find(from).map(|user| user.login.clone()).unwrap_or_default();
    let folder = Item {
        id: content.fresh_id(),
        kind: "folder".into(),
        name: format!("{giver}'s Files and Folders"),
        owner: to.clone(),
        parent: None,
        link: None,
    };
    for item in content.planted.items.iter_mut().filter(|item| item.owner == from) {
        item.owner.clone_from(&to);
        item.parent.get_or_insert_with(|| folder.id.clone());
    }
    // An owner needs no collaboration.
    let owned: Vec<String> = content.planted.items.iter().filter(|item| item.owner == to).map(|item| item.id.clone()).collect();
    content.planted.collaborations.retain(|one| !(one.with == to && owned.contains(&one.item)));
    let shown = content.render_item(&folder);
    content.planted.items.push(folder);
    content.happened("MOVE", from);
    Ok(reply(200, &shown))
}

fn update_item(content: &mut Content, id: &str, kind: &str, asked: &Asked) -> Outcome {
    content.item(id, kind, &asked.user)?;
    let item = content.planted.items.iter_mut().find(|item| item.id == id).ok_or_else(Refusal::not_found)?;
    let acting = content.users.iter().find(|user| user.id == asked.user);
    if acting.is_some_and(|user| user.status.starts_with("cannot_delete_edit")) {
        return Err(Refusal::new(403, "forbidden", "The user may neither edit nor delete"));
    }
    match asked.body.get("shared_link") {
        Some(Value::Null) => item.link = None,
        Some(link) => match link["access"].as_str() {
            Some(access @ ("open" | "company" | "collaborators")) => item.link = Some(access.to_owned()),
            _ => return Err(bad("Invalid value for shared_link.access")),
        },
        None => return Err(bad("only shared_link can be changed here")),
    }
    let event = if item.link.is_none() { "UNSHARE" } else { "SHARE" };
    content.happened(event, &asked.user);
    content.item(id, kind, &asked.user).map(|item| reply(200, &item))
}

fn new_hold(content: &mut Content, body: &Value) -> Outcome {
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let name = text("policy_name").filter(|name| !name.is_empty()).ok_or_else(|| bad("policy_name is missing"))?;
    let ongoing = body["is_ongoing"] == true;
    let (from, until) = (text("filter_started_at"), text("filter_ended_at"));
    if ongoing == (from.is_some() || until.is_some()) {
        return Err(bad("either is_ongoing or filter_started_at and filter_ended_at"));
    }
    if content.holds.iter().any(|hold| hold.name == name) {
        return Err(Refusal::new(409, "conflict", "a policy with this name already exists"));
    }
    let id = content.fresh_id();
    content.holds.push(Hold { id: id.clone(), name, description: text("description").unwrap_or_default(), from, until, active: false });
    created(content.holds(None).pop())
}

fn assign_hold(content: &mut Content, body: &Value) -> Outcome {
    let target = &body["assign_to"];
    let (Some(hold), Some(kind), Some(id)) = (body["policy_id"].as_str(), target["type"].as_str(), target["id"].as_str()) else {
        return Err(bad("policy_id, assign_to.type and assign_to.id are needed"));
    };
    let exists = match kind {
        "user" | "ownership" | "interactions" => content.find(id).is_some(),
        "folder" | "file" => content.planted.items.iter().any(|item| item.id == id && item.kind == kind),
        _ => return Err(bad("Invalid value for assign_to.type")),
    };
    if !exists || !content.holds.iter().any(|one| one.id == hold) {
        return Err(Refusal::not_found());
    }
    if content.assignments.iter().any(|one| (one.hold.as_str(), one.kind.as_str(), one.target.as_str()) == (hold, kind, id)) {
        return Err(Refusal::new(409, "conflict", "The policy is assigned already"));
    }
    let assignment = Assignment { id: content.fresh_id(), hold: hold.to_owned(), kind: kind.to_owned(), target: id.to_owned() };
    content.assignments.push(assignment);
    created(content.assignments().pop())
}

fn created(shown: Option<Value>) -> Result<Response, Refusal> {
    shown.map(|shown| reply(201, &shown)).ok_or_else(Refusal::not_found)
}
