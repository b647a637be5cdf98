//! The token endpoint: a service account's signed assertion becomes an access token that acts as the assertion's subject.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Google;
use super::call::Right;

const LIFETIME_SECS: u64 = 3599;

pub(super) async fn token(State(google): State<Arc<Google>>, Form(form): Form<HashMap<String, String>>) -> Response {
    if form.get("grant_type").map(String::as_str) != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return refuse("unsupported_grant_type", "Invalid grant_type");
    }
    let Some(claims) = form.get("assertion").and_then(|assertion| claims(assertion)) else {
        return refuse("invalid_grant", "Invalid JWT: the assertion could not be read");
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let (Some(issued), Some(expires)) = (number("iat"), number("exp")) else {
        return refuse("invalid_grant", "Invalid JWT: iat and exp are required");
    };
    if expires <= issued || expires - issued > 3600 || text("aud").is_empty() {
        return refuse("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.");
    }
    if text("scope").is_empty() {
        return refuse("invalid_scope", "Empty or missing scope not allowed.");
    }
    // The two service accounts are told apart by their names, as an administrator would name them.
    let right = match text("iss") {
        name if name.contains("revoke") => Right::Write,
        name if name.contains("read") => Right::Read,
        _ => {
            return refuse(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
            );
        }
    };
    let mut state = google.state();
    let Some(user) = state.find(text("sub")).map(|user| user.id.clone()) else {
        return refuse("invalid_grant", "Invalid email or User ID");
    };
    let access_token = state.issue(right, user, LIFETIME_SECS);
    Json(json!({"access_token": access_token, "expires_in": LIFETIME_SECS, "token_type": "Bearer"})).into_response()
}

/// The claims of a well-formed RS256 assertion. Its signature is not checked: the simulation holds no public key of ours.
fn claims(assertion: &str) -> Option<Value> {
    let mut parts = assertion.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || URL_SAFE_NO_PAD.decode(signature).ok()?.is_empty() {
        return None;
    }
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

fn refuse(error: &str, description: &str) -> Response {
    let status = if error == "unauthorized_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    (status, Json(json!({"error": error, "error_description": description}))).into_response()
}
