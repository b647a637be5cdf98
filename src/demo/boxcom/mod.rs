//! Box, simulated: content, who collaborates on it, links and device pins. Deleting an owner is refused while anything is owned.

mod change;
mod render;
mod state;
#[cfg(test)]
mod tests;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Content;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, form, is_write, no_content, page, param, reply};

/// How it is brought up: the API below `/2.0`, and the token endpoint.
pub const VENDOR: Vendor = Vendor {
    name: "box",
    start,
    millis: 25,
    rate: RateLimit::of(1000, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nenterprise = \"77001\"\nread_client = \"read-box\"\nrevoke_client = \"revoke-box\"\nhold_policy = \"92001\"\n"
        )
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let content = Arc::new(Mutex::new(Content::new(company)?));
    Ok(Simulated::over(content.clone(), Router::new().fallback(answer).with_state(content), Content::left))
}

/// Why a request does nothing.
struct Refusal {
    status: u16,
    code: &'static str,
    what: String,
}

impl Refusal {
    fn new(status: u16, code: &'static str, what: impl Into<String>) -> Refusal {
        Refusal { status, code, what: what.into() }
    }

    fn not_found() -> Refusal {
        Refusal::new(404, "not_found", "Not Found")
    }

    fn response(&self) -> Response {
        let body = json!({
            "type": "error",
            "status": self.status,
            "code": self.code,
            "message": self.what,
            "context_info": null,
            "help_url": "https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/",
            "request_id": "northmoor0box",
        });
        reply(self.status, &body)
    }
}

type Outcome = Result<Response, Refusal>;

/// One request, taken apart.
struct Asked {
    method: Method,
    uri: Uri,
    body: Value,
    /// The user on whose behalf it is made.
    user: String,
}

async fn answer(State(content): State<Arc<Mutex<Content>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let mut content = content.lock().unwrap_or_else(PoisonError::into_inner);
    if parts.method == Method::POST && parts.uri.path() == "/oauth2/token" {
        let form = form(&bytes);
        return token::issue(&mut content, &parts.headers, &form);
    }
    let carried = token::carried(&content, &parts.headers);
    if let Err(status) = carried.access.may(is_write(&parts.method)) {
        return match status.as_u16() {
            401 => Refusal::new(401, "unauthorized", "Unauthorized").response(),
            _ => Refusal::new(403, "insufficient_scope", "The request requires higher privileges than provided by the access token.")
                .response(),
        };
    }
    let body = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() => Value::Null,
        Err(_) => return Refusal::new(400, "bad_request", "Entity body should be a correctly nested resource attribute").response(),
    };
    let user = match parts.headers.get("as-user").and_then(|value| value.to_str().ok()) {
        None => carried.user,
        Some(user) => user.to_owned(),
    };
    if !content.may_act(&user) {
        // Whoever can't sign in can't be impersonated either.
        return Refusal::new(403, "forbidden", "Access denied - as-user is not an active managed user").response();
    }
    let asked = Asked { method: parts.method, uri: parts.uri, body, user };
    let path = asked.uri.path().to_owned();
    let Some(path) = path.strip_prefix("/2.0/") else {
        return Refusal::not_found().response();
    };
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let outcome = match is_write(&asked.method) {
        true => change::answer(&mut content, &asked, &segments),
        false => read(&mut content, &asked, &segments),
    };
    outcome.unwrap_or_else(|refusal| refusal.response())
}

fn found(item: Option<Value>) -> Outcome {
    item.map(|item| reply(200, &item)).ok_or_else(Refusal::not_found)
}

fn done(happened: bool) -> Outcome {
    if happened { Ok(no_content()) } else { Err(Refusal::not_found()) }
}

fn read(content: &mut Content, asked: &Asked, segments: &[&str]) -> Outcome {
    let uri = &asked.uri;
    match segments {
        ["users"] => match param(uri, "user_type").as_deref() {
            // Users of other enterprises are found by their exact login only.
            Some("external") => by_offset(uri, &[]),
            _ => {
                let mut users = content.users();
                if let Some(term) = param(uri, "filter_term").map(|term| term.to_lowercase()) {
                    let starts = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase().starts_with(&term));
                    users.retain(|user| starts(&user["name"]) || starts(&user["login"]));
                }
                if param(uri, "usemarker").as_deref() == Some("true") { by_marker(uri, &users) } else { by_offset(uri, &users) }
            }
        },
        ["users", "me"] => found(content.user(&asked.user)),
        ["users", id] => found(content.user(id)),
        ["users", id, "memberships"] => {
            content.user(id).ok_or_else(Refusal::not_found)?;
            by_offset(uri, &content.memberships(|membership| membership.user == *id))
        }
        ["users", id, "email_aliases"] => {
            content.user(id).ok_or_else(Refusal::not_found)?;
            let aliases = content.aliases(id);
            Ok(reply(200, &json!({ "total_count": aliases.len(), "entries": aliases })))
        }
        ["groups"] => by_offset(uri, &content.groups()),
        ["groups", id, "memberships"] => {
            if !content.groups().iter().any(|group| group["id"] == **id) {
                return Err(Refusal::not_found());
            }
            by_offset(uri, &content.memberships(|membership| membership.group == *id))
        }
        ["group_memberships", id] => found(content.memberships(|membership| membership.id == *id).pop()),
        ["enterprises", id, "device_pinners"] if content.is_enterprise(id) => pins(uri, &content.pins()),
        ["device_pinners", id] => found(content.pins().into_iter().find(|pin| pin["id"] == **id)),
        ["folders", id, "items"] => {
            let items = content.items_in(id, &asked.user)?;
            if param(uri, "usemarker").as_deref() == Some("true") { by_marker(uri, &items) } else { by_offset(uri, &items) }
        }
        ["folders", id, "collaborations"] => by_marker(uri, &content.collaborations_on(id, "folder", &asked.user)?),
        ["files", id, "collaborations"] => by_marker(uri, &content.collaborations_on(id, "file", &asked.user)?),
        ["folders", id] => content.item(id, "folder", &asked.user).map(|item| reply(200, &item)),
        ["files", id] => content.item(id, "file", &asked.user).map(|item| reply(200, &item)),
        ["collaborations"] => match param(uri, "status").as_deref() {
            Some("pending") => by_offset(uri, &content.pending(&asked.user)),
            _ => Err(Refusal::new(400, "bad_request", "status must be pending")),
        },
        ["collaborations", id] => found(content.collaboration(id, &asked.user)),
        ["legal_hold_policies"] => by_marker(uri, &content.holds(param(uri, "policy_name").as_deref())),
        ["legal_hold_policies", id] => found(content.holds(None).into_iter().find(|hold| hold["id"] == **id)),
        ["legal_hold_policy_assignments"] => {
            let policy = param(uri, "policy_id").ok_or_else(|| Refusal::new(400, "bad_request", "policy_id is missing"))?;
            let mut all = content.assignments();
            all.retain(|one| one["legal_hold_policy"]["id"] == policy.as_str());
            for (name, field) in [("assign_to_type", "type"), ("assign_to_id", "id")] {
                if let Some(value) = param(uri, name) {
                    all.retain(|one| one["assigned_to"][field] == value.as_str());
                }
            }
            by_marker(uri, &all)
        }
        ["legal_hold_policy_assignments", id] => found(content.assignments().into_iter().find(|one| one["id"] == **id)),
        ["events"] => events(uri, content),
        _ => Err(Refusal::not_found()),
    }
}

fn by_offset(uri: &Uri, items: &[Value]) -> Outcome {
    let offset = param(uri, "offset").map_or(Ok(0), |offset| offset.parse()).unwrap_or(usize::MAX);
    if offset > 10_000 {
        return Err(Refusal::new(400, "bad_request", "offset must be a number of at most 10000"));
    }
    let limit = count_param(uri, "limit", 100, 1000);
    let (shown, _) = page(items, offset, limit);
    Ok(reply(200, &json!({ "total_count": items.len(), "entries": shown, "offset": offset, "limit": limit })))
}

/// Markers are opaque; here they say where to go on.
fn by_marker(uri: &Uri, items: &[Value]) -> Outcome {
    let limit = count_param(uri, "limit", 100, 1000);
    let from = match param(uri, "marker").filter(|marker| !marker.is_empty()) {
        None => 0,
        Some(marker) => marker
            .strip_prefix("m-")
            .and_then(|at| at.parse().ok())
            .ok_or_else(|| Refusal::new(400, "bad_request", "Invalid value for marker"))?,
    };
    let (shown, next) = page(items, from, limit);
    Ok(reply(200, &json!({ "entries": shown, "limit": limit, "next_marker": next.map(|at| format!("m-{at}")) })))
}

/// Here the marker is a number, and there is none on the last page.
fn pins(uri: &Uri, items: &[Value]) -> Outcome {
    let limit = count_param(uri, "limit", 100, 1000);
    let from = param(uri, "marker").map_or(Ok(0), |at| at.parse()).map_err(|_| Refusal::new(400, "bad_request", "Invalid marker"))?;
    let (shown, next) = page(items, from, limit);
    let mut body = json!({ "entries": shown, "limit": limit, "order": [{ "by": "id", "direction": "asc" }] });
    if let Some(next) = next {
        body["next_marker"] = next.into();
    }
    Ok(reply(200, &body))
}

fn events(uri: &Uri, content: &Content) -> Outcome {
    if !matches!(param(uri, "stream_type").as_deref(), Some("admin_logs" | "admin_logs_streaming")) {
        return Ok(reply(200, &json!({ "chunk_size": 0, "next_stream_position": "0", "entries": [] })));
    }
    let all = content.events();
    let from = match param(uri, "stream_position").as_deref() {
        Some("now") => all.len(),
        at => at.and_then(|at| at.parse().ok()).unwrap_or(0),
    };
    let (shown, next) = page(&all, from, count_param(uri, "limit", 100, 500));
    let next = next.unwrap_or(all.len()).to_string();
    Ok(reply(200, &json!({ "chunk_size": shown.len(), "next_stream_position": next, "entries": shown })))
}
