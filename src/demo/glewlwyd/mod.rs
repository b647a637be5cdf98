//! Glewlwyd, simulated: the plant's old single sign-on, with browser sessions, consents, and refresh tokens that outlive an account.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::Plant;
use super::company::Company;
use super::vendor::{Secret, Simulated, Vendor, count_param, page, param, reply};

type Shared = State<Arc<Mutex<Plant>>>;

/// How it is brought up. One's own server: it limits nobody.
pub const VENDOR: Vendor = Vendor {
    name: "glewlwyd",
    start,
    millis: 10,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nread_user = \"exeunt-read\"\nrevoke_user = \"exeunt-revoke\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let plant = Arc::new(Mutex::new(Plant::new(company)?));
    let asked = plant.clone();
    Ok(Simulated { router: router(plant), left: Arc::new(move |person| open(&asked).left(person)) })
}

fn router(plant: Arc<Mutex<Plant>>) -> Router {
    Router::new()
        .route("/api/profile_list/", get(own_profile))
        .route("/api/user/", get(users))
        .route("/api/user/{user}", get(user).put(change_user).delete(delete_user))
        .route("/api/client/", get(clients))
        .route("/api/mod/plugin/", get(plugins))
        .route("/api/delegate/{user}/profile/session", get(sessions))
        .route("/api/delegate/{user}/profile/session/{session}", delete(end_session))
        .route("/api/delegate/{user}/profile/grant", get(grants))
        .route("/api/delegate/{user}/auth/grant/{client}", put(set_grant))
        .route("/api/delegate/{user}/profile/scheme", get(schemes))
        .route("/api/glwd/profile/token", get(refresh_tokens))
        .route("/api/glwd/profile/token/{token}", delete(end_refresh_token))
        .layer(middleware::from_fn_with_state(plant.clone(), guard))
        .route("/api/auth/", post(sign_in))
        .fallback(|| async { missing() })
        .with_state(plant)
}

/// One scope is the key to all of administration, so that there is no weaker key to refuse: who hasn't got it gets 401 like a stranger.
async fn guard(State(plant): State<Arc<Mutex<Plant>>>, mut request: Request, next: Next) -> Response {
    let cookie = request.headers().get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = cookie.split(';').find_map(|one| one.trim().strip_prefix("GLEWLWYD2_SESSION_ID="));
    let user = session.and_then(|session| open(&plant).administrator(session));
    match user {
        Some(user) => {
            request.extensions_mut().insert(Administrator(user));
            next.run(request).await
        }
        None => bare(401),
    }
}

/// Who asks.
#[derive(Clone)]
struct Administrator(String);

fn open(plant: &Mutex<Plant>) -> MutexGuard<'_, Plant> {
    plant.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Most answers of this vendor have no body.
fn bare(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

fn missing() -> Response {
    bare(404)
}

fn done(happened: bool) -> Response {
    bare(if happened { 200 } else { 404 })
}

/// In the name of somebody who doesn't exist: 401, as if we had no session.
fn in_the_name(all: Option<Vec<Value>>) -> Response {
    all.map_or_else(|| bare(401), |all| reply(200, &all.into()))
}

/// A part of a list, which says neither how long it is nor where it goes on.
fn part(uri: &Uri, all: &[Value]) -> Response {
    let from = param(uri, "offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let (shown, _) = page(all, from, count_param(uri, "limit", 100, usize::MAX));
    reply(200, &shown.into())
}

async fn sign_in(State(plant): Shared, Json(body): Json<Value>) -> Response {
    let said = |name: &str| body[name].as_str().unwrap_or_default();
    let Some(session) = open(&plant).sign_in(said("username"), said("password")) else {
        return bare(401);
    };
    let mut response = bare(200);
    if let Ok(cookie) = HeaderValue::try_from(format!("GLEWLWYD2_SESSION_ID={session}; Path=/")) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn own_profile(State(plant): Shared, axum::Extension(Administrator(user)): axum::Extension<Administrator>) -> Response {
    let profile = open(&plant).user(&user);
    profile.map_or_else(missing, |profile| reply(200, &json!([profile])))
}

async fn users(State(plant): Shared, uri: Uri) -> Response {
    let all = open(&plant).users();
    part(&uri, &all)
}

async fn user(State(plant): Shared, Path(user): Path<String>) -> Response {
    open(&plant).user(&user).map_or_else(missing, |user| reply(200, &user))
}

async fn change_user(State(plant): Shared, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    match body.get("enabled").map(Value::as_bool) {
        Some(Some(enabled)) => done(open(&plant).enable(&user, enabled)),
        Some(None) => reply(400, &json!(["enabled must be a boolean"])),
        // What isn't given stays.
        None => done(open(&plant).user(&user).is_some()),
    }
}

async fn delete_user(State(plant): Shared, Path(user): Path<String>) -> Response {
    done(open(&plant).remove(&user))
}

async fn clients(State(plant): Shared, uri: Uri) -> Response {
    let all = open(&plant).clients();
    part(&uri, &all)
}

async fn plugins() -> Response {
    reply(
        200,
        &json!([{ "module": "oauth2-glewlwyd", "name": "glwd", "display_name": "OAuth2", "parameters": { "url": "glwd", "access-token-duration": 3600, "refresh-token-duration": 1_209_600, "refresh-token-rolling": true }, "enabled": true }]),
    )
}

async fn sessions(State(plant): Shared, Path(user): Path<String>) -> Response {
    in_the_name(open(&plant).sessions(&user))
}

async fn end_session(State(plant): Shared, Path((user, session)): Path<(String, String)>) -> Response {
    let mut plant = open(&plant);
    if plant.user(&user).is_none() { bare(401) } else { done(plant.end_session(&user, &session)) }
}

async fn grants(State(plant): Shared, Path(user): Path<String>) -> Response {
    in_the_name(open(&plant).grants(&user))
}

/// The scopes that an app is granted; none of them takes the consent away.
async fn set_grant(State(plant): Shared, Path((user, client)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    let Some(scope) = body["scope"].as_str() else {
        return reply(400, &json!(["scope is mandatory"]));
    };
    let mut plant = open(&plant);
    if plant.user(&user).is_none() { bare(401) } else { done(plant.set_grant(&user, &client, scope)) }
}

async fn schemes(State(plant): Shared, Path(user): Path<String>) -> Response {
    in_the_name(open(&plant).schemes(&user))
}

/// Refresh tokens are the plugin's, not the server's: there, an administrator speaks in a user's name by a parameter.
async fn refresh_tokens(State(plant): Shared, uri: Uri) -> Response {
    match param(&uri, "impersonate") {
        Some(user) => in_the_name(open(&plant).refresh_tokens(&user)),
        None => reply(200, &json!([])),
    }
}

async fn end_refresh_token(State(plant): Shared, uri: Uri, Path(token): Path<String>) -> Response {
    let user = param(&uri, "impersonate").unwrap_or_default();
    let mut plant = open(&plant);
    if plant.user(&user).is_none() { bare(401) } else { done(plant.end_refresh_token(&user, &token)) }
}
