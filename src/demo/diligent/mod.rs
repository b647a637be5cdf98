//! Diligent Boards, simulated as its provisioning endpoint (SCIM 2.0): accounts of directors, and books on tablets that it says nothing of.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use serde_json::Value;

use self::state::Portal;
use super::company::Company;
use super::scim::wire::{Change, answer, changes, error, list};
use super::vendor::{Access, Secret, Simulated, Vendor, is_write, no_content, origin};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "diligent",
    start,
    millis: 70,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}/scim/v2\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let portal = Arc::new(Mutex::new(Portal::new(company)?));
    Ok(Simulated::over(portal.clone(), Router::new().fallback(answered).with_state(portal), Portal::left))
}

async fn answered(State(portal): State<Arc<Mutex<Portal>>>, request: Request) -> Response {
    match Access::of(request.headers(), "diligent").may(is_write(request.method())) {
        Ok(()) => {}
        Err(status) if status == 401 => return error(401, None, "Authorization failure"),
        Err(status) => return error(status.as_u16(), None, "Operation is not permitted based on the supplied authorization"),
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let base = format!("{}/scim/v2", origin(&parts.headers));
    let mut portal = portal.lock().unwrap_or_else(PoisonError::into_inner);
    let path = parts.uri.path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.strip_prefix("scim/v2/").unwrap_or_default().split('/').collect();
    let found = |item: Option<Value>| item.map_or_else(|| error(404, None, "Resource not found"), |item| answer(200, &item));
    match (&parts.method, segments.as_slice()) {
        (&Method::GET, ["Users"]) => list(&parts.uri, portal.users(&base), 100),
        (&Method::GET, ["Groups"]) => list(&parts.uri, portal.groups(&base), 100),
        (&Method::GET, ["Users", id]) => found(portal.user(id, &base)),
        (&Method::DELETE, ["Users", id]) if portal.delete(id) => no_content(),
        (&Method::PATCH, ["Users", id]) if portal.user(id, &base).is_some() => {
            let changes = match changes(&body) {
                Ok(changes) => changes,
                Err(refusal) => return refusal.answer(),
            };
            for change in changes {
                let Change::Active(active) = change else {
                    return error(400, Some("invalidPath"), "a user has no members");
                };
                portal.set_active(id, active);
            }
            found(portal.user(id, &base))
        }
        _ => error(404, None, "Resource not found"),
    }
}
