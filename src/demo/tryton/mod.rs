//! Tryton, simulated: accounts, groups, employees and application keys behind its JSON-RPC, and a key's own way in over REST.
//!
//! Answers are those of Tryton 8.2 with the modules party and company, as a real server gave them: errors travel with status 200.

mod records;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use serde_json::{Value, json};

use self::state::{Erp, Fault};
use super::company::Company;
use super::vendor::{Secret, Simulated, Vendor, bearer_is, reply, token_of};

type Shared = State<Arc<Mutex<Erp>>>;

/// The database's name, which stands in every address.
const DATABASE: &str = "erp";

/// How it is brought up. A server of one's own has no limit but its processor.
pub const VENDOR: Vendor = Vendor {
    name: "tryton",
    start: |company| start(company),
    millis: 25,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\ndatabase = \"{DATABASE}\"\nread_user = \"{}\"\nrevoke_user = \"{}\"\nsingle_sign_on = true\n",
            state::READER,
            state::REVOKER
        )
    },
};

/// One database: its RPC, and its REST interface for applications.
fn start(company: &Company) -> anyhow::Result<Simulated> {
    let erp = Arc::new(Mutex::new(Erp::new(company)?));
    let router = Router::new()
        .route("/{database}/rpc/", post(rpc))
        .route("/{database}/rest/model/{model}", get(rest))
        .fallback(|| async { page(404, "Not Found") })
        .with_state(erp.clone());
    Ok(Simulated { router, left: Arc::new(move |person| open(&erp).left(person)) })
}

fn open(erp: &Mutex<Erp>) -> MutexGuard<'_, Erp> {
    erp.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the server says outside its protocol: a page for people.
fn page(status: u16, title: &str) -> Response {
    let text = format!("<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

fn sign_in_again() -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Tryton\""));
    response
}

/// Who asks: `Session base64(login:number:key)`, as long as that session lives.
fn caller(erp: &Erp, headers: &HeaderMap) -> Option<u64> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(token_of(headers)?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, key) = text.split_once(':').and_then(|(_, rest)| rest.split_once(':'))?;
    let user = user.parse().ok()?;
    erp.session_lives(user, key).then_some(user)
}

async fn rpc(State(erp): Shared, Path(database): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    if database != DATABASE {
        return page(404, "Not Found");
    }
    let Ok(call) = serde_json::from_slice::<Value>(&body) else {
        return page(400, "Bad Request");
    };
    let (Some(method), Some(params)) = (call["method"].as_str(), call["params"].as_array()) else {
        return page(400, "Bad Request");
    };
    let mut erp = open(&erp);
    if method == "common.db.login" {
        let (login, password) = (params.first(), params.get(1).map(|secrets| &secrets["password"]));
        let opened = login.and_then(Value::as_str).zip(password.and_then(Value::as_str)).and_then(|(login, word)| erp.sign_in(login, word));
        return match opened {
            Some((user, key)) => reply(200, &json!({ "id": call["id"], "result": [user, key, null] })),
            None => page(401, "Unauthorized"),
        };
    }
    let Some(user) = caller(&erp, &headers) else {
        return sign_in_again();
    };
    let outcome = match method {
        "common.db.logout" => {
            erp.sign_out(user);
            Ok(Value::Null)
        }
        _ => erp.call(user, method, params),
    };
    match outcome {
        Ok(result) => reply(200, &json!({ "id": call["id"], "result": result })),
        Err(Fault::User(what)) => reply(200, &json!({ "id": call["id"], "error": ["UserError", [what, "", null]] })),
        // What the server itself trips over: a model or a field that it doesn't know.
        Err(Fault::Server(what)) => reply(200, &json!({ "id": call["id"], "error": [format!("'{what}'"), ""] })),
        Err(Fault::NoMethod) => page(403, "Forbidden"),
    }
}

/// What an application reads with its key, whether or not the account behind it may still sign in.
async fn rest(State(erp): Shared, Path((database, model)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let erp = open(&erp);
    let known = database == DATABASE && erp.keys().any(|key| bearer_is(&headers, key));
    match (known, model.as_str()) {
        (false, _) => page(401, "Unauthorized"),
        (true, "party.party") => reply(200, &erp.parties()),
        (true, _) => page(404, "Not Found"),
    }
}
