//! Directus, simulated: a content server with static tokens, share links and flows. Suspending ends what is the account's own; a share link opens
//! for anyone until it is deleted. Held against a real server, version 11.17.4, refusals included.

mod query;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Server;
use super::company::Company;
use super::vendor::{Access, Secret, Simulated, Vendor, no_content, reply, token_of};

/// How it is brought up. The two secrets are static tokens of two users; such a server limits nobody's requests unless told to.
pub const VENDOR: Vendor = Vendor {
    name: "directus",
    start,
    millis: 20,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let server = Arc::new(Mutex::new(Server::new(company)?));
    Ok(Simulated::over(server.clone(), Router::new().fallback(answer).with_state(server), Server::left))
}

/// Why a request does nothing: status, code, and what is said about it.
struct Refusal(u16, &'static str, String);

impl Refusal {
    /// What doesn't exist is refused like what may not be seen.
    fn forbidden() -> Self {
        Self(403, "FORBIDDEN", "You don't have permission to access this.".to_owned())
    }

    fn credentials() -> Self {
        Self(401, "INVALID_CREDENTIALS", "Invalid user credentials.".to_owned())
    }

    fn query(reason: &str) -> Self {
        Self(400, "INVALID_QUERY", format!("Invalid query. {reason}."))
    }

    fn last_admin() -> Self {
        Self(422, "UNPROCESSABLE_CONTENT", "Can't process content. Cannot remove the last admin user from the system.".to_owned())
    }
}

/// What there is to say, or nothing (204).
type Outcome = Result<Option<Value>, Refusal>;

async fn answer(State(server): State<Arc<Mutex<Server>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
    match asked(&mut server, &parts.method, &parts.uri, &parts.headers, &bytes) {
        Ok(Some(data)) => reply(200, &json!({ "data": data })),
        Ok(None) => no_content(),
        Err(Refusal(status, code, message)) => {
            reply(status, &json!({ "errors": [{ "message": message, "extensions": { "code": code } }] }))
        }
    }
}

fn asked(server: &mut Server, method: &Method, uri: &Uri, headers: &HeaderMap, bytes: &Bytes) -> Outcome {
    let body = match serde_json::from_slice(bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() => Value::Null,
        Err(_) => return Err(Refusal(400, "INVALID_PAYLOAD", "Invalid payload. The body is no JSON.".to_owned())),
    };
    let path = uri.path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    if (method.as_str(), segments.as_slice()) == ("POST", &["shares", "auth"]) {
        // Anyone may: that is what a share link is for.
        return server.open_share(&body).map(Some);
    }
    let caller = match token_of(headers) {
        None => return Err(Refusal::forbidden()),
        Some(token) => server.caller(&token).ok_or_else(Refusal::credentials)?,
    };
    if (method.as_str(), segments.as_slice()) == ("GET", &["users", "me"]) {
        return query::chosen(uri, server.rows("users")?.into_iter().find(|user| user["id"] == caller.user.as_str())).map(Some);
    }
    if caller.access == Access::Nobody {
        // A person sees themselves, as far as this simulation goes.
        return Err(Refusal::forbidden());
    }
    match (method.as_str(), segments.as_slice()) {
        ("GET", [collection]) => query::listed(uri, server.rows(collection)?).map(Some),
        ("GET", [collection, id]) => query::chosen(uri, server.rows(collection)?.into_iter().find(|row| row["id"] == *id)).map(Some),
        (_, [_, _]) if caller.access != Access::Revoke => Err(Refusal::forbidden()),
        (_, [_, id]) if !query::is_uuid(id) => Err(Refusal::forbidden()),
        ("PATCH", ["users", id]) => changed(uri, server.change_user(id, &body)?),
        ("PATCH", ["flows", id]) => changed(uri, server.change_flow(id, &body)?),
        ("DELETE", ["users", id]) => server.delete_user(id).map(|()| None),
        ("DELETE", ["shares", id]) => {
            // Also when there is none.
            server.delete_share(id);
            Ok(None)
        }
        _ => Err(Refusal(404, "ROUTE_NOT_FOUND", format!("Route /{path} doesn't exist."))),
    }
}

/// The record as it is now; nothing, where there was none to change.
fn changed(uri: &Uri, row: Option<Value>) -> Outcome {
    row.map(|row| query::chosen(uri, Some(row))).transpose()
}
