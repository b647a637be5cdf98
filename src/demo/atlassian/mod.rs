//! Atlassian Cloud, simulated: an organisation's managed accounts and their API tokens, which outlive the account that is switched off.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::{Organisation, Refusal};
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, no_content, page, param, reply, same_with};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "atlassian",
    start,
    millis: 120,
    rate: RateLimit::of(500, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\norg = \"{ORG}\"\n"),
};

/// The id of the organisation.
const ORG: &str = "7d2a5c1e-0b4f-4e8a-9c63-1f0e5b7a2d48";

/// How many accounts stand on a page; the description gives the caller no say.
const PAGE: usize = 50;

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let organisation = Arc::new(Mutex::new(Organisation::new(company)?));
    Ok(Simulated::over(organisation.clone(), Router::new().fallback(answer).with_state(organisation), Organisation::left))
}

async fn answer(State(organisation): State<Arc<Mutex<Organisation>>>, request: Request) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    match Access::of(headers, "atlassian").may(is_write(method)) {
        Ok(()) => {}
        Err(status) if status == 401 => return reply(401, &json!({ "code": 401, "message": "Unauthorized" })),
        Err(_) => return refuse(&Refusal::Scope),
    }
    let mut organisation = organisation.lock().unwrap_or_else(PoisonError::into_inner);
    let path = uri.path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let outcome = match (method, segments.as_slice()) {
        (&Method::GET, ["admin", "v1", "orgs"]) => Ok(reply(200, &json!({ "data": [org()], "links": { "next": null } }))),
        (&Method::GET, ["admin", "v1", "orgs", ORG]) => Ok(reply(200, &json!({ "data": org() }))),
        (&Method::GET, ["admin", "v1", "orgs", ORG, "users"]) => users(&organisation, headers, uri),
        (&Method::GET, ["users", id, "manage"]) => organisation.manage(id).map(|body| reply(200, &body)),
        (&Method::GET, ["users", id, "manage", "profile"]) => organisation.profile(id).map(|body| reply(200, &json!({ "account": body }))),
        (&Method::GET, ["users", id, "manage", "api-tokens"]) => organisation.tokens(id).map(|body| reply(200, &body)),
        (&Method::DELETE, ["users", id, "manage", "api-tokens", token]) => organisation.delete_token(id, token).map(|()| no_content()),
        (&Method::POST, ["users", id, "manage", "lifecycle", "disable"]) => organisation.set_active(id, false).map(|()| no_content()),
        (&Method::POST, ["users", id, "manage", "lifecycle", "enable"]) => organisation.set_active(id, true).map(|()| no_content()),
        _ => Err(Refusal::Unknown),
    };
    outcome.unwrap_or_else(|why| refuse(&why))
}

fn org() -> Value {
    json!({
        "id": ORG,
        "type": "orgs",
        "attributes": { "name": "Northmoor Instruments" },
        "links": { "self": format!("https://api.atlassian.com/admin/v1/orgs/{ORG}"), "prev": null, "next": null },
    })
}

/// One page of managed accounts; the cursor of the next stands in its address.
fn users(organisation: &Organisation, headers: &HeaderMap, uri: &Uri) -> Result<Response, Refusal> {
    let all = organisation.users();
    let from = match param(uri, "cursor") {
        None => 0,
        Some(cursor) => cursor.strip_prefix("c-").and_then(|at| at.parse().ok()).ok_or(Refusal::Cursor)?,
    };
    let (shown, next) = page(&all, from, PAGE);
    let own = format!("{}{}", super::vendor::origin(headers), uri);
    let next = next.map(|at| same_with(headers, uri, "cursor", &format!("c-{at}")));
    let body = json!({ "data": shown, "links": { "self": own, "prev": null, "next": next }, "meta": { "total": all.len() } });
    Ok(reply(200, &body))
}

fn refuse(why: &Refusal) -> Response {
    let (status, key, context) = match why {
        Refusal::Unknown => (404, "notFound", "The requested resource does not exist."),
        Refusal::Cursor => (400, "badRequest", "The cursor is not valid."),
        Refusal::Scope => (403, "forbidden", "The API key does not have the scope for this."),
        Refusal::NotOurs => (403, "forbidden.action", "You are authenticated but do not have the authority to take this action."),
    };
    reply(status, &json!({ "key": key, "context": context }))
}
