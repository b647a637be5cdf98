//! The ways in which one secret can be written: as it is, in halves, encoded, escaped.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{NO_PAD, STANDARD};
use serde_json::{Value, json};

use super::outline::sensitive;
use crate::manifest::template::percent_encode;

/// What of a configured secret is secret: itself, the parts of `CLIENT_SECRET:PASSWORD`, the keys in a key file, a key without its prefix or its
/// lines.
pub(super) fn parts(secret: &str) -> Vec<String> {
    let mut parts = vec![secret.to_owned()];
    if let Ok(file @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(secret) {
        leaves(&file, false, &mut parts);
    } else if secret.contains("-----BEGIN") {
        pem(secret, &mut parts);
    } else if let Some((before, last)) = secret.rsplit_once(':') {
        parts.push(last.to_owned());
        // What stands before may be a name that everybody knows, as an address is.
        parts.extend(before.split(':').filter(|part| part.len() >= 8 && !part.contains(['@', '/'])).map(str::to_owned));
    } else if let Some(key) = secret.strip_prefix("whsec_") {
        parts.push(key.to_owned());
    }
    parts
}

fn leaves(value: &Value, named: bool, parts: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| leaves(inner, named || sensitive(name), parts)),
        Value::Array(items) => items.iter().for_each(|inner| leaves(inner, named, parts)),
        Value::String(text) if named => {
            parts.push(text.clone());
            pem(text, parts);
        }
        _ => {}
    }
}

/// A PEM key on one line, and without its first and last line.
fn pem(text: &str, parts: &mut Vec<String>) {
    if !text.contains("-----BEGIN") {
        return;
    }
    let inner: String = text.replace("\\n", "\n").lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    parts.extend([text.replace('\n', "\\n"), text.replace('\n', " "), inner]);
}

/// Whether a part of it can be told from ordinary words.
pub(super) fn is_random(secret: &str) -> bool {
    let any = |of: fn(&char) -> bool| secret.chars().any(|c| of(&c));
    any(char::is_ascii_digit) || any(char::is_ascii_uppercase) && any(char::is_ascii_lowercase)
}

/// The ways in which a secret may come back that can't be read from the text itself, as escapes can: in hexadecimal, in base64 alone or within a
/// longer text, once or twice; and those that are met most often.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if secret.len() < 8 {
        return forms;
    }
    let mut encoded = String::new();
    percent_encode(secret, &mut encoded);
    forms.push(lower_escapes(&encoded));
    forms.push(encoded);
    // As a form writes a blank.
    forms.push(forms[2].replace("%20", "+"));
    let quoted = json!(secret).to_string();
    let quoted = quoted[1..quoted.len() - 1].to_owned();
    forms.push(quoted.replace('/', "\\/"));
    forms.push(quoted);
    forms.push(secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"));
    forms.push(secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&#34;").replace('\'', "&#39;"));
    let hex = super::sigv4::hex(secret.as_bytes());
    forms.push(hex.to_uppercase());
    forms.push(hex);
    forms.push(STANDARD.encode(secret));
    for alphabet in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
        let engine = &GeneralPurpose::new(alphabet, NO_PAD);
        let once: Vec<String> = (0..3).map(|before| core(engine, secret, before)).collect();
        // What was in base64 before, as a header within a token is.
        forms.extend(once.iter().flat_map(|inner| (0..3).map(move |before| core(engine, inner, before))));
        forms.extend(once);
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// The letters of the base64 of a longer text that a secret alone decides, `before` bytes (of each three) after its begin.
fn core(engine: &GeneralPurpose, secret: &str, before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let mut text = engine.encode(&bytes);
    if !bytes.len().is_multiple_of(3) {
        text.pop();
    }
    text.split_off([0, 2, 3][before])
}

fn lower_escapes(text: &str) -> String {
    let mut left = 0;
    let lower = |c: char| {
        left = if c == '%' { 3 } else { usize::saturating_sub(left, 1) };
        if left > 0 { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_base64_is_found_whatever_stands_around_it() {
        let secret = "pa55/w0rd+of-mine";
        let forms = forms(secret);
        for around in ["", "u:", "user:", "a longer user:"] {
            for after in ["", ":", ":x", "\n and more"] {
                let text = STANDARD.encode(format!("{around}{secret}{after}"));
                assert!(forms.iter().any(|form| text.contains(form)), "{around}{after}: {text}");
                let again = STANDARD.encode(format!("{around}{text}{after}"));
                assert!(forms.iter().any(|form| again.contains(form)), "twice: {around}{after}: {again}");
            }
        }
        assert!(forms.contains(&"pa55%2fw0rd%2bof-mine".to_owned()) && forms.contains(&"pa55%2Fw0rd%2Bof-mine".to_owned()), "{forms:?}");
        assert!(forms.contains(&"pa55\\/w0rd+of-mine".to_owned()), "{forms:?}");
    }

    #[test]
    fn the_parts_of_a_secret_are_secrets_and_its_public_names_are_not() {
        assert_eq!(parts("client-5ecret:pass:word"), ["client-5ecret:pass:word", "word", "client-5ecret"]);
        assert_eq!(parts("ada@acme.example:hush-hush"), ["ada@acme.example:hush-hush", "hush-hush"]);
        let file = r#"{"type":"service_account","client_email":"a@b.example","private_key":"-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\n"}"#;
        let parts = parts(file);
        assert!(parts.contains(&"AAAABBBB".to_owned()) && !parts.iter().any(|part| part == "a@b.example"), "{parts:?}");
    }
}
