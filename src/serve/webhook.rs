//! HR's webhooks: signed, fresh, and taken once. Their word is only "look at this person"; what HR says is then read from HR itself.

use aws_lc_rs::hmac;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

/// A webhook that was made longer ago than this (or lies as far in the future) is refused.
pub const SKEW_SECS: i64 = 300;

/// Why a webhook was refused. The caller learns the status only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No signature, or one that doesn't fit.
    #[error("the signature is missing or doesn't fit")]
    Unsigned,
    /// Made too long ago, or in the future.
    #[error("the time stamp is more than five minutes off")]
    Stale,
    /// Well signed, but not what HR sends.
    #[error("the body is not an employee event")]
    Unreadable,
}

/// A webhook that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The employee's id.
    pub employee: String,
    /// What was signed: the same again is the same webhook, in whatever way its headers are written.
    pub signed: Vec<u8>,
}

/// Takes a BambooHR webhook: `signature` and `timestamp` are the headers `X-BambooHR-Signature` (lower-case hexadecimal HMAC-SHA-256 over
/// the raw body followed by the time stamp) and `X-BambooHR-Timestamp` (seconds since 1970).
///
/// # Errors
/// See [`Refused`].
pub fn bamboohr(secret: &str, signature: Option<&str>, timestamp: Option<&str>, body: &[u8], now: Timestamp) -> Result<Taken, Refused> {
    let (signature, timestamp) = signature.zip(timestamp).ok_or(Refused::Unsigned)?;
    let mut signed = body.to_vec();
    signed.extend_from_slice(timestamp.as_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    // Compared in constant time.
    hmac::verify(&key, &signed, &unhex(signature).ok_or(Refused::Unsigned)?).map_err(|_| Refused::Unsigned)?;
    let made = timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(Refused::Stale)?;
    let skew = SKEW_SECS.seconds();
    let (earliest, latest) = (now.checked_sub(skew).map_err(|_| Refused::Stale)?, now.checked_add(skew).map_err(|_| Refused::Stale)?);
    if made < earliest || made > latest {
        return Err(Refused::Stale);
    }
    let event: Value = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    let is_employee = event["type"].as_str().is_some_and(|kind| kind.starts_with("employee."));
    let id = match &event["data"]["employeeId"] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    };
    let employee = id.filter(|id| is_employee && !id.is_empty()).ok_or(Refused::Unreadable)?;
    Ok(Taken { employee, signed })
}

/// The bytes of a signature: lower-case hexadecimal digits and nothing else, as it is sent.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The signature of a body at a moment, as BambooHR makes it.
    fn sign(body: &[u8], stamp: &str, key: &str) -> String {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), &[body, stamp.as_bytes()].concat());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn only_a_fresh_signed_employee_event_is_taken() {
        let now: Timestamp = "2026-03-03T12:00:00Z".parse().unwrap();
        let stamp = now.as_second().to_string();
        let body = br#"{"type":"employee.updated","data":{"employeeId":"1002","changedFields":["terminationDate"]}}"#;
        let good = sign(body, &stamp, "k");
        let take = |signature: Option<&str>, timestamp: Option<&str>, body: &[u8]| bamboohr("k", signature, timestamp, body, now);
        assert_eq!(take(Some(&good), Some(&stamp), body).map(|taken| taken.employee), Ok("1002".to_owned()));
        assert_eq!(take(None, Some(&stamp), body), Err(Refused::Unsigned));
        assert_eq!(take(Some("zz"), Some(&stamp), body), Err(Refused::Unsigned));
        assert_eq!(take(Some(&sign(body, &stamp, "other")), Some(&stamp), body), Err(Refused::Unsigned));
        let altered = body.map(|byte| if byte == b'2' { b'3' } else { byte });
        assert_eq!(take(Some(&good), Some(&stamp), &altered), Err(Refused::Unsigned));
        let old = (now.as_second() - 301).to_string();
        assert_eq!(take(Some(&sign(body, &old, "k")), Some(&old), body), Err(Refused::Stale));
        assert_eq!(take(Some(&good), Some(&old), body), Err(Refused::Unsigned), "a time stamp can't be swapped");
        let other = br#"{"type":"company.updated","data":{"employeeId":"1002"}}"#;
        assert_eq!(take(Some(&sign(other, &stamp, "k")), Some(&stamp), other), Err(Refused::Unreadable));
    }

    // Reliability: Who may.
    #[test]
    fn a_signature_in_another_spelling_is_no_signature_and_what_was_signed_makes_a_webhook_the_same() {
        let now: Timestamp = "2026-03-03T12:00:00Z".parse().unwrap();
        let stamp = now.as_second().to_string();
        let body = br#"{"type":"employee.updated","data":{"employeeId":"1002"}}"#;
        let good = sign(body, &stamp, "k");
        let take = |signature: &str| bamboohr("k", Some(signature), Some(&stamp), body, now);
        assert_eq!(take(&good).unwrap().signed, [&body[..], stamp.as_bytes()].concat());
        let spelled = [
            good.to_uppercase(),
            good.replacen(|letter: char| letter.is_ascii_lowercase(), "A", 1),
            format!(" {good}"),
            good.replacen('0', "+", 1),
        ];
        for other in spelled.iter().filter(|other| **other != good) {
            assert_eq!(take(other), Err(Refused::Unsigned), "{other}");
        }
    }
}
