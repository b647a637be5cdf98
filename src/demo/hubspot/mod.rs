//! HubSpot, simulated: users who can only be removed, and the owners that stay behind, archived.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::Portal;
use super::company::Company;
use super::planted;
use super::vendor::{
    Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, no_content, page, param, reply, same_with,
};

type Shared = State<Arc<Mutex<Portal>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "hubspot",
    start: |company| start(company),
    millis: 50,
    // https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines: a private app's burst limit
    rate: RateLimit::of(190, 10, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\napp_user = \"{}\"\n", state::INTEGRATION),
};

/// The vendor's API, at the root.
fn start(company: &Company) -> anyhow::Result<Simulated> {
    let portal = Arc::new(Mutex::new(Portal::new(company)?));
    let mut api = Router::new()
        .route("/crm/v3/owners", get(owners))
        .route("/crm/v3/owners/{id}", get(owner))
        .route("/account-info/2026-03/activity/login", get(logins))
        .route("/crm/v3/objects/companies", get(companies))
        .route("/crm/v3/objects/{kind}/search", post(search))
        .route("/crm/v3/objects/companies/batch/update", post(reassign))
        .route("/settings/users/v3", get(users));
    // The dated version and the one before it answer alike.
    for users_at in ["/settings/users/2026-03", "/settings/v3/users"] {
        api = api
            .route(users_at, get(users))
            .route(&format!("{users_at}/{{user}}"), get(user).delete(remove))
            .route(&format!("{users_at}/roles"), get(roles))
            .route(&format!("{users_at}/teams"), get(teams));
    }
    let router = api.fallback(|| async { refuse(404, "OBJECT_NOT_FOUND", "resource not found") }).layer(middleware::from_fn(guard));
    let state = portal.clone();
    Ok(Simulated { router: router.with_state(portal), left: Arc::new(move |person| open(&state).left(person)) })
}

async fn guard(request: Request, next: Next) -> Response {
    // A search is a read, though it is posted.
    let writes = is_write(request.method()) && !request.uri().path().ends_with("/search");
    match Access::of(request.headers(), "hubspot").may(writes) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "INVALID_AUTHENTICATION", "Authentication credentials not found."),
        Err(_) => refuse(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."),
    }
}

fn open(portal: &Mutex<Portal>) -> MutexGuard<'_, Portal> {
    portal.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, category: &str, message: &str) -> Response {
    let id = format!("00000000-0000-4000-8000-{:012x}", planted::number_of(message));
    reply(status, &json!({ "status": "error", "category": category, "message": message, "correlationId": id }))
}

fn no_user() -> Response {
    refuse(404, "OBJECT_NOT_FOUND", "User does not exist in this portal")
}

/// One page of `results`, and where the next one starts.
fn listed(headers: &HeaderMap, uri: &Uri, items: &[Value]) -> Response {
    let after = param(uri, "after").map_or(Ok(0), |after| after.parse());
    let Ok(from) = after else {
        return refuse(400, "VALIDATION_ERROR", "after is not valid");
    };
    let (shown, next) = page(items, from, count_param(uri, "limit", 100, 100));
    let mut body = json!({ "results": shown });
    if let Some(next) = next.map(|next| next.to_string()) {
        body["paging"] = json!({ "next": { "after": next, "link": same_with(headers, uri, "after", &next) } });
    }
    reply(200, &body)
}

async fn users(State(portal): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&portal).users();
    listed(&headers, &uri, &all)
}

/// Users answer to their id, or to their address where the caller says so.
fn key(uri: &Uri, user: &str) -> (bool, String) {
    (param(uri, "idProperty").is_some_and(|property| property.eq_ignore_ascii_case("EMAIL")), user.to_owned())
}

async fn user(State(portal): Shared, uri: Uri, Path(user): Path<String>) -> Response {
    let (by_email, user) = key(&uri, &user);
    open(&portal).user(&user, by_email).map_or_else(no_user, |user| reply(200, &user))
}

async fn remove(State(portal): Shared, uri: Uri, Path(user): Path<String>) -> Response {
    let (by_email, user) = key(&uri, &user);
    let mut portal = open(&portal);
    match portal.remove(&user, by_email) {
        Some(true) => no_content(),
        Some(false) => refuse(400, "VALIDATION_ERROR", "The last super admin can't be removed."),
        None => no_user(),
    }
}

/// Sign-ins, newest first.
async fn logins(State(portal): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let mut all = open(&portal).logins();
    if let Some(user) = param(&uri, "userId") {
        all.retain(|login| login["userId"].as_u64() == user.parse().ok());
    }
    listed(&headers, &uri, &all)
}

async fn roles(State(portal): Shared) -> Response {
    reply(200, &json!({ "results": open(&portal).roles() }))
}

async fn teams(State(portal): Shared) -> Response {
    reply(200, &json!({ "results": open(&portal).teams() }))
}

fn archived(uri: &Uri) -> bool {
    param(uri, "archived").as_deref() == Some("true")
}

async fn owners(State(portal): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let mut all = open(&portal).owners(archived(&uri));
    if let Some(email) = param(&uri, "email") {
        all.retain(|owner| owner["email"] == email);
    }
    listed(&headers, &uri, &all)
}

async fn owner(State(portal): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    let by_user = param(&uri, "idProperty").as_deref() == Some("userId");
    let is =
        |owner: &Value| if by_user { owner["userIdIncludingInactive"].as_u64() == id.parse().ok() } else { owner["id"] == id.as_str() };
    let found = open(&portal).owners(archived(&uri)).into_iter().find(is);
    found.map_or_else(|| refuse(404, "OBJECT_NOT_FOUND", "Owner does not exist"), |owner| reply(200, &owner))
}

/// Owners of a record are a property like others, and only shown when asked for.
async fn companies(State(portal): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let with_owner = param(&uri, "properties").is_some_and(|names| names.contains("hubspot_owner_id"));
    let mut all = open(&portal).companies();
    if !with_owner {
        for properties in all.iter_mut().filter_map(|one| one["properties"].as_object_mut()) {
            properties.remove("hubspot_owner_id");
        }
    }
    listed(&headers, &uri, &all)
}

/// Records of a kind whose properties equal what each filter of any one group asks for.
async fn search(State(portal): Shared, Path(kind): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(all) = open(&portal).records(&kind) else {
        return refuse(404, "OBJECT_NOT_FOUND", "Unable to infer object type");
    };
    let size = body["limit"].as_u64().filter(|limit| (1..=200).contains(limit)).and_then(|limit| usize::try_from(limit).ok());
    let from = body["after"].as_str().and_then(|after| after.parse::<usize>().ok());
    let (Some(size), Some(from), Some(groups)) = (size, from, body["filterGroups"].as_array()) else {
        return refuse(400, "VALIDATION_ERROR", "Invalid input JSON: filterGroups, limit (1 to 200) and after are required");
    };
    let filters: Vec<&Vec<Value>> = groups.iter().filter_map(|group| group["filters"].as_array()).collect();
    if filters.iter().flat_map(|filters| filters.iter()).any(|filter| filter["operator"] != "EQ") {
        return refuse(400, "VALIDATION_ERROR", "this portal only knows the operator EQ");
    }
    let fits = |record: &Value| {
        let is = |filter: &Value| record["properties"][filter["propertyName"].as_str().unwrap_or_default()] == filter["value"];
        filters.is_empty() || filters.iter().any(|filters| filters.iter().all(is))
    };
    let found: Vec<Value> = all.into_iter().filter(fits).collect();
    let (shown, next) = page(&found, from, size);
    let mut answer = json!({ "total": found.len(), "results": shown });
    if let Some(next) = next {
        answer["paging"] = json!({ "next": { "after": next.to_string() } });
    }
    reply(200, &answer)
}

async fn reassign(State(portal): Shared, Json(body): Json<Value>) -> Response {
    let mut portal = open(&portal);
    let mut changed = Vec::new();
    for input in body["inputs"].as_array().into_iter().flatten() {
        let (Some(id), Some(owner)) = (input["id"].as_str(), input["properties"]["hubspot_owner_id"].as_str()) else {
            return refuse(400, "VALIDATION_ERROR", "each input needs id and properties.hubspot_owner_id");
        };
        match portal.reassign(id, owner) {
            Some(company) => changed.push(company),
            None => return refuse(400, "VALIDATION_ERROR", "no such company, or an owner who is archived"),
        }
    }
    let now = super::vendor::now().to_string();
    reply(200, &json!({ "status": "COMPLETE", "results": changed, "startedAt": now, "completedAt": now }))
}
