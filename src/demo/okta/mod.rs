//! A simulated Okta organisation, after Okta's own description of its management API.

mod planted;
mod read;
mod state;
mod view;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, origin, reply};
use state::State;

pub use state::user_id;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "okta",
    start,
    millis: 25,
    rate: RateLimit::of(600, 60, RateStyle::Okta),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\n"),
};

/// The organisation's API under `/api/v1`. Tokens: `read-okta` and `revoke-okta`, as SSWS or Bearer.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let state = Arc::new(Mutex::new(State::build(company)?));
    Ok(Simulated::over(state.clone(), Router::new().fallback(answer).with_state(state), State::left))
}

/// One request, taken apart.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// `http://host/api/v1`
    base: String,
}

impl Asked {
    fn param(&self, name: &str) -> Option<String> {
        super::vendor::param(&self.uri, name)
    }
}

async fn answer(Shared(state): Shared<Arc<Mutex<State>>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let asked = Asked { base: format!("{}/api/v1", origin(&parts.headers)), method: parts.method, uri: parts.uri, headers: parts.headers };
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let access = Access::of(&asked.headers, "okta");
    if !ours_lives(&state, access) || access.may(false).is_err() {
        return error(401, "E0000011", "Invalid token provided", &[]);
    }
    if access.may(is_write(&asked.method)).is_err() {
        return error(403, "E0000006", "You do not have permission to perform the requested action", &[]);
    }
    let path = asked.uri.path().to_owned();
    let Some(path) = path.strip_prefix("/api/v1/") else {
        return not_found(&path, "Path");
    };
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let found =
        if is_write(&asked.method) { write::answer(&mut state, &asked, &segments) } else { read::answer(&state, &asked, &segments) };
    found.unwrap_or_else(|| not_found(path, "Path"))
}

/// Our own token is one of the organisation's, and dies when it is revoked or its owner is no longer active.
fn ours_lives(state: &State, access: Access) -> bool {
    let name = match access {
        Access::Read => "exeunt-read",
        Access::Revoke => "exeunt-revoke",
        Access::Nobody => return false,
    };
    state.api_tokens.contains_key(&state::id("00T", name)) && state.find("me").is_some_and(|me| me.status == "ACTIVE")
}

fn error(status: u16, code: &str, summary: &str, causes: &[&str]) -> Response {
    let causes: Vec<Value> = causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
    reply(
        status,
        &json!({
            "errorCode": code,
            "errorSummary": summary,
            "errorLink": code,
            "errorId": "oaeNorthmoor0000000000000",
            "errorCauses": causes,
        }),
    )
}

fn not_found(what: &str, kind: &str) -> Response {
    let summary = format!("Not found: Resource not found: {what} ({kind})");
    error(404, "E0000007", &summary, &[])
}

/// What Okta says to an operation that the user's status rules out.
fn wrong_status() -> Response {
    error(403, "E0000038", "This operation is not allowed in the user's current status.", &[])
}

#[cfg(test)]
mod tests;
