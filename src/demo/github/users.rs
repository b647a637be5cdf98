//! Accounts, and what ties them to people: public profiles, seats, provisioned identities.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::scim::wire;
use super::super::vendor::{count_param, page, reply};
use super::render::{self, At};
use super::{OURSELVES, Shared, link_pages, listed, not_found, open, per_page};

pub(super) async fn ourselves(state: Shared, headers: HeaderMap) -> Response {
    one(state, headers, Path(OURSELVES.to_owned())).await
}

pub(super) async fn one(State(held): Shared, headers: HeaderMap, Path(login): Path<String>) -> Response {
    match open(&held).user(&login) {
        Some(user) => reply(200, &render::profile(&At::of(&headers), user)),
        None => not_found(),
    }
}

pub(super) async fn keys(State(held): Shared, headers: HeaderMap, uri: Uri, Path(login): Path<String>) -> Response {
    let keys: Option<Vec<Value>> = open(&held).user(&login).map(|user| user.keys.iter().map(render::public_key).collect());
    keys.map_or_else(not_found, |keys| listed(&headers, &uri, &keys))
}

/// Who uses a seat: members and outside collaborators.
pub(super) async fn seats(State(held): Shared, headers: HeaderMap, uri: Uri, Path(enterprise): Path<String>) -> Response {
    let state = open(&held);
    if !enterprise.eq_ignore_ascii_case(&state.organization.enterprise) {
        return not_found();
    }
    let members = state.members.iter().filter_map(|member| state.user(&member.login));
    let seats: Vec<Value> = members.chain(state.outside()).map(|user| render::seat(&state, user)).collect();
    let number = count_param(&uri, "page", 1, usize::MAX);
    let (shown, _) = page(&seats, (number - 1).saturating_mul(per_page(&uri)), per_page(&uri));
    let mut response = reply(
        200,
        &json!({
            "total_seats_consumed": seats.len(),
            "total_seats_purchased": state.organization.seats,
            "users": shown,
        }),
    );
    link_pages(&mut response, &headers, &uri, seats.len());
    response
}

pub(super) async fn identities(State(held): Shared, headers: HeaderMap, uri: Uri, Path(org): Path<String>) -> Response {
    let state = open(&held);
    if !org.eq_ignore_ascii_case(&state.organization.login) {
        return not_found();
    }
    let at = At::of(&headers);
    let all = state.members.iter().filter_map(|member| render::identity(&at, &state, state.user(&member.login)?)).collect();
    wire::list(&uri, all, 100)
}
