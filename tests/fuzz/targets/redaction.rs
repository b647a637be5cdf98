//! Secrets in what a system answers: as they are, percent-encoded, in base64 (alone and within a longer text), in hexadecimal, escaped as JSON. None
//! of these is left.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use exeunt::connect::decode;
use exeunt::manifest::template::percent_encode;
use serde_json::{Value, json};

use super::bytes::Bytes;

const MARK: &str = "[redacted]";

pub fn redaction(data: &[u8]) {
    let mut bytes = Bytes(data);
    let secrets: Vec<String> = (0..=bytes.below(3)).map(|_| secret(&mut bytes)).collect();
    let (mut texts, mut spelled) = (Vec::new(), Vec::new());
    for _ in 0..=bytes.below(4) {
        let secret = &secrets[bytes.below(secrets.len())];
        let (before, after) = (around(&mut bytes, &secrets), around(&mut bytes, &secrets));
        let mut encoded = String::new();
        percent_encode(secret, &mut encoded);
        let quoted = json!(secret).to_string();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let (form, text) = match bytes.below(6) {
            0 => (secret.clone(), format!("{before}{secret}{after}")),
            1 => (encoded.clone(), format!("{before}{encoded}{after}")),
            2 => (String::new(), STANDARD.encode(format!("{before}{secret}{after}"))),
            3 => (String::new(), URL_SAFE_NO_PAD.encode(format!("{before}{secret}{after}"))),
            4 => (hex.clone(), format!("{before}{hex}{after}")),
            _ => (quoted[1..quoted.len() - 1].to_owned(), format!("{before}{}{after}", &quoted[1..quoted.len() - 1])),
        };
        texts.push(text);
        spelled.push(form);
    }
    let value = json!({ "name": texts[0], "error": { "detail": texts }, texts[texts.len() - 1].clone(): 1, "n": 7 });
    let whole = texts.join(" ");
    let (clean, said, recorded) = decode::without(&secrets, &value, &whole);
    for secret in &secrets {
        let at_home = |place: &str, text: &str| assert!(!holds(text, secret), "{place} holds {secret:?}: {text:?} of {texts:?}");
        each_text(&clean, &mut |text| at_home("what entered", text));
        each_text(&recorded, &mut |text| at_home("a recording", text));
        at_home("a message", &said);
    }
    for form in spelled.iter().filter(|form| !form.is_empty()) {
        let gone = |place: &str, text: &str| assert!(!text.contains(form), "{place} holds {form:?}: {text:?} of {texts:?}");
        each_text(&clean, &mut |text| gone("what entered", text));
        gone("a message", &said);
    }
    assert_eq!(clean["n"], json!(7));
}

/// Eight characters at least that could be a credential's, and nothing that our own mark holds.
fn secret(bytes: &mut Bytes<'_>) -> String {
    let allowed = |c: char| (c.is_ascii_graphic() && c != '[' && c != ']') || c == 'é';
    let text: String = bytes.text().chars().filter(|c| allowed(*c)).take(64).collect();
    // Where it begins like a key file or a pair, its parts are secrets, and it is no longer one.
    let mut text = text.replace([':', '{', '"'], "_").replace("whsec_", "w");
    if text.len() < 8 || MARK.contains(&text) {
        text.push_str("-7Qz/x+%9");
    }
    text
}

/// What stands beside a secret: any text, or a part of a secret.
fn around(bytes: &mut Bytes<'_>, secrets: &[String]) -> String {
    if bytes.yes() {
        return bytes.text();
    }
    let secret = &secrets[bytes.below(secrets.len())];
    let (from, most) = (bytes.below(secret.len()), bytes.below(secret.len()));
    secret.chars().skip(from).take(most).collect()
}

/// Whether a text holds a secret, or its base64 does.
fn holds(text: &str, secret: &str) -> bool {
    let within = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    if within(text.as_bytes()) {
        return true;
    }
    let decoded = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).or_else(|_| URL_SAFE_NO_PAD.decode(text));
    decoded.is_ok_and(|bytes| within(&bytes))
}

fn each_text(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Object(map) => map.iter().for_each(|(name, inner)| {
            see(name);
            each_text(inner, see);
        }),
        _ => {}
    }
}
