//! What the vendor knows under a user: the profile, sessions, identities, memberships.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{param, reply};
use super::state::{Desk, Refused, US};
use super::{Shared, done, listed, missing, number, open, refuse, refused};

pub(super) async fn all(State(desk): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let mut all = open(&desk).users();
    let pairs: Vec<(String, String)> = axum::extract::Query::try_from_uri(&uri).map(|axum::extract::Query(all)| all).unwrap_or_default();
    let roles: Vec<&str> = pairs.iter().filter(|(name, _)| name == "role" || name == "role[]").map(|(_, role)| role.as_str()).collect();
    if !roles.is_empty() {
        all.retain(|user| user["role"].as_str().is_some_and(|role| roles.contains(&role)));
    }
    if let Some(id) = param(&uri, "external_id") {
        all.retain(|user| user["external_id"] == id);
    }
    listed(&headers, &uri, "users", &all)
}

/// Who asks: the administrator who made the client.
pub(super) async fn me(State(desk): Shared) -> Response {
    shown(&open(&desk), US)
}

fn shown(desk: &Desk, id: u64) -> Response {
    desk.user(id).map_or_else(missing, |user| reply(200, &json!({ "user": user })))
}

pub(super) async fn one(State(desk): Shared, Path(user): Path<String>) -> Response {
    shown(&open(&desk), number(&user))
}

pub(super) async fn change(State(desk): Shared, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    let id = number(&user);
    let mut desk = open(&desk);
    let Some(change) = body["user"].as_object() else {
        return refuse(400, "BadRequest", "Parameter user is required");
    };
    for (name, value) in change {
        let outcome = match (name.as_str(), value) {
            ("suspended", Value::Bool(suspended)) => desk.suspend(id, *suspended),
            ("role", Value::String(role)) => desk.set_role(id, role),
            // What may not be changed is passed over in silence.
            _ => desk.user(id).map(|_| ()).ok_or(Refused::Missing),
        };
        if let Err(why) = outcome {
            return refused(&why);
        }
    }
    shown(&desk, id)
}

/// The profile stays readable, no longer active, until it is deleted for good.
pub(super) async fn remove(State(desk): Shared, Path(user): Path<String>) -> Response {
    let id = number(&user);
    let mut desk = open(&desk);
    match desk.remove(id) {
        Ok(()) => shown(&desk, id),
        Err(why) => refused(&why),
    }
}

fn under(desk: &Desk, headers: &HeaderMap, uri: &Uri, user: &str, name: &str, list: impl FnOnce(&Desk, u64) -> Vec<Value>) -> Response {
    let id = number(user);
    if desk.user(id).is_none() {
        return missing();
    }
    listed(headers, uri, name, &list(desk, id))
}

pub(super) async fn sessions(State(desk): Shared, headers: HeaderMap, uri: Uri, Path(user): Path<String>) -> Response {
    under(&open(&desk), &headers, &uri, &user, "sessions", |desk, id| desk.sessions(Some(id)))
}

/// The vendor puts the one session into a list.
pub(super) async fn session(State(desk): Shared, Path((user, session)): Path<(String, String)>) -> Response {
    let mut all = open(&desk).sessions(Some(number(&user)));
    all.retain(|one| one["id"] == number(&session));
    if all.is_empty() { missing() } else { reply(200, &json!({ "session": all })) }
}

pub(super) async fn end_sessions(State(desk): Shared, Path(user): Path<String>) -> Response {
    done(open(&desk).end_sessions(number(&user), None))
}

pub(super) async fn end_session(State(desk): Shared, Path((user, session)): Path<(String, String)>) -> Response {
    done(open(&desk).end_sessions(number(&user), Some(number(&session))))
}

pub(super) async fn identities(State(desk): Shared, headers: HeaderMap, uri: Uri, Path(user): Path<String>) -> Response {
    under(&open(&desk), &headers, &uri, &user, "identities", Desk::identities)
}

pub(super) async fn identity(State(desk): Shared, Path((user, identity)): Path<(String, String)>) -> Response {
    let all = open(&desk).identities(number(&user));
    let found = all.into_iter().find(|one| one["id"] == number(&identity));
    found.map_or_else(missing, |one| reply(200, &json!({ "identity": one })))
}

pub(super) async fn delete_identity(State(desk): Shared, Path((user, identity)): Path<(String, String)>) -> Response {
    done(open(&desk).delete_identity(number(&user), number(&identity)))
}

pub(super) async fn memberships(State(desk): Shared, headers: HeaderMap, uri: Uri, Path(user): Path<String>) -> Response {
    under(&open(&desk), &headers, &uri, &user, "group_memberships", |desk, id| desk.memberships(Some(id)))
}

pub(super) async fn related(State(desk): Shared, Path(user): Path<String>) -> Response {
    let desk = open(&desk);
    let id = number(&user);
    match desk.user(id) {
        Some(_) => reply(200, &json!({ "user_related": { "assigned_tickets": desk.assigned(id), "requested_tickets": 0 } })),
        None => missing(),
    }
}
