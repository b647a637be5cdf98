//! Notion, simulated: members by SCIM; members, integrations and pages by the REST API. Guests appear in neither.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Workspace;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, no_content, page, param, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "notion",
    start,
    millis: 80,
    // Three a second on average; <https://developers.notion.com/reference/request-limits>
    rate: RateLimit::of(180, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nscim_url = \"{url}/scim/v2\"\n"),
};

/// The REST API below `/v1`, for the integration's token (`read-notion`, which may read only); SCIM below `/scim/v2`, for the workspace's SCIM
/// token (`revoke-notion`, which may do everything there). Neither opens the other.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let workspace = Arc::new(Mutex::new(Workspace::new(company)?));
    Ok(Simulated::over(workspace.clone(), Router::new().fallback(answer).with_state(workspace), Workspace::left))
}

/// Why a request does nothing: a status and what is said about it.
type Refusal = (u16, &'static str);

async fn answer(State(workspace): State<Arc<Mutex<Workspace>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_matches('/').to_owned();
    let scim = path.starts_with("scim/v2/");
    let refuse = |(status, what): Refusal| if scim { scim_error(status, what) } else { error(status, what) };
    let searches = path == "v1/search";
    match (Access::of(&parts.headers, "notion"), scim) {
        (Access::Revoke, true) => {}
        (Access::Read, false) if searches || !is_write(&parts.method) => {}
        (Access::Read, false) => return refuse((403, "Insufficient permissions for this endpoint.")),
        _ => return refuse((401, "API token is invalid.")),
    }
    if !scim && !parts.headers.contains_key("notion-version") {
        return refuse((400, "Notion-Version header should be defined."));
    }
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let mut workspace = workspace.lock().unwrap_or_else(PoisonError::into_inner);
    let segments: Vec<&str> = path.split('/').collect();
    let outcome = match segments.as_slice() {
        ["v1", "search"] if parts.method == Method::POST => search(&workspace, &body),
        ["v1", rest @ ..] if parts.method == Method::GET => read(&workspace, &parts.uri, rest),
        ["scim", "v2", rest @ ..] => provision(&mut workspace, &parts.method, &parts.uri, rest, &body),
        _ => Err((404, "Could not find the resource.")),
    };
    outcome.unwrap_or_else(refuse)
}

fn error(status: u16, what: &str) -> Response {
    let code = match status {
        400 => "missing_version",
        401 => "unauthorized",
        403 => "restricted_resource",
        404 => "object_not_found",
        _ => "validation_error",
    };
    reply(status, &json!({ "object": "error", "status": status, "code": code, "message": what }))
}

fn scim_error(status: u16, what: &str) -> Response {
    let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
    reply(status, &json!({ "schemas": [schema], "status": status.to_string(), "detail": what }))
}

fn read(workspace: &Workspace, uri: &Uri, segments: &[&str]) -> Result<Response, Refusal> {
    match segments {
        ["users"] => {
            let all = workspace.users();
            let from = match param(uri, "start_cursor") {
                None => 0,
                Some(cursor) => all.iter().position(|user| user["id"] == cursor.as_str()).ok_or((422, "The start_cursor is invalid."))?,
            };
            let (shown, next) = page(&all, from, count_param(uri, "page_size", 100, 100));
            let cursor = next.and_then(|at| all.get(at)).map(|user| user["id"].clone());
            Ok(reply(
                200,
                &json!({
                    "object": "list",
                    "type": "user",
                    "user": {},
                    "results": shown,
                    "next_cursor": cursor,
                    "has_more": next.is_some(),
                }),
            ))
        }
        ["users", "me"] => found(workspace.ourselves()),
        ["users", id] => found(workspace.users().into_iter().find(|user| user["id"] == **id)),
        ["pages", id] => found(workspace.page(id)),
        _ => Err((404, "Could not find the resource.")),
    }
}

/// The pages that the integration was connected to, those in the trash left out; where to go on stands in the body.
fn search(workspace: &Workspace, body: &Value) -> Result<Response, Refusal> {
    let object = body["filter"]["value"].as_str();
    if object.is_some_and(|object| !matches!(object, "page" | "data_source")) {
        return Err((400, "body.filter.value should be page or data_source."));
    }
    let all = if object == Some("data_source") { Vec::new() } else { workspace.pages() };
    let size = match &body["page_size"] {
        Value::Null => 100,
        size => size.as_u64().filter(|size| (1..=100).contains(size)).ok_or((400, "body.page_size should be at most 100."))?,
    };
    let from = match body["start_cursor"].as_str() {
        None => 0,
        Some(cursor) => all.iter().position(|page| page["id"] == cursor).ok_or((422, "The start_cursor is invalid."))?,
    };
    let (shown, next) = page(&all, from, usize::try_from(size).unwrap_or(100));
    let cursor = next.and_then(|at| all.get(at)).map(|page| page["id"].clone());
    let answer = json!({
        "object": "list",
        "type": "page_or_data_source",
        "page_or_data_source": {},
        "results": shown,
        "next_cursor": cursor,
        "has_more": next.is_some(),
    });
    Ok(reply(200, &answer))
}

fn found(item: Option<Value>) -> Result<Response, Refusal> {
    item.map(|item| reply(200, &item)).ok_or((404, "Could not find the resource."))
}

fn provision(workspace: &mut Workspace, method: &Method, uri: &Uri, segments: &[&str], body: &Value) -> Result<Response, Refusal> {
    match (method.as_str(), segments) {
        ("GET", ["Users"]) => {
            let wanted = param(uri, "filter").map(|filter| filter.replace("userName eq ", "").replace('"', "").to_lowercase());
            let mut all = workspace.provisioned();
            all.retain(|user| wanted.as_ref().is_none_or(|wanted| user["userName"] == wanted.as_str()));
            Ok(listed(uri, &all))
        }
        ("GET", ["Users", id]) => found(workspace.provisioned().into_iter().find(|user| user["id"] == **id)),
        ("DELETE", ["Users", id]) => workspace.remove(id).map(|()| no_content()),
        ("PATCH", ["Users", id]) => {
            let off = body["Operations"].as_array().into_iter().flatten().any(|one| {
                let value = if one["path"] == "active" { &one["value"] } else { &one["value"]["active"] };
                value == false
            });
            if !off {
                return Err((400, "only active=false can be set here"));
            }
            let mut shown = workspace.provisioned().into_iter().find(|user| user["id"] == **id);
            workspace.remove(id)?;
            // A member who is made inactive is a member no more: shown once, then gone.
            if let Some(shown) = &mut shown {
                shown["active"] = false.into();
            }
            found(shown)
        }
        ("GET", ["Groups"]) => Ok(listed(uri, &workspace.groups())),
        ("GET", ["Groups", id]) => found(workspace.groups().into_iter().find(|group| group["id"] == **id)),
        _ => Err((404, "Could not find the resource.")),
    }
}

fn listed(uri: &Uri, items: &[Value]) -> Response {
    let start = param(uri, "startIndex").and_then(|start| start.parse::<usize>().ok()).unwrap_or(1).max(1);
    let (shown, _) = page(items, start - 1, count_param(uri, "count", 100, 100));
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": items.len(),
        "startIndex": start,
        "itemsPerPage": shown.len(),
        "Resources": shown,
    });
    reply(200, &body)
}
