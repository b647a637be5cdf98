//! What the administration API knows under a user.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{param, reply};
use super::{Shared, done, listed, no_content, open, part, refuse, refused};

pub(super) async fn all(State(realm): Shared, uri: Uri) -> Response {
    let mut all = open(&realm).users();
    for name in ["username", "email"] {
        if let Some(wanted) = param(&uri, name).map(|wanted| wanted.to_lowercase()) {
            let exact = param(&uri, "exact").as_deref() == Some("true");
            let fits = |text: &str| if exact { text == wanted } else { text.contains(&wanted) };
            all.retain(|user| user[name].as_str().is_some_and(|text| fits(&text.to_lowercase())));
        }
    }
    part(&uri, &all)
}

pub(super) async fn count(State(realm): Shared) -> Response {
    reply(200, &json!(open(&realm).users().len()))
}

pub(super) async fn one(State(realm): Shared, Path(user): Path<String>) -> Response {
    open(&realm).user(&user).map_or_else(refused, |user| reply(200, &user))
}

pub(super) async fn change(State(realm): Shared, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    match body.get("enabled").map(Value::as_bool) {
        Some(Some(enabled)) => done(open(&realm).enable(&user, enabled)),
        Some(None) => refuse(400, "unable to read contents from stream"),
        // What a body leaves out stays as it is.
        None => done(open(&realm).user(&user).map(|_| ())),
    }
}

pub(super) async fn remove(State(realm): Shared, Path(user): Path<String>) -> Response {
    done(open(&realm).remove(&user))
}

pub(super) async fn logout(State(realm): Shared, Path(user): Path<String>) -> Response {
    done(open(&realm).logout(&user))
}

pub(super) async fn reset_password(State(realm): Shared, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    if body["value"].as_str().is_none_or(str::is_empty) {
        return refuse(400, "No password provided");
    }
    done(open(&realm).new_password(&user))
}

pub(super) async fn sessions(State(realm): Shared, Path(user): Path<String>) -> Response {
    listed(open(&realm).sessions(&user))
}

pub(super) async fn offline_sessions(State(realm): Shared, Path((user, client)): Path<(String, String)>) -> Response {
    let realm = open(&realm);
    listed(realm.user(&user).and_then(|_| realm.offline_sessions(Some(&user), &client)))
}

pub(super) async fn consents(State(realm): Shared, Path(user): Path<String>) -> Response {
    listed(open(&realm).consents(&user))
}

pub(super) async fn withdraw(State(realm): Shared, Path((user, client)): Path<(String, String)>) -> Response {
    done(open(&realm).withdraw(&user, &client))
}

pub(super) async fn credentials(State(realm): Shared, Path(user): Path<String>) -> Response {
    listed(open(&realm).credentials(&user))
}

pub(super) async fn delete_credential(State(realm): Shared, Path((user, credential)): Path<(String, String)>) -> Response {
    done(open(&realm).delete_credential(&user, &credential))
}

pub(super) async fn federated(State(realm): Shared, Path(user): Path<String>) -> Response {
    listed(open(&realm).federated(&user))
}

pub(super) async fn link(State(realm): Shared, Path((user, provider)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    done(open(&realm).link(&user, &provider, said("userId"), said("userName")))
}

pub(super) async fn unlink(State(realm): Shared, Path((user, provider)): Path<(String, String)>) -> Response {
    done(open(&realm).unlink(&user, &provider))
}

pub(super) async fn groups(State(realm): Shared, uri: Uri, Path(user): Path<String>) -> Response {
    open(&realm).groups(&user).map_or_else(refused, |all| part(&uri, &all))
}

pub(super) async fn join(State(realm): Shared, Path((user, group)): Path<(String, String)>) -> Response {
    done(open(&realm).set_member(&user, &group, true))
}

pub(super) async fn leave(State(realm): Shared, Path((user, group)): Path<(String, String)>) -> Response {
    done(open(&realm).set_member(&user, &group, false))
}

pub(super) async fn roles(State(realm): Shared, Path(user): Path<String>) -> Response {
    open(&realm).role_mappings(&user).map_or_else(refused, |all| reply(200, &all))
}

pub(super) async fn realm_roles(State(realm): Shared, Path(user): Path<String>) -> Response {
    listed(open(&realm).roles_of(&user, None, false))
}

pub(super) async fn effective_roles(State(realm): Shared, Path(user): Path<String>) -> Response {
    listed(open(&realm).roles_of(&user, None, true))
}

pub(super) async fn client_roles(State(realm): Shared, Path((user, client)): Path<(String, String)>) -> Response {
    listed(open(&realm).roles_of(&user, Some(&client), false))
}

/// Gives or takes the roles that a body names; both take a list, deleting too.
fn set_roles(realm: &Shared, user: &str, client: Option<&str>, body: &Value, held: bool) -> Response {
    let Some(roles) = body.as_array() else {
        return refuse(400, "unable to read contents from stream");
    };
    let mut realm = open(realm);
    for role in roles {
        if let Err(why) = realm.set_role(user, client, role["id"].as_str().unwrap_or_default(), held) {
            return refused(why);
        }
    }
    no_content()
}

pub(super) async fn give_realm_roles(realm: Shared, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    set_roles(&realm, &user, None, &body, true)
}

pub(super) async fn drop_realm_roles(realm: Shared, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    set_roles(&realm, &user, None, &body, false)
}

pub(super) async fn give_client_roles(realm: Shared, Path((user, client)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    set_roles(&realm, &user, Some(&client), &body, true)
}

pub(super) async fn drop_client_roles(realm: Shared, Path((user, client)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    set_roles(&realm, &user, Some(&client), &body, false)
}
