//! The token endpoint: an application's client credentials become a token for the enterprise, or for one user in whose name it then acts.

use std::collections::HashMap;

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::super::vendor::{Access, basic, reply, token_of};
use super::state::Content;

/// What a token allows, and in whose name.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) access: Access,
    pub(super) user: String,
}

/// The token that a request carries: one that was issued, or one of the service account's own, for a developer.
pub(super) fn carried(content: &Content, headers: &HeaderMap) -> Issued {
    let issued = token_of(headers).and_then(|token| content.tokens.get(&token).cloned());
    issued.unwrap_or_else(|| Issued { access: Access::of(headers, "box"), user: content.service().to_owned() })
}

/// Client credentials grant with a subject: `enterprise` is the application's service account, `user` one managed user.
pub(super) fn issue(content: &mut Content, headers: &HeaderMap, form: &HashMap<String, String>) -> Response {
    let refuse = |error: &str, what: &str| reply(400, &json!({ "error": error, "error_description": what }));
    let said = |name: &str| form.get(name).map_or("", String::as_str);
    if said("grant_type") != "client_credentials" {
        return refuse("unsupported_grant_type", "Unsupported grant type");
    }
    let (client, secret) = basic(headers).unwrap_or_else(|| (said("client_id").to_owned(), said("client_secret").to_owned()));
    let access = match client.as_str() {
        "read-box" => Access::Read,
        "revoke-box" => Access::Revoke,
        _ => return refuse("invalid_client", "The client credentials are invalid"),
    };
    if secret != client {
        return refuse("invalid_client", "The client credentials are invalid");
    }
    let subject = said("box_subject_id");
    let user = match said("box_subject_type") {
        "enterprise" if content.is_enterprise(subject) => content.service().to_owned(),
        "user" if content.may_act(subject) => subject.to_owned(),
        _ => return refuse("invalid_grant", "Grant credentials are invalid"),
    };
    let token = format!("{client}.{user}.{}", content.tokens.len() + 1);
    content.tokens.insert(token.clone(), Issued { access, user });
    reply(200, &json!({ "access_token": token, "expires_in": 3600, "restricted_to": [], "token_type": "bearer" }))
}
