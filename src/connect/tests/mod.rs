//! The boundary, tried against small servers in this process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod auth;
mod directory;
mod endless;
mod lanes;
mod mail;
mod pages;
mod recording;
mod trust;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::wire::Wire;
use super::{Body, Call, Checkpoint, Ended, HttpCall, Lane, Page, Recorder, Reply};
use crate::manifest::raw::{self, Hand};

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://h{}", self.url)).unwrap();
        url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

/// Status, headers, body.
pub(super) type Answer = (u16, Vec<(&'static str, String)>, Value);

pub(super) struct Server {
    pub(super) base: String,
    pub(super) log: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    /// Requests for `path` so far.
    pub(super) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.url.starts_with(path)).count()
    }
}

/// Serves what `answer` says; it is given the request and the server's own address.
pub(super) async fn serve(answer: impl Fn(&Seen, &str) -> Answer + Send + Sync + 'static) -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let log: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let (seen_log, own, answer) = (log.clone(), base.clone(), Arc::new(answer));
    let router = axum::Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let (log, own, answer) = (seen_log.clone(), own.clone(), answer.clone());
        async move {
            let seen =
                Seen { method: method.to_string(), url: uri.to_string(), headers, body: String::from_utf8_lossy(&body).into_owned() };
            log.lock().unwrap().push(seen.clone());
            let (status, headers, body) = answer(&seen, &own);
            let bytes = match body {
                Value::Null => String::new(),
                // Text is sent as it is, so that a body can be broken.
                Value::String(text) => text,
                other => other.to_string(),
            };
            let mut response: Response = (StatusCode::from_u16(status).unwrap(), bytes).into_response();
            response.headers_mut().insert("content-type", "application/json".parse().unwrap());
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server { base, log }
}

/// A manifest: `connect` and `credentials` as YAML.
pub(super) fn manifest(connect: &str, read: &str) -> raw::Manifest {
    let text = format!(
        "scanner: acme\ntitle: Acme\ncategory: saas\ncontract: a test\ncredentials:\n  read: {read}\n  revoke: {read}\nconnect: {connect}\n"
    );
    serde_saphyr::from_str(&text).unwrap()
}

pub(super) fn open(manifest: &raw::Manifest, settings: Value, secret: &str, recorder: Option<Recorder>) -> Wire {
    let secret = || Some(secret.into());
    Wire::open("acme-prod".into(), manifest, settings, [secret(), secret(), secret()], None, false, recorder).unwrap()
}

/// A wire to a server, with a bearer token and what else `connect` says.
pub(super) fn bearer(server: &Server, connect: &str) -> Wire {
    let connect = format!("{{ http: '{{{{ settings.url }}}}', {connect} }}");
    open(&manifest(&connect, "{ kind: bearer }"), json!({ "url": server.base }), "s3cret-bearer", None)
}

pub(super) fn get(url: &str) -> Call {
    Call::Http(HttpCall { method: "GET".into(), url: url.into(), ..HttpCall::default() })
}

pub(super) fn post(url: &str, body: Body) -> Call {
    Call::Http(HttpCall { method: "POST".into(), url: url.into(), body: Some(body), ..HttpCall::default() })
}

pub(super) async fn send(wire: &Wire, lane: Lane, call: &Call) -> Result<Reply, super::CallError> {
    wire.send(Hand::Read, lane, call, &raw::Classes::default()).await
}

/// Reads all pages; gives back their bodies and checkpoints.
pub(super) async fn read(wire: &Wire, call: &Call, paging: &str, from: Option<Checkpoint>) -> (Ended, Vec<Value>, Vec<Option<Checkpoint>>) {
    let paging: raw::Paging = serde_saphyr::from_str(paging).unwrap();
    let (mut bodies, mut checkpoints) = (Vec::new(), Vec::new());
    let ended = wire
        .pages(Hand::Read, Lane::Scan, call, &raw::Classes::default(), Some(&paging), from, &mut |page: Page| {
            bodies.push(page.body);
            checkpoints.push(page.checkpoint);
            ControlFlow::Continue(())
        })
        .await;
    (ended, bodies, checkpoints)
}

pub(super) fn reason(ended: &Ended) -> &str {
    match ended {
        Ended::Gap { reason, .. } => reason,
        other => panic!("not a gap: {other:?}"),
    }
}
