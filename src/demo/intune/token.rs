//! The token endpoint of the simulated Graph: client credentials become an access token that decides what is allowed.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::super::tokens;
use super::super::vendor::{Access, basic, reply};

/// The access tokens issued so far to one system's clients, and what each allows.
pub(in crate::demo) struct Tokens {
    system: &'static str,
    issued: tokens::Tokens,
}

impl Tokens {
    pub(in crate::demo) fn new(system: &'static str) -> Tokens {
        Tokens { system, issued: tokens::Tokens::default() }
    }

    pub(in crate::demo) fn access(&self, headers: &HeaderMap) -> Access {
        self.issued.access(headers)
    }
}

pub(in crate::demo) async fn issue(
    State(tokens): State<Arc<Tokens>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let refuse = |status, error: &str, description: &str| reply(status, &json!({ "error": error, "error_description": description }));
    let said = |name: &str| form.get(name).map(String::as_str);
    if said("grant_type") != Some("client_credentials") {
        return refuse(400, "unsupported_grant_type", "grant_type must be client_credentials");
    }
    if said("scope").is_none_or(|scope| !scope.ends_with("/.default")) {
        return refuse(400, "invalid_scope", "scope must end in /.default");
    }
    let (client, secret) = match basic(&headers) {
        Some(pair) => pair,
        None => (said("client_id").unwrap_or_default().to_owned(), said("client_secret").unwrap_or_default().to_owned()),
    };
    let access = match client.strip_suffix(tokens.system) {
        Some("read-") => Access::Read,
        Some("revoke-") => Access::Revoke,
        _ => return refuse(401, "invalid_client", "no such application"),
    };
    if secret != client {
        return refuse(401, "invalid_client", "the client secret is wrong");
    }
    let token = tokens.issued.hand_out(&client, access);
    reply(200, &json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token }))
}
