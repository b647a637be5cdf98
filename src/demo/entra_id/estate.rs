//! What Graph knows around an account: devices, inbox rules, licences, legal holds, searches of the audit log.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::super::vendor::reply;
use super::query::{USER_DEFAULTS, collection, selected};
use super::state::{Refused, Tenant, User};
use super::users::about;
use super::{Shared, done, missing, open, refuse, with_id};

pub(super) async fn devices(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).devices(None);
    collection(&headers, &uri, "devices", &[], all)
}

pub(super) async fn device(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(&open(&tenant).devices(None), &uri, &id)
}

pub(super) async fn change_device(State(tenant): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    match body["accountEnabled"].as_bool() {
        Some(enabled) => done(open(&tenant).enable_device(&id, enabled), &id),
        None => refuse(400, "Request_BadRequest", "only accountEnabled can be changed here"),
    }
}

fn registered_by(tenant: &Tenant, headers: &HeaderMap, uri: &Uri, key: &str) -> Response {
    about(tenant, key, |id| collection(headers, uri, "directoryObjects", &[], tenant.devices(Some(id))))
}

pub(super) async fn registered(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    registered_by(&open(&tenant), &headers, &uri, &key)
}

pub(super) async fn registered_cast(
    State(tenant): Shared,
    headers: HeaderMap,
    uri: Uri,
    Path((key, cast)): Path<(String, String)>,
) -> Response {
    if cast.ends_with("graph.device") { registered_by(&open(&tenant), &headers, &uri, &key) } else { missing(&cast) }
}

/// Answers about a mailbox, which not every user has.
fn in_mailbox(tenant: &Tenant, key: &str, answer: impl FnOnce(&User, Vec<Value>) -> Response) -> Response {
    let Some(user) = tenant.find(key) else {
        return refuse(404, "ErrorInvalidUser", &format!("The requested user '{key}' is invalid."));
    };
    match tenant.rules(user) {
        Some(rules) => answer(user, rules),
        None => refuse(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."),
    }
}

pub(super) async fn rules(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    in_mailbox(&open(&tenant), &key, |_, rules| collection(&headers, &uri, "messageRules", &[], rules))
}

pub(super) async fn rule(State(tenant): Shared, uri: Uri, Path((key, id)): Path<(String, String)>) -> Response {
    in_mailbox(&open(&tenant), &key, |_, rules| match rules.iter().find(|rule| rule["id"] == id.as_str()) {
        Some(rule) => reply(200, &selected(&uri, &[], rule)),
        None => no_rule(),
    })
}

fn no_rule() -> Response {
    refuse(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

pub(super) async fn change_rule(State(tenant): Shared, Path((key, id)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    let Some(enabled) = body["isEnabled"].as_bool() else {
        return refuse(400, "ErrorInvalidRequest", "only isEnabled can be changed here");
    };
    let mut tenant = open(&tenant);
    let Some(user) = tenant.find(&key).map(|user| user.id.clone()) else {
        return missing(&key);
    };
    tenant.enable_rule(&user, &id, enabled).map_or_else(|_| no_rule(), |rule| reply(200, &rule))
}

/// What a mailbox is for. No call of this API makes a shared one of it.
pub(super) async fn mailbox(State(tenant): Shared, Path(key): Path<String>) -> Response {
    in_mailbox(&open(&tenant), &key, |_, _| reply(200, &json!({ "userPurpose": "user" })))
}

pub(super) async fn licences(State(tenant): Shared, uri: Uri, Path(key): Path<String>, Json(body): Json<Value>) -> Response {
    let (Some(more), Some(gone)) = (body["addLicenses"].as_array(), body["removeLicenses"].as_array()) else {
        return refuse(400, "Request_BadRequest", "both addLicenses and removeLicenses are needed");
    };
    if !more.is_empty() {
        return refuse(400, "Request_BadRequest", "Subscription has no licenses left.");
    }
    let gone: Vec<String> = gone.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut tenant = open(&tenant);
    let Some(id) = tenant.find(&key).map(|user| user.id.clone()) else {
        return missing(&key);
    };
    match tenant.drop_licences(&id, &gone) {
        Ok(()) => about(&tenant, &id, |id| {
            let user = tenant.find(id).map(|user| tenant.user(user)).unwrap_or_default();
            reply(200, &selected(&uri, USER_DEFAULTS, &user))
        }),
        refused => done(refused, &id),
    }
}

pub(super) async fn cases(State(tenant): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&tenant).cases();
    collection(&headers, &uri, "security/cases/ediscoveryCases", &[], all)
}

pub(super) async fn custodians(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(case): Path<String>) -> Response {
    let all = open(&tenant).custodians(&case);
    all.map_or_else(|| missing(&case), |all| collection(&headers, &uri, "custodians", &[], all))
}

pub(super) async fn custodian(State(tenant): Shared, uri: Uri, Path((case, id)): Path<(String, String)>) -> Response {
    let all = open(&tenant).custodians(&case);
    all.map_or_else(|| missing(&case), |all| with_id(&all, &uri, &id))
}

pub(super) async fn add_custodian(State(tenant): Shared, Path(case): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(email) = body["email"].as_str() else {
        return refuse(400, "BadRequest", "email is missing");
    };
    match open(&tenant).add_custodian(&case, email) {
        Ok(custodian) => reply(201, &custodian),
        Err(Refused::Rule(why)) => refuse(400, "BadRequest", why),
        Err(_) => missing(&case),
    }
}

pub(super) async fn hold(State(tenant): Shared, Path((case, id, action)): Path<(String, String, String)>) -> Response {
    let held = match action.as_str() {
        "microsoft.graph.security.applyHold" => true,
        "microsoft.graph.security.removeHold" => false,
        _ => return missing(&action),
    };
    match open(&tenant).hold(&case, &id, held) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => missing(&id),
    }
}

pub(super) async fn search_log(State(tenant): Shared, Json(body): Json<Value>) -> Response {
    reply(201, &open(&tenant).search_log(&body))
}

pub(super) async fn query(State(tenant): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    with_id(open(&tenant).queries(), &uri, &id)
}

pub(super) async fn records(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    let all = open(&tenant).records(&id);
    all.map_or_else(|| missing(&id), |all| collection(&headers, &uri, "records", &[], all))
}
