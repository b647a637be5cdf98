//! The token endpoint: a confidential client's secret becomes an access token with the scopes it asked for.
//! <https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/>

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::tokens::Tokens;
use super::super::vendor::{Access, basic, form, reply};

/// What the request's token allows: a token from here, or an API token as the password of `somebody@company/token`.
pub(super) fn access(tokens: &Tokens, headers: &HeaderMap) -> Access {
    match basic(headers) {
        Some((user, token)) if user.ends_with("/token") => match token.as_str() {
            "read-zendesk" => Access::Read,
            "revoke-zendesk" => Access::Revoke,
            _ => Access::Nobody,
        },
        Some(_) => Access::Nobody,
        None => tokens.access(headers),
    }
}

/// `POST /oauth/tokens`, as a form or as JSON.
pub(super) async fn issue(State(tokens): State<Tokens>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 16).await.unwrap_or_default();
    let form = form(&bytes);
    let json: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let said = |name: &str| json[name].as_str().map(str::to_owned).or_else(|| form.get(name).cloned()).unwrap_or_default();
    let refuse = |status: StatusCode, error: &str, why: &str| reply(status.as_u16(), &json!({ "error": error, "error_description": why }));
    if said("grant_type") != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The authorization grant type is not supported.");
    }
    let (client, secret) = basic(&parts.headers).unwrap_or_else(|| (said("client_id"), said("client_secret")));
    if secret != client || !matches!(client.as_str(), "read-zendesk" | "revoke-zendesk") {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed.");
    }
    let scope = said("scope");
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    if scopes.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope", "The requested scope is invalid, unknown, or malformed.");
    }
    // Scopes of single resources exist as well; who asks for less than both of these can't use all that is simulated here.
    let access = match (client.as_str(), scopes.contains(&"read"), scopes.contains(&"write")) {
        ("revoke-zendesk", true, true) => Access::Revoke,
        (_, true, false) => Access::Read,
        _ => return refuse(StatusCode::BAD_REQUEST, "invalid_scope", "The client may not ask for this scope."),
    };
    let token = tokens.hand_out(&client, access);
    reply(200, &json!({ "access_token": token, "token_type": "bearer", "scope": scope, "expires_in": 7200 }))
}
