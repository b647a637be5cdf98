//! What a simulated vendor is told to do wrong: fail, stall, lie, cut an answer short, page in circles; and what it was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;
use tokio::sync::watch;

/// The faults in force; clones share them, so that a test can change them while the vendor runs.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    faults: Vec<Armed>,
    hits: u64,
    next_id: u64,
    arrived: watch::Sender<u64>,
    /// What was answered, once somebody asked for it to be kept.
    answered: Option<Vec<Answered>>,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The name that the vendor is served under.
    pub system: String,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub target: String,
    /// With which status.
    pub status: u16,
}

#[derive(Debug)]
struct Armed {
    id: u64,
    fault: Fault,
    /// The answer that a `Loop` repeats: status, headers, body.
    repeated: Option<(StatusCode, HeaderMap, Bytes)>,
}

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The name that the vendor is served under; empty means every vendor.
    pub system: String,
    /// Only requests of this method; `None` means all.
    pub method: Option<String>,
    /// Part of the path and query; empty means all.
    pub path: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often, before all is well again; `None` means always.
    pub times: Option<u32>,
}

/// How a request goes wrong.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// Answered with this, and nothing happens.
    Status {
        /// The status code.
        code: u16,
        /// Headers of the answer.
        headers: Vec<(String, String)>,
        /// Body of the answer.
        body: Value,
    },
    /// 200 with every list in the answer emptied and no next page.
    Empty,
    /// Answered rightly, but only after so long.
    Stall(Duration),
    /// The connection breaks halfway through the body.
    Cut,
    /// A write is answered with success, and nothing happens.
    Lie,
    /// The first matching answer is repeated forever, so that its next page never gets further.
    Loop,
}

impl Faults {
    /// Puts a fault in force; the first one that matches a request acts.
    pub fn add(&self, fault: Fault) {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        state.faults.push(Armed { id, fault, repeated: None });
    }

    /// All is well again. The count of hits stays.
    pub fn clear(&self) {
        self.state().faults.clear();
    }

    /// How many requests met a fault so far.
    pub fn hits(&self) -> u64 {
        self.state().hits
    }

    /// From now on, keeps what is answered; what was kept before is forgotten.
    pub fn keep_answers(&self) {
        self.state().answered = Some(Vec::new());
    }

    /// What was answered since [`Faults::keep_answers`], in order.
    pub fn answered(&self) -> Vec<Answered> {
        self.state().answered.clone().unwrap_or_default()
    }

    /// How many requests have arrived so far, at all vendors together; answered or not.
    pub fn arrived(&self) -> u64 {
        *self.state().arrived.borrow()
    }

    /// Waits until so many requests have arrived.
    pub async fn until_arrived(&self, count: u64) {
        let mut arrived = self.state().arrived.subscribe();
        // The sender lives as long as we do.
        let _ = arrived.wait_for(|so_far| *so_far >= count).await;
    }

    pub(super) fn note_arrival(&self) {
        self.state().arrived.send_modify(|count| *count += 1);
    }

    pub(super) fn note_answer(&self, system: &str, method: &Method, uri: &Uri, status: StatusCode) {
        if let Some(answered) = &mut self.state().answered {
            let target = uri.path_and_query().map_or("/", |p| p.as_str());
            answered.push(Answered {
                system: system.to_owned(),
                method: method.to_string(),
                target: target.to_owned(),
                status: status.as_u16(),
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that this request meets, counted.
    fn strike(&self, system: &str, method: &Method, uri: &Uri) -> Option<(u64, FaultKind)> {
        let target = uri.path_and_query().map_or("/", |p| p.as_str());
        let mut state = self.state();
        let at = state.faults.iter().position(|armed| {
            let fault = &armed.fault;
            (fault.system.is_empty() || fault.system == system)
                && fault
                    .method
                    .as_deref()
                    .is_none_or(|m| m.eq_ignore_ascii_case(method.as_str()))
                && target.contains(&fault.path)
                // a lie is about a write: a read that matches goes its way
                && !(matches!(fault.kind, FaultKind::Lie) && *method == Method::GET)
        })?;
        state.hits += 1;
        let armed = &mut state.faults[at];
        let struck = (armed.id, armed.fault.kind.clone());
        if let Some(times) = &mut armed.fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                state.faults.remove(at);
            }
        }
        Some(struck)
    }

    fn repeated(&self, id: u64) -> Option<(StatusCode, HeaderMap, Bytes)> {
        let state = self.state();
        let armed = state.faults.iter().find(|armed| armed.id == id)?;
        armed.repeated.clone()
    }

    fn repeat(&self, id: u64, answer: (StatusCode, HeaderMap, Bytes)) {
        if let Some(armed) = self.state().faults.iter_mut().find(|armed| armed.id == id) {
            armed.repeated.get_or_insert(answer);
        }
    }
}

/// Lets a request meet its fault on the way in or its answer on the way out.
pub(super) async fn strike(faults: &Faults, system: &str, request: Request, next: Next) -> Result<Response, axum::Error> {
    let Some((id, kind)) = faults.strike(system, request.method(), request.uri()) else {
        return Ok(next.run(request).await);
    };
    match kind {
        FaultKind::Status { code, headers, body } => Ok(told(code, &headers, &body)),
        FaultKind::Stall(time) => {
            tokio::time::sleep(time).await;
            Ok(next.run(request).await)
        }
        FaultKind::Lie => Ok(lie(request.method())),
        FaultKind::Empty => {
            let (status, mut headers, bytes) = taken_apart(next.run(request).await).await?;
            let Ok(mut body) = serde_json::from_slice::<Value>(&bytes) else {
                return Ok(rebuilt(status, headers, bytes));
            };
            empty(&mut body);
            headers.remove(header::LINK);
            Ok(rebuilt(StatusCode::OK, headers, body.to_string().into()))
        }
        FaultKind::Cut => {
            let (status, mut headers, bytes) = taken_apart(next.run(request).await).await?;
            let half = bytes.slice(..bytes.len() / 2);
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            let body = Body::from_stream(futures_util::stream::iter([Ok(half), Err(broken)]));
            let mut response = Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        }
        FaultKind::Loop => {
            if let Some((status, headers, bytes)) = faults.repeated(id) {
                return Ok(rebuilt(status, headers, bytes));
            }
            let (status, headers, bytes) = taken_apart(next.run(request).await).await?;
            faults.repeat(id, (status, headers.clone(), bytes.clone()));
            Ok(rebuilt(status, headers, bytes))
        }
    }
}

fn told(code: u16, headers: &[(String, String)], body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let all = response.headers_mut();
    all.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            all.insert(name, value);
        }
    }
    response
}

fn lie(method: &Method) -> Response {
    if *method == Method::DELETE {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    told(200, &[], &Value::Object(serde_json::Map::new()))
}

async fn taken_apart(response: Response) -> Result<(StatusCode, HeaderMap, Bytes), axum::Error> {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await?;
    Ok((parts.status, parts.headers, bytes))
}

fn rebuilt(status: StatusCode, mut headers: HeaderMap, bytes: Bytes) -> Response {
    headers.remove(header::CONTENT_LENGTH);
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The names under which vendors say where the next page is.
const NEXT: &[&str] = &[
    "next",
    "nextPageToken",
    "nextPage",
    "nextLink",
    "nextCursor",
    "next_cursor",
    "next_page",
    "next_page_token",
    "next_marker",
    "@odata.nextLink",
    "nextRecordsUrl",
    "cursor",
];

fn empty(value: &mut Value) {
    match value {
        Value::Array(items) => items.clear(),
        Value::Object(fields) => {
            for name in NEXT {
                // Slack says "no more" with an empty string, so the field stays.
                match fields.get_mut(*name) {
                    Some(Value::String(s)) if *name == "next_cursor" => s.clear(),
                    Some(_) => {
                        fields.shift_remove(*name);
                    }
                    None => {}
                }
            }
            fields.values_mut().for_each(empty);
        }
        _ => {}
    }
}
