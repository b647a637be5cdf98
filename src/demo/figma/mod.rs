//! Figma, simulated: what was done and by whom, files and their links, webhooks by REST; members by SCIM, which is another token.

mod members;
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

use self::state::Organization;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, page, param, reply, same_with};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "figma",
    start,
    millis: 70,
    // By plan and seat; this is about the middle. <https://developers.figma.com/docs/rest-api/rate-limits/>
    rate: RateLimit::of(100, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!("url = \"{url}\"\nscim_url = \"{url}/scim/v2/{TENANT}\"\nplan = \"organization:{TENANT}\"\nteams = [\"{TEAM}\"]\n")
    },
};

/// The id of the organization, for SCIM and for the plan alike.
const TENANT: &str = "1401286822445493852";
/// The one team.
const TEAM: &str = "1401286822445490001";

/// The REST API at the root, for the plan's access token (`read-figma` as `X-Figma-Token`); SCIM below `/scim/v2/TENANT`, for the organization's
/// SCIM token (`revoke-figma` as Bearer). Neither opens the other.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let organization = Arc::new(Mutex::new(Organization::new(company)?));
    Ok(Simulated::over(organization.clone(), Router::new().fallback(answer).with_state(organization), Organization::left))
}

async fn answer(State(organization): State<Arc<Mutex<Organization>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let path = parts.uri.path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let mut organization = organization.lock().unwrap_or_else(PoisonError::into_inner);
    if let ["scim", "v2", tenant, rest @ ..] = segments.as_slice() {
        return members::answer(&mut organization, &parts, tenant, rest, &body);
    }
    if parts.headers.get("x-figma-token").is_none_or(|token| token != "read-figma") {
        // The activity log knows 401; everything else says 403 to a stranger.
        return match segments.as_slice() {
            ["v1", "activity_logs"] => failed(401, "Unauthorized"),
            _ => refuse(403, "Invalid token"),
        };
    }
    match parts.method {
        Method::GET => read(&organization, &parts.headers, &parts.uri, &segments),
        _ => refuse(403, "This token lacks the scope for it"),
    }
}

fn refuse(status: u16, why: &str) -> Response {
    reply(status, &json!({ "status": status, "err": why }))
}

/// The other shape of an error, which some addresses have.
fn failed(status: u16, why: &str) -> Response {
    reply(status, &json!({ "error": true, "status": status, "message": why }))
}

fn read(organization: &Organization, headers: &HeaderMap, uri: &Uri, segments: &[&str]) -> Response {
    let found = |item: Option<Value>| item.map_or_else(|| refuse(404, "Not found"), |item| reply(200, &item));
    match segments {
        // A plan's token is nobody's.
        ["v1", "me"] => refuse(403, "This token type can't be used here"),
        ["v1", "activity_logs"] => log(organization, uri),
        ["v1", "files", key, "meta"] => found(organization.file(key).map(|file| json!({ "file": file }))),
        ["v2", "teams", TEAM, "folders"] => reply(200, &json!({ "name": "Northmoor", "folders": organization.folders() })),
        ["v2", "folders", folder, "files"] => found(organization.files(folder)),
        ["v2", "webhooks"] => webhooks(organization, headers, uri),
        ["v2", "webhooks", id] => found(organization.webhooks().into_iter().find(|webhook| webhook["id"] == **id)),
        _ => refuse(404, "Not found"),
    }
}

/// What was done in a year, oldest first unless asked otherwise; whoever wants more than one page asks again up to the last event's time.
fn log(organization: &Organization, uri: &Uri) -> Response {
    let number = |name: &str, default: i64| param(uri, name).map_or(Some(default), |value| value.parse().ok());
    let (now, year) = (organization.now(), 366 * 86_400);
    let (Some(from), Some(to)) = (number("start_time", now - year), number("end_time", now + year)) else {
        return failed(400, "start_time and end_time must be Unix timestamps");
    };
    let wanted: Vec<String> = param(uri, "events").map(|events| events.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let mut events = organization.events();
    events.retain(|event| {
        let at = event["timestamp"].as_i64().unwrap_or_default();
        (from..=to).contains(&at) && (wanted.is_empty() || wanted.iter().any(|kind| event["action"]["type"] == kind.as_str()))
    });
    match param(uri, "order").as_deref() {
        None | Some("asc") => {}
        Some("desc") => events.reverse(),
        Some(_) => return failed(400, "order must be asc or desc"),
    }
    let (shown, next) = page(&events, 0, count_param(uri, "limit", 1000, 1000));
    let cursor = shown.last().map_or_else(String::new, |event| event["id"].as_str().unwrap_or_default().to_owned());
    let meta = json!({ "activity_logs": shown, "cursor": cursor, "next_page": next.is_some() });
    reply(200, &json!({ "status": 200, "error": false, "meta": meta }))
}

fn webhooks(organization: &Organization, headers: &HeaderMap, uri: &Uri) -> Response {
    match (param(uri, "plan_api_id"), param(uri, "context_id")) {
        (Some(plan), None) if plan == format!("organization:{TENANT}") => {}
        (None, Some(context)) => {
            let mut all = organization.webhooks();
            all.retain(|webhook| webhook["context_id"] == context.as_str());
            return reply(200, &json!({ "webhooks": all }));
        }
        (Some(_), None) => return refuse(403, "You don't have access to this plan"),
        _ => return failed(400, "Either plan_api_id or context and context_id must be given"),
    }
    let from = param(uri, "cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let all = organization.webhooks();
    let (shown, next) = page(&all, from, 2);
    let pagination = match next {
        Some(at) => json!({ "next_page": same_with(headers, uri, "cursor", &at.to_string()) }),
        None => json!({}),
    };
    reply(200, &json!({ "webhooks": shown, "pagination": pagination }))
}
