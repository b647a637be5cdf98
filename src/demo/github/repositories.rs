//! Repositories: who may do what with them, and the keys that open them to machines.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{no_content, param, reply};
use super::fixture::Permission;
use super::render::{self, At};
use super::{Shared, listed, not_found, open};

pub(super) async fn all(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let state = open(&held);
    let at = At::of(&headers);
    let wanted = param(&uri, "type").unwrap_or_else(|| "all".to_owned());
    let shown: Vec<Value> = state
        .repositories
        .iter()
        .filter(|one| match wanted.as_str() {
            "private" => !one.public,
            "public" => one.public,
            "forks" | "internal" => false,
            _ => true,
        })
        .map(|one| render::repository(&at, &state, one, Permission::Admin))
        .collect();
    listed(&headers, &uri, &shown)
}

/// `direct` leaves out whoever comes by ownership or a team, `outside` also those who are members.
pub(super) async fn collaborators(State(held): Shared, headers: HeaderMap, uri: Uri, Path((_, name)): Path<(String, String)>) -> Response {
    let state = open(&held);
    let Some(repository) = state.repository(&name) else {
        return not_found();
    };
    let affiliation = param(&uri, "affiliation").unwrap_or_else(|| "all".to_owned());
    let at_least = param(&uri, "permission");
    let at = At::of(&headers);
    let shown: Vec<Value> = state
        .users
        .iter()
        .filter(|user| {
            let direct = repository.people.iter().any(|(login, _)| *login == user.login);
            match affiliation.as_str() {
                "direct" => direct,
                "outside" => direct && state.member(&user.login).is_none(),
                _ => true,
            }
        })
        .filter_map(|user| {
            let may = state.permission(repository, &user.login)?;
            let permissions = render::permissions(may);
            if at_least.as_ref().is_some_and(|level| permissions[level.as_str()] != true) {
                return None;
            }
            let more = json!({ "permissions": permissions, "role_name": render::role_name(may) });
            Some(render::with(render::user(&at, user), more))
        })
        .collect();
    listed(&headers, &uri, &shown)
}

/// Ends a grant on the repository itself; what a team or ownership gives stays.
pub(super) async fn remove_collaborator(State(held): Shared, Path((_, name, login)): Path<(String, String, String)>) -> Response {
    let mut state = open(&held);
    let Some(repository) = state.repositories.iter_mut().find(|one| one.name.eq_ignore_ascii_case(&name)) else {
        return not_found();
    };
    // Removing someone who isn't there succeeds as well.
    repository.people.retain(|(one, _)| !one.eq_ignore_ascii_case(&login));
    no_content()
}

pub(super) async fn keys(State(held): Shared, headers: HeaderMap, uri: Uri, Path((_, name)): Path<(String, String)>) -> Response {
    let state = open(&held);
    let Some(repository) = state.repository(&name) else {
        return not_found();
    };
    let at = At::of(&headers);
    let shown: Vec<Value> = repository.keys.iter().map(|key| render::deploy_key(&at, &state, repository, key)).collect();
    listed(&headers, &uri, &shown)
}

pub(super) async fn key(State(held): Shared, headers: HeaderMap, Path((_, name, id)): Path<(String, String, u64)>) -> Response {
    let state = open(&held);
    let shown = state.repository(&name).and_then(|repository| {
        let key = repository.keys.iter().find(|key| key.id == id)?;
        Some(render::deploy_key(&At::of(&headers), &state, repository, key))
    });
    shown.map_or_else(not_found, |key| reply(200, &key))
}

pub(super) async fn remove_key(State(held): Shared, Path((_, name, id)): Path<(String, String, u64)>) -> Response {
    let mut state = open(&held);
    let Some(repository) = state.repositories.iter_mut().find(|one| one.name.eq_ignore_ascii_case(&name)) else {
        return not_found();
    };
    let before = repository.keys.len();
    repository.keys.retain(|key| key.id != id);
    if repository.keys.len() < before { no_content() } else { not_found() }
}
