//! What stands between exeunt and the simulated vendors in the canary test: each credential and each token that a vendor gives out is another one on
//! the wire, hard to spell; records hold private fields; errors repeat what was sent; and what exeunt sends to people is kept.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exeunt_company::between::{Asked, Between, Told};
use serde_json::{Value, json};

use super::search::spellings;

/// Which requests are answered with an error that repeats what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    Nothing,
    /// One read in eight.
    Reads,
    /// Three writes in four, and one read in sixteen.
    Writes,
    /// Every request for a session or a token.
    Logins,
}

/// Systems that carry news to people: what they get is looked at.
const CARRIERS: &[&str] = &["jira", "servicenow", "slack", "webhook"];

/// The names, as [`plain`] writes them, of fields that hold a secret, by our own judgement. Exact, for `token_id` and `nextPageToken` open nothing; nor
/// does `session_id`, by which Dropbox names a session that is to be ended.
const SECRET_FIELDS: &[&str] = &[
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "sessiontoken",
    "token",
    "password",
    "passwd",
    "passwordhash",
    "clientsecret",
    "secret",
    "apikey",
    "privatekey",
    "pin",
    "passcode",
    "entrycode",
    "verificationcode",
    "backupcode",
    "backupcodes",
    "recoverycode",
    "recoverycodes",
    "recoverykey",
    "unlockcode",
    "unlocktoken",
    "totpseed",
    "sessionkey",
    "secretaccesskey",
    "recordingplaypasscode",
    "hostkey",
    "facilitycode",
];

/// Private fields that vendors' records hold here beside their own: what they are called, and how their values begin.
const PLANTED: &[(&str, &str)] = &[
    ("passwordHash", "$2b$12$"),
    ("recoveryCodes", "rc-"),
    ("apiKeyShownOnce", "sk_live_"),
    ("pin", "90"),
    ("totpSeed", "JBSW"),
    ("noteToSelf", "my door opens with "),
    ("diagnostics", "session="),
];

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Some letters that are the same for the same text (FNV-1a).
pub fn letters(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[derive(Debug)]
pub struct Tap {
    echo: AtomicU8,
    asked: AtomicU64,
    echoed: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By system: what exeunt sends, and what the vendor knows it as.
    disguised: BTreeMap<String, Vec<(String, String)>>,
    /// Every secret that was seen or planted, and what it is.
    secrets: BTreeMap<String, String>,
    /// What carriers got.
    told: Vec<u8>,
    /// Targets that were refused once with a 500.
    failed: Vec<String>,
}

impl Tap {
    pub fn new() -> Self {
        Self { echo: AtomicU8::new(0), asked: AtomicU64::new(0), echoed: AtomicU64::new(0), inner: Mutex::default() }
    }

    pub fn echo(&self, echo: Echo) {
        self.echo.store(echo as u8, Ordering::Relaxed);
    }

    /// How many errors repeated what was sent.
    pub fn echoed(&self) -> u64 {
        self.echoed.load(Ordering::Relaxed)
    }

    /// What exeunt sends to a system goes by another text there.
    pub fn disguise(&self, system: &str, sent: &str, known: &str) {
        self.inner.lock().unwrap().disguised.entry(system.to_owned()).or_default().push((sent.to_owned(), known.to_owned()));
    }

    pub fn secret(&self, secret: &str, what: &str) {
        let secret = secret.trim();
        if secret.len() >= 6 {
            self.inner.lock().unwrap().secrets.entry(secret.to_owned()).or_insert_with(|| what.to_owned());
        }
    }

    pub fn secrets(&self) -> BTreeMap<String, String> {
        self.inner.lock().unwrap().secrets.clone()
    }

    /// What carriers got, all of it.
    pub fn told(&self) -> Vec<u8> {
        self.inner.lock().unwrap().told.clone()
    }

    fn pairs(&self, system: &str) -> Vec<(String, String)> {
        self.inner.lock().unwrap().disguised.get(system).cloned().unwrap_or_default()
    }

    /// Notes the secrets of a request.
    fn note_request(&self, system: &str, request: &Asked) {
        for (name, value) in &request.headers {
            let (name, Ok(value)) = (name.as_str(), value.to_str()) else { continue };
            if name == "authorization" {
                let sent = value.split_once(' ').map_or(value, |(_, sent)| sent);
                // A signature of AWS's names its key and the headers; what is secret of it is its end.
                let sent = sent.rsplit_once("Signature=").map_or(sent, |(_, signature)| signature);
                self.secret(sent.trim_start_matches("token="), &format!("what {system} is sent as authorization"));
            } else if ["cookie", "session", "x-auth", "token"].iter().any(|part| name.contains(part)) && !name.contains("idempotency") {
                let sent = value.split(';').next().unwrap_or_default();
                self.secret(sent.split_once('=').map_or(sent, |(_, sent)| sent), &format!("the header {name} for {system}"));
            }
        }
        if let Ok(text) = std::str::from_utf8(&request.body) {
            for pair in text.split('&') {
                if let Some((name @ ("client_secret" | "assertion" | "client_assertion" | "password" | "refresh_token"), value)) =
                    pair.split_once('=')
                {
                    self.secret(value, &format!("the form field {name} for {system}"));
                }
            }
        }
    }

    /// Notes the secrets of an answer, by the names of their fields.
    fn note_answer(&self, system: &str, value: &Value, name: &str) {
        let what = || format!("{name} as {system} answered it");
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.note_answer(system, item, name)),
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.note_answer(system, value, name)),
            Value::String(text) if SECRET_FIELDS.contains(&plain(name).as_str()) => self.secret(text, &what()),
            Value::Number(number) if SECRET_FIELDS.contains(&plain(name).as_str()) => self.secret(&number.to_string(), &what()),
            _ => {}
        }
    }

    /// Puts private fields into the records of lists.
    fn plant(&self, system: &str, value: &mut Value, depth: u32) {
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    if let Value::Object(fields) = item {
                        for (name, begin) in PLANTED {
                            // A few of each kind are enough; each system has its own.
                            let number = at % 3;
                            let digits: String =
                                letters(&format!("{system}{name}{number}")).bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
                            let made = if *name == "pin" {
                                format!("{begin}{digits}")
                            } else {
                                format!("{begin}{}/+{number}\"", letters(&format!("{system} {name} {number}")))
                            };
                            self.secret(&made, &format!("{name} in a record of {system}"));
                            let value = if *name == "recoveryCodes" { json!([made]) } else { json!(made) };
                            fields.entry((*name).to_owned()).or_insert(value);
                        }
                    }
                    self.plant(system, item, depth + 1);
                }
            }
            Value::Object(fields) if depth < 6 => fields.values_mut().for_each(|value| self.plant(system, value, depth + 1)),
            _ => {}
        }
    }

    /// Each token of the simulation is another one from here on.
    fn disguise_tokens(&self, system: &str, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("simulated.") {
            out.push_str(&rest[..at]);
            let token = &rest[at..];
            let end = token.find(|c: char| !(c.is_ascii_alphanumeric() || ".-_".contains(c))).unwrap_or(token.len());
            let (token, after) = token.split_at(end);
            // No JSON needs to escape it, and a header takes it.
            let made = format!("T/{}+{}==", letters(&format!("{system} {token}")), token.rsplit('.').next().unwrap_or_default());
            self.disguise(system, &made, token);
            self.secret(&made, &format!("a token that {system} gave out"));
            out.push_str(&made);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn is_echoed(&self, request: &Asked) -> Option<StatusCode> {
        let target = format!("{} {}", request.method, request.uri);
        let body = String::from_utf8_lossy(&request.body);
        let path = request.uri.path().to_lowercase();
        let login = body.contains("grant_type") || ["oauth", "login", "session", "/auth", "token"].iter().any(|part| path.contains(part));
        let number = u64::from_str_radix(&letters(&target)[8..], 16).unwrap();
        let read = request.method == "GET";
        let echo = self.echo.load(Ordering::Relaxed);
        let refused = [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR][(number / 64 % 3) as usize];
        let hit = match echo {
            echo if echo == Echo::Logins as u8 => login && (!read || body.contains("grant_type")),
            _ if login => false,
            echo if echo == Echo::Reads as u8 => read && number.is_multiple_of(8),
            echo if echo == Echo::Writes as u8 => {
                if read {
                    number.is_multiple_of(16)
                } else {
                    !number.is_multiple_of(4)
                }
            }
            _ => false,
        };
        if !hit {
            return None;
        }
        if refused == StatusCode::INTERNAL_SERVER_ERROR {
            // That is tried again; once is enough.
            let failed = &mut self.inner.lock().unwrap().failed;
            if failed.contains(&target) {
                return None;
            }
            failed.push(target);
        }
        Some(refused)
    }

    /// An error that repeats what was sent, in every spelling.
    fn repeated(&self, system: &str, request: &Asked, status: StatusCode) -> Told {
        self.echoed.fetch_add(1, Ordering::Relaxed);
        let mut sent: Vec<String> = request
            .headers
            .iter()
            .filter(|(name, _)| ["authorization", "cookie", "key", "token", "session"].iter().any(|part| name.as_str().contains(part)))
            .filter_map(|(_, value)| value.to_str().ok().map(str::to_owned))
            .collect();
        sent.extend(sent.clone().iter().filter_map(|value| value.split_once(' ').map(|(_, sent)| sent.to_owned())));
        sent.extend(self.pairs(system).into_iter().map(|(sent, _)| sent).filter(|secret| {
            let in_body = spellings(secret).iter().any(|(spelled, _)| String::from_utf8_lossy(&request.body).contains(spelled.as_str()));
            let in_head = request.headers.values().any(|value| carries(value, secret));
            in_body || in_head
        }));
        let all: Vec<String> = sent.iter().flat_map(|secret| spellings(secret).into_iter().map(|(spelled, _)| spelled)).collect();
        let words = all.join(" ");
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        for (at, spelled) in all.iter().take(6).enumerate() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(format!("x-you-sent-{at}")), HeaderValue::try_from(spelled)) {
                headers.insert(name, value);
            }
        }
        if let Some(Ok(value)) = sent.first().map(HeaderValue::try_from) {
            headers.insert("www-authenticate", value);
        }
        let body = json!({
            "error": { "code": status.as_u16(), "message": words, "status": "INVALID_ARGUMENT" }, "errorSummary": words, "message": words, "detail": words,
            "request": String::from_utf8_lossy(&request.body), "errors": [{ "detail": words }], "error_description": words,
        });
        Told { status, headers, body: body.to_string().into_bytes() }
    }
}

/// Whether a header carries a secret, as it is or as Basic has it.
fn carries(value: &HeaderValue, secret: &str) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let basic = text.strip_prefix("Basic ").and_then(|sent| STANDARD.decode(sent).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    text.contains(secret) || basic.is_some_and(|text| text.contains(secret))
}

/// The text with what the vendor knows in the place of what exeunt sends, however it is spelled there.
fn known_as(text: &str, pairs: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (sent, known) in pairs {
        for (spelled, how) in spellings(sent) {
            if !how.starts_with("base64") && how != "hex" && text.contains(&spelled) {
                text = text.replace(&spelled, known);
            }
        }
    }
    text
}

impl Between for Tap {
    fn asked(&self, system: &str, request: &Asked) -> Asked {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.note_request(system, request);
        if CARRIERS.contains(&system) && request.method != "GET" {
            let told = &mut self.inner.lock().unwrap().told;
            told.extend_from_slice(request.uri.to_string().as_bytes());
            told.extend_from_slice(&request.body);
        }
        let pairs = self.pairs(system);
        let mut known = request.clone();
        for value in known.headers.values_mut() {
            let Ok(text) = value.to_str() else { continue };
            let basic =
                text.strip_prefix("Basic ").and_then(|sent| STANDARD.decode(sent).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
            let text = match basic {
                Some(basic) => format!("Basic {}", STANDARD.encode(known_as(&basic, &pairs))),
                None => known_as(text, &pairs),
            };
            if let Ok(other) = HeaderValue::try_from(text) {
                *value = other;
            }
        }
        if let Ok(uri) = known_as(&known.uri.to_string(), &pairs).parse() {
            known.uri = uri;
        }
        if let Ok(text) = std::str::from_utf8(&known.body) {
            known.body = known_as(text, &pairs).into_bytes();
        }
        known
    }

    fn answered(&self, system: &str, request: &Asked, mut answer: Told) -> Told {
        if let Some(status) = self.is_echoed(request) {
            return self.repeated(system, request, status);
        }
        for (name, value) in answer.headers.clone() {
            let (Some(name), Ok(text)) = (name, value.to_str()) else { continue };
            let other = self.disguise_tokens(system, text);
            if name == "set-cookie" {
                let cookie = other.split(';').next().unwrap_or_default();
                self.secret(cookie.split_once('=').map_or(cookie, |(_, value)| value), &format!("a cookie of {system}"));
            }
            if other != text
                && let Ok(other) = HeaderValue::try_from(other)
            {
                answer.headers.insert(name, other);
            }
        }
        let Ok(text) = std::str::from_utf8(&answer.body) else { return answer };
        let text = self.disguise_tokens(system, text);
        answer.body = match serde_json::from_str::<Value>(&text) {
            Ok(mut value @ (Value::Object(_) | Value::Array(_))) => {
                self.note_answer(system, &value, "");
                if answer.status.is_success() {
                    self.plant(system, &mut value, 0);
                }
                value.to_string().into_bytes()
            }
            _ => text.into_bytes(),
        };
        answer
    }
}
