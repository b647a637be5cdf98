//! Keycloak, simulated: the realm of the customers' portal, its users, sessions (those offline too), consents, credentials and roles.

mod state;
#[cfg(test)]
mod tests;
mod users;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Form, Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use serde_json::{Value, json};

use self::state::{Realm, Refused};
use super::company::Company;
use super::tokens::Tokens;
use super::vendor::{Access, Secret, Simulated, Vendor, basic, is_write, no_content, param, reply};

/// The realm; another one there is not.
const REALM: &str = "customers";

type Shared = State<Arc<Mutex<Realm>>>;

/// How it is brought up. One's own server: it limits nobody.
pub const VENDOR: Vendor = Vendor {
    name: "keycloak",
    start,
    millis: 12,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nrealm = \"{REALM}\"\n"),
};

/// The administration API of the realm, and its token endpoint.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let realm = Arc::new(Mutex::new(Realm::new(company)?));
    let asked = realm.clone();
    Ok(Simulated { router: router(realm), left: Arc::new(move |person| open(&asked).left(person)) })
}

fn router(realm: Arc<Mutex<Realm>>) -> Router {
    let tokens = Tokens::default();
    let user = format!("/admin/realms/{REALM}/users/{{user}}");
    let at = |rest: &str| format!("{user}/{rest}");
    let admin = Router::new()
        .route(&format!("/admin/realms/{REALM}/users"), get(users::all))
        .route(&format!("/admin/realms/{REALM}/users/count"), get(users::count))
        .route(&user, get(users::one).put(users::change).delete(users::remove))
        .route(&at("logout"), post(users::logout))
        .route(&at("reset-password"), put(users::reset_password))
        .route(&at("sessions"), get(users::sessions))
        .route(&at("offline-sessions/{client}"), get(users::offline_sessions))
        .route(&at("consents"), get(users::consents))
        .route(&at("consents/{client}"), delete(users::withdraw))
        .route(&at("credentials"), get(users::credentials))
        .route(&at("credentials/{credential}"), delete(users::delete_credential))
        .route(&at("federated-identity"), get(users::federated))
        .route(&at("federated-identity/{provider}"), post(users::link).delete(users::unlink))
        .route(&at("groups"), get(users::groups))
        .route(&at("groups/{group}"), put(users::join).delete(users::leave))
        .route(&at("role-mappings"), get(users::roles))
        .route(&at("role-mappings/realm"), get(users::realm_roles).post(users::give_realm_roles).delete(users::drop_realm_roles))
        .route(&at("role-mappings/realm/composite"), get(users::effective_roles))
        .route(
            &at("role-mappings/clients/{client}"),
            get(users::client_roles).post(users::give_client_roles).delete(users::drop_client_roles),
        )
        .route(&format!("/admin/realms/{REALM}/clients"), get(clients))
        .route(&format!("/admin/realms/{REALM}/clients/{{client}}/offline-sessions"), get(client_offline_sessions))
        .with_state(realm)
        .layer(middleware::from_fn_with_state(tokens.clone(), guard));
    let token = Router::new().route(&format!("/realms/{REALM}/protocol/openid-connect/token"), post(issue)).with_state(tokens);
    admin.merge(token).fallback(|| async { refuse(404, "Realm not found.") })
}

async fn guard(State(tokens): State<Tokens>, request: Request, next: Next) -> Response {
    match tokens.access(request.headers()).may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "HTTP 401 Unauthorized"),
        Err(_) => refuse(403, "HTTP 403 Forbidden"),
    }
}

/// Service accounts of two clients: client id and secret, as Basic or in the form.
async fn issue(State(tokens): State<Tokens>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let no = |status, error: &str, description: &str| reply(status, &json!({ "error": error, "error_description": description }));
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return no(400, "unsupported_grant_type", "Unsupported grant_type");
    }
    let said = |name: &str| form.get(name).cloned().unwrap_or_default();
    let (client, secret) = basic(&headers).unwrap_or_else(|| (said("client_id"), said("client_secret")));
    let access = match (client.as_str(), secret.as_str()) {
        ("exeunt-read", "read-keycloak") => Access::Read,
        ("exeunt-revoke", "revoke-keycloak") => Access::Revoke,
        _ => return no(401, "unauthorized_client", "Invalid client or Invalid client credentials"),
    };
    let token = tokens.hand_out(&client, access);
    reply(
        200,
        &json!({ "access_token": token, "expires_in": 300, "refresh_expires_in": 0, "token_type": "Bearer", "not-before-policy": 0, "scope": "profile email" }),
    )
}

fn open(realm: &Mutex<Realm>) -> MutexGuard<'_, Realm> {
    realm.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, error: &str) -> Response {
    reply(status, &json!({ "error": error }))
}

fn refused(why: Refused) -> Response {
    match why {
        Refused::Missing(what) => refuse(404, what),
        Refused::Bad(why) => reply(400, &json!({ "errorMessage": why })),
    }
}

fn done(outcome: Result<(), Refused>) -> Response {
    outcome.map_or_else(refused, |()| no_content())
}

fn listed(all: Result<Vec<Value>, Refused>) -> Response {
    all.map_or_else(refused, |all| reply(200, &Value::from(all)))
}

/// A part of a list, from `first`, at most `max`, which is 100 unless it is said.
fn part(uri: &Uri, all: &[Value]) -> Response {
    let number = |name: &str| param(uri, name).and_then(|value| value.parse::<usize>().ok());
    let shown: Vec<Value> = all.iter().skip(number("first").unwrap_or(0)).take(number("max").unwrap_or(100)).cloned().collect();
    reply(200, &Value::from(shown))
}

async fn clients(State(realm): Shared, uri: Uri) -> Response {
    let all = open(&realm).clients();
    match param(&uri, "max") {
        Some(_) => part(&uri, &all),
        // This list, unlike others, comes whole unless a part of it is asked for.
        None => reply(200, &Value::from(all)),
    }
}

async fn client_offline_sessions(State(realm): Shared, uri: Uri, Path(client): Path<String>) -> Response {
    open(&realm).offline_sessions(None, &client).map_or_else(refused, |all| part(&uri, &all))
}
