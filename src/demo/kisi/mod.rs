//! Kisi, simulated: the doors of headquarters, who may open them, with which badge or link.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::Doors;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, no_content, page, param, reply};

type Shared = State<Arc<Mutex<Doors>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "kisi",
    start,
    millis: 15,
    rate: RateLimit::of(300, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: Some("Kisi"),
    settings: |url| format!("url = \"{url}\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let doors = Arc::new(Mutex::new(Doors::new(company)?));
    Ok(Simulated::over(doors.clone(), router(doors), Doors::left))
}

/// The vendor's whole API, at the root.
fn router(doors: Arc<Mutex<Doors>>) -> Router {
    Router::new()
        .route("/members", get(members))
        .route("/members/{id}", get(member).patch(patch_member).delete(delete_member))
        .route("/role_assignments", get(role_assignments))
        .route("/role_assignments/{id}", get(role_assignment).delete(delete_role_assignment))
        .route("/group_links", get(group_links))
        .route("/group_links/{id}", delete(delete_group_link))
        .route("/groups", get(groups))
        .route("/groups/{id}", get(group))
        .route("/locks", get(locks))
        .route("/cards", get(cards))
        .route("/logins", get(logins))
        .fallback(|| async { not_found() })
        .layer(middleware::from_fn(guard))
        .with_state(doors)
}

async fn guard(request: Request, next: Next) -> Response {
    // Bearer is for the vendor's own apps; a key made in the dashboard travels under this scheme.
    let scheme_is_right = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("KISI-LOGIN "));
    let access = match scheme_is_right {
        true => Access::of(request.headers(), "kisi"),
        false => Access::Nobody,
    };
    match access.may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "unauthorized", "The request lacks valid credentials"),
        Err(status) => refuse(status.as_u16(), "forbidden", "The login may not do this"),
    }
}

fn open(doors: &Mutex<Doors>) -> MutexGuard<'_, Doors> {
    doors.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: &str, what: &str) -> Response {
    reply(status, &json!({ "error": what, "code": code }))
}

fn not_found() -> Response {
    refuse(404, "not_found", "The resource was not found")
}

fn found(item: Option<Value>) -> Response {
    item.map_or_else(not_found, |item| reply(200, &item))
}

fn done(happened: bool) -> Response {
    if happened { no_content() } else { not_found() }
}

/// One page, and in a header which part of the whole it is.
fn collection(uri: &Uri, items: &[Value], default: usize, max: usize) -> Response {
    let limit = count_param(uri, "limit", default, max);
    let offset = param(uri, "offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    if offset > 20_000 {
        return refuse(422, "unprocessable", "offset must be at most 20000");
    }
    let (shown, _) = page(items, offset, limit);
    let last = (offset + shown.len()).saturating_sub(1);
    let range = format!("{offset}-{last}/{}", items.len());
    let mut response = reply(200, &Value::from(shown));
    if let Ok(value) = HeaderValue::try_from(range) {
        response.headers_mut().insert("x-collection-range", value);
    }
    response
}

/// Keeps what has each given query parameter's value in the field of that name.
fn having(uri: &Uri, fields: &[&str], items: Vec<Value>) -> Vec<Value> {
    let asked: Vec<(&str, String)> = fields.iter().filter_map(|field| Some((*field, param(uri, field)?))).collect();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let ids: Option<Vec<String>> = param(uri, "ids").map(|ids| ids.split(',').map(|id| id.trim().to_owned()).collect());
    items
        .into_iter()
        .filter(|item| asked.iter().all(|(field, value)| text(&item[*field]) == *value))
        .filter(|item| ids.as_ref().is_none_or(|ids| ids.contains(&text(&item["id"]))))
        .collect()
}

async fn members(State(doors): Shared, uri: Uri) -> Response {
    let mut all = having(&uri, &["user_id"], open(&doors).members());
    if let Some(query) = param(&uri, "query").map(|query| query.to_lowercase()) {
        let has = |value: &Value| value.as_str().is_some_and(|v| v.to_lowercase().contains(&query));
        all.retain(|member| has(&member["name"]) || has(&member["user"]["email"]));
    }
    collection(&uri, &all, 50, 100)
}

async fn member(State(doors): Shared, Path(id): Path<u64>) -> Response {
    found(open(&doors).member(id))
}

async fn patch_member(State(doors): Shared, Path(id): Path<u64>, Json(body): Json<Value>) -> Response {
    let Some(change) = body["member"].as_object() else {
        return refuse(422, "unprocessable", "member is missing");
    };
    match change.get("access_enabled").map(Value::as_bool) {
        Some(Some(enabled)) => done(open(&doors).set_access(id, enabled)),
        Some(None) => refuse(422, "unprocessable", "access_enabled must be true or false"),
        None => refuse(422, "unprocessable", "only access_enabled can be changed here"),
    }
}

async fn delete_member(State(doors): Shared, Path(id): Path<u64>) -> Response {
    done(open(&doors).delete_member(id))
}

async fn role_assignments(State(doors): Shared, uri: Uri) -> Response {
    let fields =
        ["role_id", "assignee_type", "assignee_id", "applies_to_type", "applies_to_id", "user_id", "group_id", "place_id", "scope"];
    collection(&uri, &having(&uri, &fields, open(&doors).assignments()), 10, 250)
}

async fn role_assignment(State(doors): Shared, Path(id): Path<u64>) -> Response {
    found(open(&doors).assignments().into_iter().find(|one| one["id"] == id))
}

async fn delete_role_assignment(State(doors): Shared, Path(id): Path<u64>) -> Response {
    done(open(&doors).delete_assignment(id))
}

async fn group_links(State(doors): Shared, uri: Uri) -> Response {
    collection(&uri, &having(&uri, &["group_id"], open(&doors).links()), 10, 250)
}

async fn delete_group_link(State(doors): Shared, Path(id): Path<u64>) -> Response {
    done(open(&doors).delete_link(id))
}

async fn groups(State(doors): Shared, uri: Uri) -> Response {
    collection(&uri, &having(&uri, &["place_id"], open(&doors).groups()), 10, 250)
}

async fn group(State(doors): Shared, Path(id): Path<u64>) -> Response {
    found(open(&doors).groups().into_iter().find(|group| group["id"] == id))
}

async fn locks(State(doors): Shared, uri: Uri) -> Response {
    collection(&uri, &having(&uri, &["place_id"], open(&doors).locks()), 50, 250)
}

async fn cards(State(doors): Shared, uri: Uri) -> Response {
    let mut all = having(&uri, &["user_id", "uid", "activated"], open(&doors).cards());
    if let Some(status) = param(&uri, "status") {
        all.retain(|card| match status.as_str() {
            "activated" => card["activated"] == true,
            "deactivated" => card["activated"] == false,
            _ => card["assigned"] == false,
        });
    }
    collection(&uri, &all, 10, 250)
}

async fn logins(State(doors): Shared, uri: Uri) -> Response {
    collection(&uri, &having(&uri, &["user_id"], open(&doors).logins()), 10, 250)
}
