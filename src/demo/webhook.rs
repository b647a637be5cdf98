//! A receiver of webhooks, simulated: takes what is signed by Standard Webhooks, and each message once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::vendor::{Secret, Simulated, Vendor, no_content, now, reply};

/// What was taken, by its id; and how many times each id came.
type Taken = Arc<Mutex<BTreeMap<String, (Value, u32)>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "webhook",
    start: |_| Ok(Simulated { router: router(), left: Arc::new(|_| Vec::new()) }),
    millis: 10,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}/hooks/exeunt\"\n"),
};

/// The secret that messages are signed with; it opens nothing else.
const SECRET: &str = "tell-webhook";

/// `POST /hooks/exeunt` takes messages, `GET /taken` shows them.
pub fn router() -> Router {
    Router::new().route("/hooks/exeunt", post(take)).route("/taken", get(taken)).with_state(Taken::default())
}

async fn take(State(all): State<Taken>, headers: HeaderMap, body: Bytes) -> Response {
    match checked(&headers, &body) {
        Err(why) => reply(401, &json!({ "error": why })),
        Ok((id, message)) => {
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(id).or_insert((message, 0)).1 += 1;
            no_content()
        }
    }
}

/// The message's id and body, if it is signed and fresh.
fn checked(headers: &HeaderMap, body: &[u8]) -> Result<(String, Value), String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(format!("{name} is missing"));
    let (id, at, signatures) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let sent: i64 = at.parse().map_err(|_| "webhook-timestamp is no number")?;
    if (now().as_second() - sent).abs() > 300 {
        return Err("the message is too old, or from the future".to_owned());
    }
    let mut signed = format!("{id}.{at}.").into_bytes();
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let fits = |signature: &str| {
        let tag = signature.strip_prefix("v1,").and_then(|encoded| BASE64.decode(encoded).ok());
        tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    if !signatures.split(' ').any(fits) {
        return Err("no signature fits".to_owned());
    }
    Ok((id.to_owned(), serde_json::from_slice(body).map_err(|_| "the body is not JSON")?))
}

async fn taken(State(all): State<Taken>) -> Response {
    let all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let one = |(id, (message, times)): (&String, &(Value, u32))| json!({ "id": id, "message": message, "times": times });
    reply(200, &Value::Array(all.iter().map(one).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_is_signed_and_fresh_is_taken() {
        let signed = |id: &str, at: i64, body: &str| {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), format!("{id}.{at}.{body}").as_bytes());
            let mut headers = HeaderMap::new();
            headers.insert("webhook-id", id.parse().unwrap());
            headers.insert("webhook-timestamp", at.to_string().parse().unwrap());
            headers.insert("webhook-signature", format!("v1a,xx v1,{}", BASE64.encode(tag.as_ref())).parse().unwrap());
            headers
        };
        let at = now().as_second();
        assert_eq!(checked(&signed("a", at, "{}"), b"{}").unwrap().0, "a");
        assert!(checked(&signed("a", at, "{}"), b"{ }").is_err());
        assert!(checked(&signed("a", at - 301, "{}"), b"{}").unwrap_err().contains("old"));
        assert!(checked(&HeaderMap::new(), b"{}").unwrap_err().contains("webhook-id"));
    }
}
