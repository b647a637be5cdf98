//! One call as the vendor sees it: whose token, which rights, which page, and the shape of every answer and refusal.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, MutexGuard};

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::state::State;
use super::{Google, fields};

/// What a handler gives back.
pub(super) type Answer = Result<Response, Refusal>;

/// What an access token may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Right {
    Read,
    Write,
}

/// An error in the vendor's shape.
#[derive(Debug)]
pub(super) struct Refusal {
    code: StatusCode,
    reason: &'static str,
    status: &'static str,
    message: String,
    /// The parameter that is wrong, where the vendor names it.
    location: Option<&'static str>,
}

impl Refusal {
    fn new(code: StatusCode, reason: &'static str, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, status, message: message.into(), location: None }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", "NOT_FOUND", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", "INVALID_ARGUMENT", message)
    }

    /// A parameter that is missing or wrong.
    pub(super) fn parameter(reason: &'static str, name: &'static str, message: &str) -> Self {
        Self { location: Some(name), reason, ..Self::invalid(message) }
    }

    pub(super) fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "failedPrecondition", "FAILED_PRECONDITION", message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::because("forbidden", message)
    }

    /// A 403 whose reason tells more than "forbidden".
    pub(super) fn because(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason, "PERMISSION_DENIED", message)
    }

    fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authError", "UNAUTHENTICATED", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"error": {
            "code": self.code.as_u16(),
            "message": self.message,
            "errors": [{"message": self.message, "domain": "global", "reason": self.reason}],
            "status": self.status,
        }});
        if let Some(name) = self.location {
            body["error"]["errors"][0]["locationType"] = json!("parameter");
            body["error"]["errors"][0]["location"] = json!(name);
        }
        (self.code, Json(body)).into_response()
    }
}

/// The parts of a request that every handler needs.
pub(super) struct Call {
    google: Arc<Google>,
    bearer: Option<String>,
    query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Google>> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, google: &Arc<Google>) -> Result<Self, Infallible> {
        let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri).map(|Query(map)| map).unwrap_or_default();
        Ok(Self { google: Arc::clone(google), bearer: bearer(&parts.headers), query })
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

impl Call {
    /// The state, and the address that the token acts as; the token must have the right.
    pub(super) fn admit(&self, right: Right) -> Result<(MutexGuard<'_, State>, String), Refusal> {
        let bearer = self.bearer.as_deref().ok_or_else(|| {
            Refusal::unauthenticated(
                "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
            )
        })?;
        let state = self.google.state();
        let access = state.access(bearer).ok_or_else(|| Refusal::unauthenticated("Request had invalid authentication credentials."))?;
        if right == Right::Write && access.right == Right::Read {
            return Err(Refusal::because("insufficientPermissions", "Request had insufficient authentication scopes."));
        }
        let acts_as = access.acts_as.clone();
        Ok((state, acts_as))
    }

    /// As `admit`, for the services that only administrators may call.
    pub(super) fn admin(&self, right: Right) -> Result<MutexGuard<'_, State>, Refusal> {
        let (state, acts_as) = self.admit(right)?;
        let admin = state.users.get(&acts_as).is_some_and(|user| !user.suspended && state.is_super_admin(&user.id));
        if admin { Ok(state) } else { Err(Refusal::forbidden("Not Authorized to access this resource/api")) }
    }

    /// A query parameter that is there and not empty.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.query(name) == Some("true")
    }

    /// The customer named in a path or query must be this one.
    pub(super) fn customer(&self, state: &State, named: &str) -> Result<(), Refusal> {
        if named == "my_customer" || named == state.customer { Ok(()) } else { Err(Refusal::not_found("Resource Not Found: customer")) }
    }

    /// One page of `items`, which are ordered by key; the token of the next page is the last key of this one, so that
    /// something deleted between two pages makes neither skip nor repeat the others.
    pub(super) fn page<T>(
        &self,
        size_name: &str,
        default: usize,
        most: usize,
        items: Vec<(String, T)>,
    ) -> Result<(Vec<T>, Option<String>), Refusal> {
        let size = match self.query(size_name) {
            None => default,
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| Refusal::invalid(format!("Invalid value for {size_name}: {text}")))?
                .min(most),
        };
        let after = self
            .query("pageToken")
            .map(|token| read_token(token).ok_or_else(|| Refusal::invalid("Invalid Input: pageToken")))
            .transpose()?;
        let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
        let mut page = Vec::new();
        let mut last = String::new();
        while page.len() < size {
            let Some((key, item)) = rest.next() else {
                break;
            };
            last = key;
            page.push(item);
        }
        let next = rest.peek().is_some().then(|| URL_SAFE_NO_PAD.encode(format!("after:{last}")));
        Ok((page, next))
    }

    /// The answer, cut down to the `fields` that the caller asked for.
    pub(super) fn reply(&self, body: Value) -> Answer {
        self.reply_with(body, "*")
    }

    /// As `reply`, for services that give a few fields only unless asked.
    pub(super) fn reply_with(&self, body: Value, default: &str) -> Answer {
        let selection =
            fields::parse(self.query("fields").unwrap_or(default)).ok_or_else(|| Refusal::invalid("Invalid field selection"))?;
        let body = fields::select(&selection, body);
        Ok(([(CONTENT_TYPE, "application/json; charset=UTF-8")], body.to_string()).into_response())
    }
}

fn read_token(token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("after:").map(str::to_owned)
}

/// Done, with nothing to say.
pub(super) fn empty() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A request body, which must be a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice::<Value>(body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Refusal::invalid("Invalid JSON payload received. Parse Error"))
}

/// A list reply: the vendor leaves an empty list and a missing next page out instead of sending them as empty or null.
pub(super) fn listing(kind: Option<&str>, name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut body = json!({});
    if let Some(kind) = kind {
        body["kind"] = json!(kind);
        body["etag"] = json!(etag(&format!("{kind}{}", items.len())));
    }
    if !items.is_empty() {
        body[name] = Value::Array(items);
    }
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    body
}

/// An entity tag, quoted as the vendor quotes it.
pub(super) fn etag(of: &str) -> String {
    let tag = URL_SAFE_NO_PAD.encode(super::state::hash(of).to_be_bytes());
    format!("\"{tag}\"")
}
