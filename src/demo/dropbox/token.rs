//! The token endpoint: a team app's refresh token becomes an access token for four hours.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::super::vendor::{self, Access, reply, token_of};
use super::state::Team;

/// Key of the app that scans.
pub(super) const READ_APP: &str = "n0rthm00rread";
/// Key of the app that revokes.
pub(super) const REVOKE_APP: &str = "n0rthm00rrevoke";

/// What the token that a request carries allows: one that was issued here, or one that was generated for a developer.
pub(super) fn access(team: &Team, headers: &HeaderMap) -> Access {
    let issued = token_of(headers).and_then(|token| team.tokens.get(&token).copied());
    issued.unwrap_or_else(|| Access::of(headers, "dropbox"))
}

/// A refresh token belongs to one app, which was authorised with PKCE and therefore has no secret.
pub(super) fn issue(team: &mut Team, form: &Bytes) -> Response {
    let form = vendor::form(form);
    let refuse = |error: &str, what: &str| reply(400, &json!({ "error": error, "error_description": what }));
    let said = |name: &str| form.get(name).map_or("", String::as_str);
    if said("grant_type") != "refresh_token" {
        return refuse("unsupported_grant_type", "grant_type must be refresh_token");
    }
    let (access, scope) = match (said("client_id"), said("refresh_token")) {
        (READ_APP, "read-dropbox") => (Access::Read, "groups.read members.read sessions.list sharing.read team_data.member team_info.read"),
        (REVOKE_APP, "revoke-dropbox") => (
            Access::Revoke,
            "groups.write members.delete members.write sessions.modify sharing.write team_data.governance.write team_data.member",
        ),
        (READ_APP | REVOKE_APP, _) => return refuse("invalid_grant", "refresh token is malformed"),
        _ => return refuse("invalid_client: Invalid client_id or client_secret", "Invalid client_id or client_secret"),
    };
    let token = format!("sl.{}.{}", said("client_id"), team.tokens.len() + 1);
    team.tokens.insert(token.clone(), access);
    reply(200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": 14_400, "scope": scope }))
}
