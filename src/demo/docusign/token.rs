//! The token endpoint: an integration's signed assertion becomes a token that acts as the user who consented.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::vendor::{self, reply, token_of};
use super::state::{Account, READ_USER, REVOKE_USER};

/// Integration key of the app that scans.
pub(super) const READ_CLIENT: &str = "4ead0000-0000-4000-8000-000000000001";
/// Integration key of the app that revokes.
pub(super) const REVOKE_CLIENT: &str = "4e70e000-0000-4000-8000-000000000002";

/// In whose name a request is made.
pub(super) fn caller(account: &Account, headers: &HeaderMap) -> Option<String> {
    let user = account.tokens.get(&token_of(headers)?)?;
    // A token is as good as its user.
    account.is_active(user).then(|| user.clone())
}

pub(super) fn issue(account: &mut Account, form: &Bytes) -> Response {
    let form = vendor::form(form);
    let refuse = |error: &str| reply(400, &json!({ "error": error }));
    if form.get("grant_type").map(String::as_str) != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return refuse("unsupported_grant_type");
    }
    let Some(claims) = form.get("assertion").and_then(|assertion| claims(assertion)) else {
        return refuse("no_valid_keys_or_signatures");
    };
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let (issued, expires) = (claims["iat"].as_i64().unwrap_or_default(), claims["exp"].as_i64().unwrap_or_default());
    if expires <= issued || expires - issued > 3600 || text("aud").is_empty() {
        return refuse("invalid_grant");
    }
    if !["signature", "impersonation"].iter().all(|scope| text("scope").split(' ').any(|asked| asked == *scope)) {
        return refuse("invalid_scope");
    }
    match (text("iss"), text("sub")) {
        (READ_CLIENT, READ_USER) | (REVOKE_CLIENT, REVOKE_USER) => {}
        (READ_CLIENT | REVOKE_CLIENT, _) => return refuse("consent_required"),
        _ => return refuse("invalid_client"),
    }
    let token = format!("eyJ.{}.{}", text("sub"), account.tokens.len() + 1);
    account.tokens.insert(token.clone(), text("sub").to_owned());
    reply(200, &json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "signature impersonation" }))
}

/// The claims of a well-formed RS256 assertion. Its signature is not checked: the simulation holds no public key of ours.
fn claims(assertion: &str) -> Option<Value> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return None };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let header: Value = serde_json::from_slice(&decoded(header)?).ok()?;
    let signed = header["alg"] == "RS256" && !decoded(signature)?.is_empty();
    signed.then(|| serde_json::from_slice(&decoded(claims)?).ok()).flatten()
}
