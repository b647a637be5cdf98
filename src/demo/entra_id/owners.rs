//! What Graph knows about owners: what a user owns, who owns a thing, and changes to that.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::Value;

use super::query::collection;
use super::state::{Owned, Tenant};
use super::users::about;
use super::{Shared, done, missing, open, referred, refuse};

pub(super) async fn all(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(key): Path<String>) -> Response {
    let tenant = open(&tenant);
    about(&tenant, &key, |id| collection(&headers, &uri, "directoryObjects", &[], tenant.owned(id, None)))
}

pub(super) async fn cast(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path((key, cast)): Path<(String, String)>) -> Response {
    let kind = match cast.trim_start_matches("microsoft.") {
        "graph.application" => Owned::Applications,
        "graph.servicePrincipal" => Owned::ServicePrincipals,
        "graph.group" => Owned::Groups,
        _ => return missing(&cast),
    };
    let tenant = open(&tenant);
    about(&tenant, &key, |id| collection(&headers, &uri, "directoryObjects", &[], tenant.owned(id, Some(kind))))
}

fn of(tenant: &Tenant, headers: &HeaderMap, uri: &Uri, kind: Owned, id: &str) -> Response {
    tenant.owners(kind, id).map_or_else(|| missing(id), |all| collection(headers, uri, "directoryObjects", &[], all))
}

fn add(tenant: &mut Tenant, kind: Owned, id: &str, body: &Value) -> Response {
    match referred(body) {
        Some(owner) => done(tenant.add_owner(kind, id, owner), owner),
        None => refuse(400, "Request_BadRequest", "the body must name an object by @odata.id"),
    }
}

pub(super) async fn of_application(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    of(&open(&tenant), &headers, &uri, Owned::Applications, &id)
}

pub(super) async fn of_principal(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    of(&open(&tenant), &headers, &uri, Owned::ServicePrincipals, &id)
}

pub(super) async fn of_group(State(tenant): Shared, headers: HeaderMap, uri: Uri, Path(id): Path<String>) -> Response {
    of(&open(&tenant), &headers, &uri, Owned::Groups, &id)
}

pub(super) async fn add_to_application(State(tenant): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    add(&mut open(&tenant), Owned::Applications, &id, &body)
}

pub(super) async fn add_to_principal(State(tenant): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    add(&mut open(&tenant), Owned::ServicePrincipals, &id, &body)
}

pub(super) async fn add_to_group(State(tenant): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    add(&mut open(&tenant), Owned::Groups, &id, &body)
}

pub(super) async fn remove_from_application(State(tenant): Shared, Path((id, owner)): Path<(String, String)>) -> Response {
    done(open(&tenant).drop_owner(Owned::Applications, &id, &owner), &owner)
}

pub(super) async fn remove_from_principal(State(tenant): Shared, Path((id, owner)): Path<(String, String)>) -> Response {
    done(open(&tenant).drop_owner(Owned::ServicePrincipals, &id, &owner), &owner)
}

pub(super) async fn remove_from_group(State(tenant): Shared, Path((id, owner)): Path<(String, String)>) -> Response {
    done(open(&tenant).drop_owner(Owned::Groups, &id, &owner), &owner)
}
