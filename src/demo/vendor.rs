//! What all simulated vendors share: serving a router with latency, a rate limit and faults, and small helpers.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::company::{Company, Person};
use super::faults::{self, Faults};

/// How many requests a vendor takes in a while.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// Requests in one window.
    pub limit: u32,
    /// How long a window lasts.
    pub window: Duration,
    /// How the vendor tells what is left.
    pub style: RateStyle,
}

impl RateLimit {
    /// So many requests in so many seconds.
    pub const fn of(limit: u32, secs: u64, style: RateStyle) -> Option<Self> {
        Some(Self { limit, window: Duration::from_secs(secs), style })
    }
}

/// Which headers tell what is left of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateStyle {
    /// `x-rate-limit-limit`, `-remaining`, `-reset` (epoch seconds) on each answer.
    Okta,
    /// `x-ratelimit-limit`, `-remaining`, `-used`, `-reset` (epoch seconds) on each answer.
    GitHub,
    /// Nothing but `retry-after` on a 429.
    RetryAfterOnly,
    /// Not even that.
    None,
}

/// One simulated vendor of the company: what it is called, how it is built, and what the settings file says about it.
pub struct Vendor {
    /// The system's name in the settings, and its scanner's.
    pub name: &'static str,
    /// Builds it as it stands on the day the simulation starts.
    pub start: fn(&Arc<Company>) -> anyhow::Result<Simulated>,
    /// How long an answer takes, give or take half.
    pub millis: u64,
    /// How many requests it takes in a while, as the vendor publishes it.
    pub rate: Option<RateLimit>,
    /// What the two credentials are.
    pub secret: Secret,
    /// The app in Okta through which people sign in to it, where there is one.
    pub signs_in_through: Option<&'static str>,
    /// The lines of its `[systems.NAME]` table beside scanner and credentials, for the address it was given.
    pub settings: fn(url: &str) -> String,
}

/// A vendor that was built and can be served.
pub struct Simulated {
    /// Its API.
    pub router: Router,
    /// What a person can still do there.
    pub left: Left,
}

impl Simulated {
    /// A vendor over its state: the API that serves it, and what its state says that a person can still do.
    pub fn over<S: Send + 'static>(state: Arc<Mutex<S>>, router: Router, left: fn(&S, &Person) -> Vec<String>) -> Self {
        let left = move |person: &Person| left(&state.lock().unwrap_or_else(PoisonError::into_inner), person);
        Self { router, left: Arc::new(left) }
    }
}

/// What a person can still do in a system, one line for each way in, from the vendor's own state and not through its API: the oracle
/// that a departure's verdicts are held against. Accounts that can sign in, credentials that still open something, shares to private
/// addresses, links open to anyone; empty when nothing is left.
pub type Left = Arc<dyn Fn(&Person) -> Vec<String> + Send + Sync>;

/// What a vendor's two credentials are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// `read-<system>` and `revoke-<system>`: tokens, keys, passwords, client secrets.
    Token,
    /// A private key (PEM), for signed assertions.
    PrivateKey,
}

/// How a vendor behaves on the wire.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Time that an answer takes, give or take half.
    pub latency: Duration,
    /// The rate limit, if there is one.
    pub rate: Option<RateLimit>,
}

/// A vendor that is up; it goes down when dropped.
#[derive(Debug)]
pub struct Running {
    /// The name it was served under.
    pub name: String,
    /// `http://127.0.0.1:port`, without a trailing slash.
    pub url: String,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Takes the vendor down, and waits briefly for what is in flight.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(Duration::from_secs(1), &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Serves a vendor on a free port of this machine.
pub async fn serve(name: &str, router: Router, profile: Profile, faults: Faults) -> std::io::Result<Running> {
    serve_on((Ipv4Addr::LOCALHOST, 0).into(), name, router, profile, faults).await
}

/// Serves a vendor on a given port, for servers that outlive one run of the demo.
pub async fn serve_on(addr: SocketAddr, name: &str, router: Router, profile: Profile, faults: Faults) -> std::io::Result<Running> {
    let listener = TcpListener::bind(addr).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let wire = Arc::new(Wire { name: name.to_owned(), profile, faults, count: AtomicU64::new(0), window: Mutex::new(Window::default()) });
    let app = router.layer(middleware::from_fn_with_state(wire, on_the_wire));
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let name_in_log = name.to_owned();
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
            tracing::error!(system = name_in_log, %error, "a simulated vendor went down");
        }
    });
    Ok(Running { name: name.to_owned(), url, stop, task: Some(task) })
}

struct Wire {
    name: String,
    profile: Profile,
    faults: Faults,
    count: AtomicU64,
    window: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    /// Epoch seconds at which the window ends.
    ends: i64,
    used: u32,
}

async fn on_the_wire(State(wire): State<Arc<Wire>>, request: Request, next: Next) -> Response {
    let count = wire.count.fetch_add(1, Ordering::Relaxed);
    wire.faults.note_arrival();
    let delay = jittered(wire.profile.latency, request.uri().path(), count);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let Some(rate) = &wire.profile.rate else {
        return struck(&wire, request, next).await;
    };
    let now = now().as_second();
    let (left, ends) = {
        let mut window = wire.window.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= window.ends {
            let length = i64::try_from(rate.window.as_secs()).unwrap_or(i64::MAX);
            *window = Window { ends: now.saturating_add(length.max(1)), used: 0 };
        }
        window.used = window.used.saturating_add(1);
        (rate.limit.checked_sub(window.used), window.ends)
    };
    let mut response = match left {
        Some(_) => struck(&wire, request, next).await,
        None => too_many(rate.style, ends.saturating_sub(now)),
    };
    tell_rate(response.headers_mut(), rate, left.unwrap_or(0), ends);
    response
}

async fn struck(wire: &Wire, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = match faults::strike(&wire.faults, &wire.name, request, next).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(system = wire.name, %error, "a simulated vendor lost its own answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    };
    wire.faults.note_answer(&wire.name, &method, &uri, response.status());
    response
}

/// Half to one and a half times the base, the same for the same request of the same run.
fn jittered(base: Duration, path: &str, count: u64) -> Duration {
    let mut hasher = DefaultHasher::new();
    (path, count).hash(&mut hasher);
    let percent = 50 + u32::try_from(hasher.finish() % 101).unwrap_or(50);
    base.saturating_mul(percent) / 100
}

fn too_many(style: RateStyle, seconds: i64) -> Response {
    let body = match style {
        RateStyle::Okta => json!({
            "errorCode": "E0000047",
            "errorSummary": "API call exceeded rate limit due to too many requests.",
            "errorLink": "E0000047",
            "errorId": "oaeRateLimit",
            "errorCauses": [],
        }),
        RateStyle::GitHub => json!({
            "message": "API rate limit exceeded",
            "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
        }),
        RateStyle::RetryAfterOnly | RateStyle::None => json!({ "error": "too many requests", "code": 429, "message": "too many requests" }),
    };
    let mut response = reply(429, &body);
    if matches!(style, RateStyle::RetryAfterOnly | RateStyle::GitHub) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

fn tell_rate(headers: &mut HeaderMap, rate: &RateLimit, left: u32, ends: i64) {
    let prefix = match rate.style {
        RateStyle::Okta => "x-rate-limit",
        RateStyle::GitHub => "x-ratelimit",
        RateStyle::RetryAfterOnly | RateStyle::None => return,
    };
    let used = i64::from(rate.limit.saturating_sub(left));
    let mut tell = |what: &str, value: i64| {
        if let Ok(name) = HeaderName::try_from(format!("{prefix}-{what}")) {
            // A fault that sets the header itself has the last word.
            headers.entry(name).or_insert(HeaderValue::from(value));
        }
    };
    tell("limit", i64::from(rate.limit));
    tell("remaining", i64::from(left));
    tell("reset", ends);
    if rate.style == RateStyle::GitHub {
        tell("used", used);
    }
}

/// The moment it is, for the simulated vendors.
pub fn now() -> Timestamp {
    crate::clock::now()
}

/// What a request may do, by the token it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// No token, or one that nobody issued: 401.
    Nobody,
    /// `read-<system>`: reads only, 403 on writes.
    Read,
    /// `revoke-<system>`: reads and writes.
    Revoke,
}

impl Access {
    /// The token or key that the request carries, whatever the scheme (Bearer, SSWS, token, Basic's user, GenieKey …).
    pub fn of(headers: &HeaderMap, system: &str) -> Access {
        let Some(token) = token_of(headers) else {
            return Access::Nobody;
        };
        match token.strip_suffix(system) {
            Some("read-") => Access::Read,
            Some("revoke-") => Access::Revoke,
            _ => Access::Nobody,
        }
    }

    /// `Ok`, or the status to refuse with: 401 without a token, 403 where it does not reach.
    pub fn may(self, write: bool) -> Result<(), StatusCode> {
        match (self, write) {
            (Access::Nobody, _) => Err(StatusCode::UNAUTHORIZED),
            (Access::Read, true) => Err(StatusCode::FORBIDDEN),
            (Access::Read, false) | (Access::Revoke, _) => Ok(()),
        }
    }
}

/// Whether the method writes; some vendors read by POST and must decide for themselves.
pub fn is_write(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The token of the `Authorization` header: what follows the scheme, or the user name of Basic.
pub fn token_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(basic(headers)?.0);
    }
    Some(rest.trim().to_owned())
}

/// User and password of Basic authentication.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Whether the request carries exactly this token.
pub fn bearer_is(headers: &HeaderMap, token: &str) -> bool {
    token_of(headers).is_some_and(|carried| carried == token)
}

/// A JSON answer.
pub fn reply(status: u16, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer without a body.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The value of a query parameter, decoded; the first one, if it stands there twice.
pub fn param(uri: &Uri, name: &str) -> Option<String> {
    let Query(all) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    all.into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
}

/// The fields of a form body; none where it isn't one.
pub fn form(body: &[u8]) -> HashMap<String, String> {
    let Ok(text) = std::str::from_utf8(body) else { return HashMap::new() };
    let Ok(uri) = Uri::builder().path_and_query(format!("/?{text}")).build() else { return HashMap::new() };
    Query::try_from_uri(&uri).map(|Query(fields)| fields).unwrap_or_default()
}

/// A numeric query parameter, or its default, at most `max`.
pub fn count_param(uri: &Uri, name: &str, default: usize, max: usize) -> usize {
    param(uri, name).and_then(|v| v.parse().ok()).unwrap_or(default).clamp(1, max)
}

/// The items of one page, and the offset of the next one if there is more.
pub fn page<T>(items: &[T], offset: usize, limit: usize) -> (&[T], Option<usize>) {
    let start = offset.min(items.len());
    let end = start.saturating_add(limit).min(items.len());
    (&items[start..end], (end < items.len()).then_some(end))
}

/// `http://host:port`, as the caller knows us.
pub fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// The absolute address of the same request with one query parameter set to another (plain ASCII) value.
pub fn same_with(headers: &HeaderMap, uri: &Uri, name: &str, value: &str) -> String {
    // `page[after]` may come with its brackets encoded or not; it leaves encoded.
    let encoded = |name: &str| name.replace('[', "%5B").replace(']', "%5D");
    let mut query: Vec<String> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let own = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !encoded(own).eq_ignore_ascii_case(&encoded(name))
        })
        .map(str::to_owned)
        .collect();
    query.push(format!("{}={value}", encoded(name)));
    format!("{}{}?{}", origin(headers), uri.path(), query.join("&"))
}

/// Adds `Link: <url>; rel="rel"` to an answer; several may stand beside each other.
pub fn link(response: &mut Response, url: &str, rel: &str) {
    if let Ok(value) = HeaderValue::try_from(format!("<{url}>; rel=\"{rel}\"")) {
        response.headers_mut().append(header::LINK, value);
    }
}

#[cfg(test)]
#[path = "vendor_tests.rs"]
mod tests;
