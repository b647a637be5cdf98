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
use super::vendor::{Access, count_param, is_write, no_content, page, param, reply, same_with};

type Shared = State<Arc<Mutex<Portal>>>;

/// The vendor's API, at the root.
pub fn router(company: Arc<Company>) -> Router {
    planted::or_broken("hubspot", built(&company))
}

fn built(company: &Company) -> anyhow::Result<Router> {
    let portal = Arc::new(Mutex::new(Portal::new(company)?));
    let mut api = Router::new()
        .route("/crm/v3/owners", get(owners))
        .route("/crm/v3/owners/{id}", get(owner))
        .route("/crm/v3/objects/companies", get(companies))
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
    Ok(api
        .fallback(|| async { refuse(404, "OBJECT_NOT_FOUND", "resource not found") })
        .layer(middleware::from_fn(guard))
        .with_state(portal))
}

async fn guard(request: Request, next: Next) -> Response {
    match Access::of(request.headers(), "hubspot").may(is_write(request.method())) {
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
