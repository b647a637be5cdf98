//! The token endpoint of the simulated Graph: client credentials become an access token that decides what is allowed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::super::vendor::{Access, basic, reply, token_of};

/// The access tokens issued so far to one system's clients, and what each allows.
pub(in crate::demo) struct Tokens {
    system: &'static str,
    issued: Mutex<HashMap<String, Access>>,
}

impl Tokens {
    pub(in crate::demo) fn new(system: &'static str) -> Tokens {
        Tokens { system, issued: Mutex::default() }
    }

    pub(in crate::demo) fn access(&self, headers: &HeaderMap) -> Access {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        token_of(headers).and_then(|token| issued.get(&token).copied()).unwrap_or(Access::Nobody)
    }

    fn add(&self, client: &str, access: Access) -> String {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("simulated.{client}.{}", issued.len() + 1);
        issued.insert(token.clone(), access);
        token
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
    let token = tokens.add(&client, access);
    reply(200, &json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token }))
}
