//! HTTP: one client per system, never through a proxy, never with cookies, never following anybody to another origin.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Client, Method, Url, redirect};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::auth::Auth;
use super::budget::Budget;
use super::redact::Redactor;
use super::retry::Patience;
use super::sigv4::hex;
use super::{Body, Call, CallError, Class, HttpCall, Lane, Recorder, Reply, body, class, trust};
use crate::clock;
use crate::manifest::express::Scope;
use crate::manifest::judge;
use crate::manifest::raw::{self, Hand};
use crate::manifest::template::{Place, percent_encode, render};
use crate::model::SystemId;
use crate::secret::Kept;

/// A body larger than this is refused: no list's page is, and a hostile one must not fill the memory.
pub(super) const LARGEST: usize = 128 << 20;

pub(super) struct Http {
    system: SystemId,
    scanner: String,
    client: Client,
    base: Url,
    /// What is sent may go unencrypted over a network.
    plain: bool,
    headers: Vec<(String, String)>,
    auth: [Option<Auth>; 3],
    classes: raw::Classes,
    settings: Value,
    budget: Budget,
    scans: Semaphore,
    redactor: Redactor,
    recorder: Option<Recorder>,
    /// The first call of the manifest's preflight: it opens connections ahead of a departure.
    knock: Option<HttpCall>,
}

/// The first call of the preflight, rendered. What can't be rendered is told when preflight itself runs.
fn first_preflight(manifest: &raw::Manifest, scope: &Scope<'_>) -> Option<HttpCall> {
    let item = manifest.preflight.iter().find(|item| item.call.is_some())?;
    match super::render::preflight(item, scope) {
        Ok(Call::Http(call)) => Some(HttpCall { act_as: None, ..call }),
        _ => None,
    }
}

/// A request as it leaves; header names are in lower case.
pub(super) struct Outgoing {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Body>,
}

/// What came back.
pub(super) struct Exchange {
    pub(super) status: u16,
    pub(super) headers: Value,
    pub(super) body: Result<Value, String>,
    /// It came in a form that APIs answer in: no web page, no plain text, not nothing.
    data: bool,
    raw: Vec<u8>,
    digest: String,
    sent_at: Instant,
    took: Duration,
}

impl Http {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn open(
        system: &SystemId,
        manifest: &raw::Manifest,
        base: &str,
        settings: &Value,
        secrets: [Option<Kept>; 3],
        ca_file: Option<&Path>,
        plain: bool,
        recorder: Option<Recorder>,
    ) -> Result<Self, String> {
        let fail = |error: String| format!("{system}: {error}");
        let connect = &manifest.connect;
        let base = Url::parse(base).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let base = base.ok_or_else(|| fail("connect.http gives no http or https address; check the system's settings".to_owned()))?;
        super::plain::refuse(&base, base.scheme() == "https", plain)?;
        let scope = Scope::new().with("settings", settings);
        let headers = connect.headers.iter().map(|(name, value)| Ok((name.to_lowercase(), render(value, Place::Header, &scope)?)));
        let mut builder = Client::builder()
            .no_proxy()
            .user_agent(concat!("exeunt/", env!("CARGO_PKG_VERSION")))
            .timeout(Duration::from_secs(connect.timeout_secs.unwrap_or(30)))
            .connect_timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(256)
            .tcp_nodelay(true)
            .redirect(redirect::Policy::custom(|attempt| match attempt.previous().last() {
                Some(from) if attempt.previous().len() < 5 && same_origin(from, attempt.url()) => attempt.follow(),
                _ => attempt.stop(),
            }));
        builder = match ca_file {
            None => {
                let mut tls = trust::of_the_machine().map_err(fail)?;
                tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
                builder.tls_backend_preconfigured(tls)
            }
            Some(path) => {
                let pem = std::fs::read(path).map_err(|error| fail(format!("ca_file {} can't be read: {error}", path.display())))?;
                let certificates = reqwest::Certificate::from_pem_bundle(&pem).ok().filter(|list| !list.is_empty());
                let certificates = certificates.ok_or_else(|| fail(format!("ca_file {} holds no PEM certificate", path.display())))?;
                builder.tls_certs_merge(certificates)
            }
        };
        let redactor = Redactor::new(&manifest.reads, &manifest.secret);
        for secret in super::secret_settings(manifest, settings) {
            redactor.add(&secret);
        }
        let credentials = &manifest.credentials;
        let mut secrets = secrets.into_iter();
        let auth = Hand::ALL.map(|hand| {
            let secret = secrets.next().flatten();
            // A system whose manifest gives actions no credential of their own reads and acts with one; what tells has always its own.
            let credential = credentials.of(hand).or((hand == Hand::Revoke).then_some(&credentials.read))?;
            let needed = credential.kind != raw::CredentialKind::None;
            (secret.is_some() || !needed).then(|| Auth::new(credential, secret.unwrap_or_else(|| Kept::from("")), settings))
        });
        for secret in auth.iter().flatten().flat_map(Auth::secrets) {
            redactor.add(&secret);
        }
        Ok(Self {
            system: system.clone(),
            scanner: manifest.scanner.clone(),
            client: builder.build().map_err(|error| fail(format!("no HTTP client can be made: {}", chain(&error))))?,
            base,
            plain,
            headers: headers.collect::<Result<_, String>>().map_err(&fail)?,
            auth,
            classes: connect.classes.clone(),
            settings: settings.clone(),
            budget: Budget::new(connect.budget.as_ref(), connect.emergency.as_deref()).map_err(&fail)?,
            scans: Semaphore::new(connect.parallel.unwrap_or(8).max(1)),
            redactor,
            recorder,
            knock: first_preflight(manifest, &scope),
        })
    }

    /// One call, tried as long as its lane has patience.
    pub(super) async fn send(&self, hand: Hand, lane: Lane, call: &HttpCall, classes: &raw::Classes) -> Result<Reply, CallError> {
        let url = self.absolute(&call.url)?;
        let mut patience = Patience::new(lane);
        let mut stale = None;
        loop {
            patience.tries += 1;
            let tried = self.attempt(hand, lane, call, &url, classes, stale, &patience).await;
            if let Ok((reply, None)) = &tried
                && reply.status == 401
                && self.auth(hand)?.renewed(self).await
                && lane != Lane::Tell
            {
                continue;
            }
            let asked = match &tried {
                Ok((reply, Some(token))) if reply.status == 401 && stale.is_none() => {
                    stale = Some(*token);
                    continue;
                }
                Ok((reply, _)) if reply.class == Class::Throttled => {
                    let asked = reply.asked_wait();
                    self.budget.pause(asked.unwrap_or(Duration::from_secs(1)));
                    asked
                }
                Ok((reply, _)) if reply.class == Class::Transient => reply.asked_wait(),
                Err(CallError::Unreachable(_) | CallError::Timeout(_)) => None,
                _ => return tried.map(|(reply, ..)| reply),
            };
            match patience.next(asked.map(|wait| wait.max(Duration::from_millis(100)))) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return tried.map(|(reply, ..)| reply),
            }
        }
    }

    /// Sends once. With the reply: which token it carried.
    #[allow(clippy::too_many_arguments)]
    async fn attempt(
        &self,
        hand: Hand,
        lane: Lane,
        call: &HttpCall,
        url: &Url,
        classes: &raw::Classes,
        stale: Option<u64>,
        patience: &Patience,
    ) -> Result<(Reply, Option<u64>), CallError> {
        let auth = self.auth(hand)?;
        let presented = auth.present(self, call.act_as.as_deref(), stale).await?;
        let mut headers = if auth.signs() { Vec::new() } else { vec![("accept".to_owned(), "application/json, */*;q=0.5".to_owned())] };
        if matches!(lane, Lane::Prove | Lane::Tell) {
            headers.push(("cache-control".to_owned(), "no-cache".to_owned()));
        }
        for (name, value) in self.headers.iter().chain(&call.headers).chain(&presented.headers) {
            put(&mut headers, name, value);
        }
        let out = Outgoing { method: call.method.clone(), url: url.clone(), headers, body: call.body.clone() };
        let _scan = if lane == Lane::Scan { self.scans.acquire().await.ok() } else { None };
        let Some(_place) = self.budget.place(lane, patience.deadline()).await else {
            return Err(CallError::Timeout(match self.comes_back().filter(|_| lane.is_patient()) {
                Some(at) => format!("{}: the system asked us to wait until {at:.0}; it is read again then", self.system),
                None => format!("{}: the request budget was spent and did not renew in time", self.system),
            }));
        };
        let (out, exchange) = self.exchange(out, Some(auth)).await?;
        self.record(&out, &exchange, false);
        let exchange = self.cleaned(exchange);
        let header = |name: &str| exchange.headers.get(name).and_then(Value::as_str).map(str::to_owned);
        let now = clock::now();
        self.budget.learn(header, now);
        // Only looking is judged by what is looked at: what an action's call answers proves nothing anyway.
        let reads = matches!(lane, Lane::Scan | Lane::Look | Lane::Prove);
        let (body, data) = match exchange.body {
            Ok(body) => (body, exchange.data),
            // An error's body may be anything, and so may what is no answer.
            Err(_) if exchange.status >= 300 => (Value::Null, false),
            // A ticket's file is its bytes, whatever it says it is.
            Err(_) if lane == Lane::Tell => (Value::Null, false),
            Err(error) => {
                let line =
                    format!("{}: {} {} answered {} with a body that is {error}", self.system, call.method, url.path(), exchange.status);
                return Err(CallError::Shape(self.redactor.text(&line)));
            }
        };
        let scope = class::scope(exchange.status, &exchange.headers, &body, &self.settings);
        let class = judge::class(classes, &self.classes, &scope, judge::usual(exchange.status))
            .map_err(|error| CallError::Shape(self.clean(&format!("its reply can't be classed: {error}"))))?;
        let class = if reads { judge::of_read(class, data, &body) } else { class };
        drop(scope);
        let reply = Reply {
            status: exchange.status,
            class,
            headers: exchange.headers,
            body,
            digest: exchange.digest,
            raw: if lane == Lane::Tell { exchange.raw } else { Vec::new() },
            at: now,
            took: exchange.took,
            attempts: patience.tries,
            sent_at: exchange.sent_at,
        };
        Ok((reply, presented.token))
    }

    /// When scans are welcome again, where the system asked them to stay away.
    pub(super) fn comes_back(&self) -> Option<jiff::Timestamp> {
        let left = jiff::SignedDuration::try_from(self.budget.asked_away()?).ok()?;
        clock::now().checked_add(left).ok()
    }

    /// Sends a token request, and neither cleans nor records what comes: who asks for it hides the token first, then calls [`Http::record`].
    /// No credential is added, and the budget counts it if it goes to the system itself. It never waits
    /// as scans do, for a departure may wait for the same token.
    pub(super) async fn unsigned(&self, out: Outgoing) -> Result<(Outgoing, Exchange), CallError> {
        let place = if same_origin(&self.base, &out.url) {
            let place = self.budget.place(Lane::Revoke, Patience::new(Lane::Revoke).deadline()).await;
            Some(place.ok_or_else(|| CallError::Timeout(self.clean("the request budget was spent and did not renew in time")))?)
        } else {
            None
        };
        let exchange = self.exchange(out, None).await;
        drop(place);
        exchange
    }

    /// One request and its answer, as they were. Nobody but [`Http::attempt`] and [`Http::unsigned`] sees it so.
    async fn exchange(&self, mut out: Outgoing, auth: Option<&Auth>) -> Result<(Outgoing, Exchange), CallError> {
        let bytes = match &out.body {
            None => Vec::new(),
            Some(Body::Json(value)) => {
                put_if_absent(&mut out.headers, "content-type", "application/json");
                value.to_string().into_bytes()
            }
            Some(Body::Form(pairs)) => {
                put_if_absent(&mut out.headers, "content-type", "application/x-www-form-urlencoded");
                form(pairs).into_bytes()
            }
        };
        if let Some(auth) = auth.filter(|auth| auth.signs()) {
            auth.sign(&mut out, &bytes)?;
        }
        // What is made of a secret for a request is one for as long as it holds: a signature, a name and a password in one word.
        let sent = out.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value.as_str());
        let mut signature = None;
        for word in sent.filter_map(|value| value.split_whitespace().last()).filter(|word| word.len() >= 16) {
            match word.rsplit_once("Signature=") {
                Some((_, signed)) => signature = Some(signed.to_owned()),
                None => self.redactor.issued(word),
            }
        }
        let what = format!("{}: {} {}{}", self.system, out.method, out.url.host_str().unwrap_or_default(), out.url.path());
        let failed = |error: reqwest::Error| {
            let (timeout, untrusted) = (error.is_timeout(), trust::is_refused(&error));
            let line = self.redactor.text(&format!("{what}: {}", chain(&error.without_url())));
            if untrusted {
                return CallError::Untrusted(trust::name_the_authority(&line));
            }
            if timeout { CallError::Timeout(format!("{line}: no answer in time")) } else { CallError::Unreachable(line) }
        };
        let method = Method::from_bytes(out.method.as_bytes()).map_err(|_| CallError::Shape(format!("{what}: no such method")))?;
        let mut request = self.client.request(method, out.url.clone());
        for (name, value) in &out.headers {
            request = request.header(name, value);
        }
        if out.body.is_some() {
            request = request.body(bytes);
        } else if ["POST", "PUT", "PATCH"].contains(&out.method.as_str()) {
            // Some vendors refuse these without a length.
            request = request.header("content-length", "0");
        }
        let (sent_at, from) = (Instant::now(), clock::now());
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = headers_of(response.headers());
        if let Some(date) = headers.get("date").and_then(Value::as_str).and_then(super::retry::http_date) {
            clock::witness(date);
        }
        let mut raw = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            raw.extend_from_slice(&chunk);
            if raw.len() > LARGEST {
                return Err(CallError::Shape(format!("{what}: the answer is larger than {} MiB", LARGEST >> 20)));
            }
        }
        let took = sent_at.elapsed();
        // Now, so that the calls that were under way beside this one can't have pushed it out.
        if let Some(signature) = signature {
            self.redactor.signed(&signature);
        }
        tracing::debug!(system = %self.system, method = %out.method, path = out.url.path(), status, ms = took.as_millis() as u64, sent = %from, "call");
        let content_type = headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
        let body = body::parse(content_type, &raw);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &raw);
        let digest = format!("sha256:{}", hex(digest.as_ref()));
        let data = body.as_ref().is_ok_and(judge::is_data) && !body::is_text(content_type, &raw);
        Ok((out, Exchange { status, headers, body, data, raw, digest, sent_at, took }))
    }

    /// The one place where replies enter: whatever a system says, it says without our secrets from here on. The digest is that of the bytes as they
    /// came.
    fn cleaned(&self, mut exchange: Exchange) -> Exchange {
        self.redactor.clean(&mut exchange.headers);
        // Mostly nothing is there. What is escaped (in JSON, in XML) is found in the values only.
        let found = self.redactor.is_in(&exchange.raw);
        if found || self.redactor.has_short() || exchange.raw.iter().any(|byte| b"\\&".contains(byte)) {
            match &mut exchange.body {
                Ok(body) => self.redactor.clean(body),
                Err(error) => *error = self.redactor.text(error),
            }
        }
        if found {
            exchange.raw = self.redactor.bytes(exchange.raw);
        }
        exchange
    }

    /// Records an exchange. Of an answer that holds a token not even what is read is kept.
    pub(super) fn record(&self, out: &Outgoing, exchange: &Exchange, token: bool) {
        let Some(recorder) = &self.recorder else { return };
        let Exchange { status, headers, raw, body, .. } = exchange;
        let sent = match &out.body {
            None => Value::Null,
            Some(Body::Json(value)) => self.redactor.value(value),
            Some(Body::Form(pairs)) => Value::String(self.redactor.pairs(&form(pairs))),
        };
        let json = headers.get("content-type").and_then(Value::as_str).is_some_and(|kind| kind.contains("json"));
        let came = match body {
            Ok(value) if json || value.is_null() => self.redactor.outline(value, !token),
            // What says nothing of its kind may be JSON all the same.
            _ => Value::String(self.redactor.other(&String::from_utf8_lossy(raw))),
        };
        let sent_headers: Map<String, Value> = out.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        recorder.write(&json!({
            "system": self.scanner,
            "method": out.method,
            "url": self.redactor.url(out.url.as_str()),
            "request_headers": self.redactor.headers(&Value::Object(sent_headers)),
            "request_body": sent,
            "status": status,
            "response_headers": self.redactor.headers(headers),
            "response_body": came,
        }));
    }

    /// Opens connections and fetches tokens before they are needed.
    pub(super) async fn warm(&self, hand: Hand, act_as: &[String], connections: usize) -> Result<(), CallError> {
        let auth = self.auth(hand)?;
        let own = [None];
        let names: Vec<Option<&str>> =
            if act_as.is_empty() { own.to_vec() } else { act_as.iter().map(|name| Some(name.as_str())).collect() };
        let tokens = join_all(names.into_iter().map(|name| auth.present(self, name, None)));
        // What preflight asks is the cheapest call that the vendor describes; each that is under way beside the others opens a connection.
        let wanted = if self.knock.is_some() { self.budget.knocks(connections) } else { 0 };
        let knocks = join_all((0..wanted).map(|_| self.knock(hand)));
        let (tokens, knocks) = tokio::join!(tokens, knocks);
        tokens.into_iter().try_for_each(|token| token.map(|_| ()))?;
        knocks.into_iter().try_for_each(|knock| knock.map(|_| ()))
    }

    async fn knock(&self, hand: Hand) -> Result<(), CallError> {
        match &self.knock {
            Some(call) => self.send(hand, Lane::Revoke, call, &raw::Classes::default()).await.map(|_| ()),
            None => Ok(()),
        }
    }

    fn auth(&self, hand: Hand) -> Result<&Auth, CallError> {
        let name = hand.word();
        self.auth[hand.place()].as_ref().ok_or_else(|| {
            CallError::Auth(format!(
                "{}: no {name} credential is configured; set systems.{}.{name} in the settings",
                self.system, self.system
            ))
        })
    }

    /// The address of a call: absolute, or below the base.
    pub(super) fn absolute(&self, url: &str) -> Result<Url, CallError> {
        let refused = |why: &str| CallError::Unreachable(self.clean(&format!("{why}: {}", self.redactor.url(url))));
        let absolute = if url.starts_with("http://") || url.starts_with("https://") {
            url.to_owned()
        } else {
            format!("{}/{}", self.base.as_str().trim_end_matches('/'), url.trim_start_matches('/'))
        };
        let url = Url::parse(&absolute).map_err(|_| refused("not an address"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("an address with a user in it"));
        }
        if self.base.scheme() == "https" && url.scheme() != "https" {
            return Err(refused("an address without TLS, though the system has it"));
        }
        super::plain::refuse(&url, url.scheme() == "https", self.plain).map_err(|problem| CallError::Unreachable(self.clean(&problem)))?;
        Ok(url)
    }

    /// The address that a page names as the next: of the page's own origin, or refused.
    pub(super) fn follow(&self, page: &Url, next: &str) -> Result<Url, String> {
        let below_base = next.starts_with('/') && !next.starts_with("//") && !next.starts_with(self.base.path().trim_end_matches('/'));
        let url = if below_base && same_origin(page, &self.base) {
            self.absolute(next).map_err(|error| error.to_string())?
        } else {
            page.join(next).map_err(|_| "the next page's address can't be read".to_owned())?
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the next page's address holds a user name or a password".to_owned());
        }
        if same_origin(page, &url) {
            return Ok(url);
        }
        if loopback(page) && loopback(&url) && page.port_or_known_default() == url.port_or_known_default() {
            // The same server by another of its names. Its own is kept.
            let mut kept = page.clone();
            kept.set_path(url.path());
            kept.set_query(url.query());
            return Ok(kept);
        }
        Err(format!("the next page is on another origin ({}), where our credential must not go", url.host_str().unwrap_or("?")))
    }

    /// A line about this system without secrets.
    pub(super) fn clean(&self, line: &str) -> String {
        format!("{}: {}", self.system, self.redactor.text(line))
    }

    /// A text without secrets.
    pub(super) fn redact(&self, text: &str) -> String {
        self.redactor.text(text)
    }

    /// A credential's secret and all its forms: never to be recorded or said from now on.
    pub(super) fn learn(&self, auth: &Auth) {
        auth.secrets().iter().for_each(|secret| self.redactor.add(secret));
    }

    /// A token that the system gave out: never to be recorded or said from now on.
    pub(super) fn hide(&self, token: &str) {
        self.redactor.issued(token);
    }
}

fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

fn loopback(url: &Url) -> bool {
    url.host_str().is_some_and(super::plain::is_loopback)
}

fn put(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    let name = name.to_lowercase();
    headers.retain(|(known, _)| *known != name);
    headers.push((name, value.to_owned()));
}

fn put_if_absent(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    if !headers.iter().any(|(known, _)| known == name) {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// Names in lower case; what comes several times is joined.
fn headers_of(headers: &reqwest::header::HeaderMap) -> Value {
    let mut map = Map::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match map.get_mut(name.as_str()) {
            Some(Value::String(known)) => *known = format!("{known}, {text}"),
            _ => {
                map.insert(name.as_str().to_owned(), Value::String(text));
            }
        }
    }
    Value::Object(map)
}

fn form(pairs: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        percent_encode(name, &mut out);
        out.push('=');
        percent_encode(value, &mut out);
    }
    out
}

/// An error and what caused it, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !parts.iter().any(|known| known.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}
