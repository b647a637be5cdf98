//! JupyterHub, simulated: people, their tokens and servers, and whom they let into these.
//!
//! Answers are those of JupyterHub 6.1, as a real hub gave them: a list has pages only for a caller who asks for that media type.

mod shares;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::{Hub, Refused};
use super::company::Company;
use super::vendor::{Access, Secret, Simulated, Vendor, count_param, is_write, no_content, origin, page, param, reply};

type Shared = State<Arc<Mutex<Hub>>>;

/// How many a list holds: unless asked otherwise, and at most.
const PAGE: usize = 50;
const MOST: usize = 200;

/// How it is brought up. A hub of one's own has no limit but its processor.
pub const VENDOR: Vendor = Vendor {
    name: "jupyterhub",
    start: |company| start(company),
    millis: 20,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\n"),
};

/// The API below `/hub/api`.
fn start(company: &Company) -> anyhow::Result<Simulated> {
    let hub = Arc::new(Mutex::new(Hub::new(company)?));
    let api = Router::new()
        .route("/user", get(own))
        .route("/users", get(users))
        .route("/users/{user}", get(user).delete(remove_user))
        .route("/users/{user}/tokens", get(tokens))
        .route("/users/{user}/tokens/{token}", get(token).delete(revoke_token))
        .route("/users/{user}/server", post(run_default).delete(stop_default))
        .route("/users/{user}/servers/{server}", post(run).delete(stop))
        .route("/users/{user}/shared", get(shares::with_user))
        .route("/shares/{owner}", get(shares::of_owner))
        .route("/shares/{owner}/", get(shares::of_default).post(shares::share_default).patch(shares::unshare_default))
        .route("/shares/{owner}/{server}", get(shares::of_server).post(shares::share).patch(shares::unshare))
        .route("/share-codes/{owner}", get(shares::codes_of_owner))
        .route("/share-codes/{owner}/", get(shares::codes_of_default).delete(shares::close_default))
        .route("/share-codes/{owner}/{server}", get(shares::codes_of_server).delete(shares::close))
        .route("/groups", get(groups))
        .route("/groups/{group}/users", delete(leave_group).post(join_group))
        .fallback(|| async { refuse(404, None) })
        .layer(middleware::from_fn(guard))
        .with_state(hub.clone());
    let router = Router::new().nest("/hub/api", api);
    Ok(Simulated { router, left: Arc::new(move |person| open(&hub).left(person)) })
}

async fn guard(request: Request, next: Next) -> Response {
    match Access::of(request.headers(), "jupyterhub").may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        // Not even a caller without a token is told 401.
        Err(StatusCode::UNAUTHORIZED) => refuse(403, Some("Missing or invalid credentials.")),
        Err(_) => refuse(403, Some("Action is not authorized with current scopes; requires any of [admin:users, tokens, servers, shares]")),
    }
}

fn open(hub: &Mutex<Hub>) -> MutexGuard<'_, Hub> {
    hub.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, message: Option<&str>) -> Response {
    reply(status, &json!({ "status": status, "message": message }))
}

fn refused(why: &Refused) -> Response {
    match why {
        Refused::Missing(what) => refuse(404, what.as_deref()),
        Refused::Rule(why) => refuse(400, Some(why)),
    }
}

fn told(outcome: Result<Value, Refused>) -> Response {
    outcome.map_or_else(|why| refused(&why), |value| reply(200, &value))
}

/// One page, and where the next one is; without the media type that asks for pages, a bare list that ends at the maximum.
fn listed(headers: &HeaderMap, uri: &Uri, items: &[Value]) -> Response {
    let limit = count_param(uri, "limit", PAGE, MOST);
    let offset = param(uri, "offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let wants_pages =
        headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("pagination"));
    if !wants_pages {
        return reply(200, &page(items, offset, MOST).0.into());
    }
    let (shown, next) = page(items, offset, limit);
    let next = next.map(|at| {
        let url = format!("{}/hub/api{}?offset={at}&limit={limit}", origin(headers), uri.path());
        json!({ "offset": at, "limit": limit, "url": url })
    });
    reply(200, &json!({ "items": shown, "_pagination": { "offset": offset, "limit": limit, "total": items.len(), "next": next } }))
}

/// Who asks: a service of the hub's configuration, no user.
async fn own(headers: HeaderMap) -> Response {
    let revokes = Access::of(&headers, "jupyterhub") == Access::Revoke;
    let (name, scopes) = match revokes {
        true => ("exeunt-revoke", json!(["admin:users", "groups", "tokens", "delete:servers", "shares"])),
        false => ("exeunt-read", json!(["list:users", "read:users", "list:groups", "read:tokens", "read:servers", "read:shares"])),
    };
    reply(200, &json!({ "name": name, "admin": false, "kind": "service", "token_id": "a1", "session_id": null, "scopes": scopes }))
}

async fn users(State(hub): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let stopped_too = param(&uri, "include_stopped_servers").is_some();
    let all = open(&hub).users(stopped_too);
    listed(&headers, &uri, &all)
}

async fn user(State(hub): Shared, uri: Uri, Path(user): Path<String>) -> Response {
    told(open(&hub).user(&user, param(&uri, "include_stopped_servers").is_some()))
}

async fn remove_user(State(hub): Shared, Path(user): Path<String>) -> Response {
    open(&hub).remove_user(&user).map_or_else(|why| refused(&why), |()| no_content())
}

async fn tokens(State(hub): Shared, Path(user): Path<String>) -> Response {
    told(open(&hub).tokens(&user).map(|all| json!({ "api_tokens": all })))
}

async fn token(State(hub): Shared, Path((user, token)): Path<(String, String)>) -> Response {
    told(open(&hub).token(&user, &token))
}

async fn revoke_token(State(hub): Shared, Path((user, token)): Path<(String, String)>) -> Response {
    open(&hub).revoke_token(&user, &token).map_or_else(|why| refused(&why), |()| no_content())
}

/// 204 once it has stopped, 202 while it is stopping.
fn stopped(hub: &Mutex<Hub>, user: &str, server: &str) -> Response {
    match open(hub).stop(user, server) {
        Ok(true) => no_content(),
        Ok(false) => StatusCode::ACCEPTED.into_response(),
        Err(why) => refused(&why),
    }
}

fn started(hub: &Mutex<Hub>, user: &str, server: &str) -> Response {
    open(hub).run(user, server).map_or_else(|why| refused(&why), |()| StatusCode::CREATED.into_response())
}

async fn stop_default(State(hub): Shared, Path(user): Path<String>) -> Response {
    stopped(&hub, &user, "")
}

async fn stop(State(hub): Shared, Path((user, server)): Path<(String, String)>) -> Response {
    stopped(&hub, &user, &server)
}

async fn run_default(State(hub): Shared, Path(user): Path<String>) -> Response {
    started(&hub, &user, "")
}

async fn run(State(hub): Shared, Path((user, server)): Path<(String, String)>) -> Response {
    started(&hub, &user, &server)
}

async fn groups(State(hub): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&hub).groups();
    listed(&headers, &uri, &all)
}

async fn leave_group(State(hub): Shared, Path(group): Path<String>, Json(body): Json<Value>) -> Response {
    told(open(&hub).change_group(&group, &body["users"], false))
}

async fn join_group(State(hub): Shared, Path(group): Path<String>, Json(body): Json<Value>) -> Response {
    told(open(&hub).change_group(&group, &body["users"], true))
}
