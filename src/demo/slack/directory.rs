//! The SCIM endpoint of the simulated workspace: accounts, and taking them out of use.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::Value;

use super::super::scim::wire::{Change, Refusal, answer, changes, error, list};
use super::super::vendor::{Access, no_content, origin, token_of};
use super::state::Gone;
use super::{Shared, open};

/// SCIM asks for the scope `admin`, and to write also for the right to.
fn may(shared: &Shared, headers: &HeaderMap, write: bool) -> Result<(), Refusal> {
    let scopes = token_of(headers).and_then(|token| open(&shared.0).scopes(&token));
    let Some(scopes) = scopes else {
        return Err(Refusal::new(401, None, "invalid_authentication"));
    };
    let admin = scopes.iter().any(|scope| scope == "admin");
    if admin && Access::of(headers, "slack").may(write).is_ok() { Ok(()) } else { Err(Refusal::new(403, None, "missing_scope")) }
}

fn base(headers: &HeaderMap) -> String {
    format!("{}/scim/v2", origin(headers))
}

fn unknown(id: &str) -> Refusal {
    Refusal::new(404, None, &format!("User {id} not found"))
}

pub(super) async fn all(shared: Shared, headers: HeaderMap, uri: Uri) -> Response {
    if let Err(refusal) = may(&shared, &headers, false) {
        return refusal.answer();
    }
    list(&uri, open(&shared.0).provisioned(&base(&headers)), 1000)
}

pub(super) async fn one(shared: Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Err(refusal) = may(&shared, &headers, false) {
        return refusal.answer();
    }
    let user = open(&shared.0).provisioned_one(&id, &base(&headers));
    user.map_or_else(|| unknown(&id).answer(), |user| answer(200, &user))
}

pub(super) async fn patch(shared: Shared, headers: HeaderMap, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    if let Err(refusal) = may(&shared, &headers, true) {
        return refusal.answer();
    }
    let State(workspace) = &shared;
    let changes = match changes(&body) {
        Ok(changes) => changes,
        Err(refusal) => return refusal.answer(),
    };
    for change in changes {
        let Change::Active(active) = change else {
            return error(400, Some("invalidPath"), "a user has no members");
        };
        if let Err(refusal) = set_active(&shared, &id, active) {
            return refusal.answer();
        }
    }
    let user = open(workspace).provisioned_one(&id, &base(&headers));
    user.map_or_else(|| unknown(&id).answer(), |user| answer(200, &user))
}

/// The vendor keeps the account for its messages, so a deletion takes it out of use.
pub(super) async fn deactivate(shared: Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Err(refusal) = may(&shared, &headers, true) {
        return refusal.answer();
    }
    match set_active(&shared, &id, false) {
        Ok(()) => no_content(),
        Err(refusal) => refusal.answer(),
    }
}

fn set_active(shared: &Shared, id: &str, active: bool) -> Result<(), Refusal> {
    open(&shared.0).set_active(id, active).map_err(|why| match why {
        Gone::Unknown => unknown(id),
        Gone::PrimaryOwner => Refusal::new(403, None, "cannot_deactivate_primary_owner"),
    })
}
