//! The system of these tests: one user with sessions, factors and a token; it can be told to fail, to stall and to lie.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub(super) enum Wrong {
    /// Answered so, and nothing happens.
    Status(u16),
    /// Answered 200, and nothing happens.
    Lie,
    /// It happens, and the answer takes so long.
    Slow(Duration),
}

#[derive(Default)]
pub(super) struct Inner {
    pub suspended: bool,
    pub deleted: bool,
    pub gone: BTreeSet<String>,
    /// What goes wrong: method and path, what, how many times.
    pub wrong: Vec<(String, Wrong, usize)>,
    /// A gateway stands before it and answers everything so: media type and body.
    pub gateway: Option<(&'static str, &'static str)>,
    pub calls: Vec<String>,
    /// Changes that took effect, by call.
    pub effects: HashMap<String, usize>,
}

#[derive(Clone, Default)]
pub(super) struct Vendor(pub Arc<Mutex<Inner>>);

impl Vendor {
    pub async fn start() -> (Self, String) {
        let vendor = Self::default();
        let router = Router::new().fallback(answer).with_state(vendor.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (vendor, base)
    }

    pub fn wrong(&self, call: &str, wrong: Wrong, times: usize) {
        self.0.lock().unwrap().wrong.push((call.to_owned(), wrong, times));
    }

    pub fn answer_everything(&self, kind: &'static str, body: &'static str) {
        self.0.lock().unwrap().gateway = Some((kind, body));
    }

    pub fn all_well(&self) {
        self.0.lock().unwrap().wrong.clear();
    }

    pub fn calls(&self, call: &str) -> usize {
        self.0.lock().unwrap().calls.iter().filter(|known| *known == call).count()
    }

    pub fn order(&self, first: &str, then: &str) -> bool {
        let inner = self.0.lock().unwrap();
        let at = |call: &str| inner.calls.iter().position(|known| known == call);
        at(first).is_some() && at(first) < at(then)
    }

    /// Nothing of the user's access is left.
    pub fn is_closed(&self) -> bool {
        let inner = self.0.lock().unwrap();
        inner.suspended && ["sessions", "factors", "t1"].iter().all(|what| inner.gone.contains(*what))
    }
}

async fn answer(State(vendor): State<Vendor>, request: Request) -> Response {
    let call = format!("{} {}", request.method(), request.uri().path());
    let reads = request.method() == "GET";
    let token = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let _: Bytes = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
    let wrong = {
        let mut inner = vendor.0.lock().unwrap();
        inner.calls.push(call.clone());
        if let Some((kind, body)) = inner.gateway {
            return ([("content-type", kind)], body).into_response();
        }
        // `r GET /x` means: with the reading credential.
        let with = format!("{} {call}", if token.ends_with("secret-r") { "r" } else { "w" });
        let found = inner.wrong.iter_mut().find(|(on, _, left)| (*on == call || *on == with) && *left > 0);
        found.map(|(_, wrong, left)| {
            *left -= 1;
            wrong.clone()
        })
    };
    if !reads && !token.ends_with("secret-w") {
        return StatusCode::FORBIDDEN.into_response();
    }
    match wrong {
        Some(Wrong::Status(code)) => {
            return (StatusCode::from_u16(code).unwrap(), axum::Json(json!({ "error": "told to" }))).into_response();
        }
        Some(Wrong::Lie) => return axum::Json(json!({})).into_response(),
        _ => {}
    }
    let (status, body) = happen(&mut vendor.0.lock().unwrap(), &call);
    if let Some(Wrong::Slow(time)) = wrong {
        tokio::time::sleep(time).await;
    }
    (status, axum::Json(body)).into_response()
}

fn happen(inner: &mut Inner, call: &str) -> (StatusCode, Value) {
    let list = |inner: &Inner, what: &str| if inner.gone.contains(what) { json!([]) } else { json!([{ "id": what }]) };
    let fine = |body| (StatusCode::OK, body);
    let (method, path) = call.split_once(' ').unwrap();
    if method != "GET" {
        let before = (inner.suspended, inner.deleted, inner.gone.len());
        match path {
            "/users/u1/suspend" => inner.suspended = true,
            "/users/u1" => inner.deleted = true,
            // As the vendor has it: a dead account's factors can't be removed any more.
            "/users/u1/factors" if inner.suspended => return (StatusCode::FORBIDDEN, json!({})),
            other => {
                inner.gone.insert(other.rsplit('/').next().unwrap().to_owned());
            }
        }
        if before != (inner.suspended, inner.deleted, inner.gone.len()) {
            *inner.effects.entry(call.to_owned()).or_default() += 1;
        }
        return fine(json!({}));
    }
    match path {
        "/health" => fine(json!({ "up": true })),
        "/users" => fine(if inner.deleted { json!([]) } else { json!([{ "id": "u1" }, { "id": "b1" }]) }),
        "/users/u1" if inner.deleted => (StatusCode::NOT_FOUND, json!({ "code": "no_such_thing" })),
        "/users/u1" => fine(json!({ "id": "u1", "state": if inner.suspended { "suspended" } else { "active" } })),
        "/users/u1/sessions" => fine(list(inner, "sessions")),
        "/users/u1/factors" => fine(list(inner, "factors")),
        "/users/u1/tokens" => fine(list(inner, "t1")),
        _ => (StatusCode::NOT_FOUND, json!({ "code": "no_such_thing" })),
    }
}
