//! Credentials that reach the organisation: SSO authorisations, fine-grained tokens, webhooks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{no_content, param, reply};
use super::fixture::Permission;
use super::render::{self, At};
use super::state::{State as Held, Token};
use super::{Shared, listed, not_found, open, refuse};

/// How long a bulk revocation, which is only accepted at first, takes.
pub(super) const BULK: Duration = Duration::from_millis(150);

pub(super) async fn authorizations(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let login = param(&uri, "login");
    let shown: Vec<Value> = open(&held)
        .authorizations
        .iter()
        .filter(|one| login.as_ref().is_none_or(|login| one.login.eq_ignore_ascii_case(login)))
        .map(render::authorization)
        .collect();
    listed(&headers, &uri, &shown)
}

/// A job: the answer says only that it is queued.
pub(super) async fn revoke_authorizations(State(held): Shared, Path((_, login)): Path<(String, String)>) -> Response {
    if open(&held).user(&login).is_none() {
        return not_found();
    }
    let told = format!("Credential authorization revocation for user '{login}' has been queued");
    let held: Arc<Mutex<Held>> = held;
    tokio::spawn(async move {
        tokio::time::sleep(BULK).await;
        open(&held).authorizations.retain(|one| !one.login.eq_ignore_ascii_case(&login));
    });
    reply(202, &json!({ "message": told }))
}

pub(super) async fn remove_authorization(State(held): Shared, Path((_, id)): Path<(String, u64)>) -> Response {
    let mut state = open(&held);
    let before = state.authorizations.len();
    state.authorizations.retain(|one| one.planted.id != id);
    if state.authorizations.len() < before { no_content() } else { not_found() }
}

/// All values of a parameter that may stand there several times, as `owner[]=a&owner[]=b`.
fn many(uri: &Uri, name: &str) -> Vec<String> {
    let Ok(Query(all)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return Vec::new();
    };
    all.into_iter().filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name).map(|(_, value)| value).collect()
}

fn shown(state: &Held, at: &At, uri: &Uri, tokens: &[Token], requested: bool) -> Vec<Value> {
    let owners = many(uri, "owner");
    let ids = many(uri, "token_id");
    let repository = param(uri, "repository");
    let mut found: Vec<&Token> = tokens
        .iter()
        .filter(|token| owners.is_empty() || owners.iter().any(|owner| owner.eq_ignore_ascii_case(&token.login)))
        .filter(|token| ids.is_empty() || ids.contains(&token.planted.token.to_string()))
        .filter(|token| {
            let on = &token.planted.on;
            repository.as_ref().is_none_or(|name| on.is_empty() || on.contains(name))
        })
        .collect();
    found.sort_by_key(|token| token.granted);
    if param(uri, "direction").as_deref() != Some("asc") {
        found.reverse();
    }
    found.into_iter().filter_map(|token| render::token(at, state, token, requested)).collect()
}

pub(super) async fn tokens(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let state = open(&held);
    let all = shown(&state, &At::of(&headers), &uri, &state.tokens, false);
    listed(&headers, &uri, &all)
}

pub(super) async fn requests(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let state = open(&held);
    let all = shown(&state, &At::of(&headers), &uri, &state.requests, true);
    listed(&headers, &uri, &all)
}

pub(super) async fn token_repositories(State(held): Shared, headers: HeaderMap, uri: Uri, Path((_, id)): Path<(String, u64)>) -> Response {
    let state = open(&held);
    let Some(token) = state.tokens.iter().find(|token| token.planted.id == id) else {
        return not_found();
    };
    let at = At::of(&headers);
    let writes = token.planted.repositories.values().any(|level| level == "write");
    let may = if writes { Permission::Push } else { Permission::Pull };
    let on = &token.planted.on;
    let all: Vec<Value> = state
        .repositories
        .iter()
        .filter(|repository| on.is_empty() || on.contains(&repository.name))
        .map(|repository| render::repository(&at, &state, repository, may))
        .collect();
    listed(&headers, &uri, &all)
}

pub(super) async fn revoke_token(State(held): Shared, Path((_, id)): Path<(String, u64)>, Json(body): Json<Value>) -> Response {
    if body["action"] != "revoke" {
        return refuse(422, "Validation Failed");
    }
    let mut state = open(&held);
    let before = state.tokens.len();
    state.tokens.retain(|token| token.planted.id != id);
    if state.tokens.len() < before { no_content() } else { not_found() }
}

pub(super) async fn revoke_tokens(State(held): Shared, Json(body): Json<Value>) -> Response {
    let ids: Option<Vec<u64>> = body["pat_ids"]
        .as_array()
        .filter(|ids| !ids.is_empty() && ids.len() <= 100)
        .and_then(|ids| ids.iter().map(Value::as_u64).collect());
    let Some(ids) = ids.filter(|_| body["action"] == "revoke") else {
        return refuse(422, "Validation Failed");
    };
    let held: Arc<Mutex<Held>> = held;
    tokio::spawn(async move {
        tokio::time::sleep(BULK).await;
        open(&held).tokens.retain(|token| !ids.contains(&token.planted.id));
    });
    reply(202, &json!({}))
}

pub(super) async fn hooks(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let state = open(&held);
    let at = At::of(&headers);
    let all: Vec<Value> = state.hooks.iter().map(|hook| render::hook(&at, &state, hook)).collect();
    listed(&headers, &uri, &all)
}

pub(super) async fn remove_hook(State(held): Shared, Path((_, id)): Path<(String, u64)>) -> Response {
    let mut state = open(&held);
    let before = state.hooks.len();
    state.hooks.retain(|hook| hook.planted.id != id);
    if state.hooks.len() < before { no_content() } else { not_found() }
}
