//! Brivo, simulated: the doors of an office, who opens them with what, and the administrators who let people in.

mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::Office;
use super::company::Company;
use super::vendor::{
    Access, RateLimit, RateStyle, Secret, Simulated, Vendor, basic, count_param, is_write, no_content, page, param, reply, token_of,
};

type Shared = State<Arc<Mutex<Office>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "brivo",
    start,
    millis: 80,
    rate: RateLimit::of(600, 60, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nlogin = \"{url}\"\nread_client = \"read-client\"\nrevoke_client = \"revoke-client\"\nread_user = \"exeunt.read\"\nrevoke_user = \"exeunt.revoke\"\napi_key = \"{API_KEY}\"\n"
        )
    },
};

/// The application's key, which goes with every call and opens nothing.
const API_KEY: &str = "northmoor-app";

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let office = Arc::new(Mutex::new(Office::new(company)?));
    Ok(Simulated::over(office.clone(), router(office), Office::left))
}

/// The API below `/v1/api`, as <https://apidocs.brivo.com> describes it, and the token endpoint of its other host.
fn router(office: Arc<Mutex<Office>>) -> Router {
    let api = Router::new()
        .route("/users", get(users))
        .route("/users/{id}", get(user))
        .route("/users/{id}/suspended", get(suspended).put(suspend))
        .route("/users/{id}/credentials", get(credentials))
        .route("/users/{id}/credentials/{credential}", delete(take_credential).put(give_credential))
        .route("/users/{id}/groups", get(groups))
        .route("/groups/{group}/users/{id}", delete(leave).put(join))
        .route("/administrators", get(administrators))
        .route("/administrators/whoami", get(who))
        .route("/administrators/{id}", get(administrator).delete(delete_administrator))
        .layer(middleware::from_fn_with_state(office.clone(), guard))
        .with_state(office.clone());
    let token = Router::new().route("/oauth/token", post(issue)).with_state(office);
    Router::new().nest("/v1/api", api).merge(token).fallback(|| async { refuse(404, "Not found") })
}

fn open(office: &Mutex<Office>) -> MutexGuard<'_, Office> {
    office.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, message: &str) -> Response {
    reply(status, &json!({ "code": status, "message": message }))
}

fn no_user() -> Response {
    refuse(404, "User not found")
}

fn has_key(headers: &HeaderMap) -> bool {
    headers.get("api-key").is_some_and(|key| key == API_KEY)
}

/// Without the application's key, no call gets as far as the token.
async fn guard(State(office): Shared, request: Request, next: Next) -> Response {
    if !has_key(request.headers()) {
        return refuse(403, "Developer Inactive");
    }
    let access = token_of(request.headers()).map_or(Access::Nobody, |token| open(&office).access(&token));
    match access.may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => reply(401, &json!({ "error": "invalid_token", "error_description": "Invalid access token" })),
        Err(_) => refuse(403, "You are not allowed to perform that action"),
    }
}

/// An administrator's name and password, through an application, become a token for a minute.
async fn issue(State(office): Shared, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let invalid = |error: &str| reply(400, &json!({ "error": error, "error_description": "Bad credentials" }));
    if !has_key(&headers) {
        return refuse(403, "Developer Inactive");
    }
    if form.get("grant_type").is_none_or(|grant| grant != "password") {
        return invalid("unsupported_grant_type");
    }
    let said = |name: &str| form.get(name).map_or("", String::as_str);
    let client = basic(&headers).unwrap_or_default();
    let access = match (client.0.as_str(), client.1.as_str(), said("username"), said("password")) {
        ("read-client", "read-brivo", "exeunt.read", "read-brivo") => Access::Read,
        ("revoke-client", "revoke-brivo", "exeunt.revoke", "revoke-brivo") => Access::Revoke,
        _ => return invalid("invalid_grant"),
    };
    let token = open(&office).issue(access);
    reply(200, &json!({ "access_token": token, "token_type": "bearer", "refresh_token": format!("{token}.again"), "expires_in": 60 }))
}

/// One page: twenty at a time unless more are asked for, and never more than a hundred.
fn listed(uri: &Uri, items: &[Value]) -> Response {
    let size = count_param(uri, "pageSize", 20, 100);
    let offset = param(uri, "offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let (shown, _) = page(items, offset, size);
    reply(200, &json!({ "data": shown, "offset": offset, "pageSize": size, "count": items.len() }))
}

/// A whole list, which knows no pages: what is asked of them is ignored.
fn whole(items: Option<Vec<Value>>) -> Response {
    items.map_or_else(no_user, |items| reply(200, &json!({ "count": items.len(), "data": items })))
}

fn done(happened: bool) -> Response {
    if happened { no_content() } else { no_user() }
}

async fn users(State(office): Shared, uri: Uri) -> Response {
    let all = open(&office).users();
    listed(&uri, &all)
}

async fn user(State(office): Shared, Path(id): Path<u64>) -> Response {
    open(&office).user(id).map_or_else(no_user, |user| reply(200, &user))
}

async fn suspended(State(office): Shared, Path(id): Path<u64>) -> Response {
    let suspended = open(&office).suspended(id);
    suspended.map_or_else(no_user, |suspended| reply(200, &json!({ "id": id, "suspended": suspended })))
}

async fn suspend(State(office): Shared, Path(id): Path<u64>, Json(body): Json<Value>) -> Response {
    let Some(suspended) = body["suspended"].as_bool() else {
        return refuse(400, "Invalid criteria provided");
    };
    if open(&office).suspend(id, suspended) { reply(200, &json!({ "id": id, "suspended": suspended })) } else { no_user() }
}

async fn credentials(State(office): Shared, Path(id): Path<u64>) -> Response {
    whole(open(&office).credentials(id))
}

async fn take_credential(State(office): Shared, Path((id, credential)): Path<(u64, u64)>) -> Response {
    done(open(&office).assign(credential, id, None))
}

async fn give_credential(State(office): Shared, Path((id, credential)): Path<(u64, u64)>) -> Response {
    done(open(&office).assign(credential, 0, Some(id)))
}

async fn groups(State(office): Shared, Path(id): Path<u64>) -> Response {
    whole(open(&office).groups(id))
}

async fn leave(State(office): Shared, Path((group, id)): Path<(u64, u64)>) -> Response {
    done(open(&office).member(group, id, false))
}

async fn join(State(office): Shared, Path((group, id)): Path<(u64, u64)>) -> Response {
    done(open(&office).member(group, id, true))
}

async fn administrators(State(office): Shared, uri: Uri) -> Response {
    let all = open(&office).administrators();
    listed(&uri, &all)
}

/// Whom the token acts for: a service administrator, one for reading and one for the rest.
async fn who(State(office): Shared, request: Request) -> Response {
    let revokes = token_of(request.headers()).is_some_and(|token| open(&office).access(&token) == Access::Revoke);
    let found = open(&office).administrator(if revokes { 314_902 } else { 314_901 });
    found.map_or_else(no_user, |found| reply(200, &found))
}

async fn administrator(State(office): Shared, Path(id): Path<u64>) -> Response {
    let found = open(&office).administrator(id);
    found.map_or_else(|| refuse(404, &format!("Administrator with id {id} does not exist")), |found| reply(200, &found))
}

async fn delete_administrator(State(office): Shared, Path(id): Path<u64>) -> Response {
    match open(&office).delete_administrator(id) {
        Some(true) => no_content(),
        Some(false) => refuse(403, "You are not allowed to perform that action"),
        None => refuse(404, &format!("Administrator with id {id} does not exist")),
    }
}
