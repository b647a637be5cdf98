//! privacyIDEA, simulated: second factors for the VPN, by owner, as version 3.14 tells and switches them.

mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use self::state::{Factors, Refused, Wanted};
use super::company::Company;
use super::vendor::{Access, Secret, Simulated, Vendor, count_param, is_write, now, page, param, reply};

/// The realm of the company's people.
const REALM: &str = "corp";

type Shared = State<Arc<Mutex<Factors>>>;

/// How it is brought up. One's own server: it limits nobody.
pub const VENDOR: Vendor = Vendor {
    name: "privacyidea",
    start,
    millis: 20,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nrealm = \"{REALM}\"\nread_user = \"exeunt-read\"\nrevoke_user = \"exeunt-revoke\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let factors = Arc::new(Mutex::new(Factors::new(company)?));
    let asked = factors.clone();
    Ok(Simulated { router: router(factors), left: Arc::new(move |person| open(&asked).left(person)) })
}

fn router(factors: Arc<Mutex<Factors>>) -> Router {
    let tickets = Arc::new(Tickets::default());
    let api = Router::new()
        .route("/user/", get(users))
        .route("/token/", get(tokens))
        .route("/token/{serial}", delete(remove))
        .route("/token/enable/{serial}", post(enable))
        .route("/token/disable/{serial}", post(disable))
        .route("/token/disable", post(disable_all))
        .route("/token/revoke/{serial}", post(revoke))
        .route("/machine/token", get(machines))
        .route("/machine/token/{serial}/{machine}/{resolver}/{application}", delete(detach))
        .with_state(factors)
        .layer(middleware::from_fn_with_state(tickets.clone(), guard));
    let auth = Router::new().route("/auth", post(sign_in)).with_state(tickets);
    // An address that isn't known shows the web interface, with 200.
    api.merge(auth).fallback(|| async { page_of_html(200, "<!doctype html>\n<html ng-app=\"privacyideaApp\"></html>\n") })
}

/// Tickets of administrators who signed in.
#[derive(Default)]
struct Tickets(Mutex<HashMap<String, Access>>);

impl Tickets {
    /// The ticket stands in the header as it is, without a scheme.
    fn access(&self, headers: &HeaderMap) -> Option<Access> {
        let ticket = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(known.get(ticket).copied().unwrap_or(Access::Nobody))
    }
}

async fn guard(State(tickets): State<Arc<Tickets>>, request: Request, next: Next) -> Response {
    let says_json = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let empty = request.headers().get(header::CONTENT_LENGTH).is_none_or(|length| length.as_bytes() == b"0");
    if says_json && empty {
        return page_of_html(400, "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n");
    }
    let Some(access) = tickets.access(request.headers()) else {
        return error(401, 4033, "Authentication failure. Missing Authorization header.");
    };
    match access.may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => error(401, 4034, "Authentication failure. Error during decoding your token: Not enough segments"),
        Err(_) => error(403, 303, "Admin actions are defined, but this action is not allowed!"),
    }
}

/// Name and password in a form or as JSON become a ticket for an hour.
async fn sign_in(State(tickets): State<Arc<Tickets>>, body: Bytes) -> Response {
    let said: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let access = match (said["username"].as_str(), said["password"].as_str()) {
        (Some("exeunt-read"), Some("read-privacyidea")) => Access::Read,
        (Some("exeunt-revoke"), Some("revoke-privacyidea")) => Access::Revoke,
        _ => return error(401, 4031, "Authentication failed."),
    };
    let mut known = tickets.0.lock().unwrap_or_else(PoisonError::into_inner);
    let ticket = format!("simulated.{}.{}", known.len() + 1, planted_mark());
    known.insert(ticket.clone(), access);
    let rights: &[&str] = if access == Access::Read {
        &["tokenlist", "userlist", "manage_machine_tokens"]
    } else {
        &["tokenlist", "enable", "disable", "revoke", "delete"]
    };
    value(&json!({ "token": ticket, "role": "admin", "realm": "", "username": said["username"], "rights": rights, "logout_time": 120 }))
}

/// Tickets are not to be guessed from the count of them alone.
fn planted_mark() -> i64 {
    now().as_millisecond()
}

fn open(factors: &Mutex<Factors>) -> MutexGuard<'_, Factors> {
    factors.lock().unwrap_or_else(PoisonError::into_inner)
}

fn page_of_html(status: u16, text: &'static str) -> Response {
    let mut response = reply(status, &Value::Null);
    *response.body_mut() = text.into();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn wrapped(status: u16, result: &Value) -> Response {
    let time = now().as_second();
    reply(
        status,
        &json!({ "id": 1, "jsonrpc": "2.0", "result": result, "signature": "rsa_sha256_pss:simulated", "time": time, "version": "privacyIDEA 3.14", "versionnumber": "3.14" }),
    )
}

fn value(value: &Value) -> Response {
    wrapped(200, &json!({ "status": true, "value": value }))
}

fn error(status: u16, code: u32, message: &str) -> Response {
    wrapped(status, &json!({ "status": false, "error": { "code": code, "message": message } }))
}

/// How many tokens were changed, or why none was.
fn changed(outcome: Result<u32, Refused>) -> Response {
    match outcome {
        Ok(count) => value(&count.into()),
        Err(Refused::Missing(serial)) => error(404, 601, &format!("No token found for serials: {serial}")),
        Err(Refused::Locked) => error(400, 1007, "ERR1007: This action is not possible, since the token is locked"),
        Err(Refused::Several) => error(400, 905, "ERR905: More than one matching token was found."),
    }
}

async fn users(State(factors): Shared, uri: Uri) -> Response {
    let mut all = open(&factors).users(param(&uri, "realm").as_deref() == Some(REALM));
    if let Some(name) = param(&uri, "username") {
        all.retain(|user| user["username"] == name.as_str());
    }
    value(&all.into())
}

async fn tokens(State(factors): Shared, uri: Uri) -> Response {
    let wanted = Wanted {
        serial: param(&uri, "serial"),
        user: param(&uri, "user"),
        active: param(&uri, "active").map(|active| active.eq_ignore_ascii_case("true")),
    };
    let all = open(&factors).tokens(&wanted);
    let size = count_param(&uri, "pagesize", 15, usize::MAX);
    let number = count_param(&uri, "page", 1, usize::MAX);
    let (shown, next) = page(&all, (number - 1).saturating_mul(size), size);
    let prev = (number > 1).then(|| number - 1);
    value(&json!({ "count": all.len(), "next": next.map(|_| number + 1), "prev": prev, "tokens": shown }))
}

async fn remove(State(factors): Shared, Path(serial): Path<String>) -> Response {
    changed(open(&factors).remove(&serial))
}

async fn enable(State(factors): Shared, Path(serial): Path<String>) -> Response {
    changed(open(&factors).enable(&serial, true))
}

async fn disable(State(factors): Shared, Path(serial): Path<String>) -> Response {
    changed(open(&factors).enable(&serial, false))
}

async fn disable_all(State(factors): Shared, body: Bytes) -> Response {
    let said: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    changed(open(&factors).disable_all_of(said["user"].as_str().unwrap_or_default()))
}

async fn revoke(State(factors): Shared, Path(serial): Path<String>) -> Response {
    changed(open(&factors).revoke(&serial))
}

async fn machines(State(factors): Shared, uri: Uri) -> Response {
    value(&open(&factors).machines(param(&uri, "serial").as_deref()).into())
}

async fn detach(
    State(factors): Shared,
    Path((serial, machine, resolver, application)): Path<(String, String, String, String)>,
) -> Response {
    value(&open(&factors).detach(&serial, &machine, &resolver, &application).into())
}
