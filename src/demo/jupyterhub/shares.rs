//! Servers that are shared: with users, with groups, and by invitation. The default server has an empty name, and so an address that ends in `/`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{no_content, param, reply};
use super::{Shared, listed, open, refused, told};

fn list(headers: &HeaderMap, uri: &Uri, all: Result<Vec<Value>, super::Refused>) -> Response {
    all.map_or_else(|why| refused(&why), |all| listed(headers, uri, &all))
}

/// What others share with a user, by name or through a group.
pub(super) async fn with_user(State(hub): Shared, headers: HeaderMap, uri: Uri, Path(user): Path<String>) -> Response {
    list(&headers, &uri, open(&hub).shared_with(&user))
}

pub(super) async fn of_owner(State(hub): Shared, headers: HeaderMap, uri: Uri, Path(owner): Path<String>) -> Response {
    list(&headers, &uri, open(&hub).shares(&owner, None))
}

pub(super) async fn of_default(State(hub): Shared, headers: HeaderMap, uri: Uri, Path(owner): Path<String>) -> Response {
    list(&headers, &uri, open(&hub).shares(&owner, Some("")))
}

pub(super) async fn of_server(State(hub): Shared, headers: HeaderMap, uri: Uri, Path((owner, server)): Path<(String, String)>) -> Response {
    list(&headers, &uri, open(&hub).shares(&owner, Some(&server)))
}

pub(super) async fn share_default(State(hub): Shared, Path(owner): Path<String>, Json(body): Json<Value>) -> Response {
    told(open(&hub).share(&owner, "", &body))
}

pub(super) async fn share(State(hub): Shared, Path((owner, server)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    told(open(&hub).share(&owner, &server, &body))
}

/// Nothing is said about whether there was anything to take away.
pub(super) async fn unshare_default(State(hub): Shared, Path(owner): Path<String>, Json(body): Json<Value>) -> Response {
    told(open(&hub).unshare(&owner, "", &body).map(|()| json!({})))
}

pub(super) async fn unshare(State(hub): Shared, Path((owner, server)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    told(open(&hub).unshare(&owner, &server, &body).map(|()| json!({})))
}

pub(super) async fn codes_of_owner(State(hub): Shared, headers: HeaderMap, uri: Uri, Path(owner): Path<String>) -> Response {
    list(&headers, &uri, open(&hub).codes(&owner, None))
}

pub(super) async fn codes_of_default(State(hub): Shared, headers: HeaderMap, uri: Uri, Path(owner): Path<String>) -> Response {
    list(&headers, &uri, open(&hub).codes(&owner, Some("")))
}

pub(super) async fn codes_of_server(
    State(hub): Shared,
    headers: HeaderMap,
    uri: Uri,
    Path((owner, server)): Path<(String, String)>,
) -> Response {
    list(&headers, &uri, open(&hub).codes(&owner, Some(&server)))
}

pub(super) async fn close_default(State(hub): Shared, uri: Uri, Path(owner): Path<String>) -> Response {
    closed(open(&hub).close(&owner, "", param(&uri, "id").as_deref()))
}

pub(super) async fn close(State(hub): Shared, uri: Uri, Path((owner, server)): Path<(String, String)>) -> Response {
    closed(open(&hub).close(&owner, &server, param(&uri, "id").as_deref()))
}

fn closed(outcome: Result<(), super::Refused>) -> Response {
    match outcome {
        Ok(()) => no_content(),
        Err(super::Refused::Missing(Some(what))) => reply(404, &json!({ "status": 404, "message": what })),
        Err(why) => refused(&why),
    }
}
