//! The organisation itself: members, outside collaborators, teams.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{no_content, param, reply};
use super::fixture::Permission;
use super::render::{self, At};
use super::state::{Stays, User};
use super::{Shared, listed, not_found, open, refuse};

pub(super) async fn organization(State(held): Shared, headers: HeaderMap) -> Response {
    reply(200, &render::organization(&At::of(&headers), &open(&held)))
}

/// Everyone here has a second factor, because the organisation demands it.
fn without_factor(uri: &Uri) -> bool {
    param(uri, "filter").is_some_and(|filter| filter.starts_with("2fa_"))
}

pub(super) async fn members(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let state = open(&held);
    let role = param(&uri, "role").unwrap_or_else(|| "all".to_owned());
    if !matches!(role.as_str(), "all" | "admin" | "member") {
        return refuse(422, "Validation Failed");
    }
    let at = At::of(&headers);
    let shown: Vec<Value> = state
        .members
        .iter()
        .filter(|member| role == "all" || member.owner == (role == "admin"))
        .filter(|_| !without_factor(&uri))
        .filter_map(|member| Some(render::user(&at, state.user(&member.login)?)))
        .collect();
    listed(&headers, &uri, &shown)
}

/// Who has been invited and has not answered.
pub(super) async fn invitations(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let (state, at) = (open(&held), At::of(&headers));
    let shown: Vec<Value> = state.invitations.iter().filter_map(|invitation| render::invitation(&at, &state, invitation)).collect();
    listed(&headers, &uri, &shown)
}

pub(super) async fn cancel_invitation(State(held): Shared, Path((_, id)): Path<(String, u64)>) -> Response {
    let mut state = open(&held);
    let before = state.invitations.len();
    state.invitations.retain(|invitation| invitation.planted.id != id);
    if state.invitations.len() < before { no_content() } else { not_found() }
}

pub(super) async fn is_member(State(held): Shared, Path((_, login)): Path<(String, String)>) -> Response {
    if open(&held).member(&login).is_some() { no_content() } else { not_found() }
}

pub(super) async fn membership(State(held): Shared, headers: HeaderMap, Path((_, login)): Path<(String, String)>) -> Response {
    let state = open(&held);
    let shown = state.member(&login).and_then(|member| {
        let user = state.user(&member.login)?;
        Some(render::membership(&At::of(&headers), &state, user, member.owner))
    });
    shown.map_or_else(not_found, |membership| reply(200, &membership))
}

pub(super) async fn remove_membership(State(held): Shared, Path((_, login)): Path<(String, String)>) -> Response {
    match open(&held).remove_member(&login) {
        Ok(()) => no_content(),
        Err(Stays::NotAMember) => not_found(),
        Err(Stays::LastOwner) => refuse(403, "The last owner of an organization can't be removed"),
    }
}

pub(super) async fn outside(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let at = At::of(&headers);
    let shown: Vec<Value> =
        open(&held).outside().into_iter().filter(|_| !without_factor(&uri)).map(|user| render::user(&at, user)).collect();
    listed(&headers, &uri, &shown)
}

pub(super) async fn remove_outside(State(held): Shared, Path((_, login)): Path<(String, String)>) -> Response {
    let mut state = open(&held);
    if state.member(&login).is_some() {
        return refuse(422, "You cannot specify an organization member to remove as an outside collaborator.");
    }
    if !state.outside().iter().any(|user| user.login.eq_ignore_ascii_case(&login)) {
        return not_found();
    }
    state.remove_outside(&login);
    no_content()
}

pub(super) async fn teams(State(held): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let state = open(&held);
    let at = At::of(&headers);
    let shown: Vec<Value> = state.teams.iter().map(|team| render::team(&at, &state, team)).collect();
    listed(&headers, &uri, &shown)
}

pub(super) async fn team_members(State(held): Shared, headers: HeaderMap, uri: Uri, Path((_, slug)): Path<(String, String)>) -> Response {
    let state = open(&held);
    let Some(team) = state.team(&slug) else {
        return not_found();
    };
    let wanted = param(&uri, "role").unwrap_or_else(|| "all".to_owned());
    let at = At::of(&headers);
    let shown: Vec<Value> = team
        .members
        .iter()
        .filter(|(_, maintainer)| wanted == "all" || *maintainer == (wanted == "maintainer"))
        .filter_map(|(login, maintainer)| {
            let role = if *maintainer { "maintainer" } else { "member" };
            let user: &User = state.user(login)?;
            Some(render::with(render::user(&at, user), json!({ "role": role, "inherited": false })))
        })
        .collect();
    listed(&headers, &uri, &shown)
}

pub(super) async fn team_membership(
    State(held): Shared,
    headers: HeaderMap,
    Path((org, slug, login)): Path<(String, String, String)>,
) -> Response {
    let state = open(&held);
    let role = state.team(&slug).and_then(|team| {
        let (_, maintainer) = team.members.iter().find(|(one, _)| one.eq_ignore_ascii_case(&login))?;
        Some(if *maintainer { "maintainer" } else { "member" })
    });
    role.map_or_else(not_found, |role| {
        let url = At::of(&headers).api(&format!("/orgs/{org}/teams/{slug}/memberships/{login}"));
        reply(200, &json!({ "url": url, "role": role, "state": "active" }))
    })
}

pub(super) async fn remove_from_team(State(held): Shared, Path((_, slug, login)): Path<(String, String, String)>) -> Response {
    let mut state = open(&held);
    let Some(team) = state.teams.iter_mut().find(|team| team.slug == slug) else {
        return not_found();
    };
    let before = team.members.len();
    team.members.retain(|(one, _)| !one.eq_ignore_ascii_case(&login));
    if team.members.len() < before { no_content() } else { not_found() }
}

pub(super) async fn team_repositories(
    State(held): Shared,
    headers: HeaderMap,
    uri: Uri,
    Path((_, slug)): Path<(String, String)>,
) -> Response {
    let state = open(&held);
    if state.team(&slug).is_none() {
        return not_found();
    }
    let at = At::of(&headers);
    let shown: Vec<Value> = state
        .repositories
        .iter()
        .filter_map(|repository| {
            let (_, may): &(String, Permission) = repository.teams.iter().find(|(one, _)| *one == slug)?;
            Some(render::repository(&at, &state, repository, *may))
        })
        .collect();
    listed(&headers, &uri, &shown)
}
