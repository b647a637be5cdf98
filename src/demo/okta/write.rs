//! Okta's writes: what is taken away is gone, and what Okta refuses is refused.

use axum::http::Method;
use axum::response::Response;
use serde_json::json;

use super::state::State;
use super::{Asked, error, not_found, view, wrong_status};
use crate::demo::vendor::{no_content, now, reply};

/// The answer to a write, if there is such a path.
pub(super) fn answer(state: &mut State, asked: &Asked, path: &[&str]) -> Option<Response> {
    let delete = asked.method == Method::DELETE;
    match path {
        ["users", key, rest @ ..] => {
            let Some(user) = state.find(key) else {
                return Some(not_found(key, "User"));
            };
            let (id, status) = (user.id.clone(), user.status);
            if let ["lifecycle", what] = rest
                && asked.method == Method::POST
            {
                return lifecycle(state, &id, status, what);
            }
            if delete {
                return delete_of_user(state, asked, &id, status, rest);
            }
            None
        }
        ["groups", group, "users", key] => {
            let Some(user) = state.find(key).map(|u| u.id.clone()) else {
                return Some(not_found(key, "User"));
            };
            let Some(held) = state.groups.get_mut(*group) else {
                return Some(not_found(group, "UserGroup"));
            };
            if held.kind != "OKTA_GROUP" {
                return Some(not_modifiable());
            }
            held.changed = now();
            if delete {
                held.members.remove(&user);
                note(state, "group.user_membership.remove", &user);
            } else if asked.method == Method::PUT {
                held.members.insert(user.clone());
                note(state, "group.user_membership.add", &user);
            } else {
                return None;
            }
            Some(no_content())
        }
        ["apps", app, "users", key] if delete => {
            let user = state.find(key).map(|u| u.id.clone());
            let held = state.apps.get(*app);
            let (Some(user), Some(held)) = (user, held) else {
                return Some(not_found(app, "AppInstance"));
            };
            if state.assignment(held, &user).is_none() {
                return Some(not_found(key, "AppUser"));
            }
            // What a group grants stands as long as the membership does, whatever this answers.
            if let Some(held) = state.apps.get_mut(*app) {
                held.direct.remove(&user);
            }
            note(state, "application.user_membership.remove", &user);
            Some(no_content())
        }
        ["apps", app, "groups", group] if delete => {
            let Some(held) = state.apps.get_mut(*app) else {
                return Some(not_found(app, "AppInstance"));
            };
            Some(if held.groups.remove(*group) { no_content() } else { not_found(group, "ApplicationGroupAssignment") })
        }
        ["api-tokens", id] if delete => Some(match state.api_tokens.remove(*id) {
            Some(token) => {
                note(state, "system.api_token.revoke", &token.user);
                no_content()
            }
            None => not_found(id, "ApiToken"),
        }),
        _ => None,
    }
}

fn lifecycle(state: &mut State, id: &str, status: &'static str, what: &str) -> Option<Response> {
    match what {
        "suspend" if status == "ACTIVE" => set_status(state, id, "SUSPENDED"),
        "suspend" => {
            return Some(error(400, "E0000001", "Api validation failed: suspendUser", &["Cannot suspend a user that is not active"]));
        }
        "unsuspend" if status == "SUSPENDED" => set_status(state, id, "ACTIVE"),
        "unsuspend" => {
            return Some(error(
                400,
                "E0000001",
                "Api validation failed: unsuspendUser",
                &["Cannot unsuspend a user that is not suspended"],
            ));
        }
        "deactivate" if status != "DEPROVISIONED" => {
            state.strip(id);
            set_status(state, id, "DEPROVISIONED");
        }
        // Okta describes it for users who stay ACTIVE, and refuses to unenrol factors of the deactivated.
        "reset_factors" if status == "ACTIVE" => {
            state.factors.remove(id);
            if let Some(user) = state.users.get_mut(id) {
                user.updated = now();
            }
            note(state, "user.mfa.factor.reset_all", id);
        }
        "deactivate" | "reset_factors" => return Some(wrong_status()),
        _ => return None,
    }
    Some(reply(200, &json!({})))
}

fn set_status(state: &mut State, id: &str, status: &'static str) {
    if let Some(user) = state.users.get_mut(id) {
        user.status = status;
        user.status_changed = now();
        user.updated = user.status_changed;
    }
    let event = match status {
        "SUSPENDED" => "user.lifecycle.suspend",
        "ACTIVE" => "user.lifecycle.unsuspend",
        _ => "user.lifecycle.deactivate",
    };
    note(state, event, id);
}

fn delete_of_user(state: &mut State, asked: &Asked, id: &str, status: &str, rest: &[&str]) -> Option<Response> {
    match rest {
        ["sessions"] => {
            // The tokens go only when asked for, and consents stay in any case.
            if asked.param("oauthTokens").as_deref() == Some("true") {
                state.refresh_tokens.retain(|t| t.user != id);
            }
            note(state, "user.session.clear", id);
        }
        ["factors", factor] => {
            if status == "DEPROVISIONED" {
                return Some(wrong_status());
            }
            let factors = state.factors.entry(id.to_owned()).or_default();
            let before = factors.len();
            factors.retain(|f| f.id != *factor);
            if factors.len() == before {
                return Some(not_found(factor, "UserFactor"));
            }
            note(state, "user.mfa.factor.deactivate", id);
        }
        ["grants"] => {
            state.grants.retain(|g| g.user != id);
            note(state, "app.oauth2.as.consent.revoke.user", id);
        }
        ["grants", grant] => {
            let before = state.grants.len();
            state.grants.retain(|g| !(g.user == id && g.id == *grant));
            if state.grants.len() == before {
                return Some(not_found(grant, "OAuth2ScopeConsentGrant"));
            }
        }
        ["clients", client, "grants"] => {
            state.grants.retain(|g| !(g.user == id && g.client == *client));
        }
        ["clients", client, "tokens"] => {
            state.refresh_tokens.retain(|t| !(t.user == id && t.client == *client));
        }
        ["clients", client, "tokens", token] => {
            let before = state.refresh_tokens.len();
            state.refresh_tokens.retain(|t| !(t.user == id && t.client == *client && t.id == *token));
            if state.refresh_tokens.len() == before {
                return Some(not_found(token, "OAuth2RefreshToken"));
            }
        }
        ["roles", role] => {
            let roles = state.roles.entry(id.to_owned()).or_default();
            let before = roles.len();
            roles.retain(|r| r.id != *role);
            if roles.len() == before {
                return Some(not_found(role, "RoleAssignment"));
            }
            note(state, "user.account.privilege.revoke", id);
        }
        _ => return None,
    }
    Some(no_content())
}

fn not_modifiable() -> Response {
    error(403, "E0000006", "You do not have permission to perform the requested action", &[])
}

fn note(state: &mut State, kind: &str, id: &str) {
    let Some(user) = state.users.get(id) else {
        return;
    };
    let event = view::event(state, now(), kind, user);
    state.log.push(event);
}
