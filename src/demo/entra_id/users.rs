//! What Graph knows under a user: the account itself, memberships, consents, ways to sign in.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{no_content, now, reply};
use super::query::{USER_DEFAULTS, collection, selected};
use super::state::{Refused, Tenant};
use super::{SYNC, Shared, denied, done, missing, open, refuse, with_id};

/// Answers about one user, who is named by id or user principal name.
pub(super) fn about(tenant: &Tenant, key: &str, answer: impl FnOnce(&str) -> Response) -> Response {
    match tenant.find(key) {
        Some(user) => answer(&user.id),
        None => missing(key),
    }
}

pub(super) async fn all(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).users();
    collection(&headers, &uri, "users", USER_DEFAULTS, all)
}

pub(super) async fn one(State(tenant): Shared, uri: Uri, Path(key): Path<String>) -> Response {
    let tenant = open(&tenant);
    match tenant.find(&key) {
        Some(user) => reply(200, &selected(&uri, USER_DEFAULTS, &tenant.user(user))),
        None => missing(&key),
    }
}

pub(super) async fn patch(State(tenant): Shared, Path(key): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(change) = body.as_object().filter(|change| !change.is_empty()) else {
        return refuse(400, "Request_BadRequest", "the body names no property");
    };
    if let Some(other) = change.keys().find(|name| !matches!(name.as_str(), "accountEnabled" | "passwordProfile")) {
        return refuse(400, "Request_BadRequest", &format!("Property {other} can't be changed here."));
    }
    let mut state = open(&tenant);
    let Some((id, synced)) = state.find(&key).map(|user| (user.id.clone(), user.synced)) else {
        return missing(&key);
    };
    // Who holds a privileged role is out of an ordinary caller's reach: the role goes first.
    if state.outranks_us(&id) {
        return denied();
    }
    if change.contains_key("passwordProfile") {
        if synced {
            return refuse(400, "Request_BadRequest", "The password is mastered on premises and can't be changed by this call.");
        }
        if body["passwordProfile"]["password"].as_str().is_none_or(|password| password.len() < 8) {
            return refuse(400, "Request_BadRequest", "The specified password does not comply with password complexity requirements.");
        }
        state.new_password(&id);
    }
    match change.get("accountEnabled").map(Value::as_bool) {
        Some(Some(enabled)) => state.change(&id, |user| user.enabled = enabled),
        Some(None) => return refuse(400, "Request_BadRequest", "Invalid value specified for property 'accountEnabled'."),
        None => {}
    }
    drop(state);
    if synced && change.contains_key("accountEnabled") {
        // Nobody disabled the account on premises, so the next synchronisation gives it back.
        tokio::spawn(async move {
            tokio::time::sleep(SYNC).await;
            open(&tenant).change(&id, |user| {
                user.enabled = true;
                user.synced_at = now();
            });
        });
    }
    no_content()
}

pub(super) async fn remove(State(tenant): Shared, Path(key): Path<String>) -> Response {
    let mut tenant = open(&tenant);
    let Some((id, synced)) = tenant.find(&key).map(|user| (user.id.clone(), user.synced)) else {
        return missing(&key);
    };
    if tenant.outranks_us(&id) {
        return denied();
    }
    if synced {
        return refuse(400, "Request_BadRequest", "The user is mastered on premises and can't be deleted here.");
    }
    tenant.users.retain(|user| user.id != id);
    no_content()
}

pub(super) async fn revoke_sessions(State(tenant): Shared, Path(key): Path<String>) -> Response {
    let mut tenant = open(&tenant);
    let Some(id) = tenant.find(&key).map(|user| user.id.clone()) else {
        return missing(&key);
    };
    tenant.end_sessions(&id);
    reply(200, &json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean", "value": true }))
}

fn memberships(tenant: &Tenant, headers: &HeaderMap, uri: &Uri, key: &str, through: bool, cast: Option<&str>) -> Response {
    about(tenant, key, |id| {
        let mut all = tenant.member_of(id, through);
        if let Some(cast) = cast {
            let kind = cast.trim_start_matches("microsoft.").trim_start_matches("graph.");
            all.retain(|one| one["@odata.type"] == format!("#microsoft.graph.{kind}"));
        }
        collection(headers, uri, "directoryObjects", &[], all)
    })
}

pub(super) async fn member_of(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    memberships(&open(&tenant), &headers, &uri, &key, false, None)
}

pub(super) async fn member_of_cast(
    State(tenant): Shared,
    headers: HeaderMap,
    uri: Uri,
    Path((key, cast)): Path<(String, String)>,
) -> Response {
    memberships(&open(&tenant), &headers, &uri, &key, false, Some(&cast))
}

pub(super) async fn transitive(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    memberships(&open(&tenant), &headers, &uri, &key, true, None)
}

pub(super) async fn transitive_cast(
    State(tenant): Shared,
    headers: HeaderMap,
    uri: Uri,
    Path((key, cast)): Path<(String, String)>,
) -> Response {
    memberships(&open(&tenant), &headers, &uri, &key, true, Some(&cast))
}

pub(super) async fn grants(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    let tenant = open(&tenant);
    about(&tenant, &key, |id| {
        let mut all = tenant.grants();
        all.retain(|grant| grant["principalId"] == id);
        collection(&headers, &uri, "oauth2PermissionGrants", &[], all)
    })
}

pub(super) async fn app_roles(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    let tenant = open(&tenant);
    about(&tenant, &key, |id| collection(&headers, &uri, "appRoleAssignments", &[], tenant.app_roles(id)))
}

pub(super) async fn app_role(State(tenant): Shared, uri: Uri, Path((key, assignment)): Path<(String, String)>) -> Response {
    let tenant = open(&tenant);
    about(&tenant, &key, |id| with_id(&tenant.app_roles(id), &uri, &assignment))
}

pub(super) async fn delete_app_role(State(tenant): Shared, Path((key, assignment)): Path<(String, String)>) -> Response {
    let mut tenant = open(&tenant);
    let Some(user) = tenant.find(&key).map(|user| user.id.clone()) else {
        return missing(&key);
    };
    done(tenant.drop_app_role(&user, &assignment), &assignment)
}

/// All methods, or those of one kind.
pub(super) async fn methods(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path((key, kind)): Path<(String, String)>) -> Response {
    let tenant = open(&tenant);
    about(&tenant, &key, |id| {
        let mut all = tenant.methods(id);
        if let Some(kind) = kind.strip_suffix("Methods") {
            all.retain(|one| one["@odata.type"] == format!("#microsoft.graph.{kind}AuthenticationMethod"));
        } else if kind != "methods" {
            return refuse(400, "BadRequest", &format!("Resource not found for the segment '{kind}'."));
        }
        collection(&headers, &uri, &format!("users('{id}')/authentication/{kind}"), &[], all)
    })
}

pub(super) async fn delete_method(State(tenant): Shared, Path((key, kind, method)): Path<(String, String, String)>) -> Response {
    let mut tenant = open(&tenant);
    let Some(user) = tenant.find(&key).map(|user| user.id.clone()) else {
        return missing(&key);
    };
    // Neither the common list nor the password takes a delete; each other kind has its own address.
    match kind.strip_suffix("Methods") {
        Some("password") | None => refuse(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
        Some(kind) => done(tenant.forget_method(&user, kind, &method), &method),
    }
}

pub(super) async fn reset_password(State(tenant): Shared, Path((key, method)): Path<(String, String)>) -> Response {
    let mut tenant = open(&tenant);
    let Some(user) = tenant.find(&key).map(|user| user.id.clone()) else {
        return missing(&key);
    };
    let known = tenant.methods(&user).iter().any(|one| one["id"] == method.as_str());
    let outcome = match (known, tenant.outranks_us(&user)) {
        (false, _) => Err(Refused::Missing),
        (true, true) => Err(Refused::Rank),
        (true, false) => Ok(()),
    };
    if outcome.is_err() {
        return done(outcome, &method);
    }
    tenant.new_password(&user);
    // Written back on premises in a while; the answer is only that it was taken on.
    let mut response = reply(202, &json!({ "newPassword": null }));
    if let Ok(place) = format!("https://graph.microsoft.com/v1.0/users/{user}/authentication/operations/{method}").parse() {
        response.headers_mut().insert("location", place);
    }
    response
}
