//! Taking secrets out of what is recorded, said and taken in.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::RwLock;

use serde_json::{Map, Value, json};

use super::forms;
use super::needles::Needles;
use super::outline::{self, plain, sensitive};

/// What stands where a secret stood.
pub(super) const MARK: &str = "[redacted]";
/// How many tokens that a system gave out are remembered; the oldest are forgotten, for they have ended.
const ISSUED: usize = 256;
/// How many signatures of requests are remembered. A reply can repeat only that of its own request.
const SIGNED: usize = 16;
/// Fields that hold the value of what their parent is named after.
const VALUES: &[&str] = &["value", "text", "code", "hash", "salt", "content", "data", "plain"];

/// Of which texts only the shape is kept.
#[derive(Clone, Copy)]
enum Shapes {
    None,
    Unread,
    All,
}

/// The secrets of one connection: the configured ones, and every token that came of them.
#[derive(Default)]
pub(super) struct Redactor {
    known: RwLock<Known>,
    /// The fields that the manifest reads; of others a recording keeps the shape.
    reads: BTreeSet<String>,
    /// The fields that the manifest marks as secrets, as [`plain`] writes them.
    marked: BTreeSet<String>,
}

#[derive(Default)]
struct Known {
    needles: Needles,
    configured: Vec<String>,
    issued: VecDeque<String>,
    /// Each request has one of its own, so here they push out nothing that still holds.
    signed: VecDeque<String>,
}

impl Known {
    fn find_anew(&mut self) {
        let mut needles = Needles::default();
        for secret in self.configured.iter().chain(&self.issued).chain(&self.signed) {
            learn(&mut needles, secret);
        }
        self.needles = needles;
    }
}

fn learn(needles: &mut Needles, secret: &str) {
    let parts = forms::is_random(secret);
    for form in forms::forms(secret) {
        needles.add(&form, parts);
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Of a connection whose manifest reads these fields, and marks those as secrets.
    pub(super) fn new(reads: &BTreeSet<String>, marked: &[String]) -> Self {
        Self { reads: reads.clone(), marked: marked.iter().map(|name| plain(name)).collect(), ..Self::default() }
    }

    /// Remembers a configured secret, its parts, and how they look when they are encoded. Shorter than four letters it would blot out everything.
    pub(super) fn add(&self, secret: &str) {
        let Ok(mut known) = self.known.write() else { return };
        for part in forms::parts(secret.trim()).iter().map(|part| part.trim()).filter(|part| part.len() >= 4) {
            if !known.configured.iter().any(|have| have == part) {
                learn(&mut known.needles, part);
                known.configured.push(part.to_owned());
            }
        }
    }

    /// Remembers a token that a system gave out.
    pub(super) fn issued(&self, token: &str) {
        let token = token.trim();
        let Ok(mut known) = self.known.write() else { return };
        if token.len() < 4 || known.configured.iter().chain(&known.issued).any(|have| have == token) {
            return;
        }
        learn(&mut known.needles, token);
        known.issued.push_back(token.to_owned());
        if known.issued.len() > 2 * ISSUED {
            known.issued.drain(..ISSUED);
            known.find_anew();
        }
    }

    /// Remembers the signature of a request whose reply has come.
    pub(super) fn signed(&self, signature: &str) {
        let Ok(mut known) = self.known.write() else { return };
        learn(&mut known.needles, signature);
        known.signed.push_back(signature.to_owned());
        if known.signed.len() > 2 * SIGNED {
            known.signed.drain(..SIGNED);
            known.find_anew();
        }
    }

    /// The text without any known secret.
    pub(super) fn text(&self, text: &str) -> String {
        self.within(text, true).unwrap_or_else(|| text.to_owned())
    }

    /// The text without any known secret, if it holds one. Short secrets are looked for in words for people only.
    fn within(&self, text: &str, words: bool) -> Option<String> {
        let known = self.known.read().ok()?;
        let found = known.needles.find(text.as_bytes());
        let mut clean = (!found.is_empty()).then(|| cut(text.as_bytes(), &found));
        if words {
            let short = known.needles.find_short(clean.as_deref().unwrap_or(text.as_bytes()));
            if !short.is_empty() {
                clean = Some(cut(clean.as_deref().unwrap_or(text.as_bytes()), &short));
            }
        }
        clean.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Bytes without any known secret.
    pub(super) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let found = self.known.read().map(|known| known.needles.find(&bytes)).unwrap_or_default();
        if found.is_empty() { bytes } else { cut(&bytes, &found) }
    }

    /// Whether bytes hold a known secret that is long enough to be found within a word.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.known.read().is_ok_and(|known| !known.needles.find(bytes).is_empty())
    }

    /// Whether a secret is known that is too short to be found within a word.
    pub(super) fn has_short(&self) -> bool {
        self.known.read().is_ok_and(|known| known.needles.has_short())
    }

    /// Takes every known secret out of a value that came in: out of its texts, and out of the names of its fields. A short secret goes where it is
    /// the whole text, or a word among others; within a key or an address it may be an accident.
    pub(super) fn clean(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let alone = self.known.read().is_ok_and(|known| known.needles.is_short(text));
                if alone {
                    *text = MARK.to_owned();
                } else if let Some(clean) = self.within(text, text.trim().contains(char::is_whitespace)) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.clean(item)),
            Value::Object(map) => {
                if map.keys().any(|name| self.is_in(name.as_bytes())) {
                    *map =
                        std::mem::take(map).into_iter().map(|(name, inner)| (self.within(&name, false).unwrap_or(name), inner)).collect();
                }
                map.values_mut().for_each(|inner| self.clean(inner));
            }
            _ => {}
        }
    }

    fn hides(&self, name: &str) -> bool {
        sensitive(name) || !self.marked.is_empty() && self.marked.contains(&plain(name))
    }

    /// What a recording keeps of a value that came: its structure and, if `read`, what the manifest reads, without secrets.
    pub(super) fn outline(&self, value: &Value, read: bool) -> Value {
        self.keep(value, "", false, if read { Shapes::Unread } else { Shapes::All })
    }

    /// The value without secrets, of a request: what we write ourselves is read by somebody.
    pub(super) fn value(&self, value: &Value) -> Value {
        self.keep(value, "", false, Shapes::None)
    }

    /// `name` is the field that it stands in; `hidden`: the field's name says that it is a secret.
    fn keep(&self, value: &Value, name: &str, hidden: bool, shapes: Shapes) -> Value {
        let shaped = match shapes {
            Shapes::None => false,
            Shapes::Unread => !self.reads.contains(name) && !outline::is_id(name),
            Shapes::All => true,
        };
        match value {
            Value::String(text) if hidden && !text.is_empty() => json!(MARK),
            Value::String(text) => {
                let clean = self.nested(text, shapes);
                let kept = !shaped || clean != *text;
                Value::String(if kept { clean } else { outline::shape(&clean) })
            }
            Value::Number(_) if hidden => json!(0),
            Value::Number(number) if shaped => Value::Number(outline::number(number)),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.keep(item, name, hidden && !item.is_object(), shapes)).collect())
            }
            Value::Object(map) => {
                let parent = self.hides(name);
                let field = |(field, inner): (&String, &Value)| {
                    let hidden = self.hides(field) && !inner.is_object() || parent && VALUES.contains(&field.as_str());
                    (self.within(field, false).unwrap_or_else(|| field.clone()), self.keep(inner, field, hidden, shapes))
                };
                Value::Object(map.iter().map(field).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    /// A text without secrets, where it may be JSON in itself (a job's parameters, an error's details): by the names of its fields too.
    fn nested(&self, text: &str, shapes: Shapes) -> String {
        if is_json(text)
            && let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = serde_json::from_str::<Value>(text)
        {
            let clean = self.keep(&inner, "", false, shapes);
            // What holds no secret stays as it was written.
            return if clean == inner { self.text(text) } else { clean.to_string() };
        }
        self.text(text)
    }

    /// A body that is no JSON: by the names of its elements where it is XML, else only its shape.
    pub(super) fn other(&self, text: &str) -> String {
        if is_json(text) && serde_json::from_str::<Value>(text).is_ok() {
            return self.nested(text, Shapes::Unread);
        }
        if !text.trim_start().starts_with('<') {
            return outline::shape(&self.text(text));
        }
        let mut out = String::with_capacity(text.len());
        for part in text.split_inclusive('>') {
            let (inner, tag) = part.find('<').map_or((part, ""), |at| part.split_at(at));
            // What stands before a closing tag is that element's.
            let name = tag.strip_prefix("</").map(|name| name.trim_end_matches('>').rsplit(':').next().unwrap_or_default().trim());
            out.push_str(&match name {
                _ if inner.trim().is_empty() => inner.to_owned(),
                Some(name) if self.hides(name) => MARK.to_owned(),
                Some(name) if self.reads.contains(name) => self.text(inner),
                _ => outline::shape(&self.text(inner)),
            });
            out.push_str(&self.text(tag));
        }
        out
    }

    /// `a=1&b=2` (a form or a query) without secrets.
    pub(super) fn pairs(&self, text: &str) -> String {
        let pair = |pair: &str| match pair.split_once('=') {
            // Yes and no are no secrets, whatever they are about (`oauthTokens=true`).
            Some((name, value)) if self.hides(name) && !["", "true", "false"].contains(&value) => format!("{name}={MARK}"),
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
            let hides =
                ["authorization", "cookie", "token", "secret", "api-key", "apikey", "password", "assertion", "signature", "session", "otp"];
            let text = if !hides.iter().any(|part| lower.contains(part)) && !self.hides(name) {
                if text.contains("://") && text.contains('?') { self.url(text) } else { self.text(text) }
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

fn is_json(text: &str) -> bool {
    matches!(text.trim_start().bytes().next(), Some(b'{' | b'[' | b'"'))
}

/// The text with [`MARK`] in the place of these ranges.
fn cut(text: &[u8], ranges: &[(usize, usize)]) -> Vec<u8> {
    let (mut out, mut from) = (Vec::with_capacity(text.len()), 0);
    for (start, end) in ranges {
        out.extend_from_slice(&text[from..*start]);
        out.extend_from_slice(MARK.as_bytes());
        from = *end;
    }
    out.extend_from_slice(&text[from..]);
    out
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

    #[test]
    fn what_comes_in_is_clean_in_every_form() {
        let redactor = Redactor::default();
        redactor.add("id-0123456789:Pa55/w0rd+x");
        redactor.add("482913");
        redactor.issued("9e590cfc613");
        for secret in [
            "Pa55/w0rd+x",
            "Pa55%2Fw0rd%2Bx",
            "Pa55%2fw0rd%2bx",
            "UGE1NS93MHJkK3g=",
            "506135352f773072642b78",
            "9e590cfc613",
            "id-0123456789",
            "dXNlcjpQYTU1L3cwcmQreA==",
        ] {
            let mut body = json!({"detail": format!("no {secret}, no"), secret: [{"x": secret}]});
            redactor.clean(&mut body);
            assert_eq!(body.to_string().matches(MARK).count(), 3, "{secret}: {body}");
            assert!(!body.to_string().contains(secret), "{body}");
        }
        let mut body = json!({"detail": "the PIN 482913 is wrong", "pin": "482913", "id": "u-482913", "key": "4829130"});
        redactor.clean(&mut body);
        assert_eq!(body, json!({"detail": "the PIN [redacted] is wrong", "pin": MARK, "id": "u-482913", "key": "4829130"}));
        // Many tokens come and go; the configured secrets stay, and so does the newest token.
        (0..2000).for_each(|n| redactor.issued(&format!("token-number-{n:08}")));
        assert_eq!(redactor.text("Pa55/w0rd+x token-number-00001999"), "[redacted] [redacted]");
        // However many requests are signed, a token that was given out stays known; of signatures only the newest are looked for.
        let signature =
            |n: u32| crate::connect::sigv4::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &n.to_be_bytes()).as_ref());
        (0..600).for_each(|n| redactor.signed(&signature(n)));
        assert_eq!(redactor.text(&format!("token-number-00001999 {}", signature(599))), "[redacted] [redacted]");
        assert_eq!(redactor.text(&signature(0)), signature(0));
    }

    #[test]
    fn a_recording_keeps_structure_and_what_is_read() {
        let redactor = Redactor::new(&["login", "n"].map(str::to_owned).into(), &["Entry".to_owned()]);
        let body = json!({"login": "jo@acme.example", "n": 123_456, "note": "Bo's 14735938", "pinned": 123_456, "state": "ACTIVE", "at": "2026-11-30",
            "backupCodes": ["14735938"], "entry": "heron", "on": true, "sessions": [{"session_id": "s-1", "login": "jo"}], "password": {"value": "abc"}});
        assert_eq!(
            redactor.outline(&body, true),
            json!({"login": "jo@acme.example", "n": 123_456, "note": "Aa'a 11111111", "pinned": 111_111, "state": "ACTIVE", "at": "2026-11-30",
                "backupCodes": [MARK], "entry": MARK, "on": true, "sessions": [{"session_id": MARK, "login": "jo"}], "password": {"value": MARK}})
        );
        let xml = "<a x=\"1\"><login>jo@acme.example</login><Key>tR4xbq9L</Key><Secret>abc</Secret><s>Active</s></a>";
        assert_eq!(
            redactor.other(xml),
            "<a x=\"1\"><login>jo@acme.example</login><Key>aA1aaa1A</Key><Secret>[redacted]</Secret><s>Active</s></a>"
        );
    }
}
