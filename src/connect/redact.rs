//! Taking secrets out of what is recorded and said.

use std::borrow::Cow;
use std::fmt;
use std::sync::RwLock;

use serde_json::{Map, Value, json};

use crate::manifest::template::percent_encode;

/// What stands where a secret stood.
pub(super) const MARK: &str = "[redacted]";

/// Fields that hold secrets in forms, queries and JSON, without case, `_` and `-`.
const FIELDS: &[&str] = &[
    "accesskey",
    "accesstoken",
    "apikey",
    "apitoken",
    "assertion",
    "authtoken",
    "authorization",
    "bearertoken",
    "clientassertion",
    "clientsecret",
    "idtoken",
    "newpassword",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sessiontoken",
    "subjecttoken",
    "temppassword",
    "temporarypassword",
    "token",
    "unicodepwd",
    "userpassword",
    "xamzsignature",
];

/// The secrets of one connection: the configured ones, and every token that came of them.
#[derive(Default)]
pub(super) struct Redactor(RwLock<Vec<String>>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Remembers a secret, and how it looks when it is encoded. Shorter than four letters it would blot out everything.
    pub(super) fn add(&self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < 4 {
            return;
        }
        let mut encoded = String::new();
        percent_encode(secret, &mut encoded);
        let quoted = json!(secret).to_string().trim_matches('"').to_owned();
        if let Ok(mut known) = self.0.write() {
            for form in [secret.to_owned(), encoded, quoted] {
                if !known.contains(&form) {
                    known.push(form);
                }
            }
            // The longest first, so that a secret within another leaves no rest.
            known.sort_by_key(|form| std::cmp::Reverse(form.len()));
        }
    }

    /// The text without any known secret.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        if let Ok(known) = self.0.read() {
            for secret in known.iter().filter(|secret| !secret.is_empty()) {
                if text.contains(secret.as_str()) {
                    text = Cow::Owned(text.replace(secret.as_str(), MARK));
                }
            }
        }
        text.into_owned()
    }

    /// The value without secrets; types and shape stay.
    pub(super) fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.nested(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Value::Object(map) => {
                let field = |(name, inner): (&String, &Value)| {
                    let inner = match inner {
                        Value::String(text) if !text.is_empty() && sensitive(name) => json!(MARK),
                        Value::Number(_) if sensitive(name) => json!(0),
                        other => self.value(other),
                    };
                    (name.clone(), inner)
                };
                Value::Object(map.iter().map(field).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    /// A text without secrets, where it may be JSON in itself (a job's parameters, an error's details): by the names of its fields too.
    pub(super) fn nested(&self, text: &str) -> String {
        if let Some(b'{' | b'[' | b'"') = text.trim_start().bytes().next()
            && let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = serde_json::from_str::<Value>(text)
        {
            let clean = self.value(&inner);
            // What holds no secret stays as it was written.
            return if clean == inner { self.text(text) } else { clean.to_string() };
        }
        self.text(text)
    }

    /// `a=1&b=2` (a form or a query) without secrets.
    pub(super) fn pairs(&self, text: &str) -> String {
        let pair = |pair: &str| match pair.split_once('=') {
            Some((name, value)) if sensitive(name) && !value.is_empty() => format!("{name}={MARK}"),
            _ => self.text(pair),
        };
        text.split('&').map(pair).collect::<Vec<_>>().join("&")
    }

    /// An address without secrets.
    pub(super) fn url(&self, url: &str) -> String {
        match url.split_once('?') {
            Some((path, query)) => format!("{}?{}", self.text(path), self.pairs(query)),
            None => self.text(url),
        }
    }

    /// Headers without secrets; the scheme of an authorization stays.
    pub(super) fn headers(&self, headers: &Value) -> Value {
        let Value::Object(map) = headers else { return headers.clone() };
        let header = |(name, value): (&String, &Value)| {
            let text = value.as_str().unwrap_or_default();
            let lower = name.to_lowercase();
            let hides = ["authorization", "cookie", "token", "secret", "api-key", "apikey", "password", "assertion", "signature"];
            let text = if !hides.iter().any(|part| lower.contains(part)) {
                self.text(text)
            } else if let (true, Some((scheme, _))) = (lower.contains("authorization"), text.split_once(' ')) {
                format!("{scheme} {MARK}")
            } else {
                MARK.to_owned()
            };
            (name.clone(), Value::String(text))
        };
        Value::Object(map.iter().map(header).collect())
    }
}

fn sensitive(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    FIELDS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_shape_stays() {
        let redactor = Redactor::default();
        redactor.add("s3cr/et\"x");
        let body = json!({"access_token": "abc", "expires_in": 3600, "list": [{"note": "it is s3cr/et\"x here"}], "nextPageToken": "p2",
            "password": {"value": "s3cr/et\"x"}, "token": 5, "empty": null});
        assert_eq!(
            redactor.value(&body),
            json!({"access_token": MARK, "expires_in": 3600, "list": [{"note": "it is [redacted] here"}], "nextPageToken": "p2",
                "password": {"value": MARK}, "token": 0, "empty": null})
        );
        assert_eq!(redactor.pairs("client_id=x&client_secret=y&q=s3cr%2Fet%22x"), "client_id=x&client_secret=[redacted]&q=[redacted]");
        assert_eq!(redactor.url("https://h/p?token=abc&a=1"), "https://h/p?token=[redacted]&a=1");
        let headers = json!({"authorization": "SSWS abc", "x-subject-token": "t", "set-cookie": "a=b", "webhook-signature": "v1,x", "x-note": "s3cr/et\"x", "etag": "1"});
        assert_eq!(
            redactor.headers(&headers),
            json!({"authorization": "SSWS [redacted]", "x-subject-token": MARK, "set-cookie": MARK, "webhook-signature": MARK, "x-note": MARK, "etag": "1"})
        );
        // JSON in a string, and in a string in a string; what is no JSON, and what holds no secret, stays as it is.
        let inner = json!({"client_secret": "very", "n": 1}).to_string();
        let deeper = json!({ "detail": inner }).to_string();
        let body = json!({"error": inner, "log": [deeper], "note": "{ not JSON", "plain": "{ \"a\":  1 }"});
        let clean = redactor.value(&body);
        assert!(!clean.to_string().contains("very"), "{clean}");
        assert_eq!(clean["error"], json!({"client_secret": MARK, "n": 1}).to_string());
        assert_eq!((&clean["note"], &clean["plain"]), (&body["note"], &body["plain"]));
        redactor.add("abc");
        assert_eq!(redactor.text("abc stays, being too short"), "abc stays, being too short");
    }
}
