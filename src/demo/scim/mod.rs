//! Boardroom, the simulated board portal: a generic SCIM 2.0 service provider as RFC 7644 describes it.

mod state;
#[cfg(test)]
mod tests;
pub(super) mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::Portal;
use self::wire::{answer, changes, error, list};
use super::company::Company;
use super::vendor::{Access, Secret, Simulated, Vendor, is_write, no_content, origin};

const LARGEST_PAGE: usize = 100;

type Shared = State<Arc<Mutex<Portal>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "scim",
    start,
    millis: 15,
    rate: None,
    secret: Secret::Token,
    signs_in_through: Some("Boardroom"),
    settings: |url| format!("url = \"{url}/scim/v2\"\nchanges = true\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let portal = Arc::new(Mutex::new(Portal::new(company)?));
    Ok(Simulated::over(portal.clone(), router(portal), Portal::left))
}

/// The portal, with its base path `/scim/v2`.
fn router(portal: Arc<Mutex<Portal>>) -> Router {
    let v2 = Router::new()
        .route("/ServiceProviderConfig", get(config))
        .route("/Users", get(users))
        .route("/Users/{id}", get(user).patch(patch_user).delete(delete_user))
        .route("/Groups", get(groups))
        .route("/Groups/{id}", get(group).patch(patch_group).delete(delete_group))
        .with_state(portal);
    Router::new()
        .nest("/scim/v2", v2)
        .fallback(|uri: Uri| async move { error(404, None, &format!("no endpoint {}", uri.path())) })
        .layer(middleware::from_fn(guard))
}

async fn guard(request: Request, next: Next) -> Response {
    match Access::of(request.headers(), "scim").may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => error(401, None, "a valid bearer token is needed"),
        Err(status) => error(status.as_u16(), None, "the token may only read"),
    }
}

fn open(portal: &Mutex<Portal>) -> MutexGuard<'_, Portal> {
    portal.lock().unwrap_or_else(PoisonError::into_inner)
}

fn base(headers: &HeaderMap) -> String {
    format!("{}/scim/v2", origin(headers))
}

fn not_found(id: &str) -> Response {
    error(404, None, &format!("resource {id} not found"))
}

async fn config(headers: HeaderMap) -> Response {
    answer(
        200,
        &json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": { "supported": true },
            "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
            "filter": { "supported": true, "maxResults": LARGEST_PAGE },
            "changePassword": { "supported": false },
            "sort": { "supported": false },
            "etag": { "supported": false },
            "authenticationSchemes": [{
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A token made in the portal's administration pages",
                "primary": true,
            }],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": format!("{}/ServiceProviderConfig", base(&headers)),
            },
        }),
    )
}

async fn users(State(portal): Shared, headers: HeaderMap, uri: Uri) -> Response {
    list(&uri, open(&portal).all_users(&base(&headers)), LARGEST_PAGE)
}

async fn user(State(portal): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    match open(&portal).user(&id, &base(&headers)) {
        Some(user) => answer(200, &user),
        None => not_found(&id),
    }
}

async fn patch_user(State(portal): Shared, headers: HeaderMap, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut portal = open(&portal);
    if portal.user(&id, "").is_none() {
        return not_found(&id);
    }
    let changes = match changes(&body) {
        Ok(changes) => changes,
        Err(refusal) => return refusal.answer(),
    };
    for change in changes {
        let wire::Change::Active(active) = change else {
            return error(400, Some("invalidPath"), "a user has no members");
        };
        portal.set_active(&id, active);
    }
    match portal.user(&id, &base(&headers)) {
        Some(user) => answer(200, &user),
        None => not_found(&id),
    }
}

async fn delete_user(State(portal): Shared, Path(id): Path<String>) -> Response {
    if open(&portal).delete_user(&id) { no_content() } else { not_found(&id) }
}

async fn groups(State(portal): Shared, headers: HeaderMap, uri: Uri) -> Response {
    list(&uri, open(&portal).all_groups(&base(&headers)), LARGEST_PAGE)
}

async fn group(State(portal): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    match open(&portal).group(&id, &base(&headers)) {
        Some(group) => answer(200, &group),
        None => not_found(&id),
    }
}

async fn patch_group(State(portal): Shared, headers: HeaderMap, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut portal = open(&portal);
    if portal.group(&id, "").is_none() {
        return not_found(&id);
    }
    let changes = match changes(&body) {
        Ok(changes) => changes,
        Err(refusal) => return refusal.answer(),
    };
    for change in changes {
        if let Err(detail) = portal.change_group(&id, change) {
            return error(400, Some("invalidValue"), &detail);
        }
    }
    match portal.group(&id, &base(&headers)) {
        Some(group) => answer(200, &group),
        None => not_found(&id),
    }
}

async fn delete_group(State(portal): Shared, Path(id): Path<String>) -> Response {
    if open(&portal).delete_group(&id) { no_content() } else { not_found(&id) }
}
