//! Checks AWS Signature Version 4 as the vendor's services do: key, service, date and the signature itself.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::vendor::Access;

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is none.
    Missing,
    /// The key is nobody's.
    UnknownKey,
    /// It is for another service, or does not fit the request.
    Wrong,
}

/// What the request may do, by the key that signed it for this service. Key id and secret are `read-<system>` or `revoke-<system>` both.
pub(super) fn access(parts: &Parts, body: &[u8], system: &str, service: &str) -> Result<Access, Refused> {
    let header = text(&parts.headers, header::AUTHORIZATION.as_str());
    let fields = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or(Refused::Missing)?;
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).ok_or(Refused::Wrong);
    let (key, scope) = field("Credential")?.split_once('/').ok_or(Refused::Wrong)?;
    let access = match key.strip_suffix(system) {
        Some("read-") => Access::Read,
        Some("revoke-") => Access::Revoke,
        _ => return Err(Refused::UnknownKey),
    };
    let [day, region, signed_service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(Refused::Wrong);
    };
    let time = text(&parts.headers, "x-amz-date");
    let names = field("SignedHeaders")?;
    let signs_host = names.split(';').any(|name| name == "host");
    if signed_service != service || !time.starts_with(day) || !signs_host {
        return Err(Refused::Wrong);
    }
    let mut headers = String::new();
    for name in names.split(';') {
        let _ = writeln!(headers, "{name}:{}", text(&parts.headers, name));
    }
    let mut query: Vec<&str> = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let request = format!("{}\n{}\n{}\n{headers}\n{names}\n{}", parts.method, parts.uri.path(), query.join("&"), hex(&sha256(body)));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&sha256(request.as_bytes())));
    let mut secret = format!("AWS4{key}").into_bytes();
    for part in [day, region, service, "aws4_request"] {
        secret = mac(&secret, part);
    }
    match field("Signature")? == hex(&mac(&secret, &to_sign)) {
        true => Ok(access),
        false => Err(Refused::Wrong),
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// For vendors' tests: the `Authorization` header of a request without query, and the headers that it signs.
#[cfg(test)]
pub(super) fn sign(host: &str, key: &str, service: &str, body: &str) -> [(&'static str, String); 2] {
    let time = super::vendor::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let (day, names) = (&time[..8], "host;x-amz-date");
    let scope = format!("{day}/us-east-1/{service}/aws4_request");
    let request = format!("POST\n/\n\nhost:{host}\nx-amz-date:{time}\n\n{names}\n{}", hex(&sha256(body.as_bytes())));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&sha256(request.as_bytes())));
    let mut secret = format!("AWS4{key}").into_bytes();
    for part in [day, "us-east-1", service, "aws4_request"] {
        secret = mac(&secret, part);
    }
    let signature = hex(&mac(&secret, &to_sign));
    let value = format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}");
    [("authorization", value), ("x-amz-date", time)]
}
