//! What the vendor knows under a user: the account, who schedules for whom, recordings, and how the account ends.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::super::vendor::{now, param, reply};
use super::state::{Account, Moves, Refused};
use super::{Shared, added, done, listed, named, no_user, open, refuse};

pub(super) async fn all(State(account): Shared, uri: Uri) -> Response {
    let status = param(&uri, "status").unwrap_or_else(|| "active".to_owned());
    if !matches!(status.as_str(), "active" | "inactive" | "pending") {
        return refuse(400, 300, "The status must be active, inactive or pending.");
    }
    let mut all = open(&account).users();
    all.extend(open(&account).invited());
    all.retain(|user| user["status"] == status);
    if let Some(role) = param(&uri, "role_id") {
        all.retain(|user| user["role_id"] == role);
    }
    listed(&uri, "users", &all)
}

pub(super) async fn one(State(account): Shared, Path(key): Path<String>) -> Response {
    open(&account).user(&key).map_or_else(|| no_user(&key), |user| reply(200, &user))
}

pub(super) async fn status(State(account): Shared, Path(key): Path<String>, Json(body): Json<Value>) -> Response {
    match body["action"].as_str() {
        Some("activate") => done(open(&account).set_active(&key, true), &key),
        Some("deactivate") => done(open(&account).set_active(&key, false), &key),
        _ => refuse(400, 300, "Validation Failed."),
    }
}

pub(super) async fn password(State(account): Shared, Path(key): Path<String>, Json(body): Json<Value>) -> Response {
    done(open(&account).set_password(&key, body["password"].as_str().unwrap_or_default()), &key)
}

/// Ends what is signed in; nothing can be read of it, before or after.
pub(super) async fn sign_out(State(account): Shared, Path(key): Path<String>) -> Response {
    done(open(&account).sign_out(&key), &key)
}

/// What moves to whom is said here or nowhere: afterwards there is nobody to move it from.
pub(super) async fn remove(State(account): Shared, uri: Uri, Path(key): Path<String>) -> Response {
    // Who is disassociated, which is the default, keeps a free account; from here both look alike.
    if !matches!(param(&uri, "action").as_deref(), None | Some("disassociate" | "delete")) {
        return refuse(400, 300, "The action must be disassociate or delete.");
    }
    if open(&account).invited().iter().any(|invited| invited["email"] == key.as_str()) {
        // An invitation is no account that could be deleted: it is taken back.
        return match param(&uri, "action").as_deref() {
            Some("delete") => refuse(400, 300, "A pending user can only be disassociated."),
            _ => done(open(&account).uninvite(&key).then_some(()).ok_or(Refused::Missing), &key),
        };
    }
    let flag = |name: &str| param(&uri, name).as_deref() == Some("true");
    let moves = Moves { to: param(&uri, "transfer_email"), recordings: flag("transfer_recording") };
    let wanted = ["transfer_meeting", "transfer_webinar", "transfer_recording"].iter().any(|name| flag(name));
    if wanted && moves.to.is_none() {
        return refuse(400, 300, "transfer_email is required to transfer.");
    }
    done(open(&account).remove(&key, &moves), &key)
}

fn under(account: &Account, key: &str, name: &str, list: impl FnOnce(&str) -> Vec<Value>) -> Response {
    match account.id_of(key) {
        Some(id) => reply(200, &json!({ name: list(&id) })),
        None => no_user(key),
    }
}

pub(super) async fn assistants(State(account): Shared, Path(key): Path<String>) -> Response {
    let account = open(&account);
    under(&account, &key, "assistants", |id| account.assistants(id))
}

pub(super) async fn schedulers(State(account): Shared, Path(key): Path<String>) -> Response {
    let account = open(&account);
    under(&account, &key, "schedulers", |id| account.schedulers(id))
}

pub(super) async fn add_assistants(State(account): Shared, Path(key): Path<String>, Json(body): Json<Value>) -> Response {
    added(&named(&body, "assistants"), |assistant| open(&account).link(&key, assistant))
}

pub(super) async fn delete_assistants(State(account): Shared, Path(key): Path<String>) -> Response {
    done(open(&account).unlink(&key, true, None), &key)
}

pub(super) async fn delete_assistant(State(account): Shared, Path((key, other)): Path<(String, String)>) -> Response {
    done(open(&account).unlink(&key, true, Some(&other)), &other)
}

pub(super) async fn delete_schedulers(State(account): Shared, Path(key): Path<String>) -> Response {
    done(open(&account).unlink(&key, false, None), &key)
}

pub(super) async fn delete_scheduler(State(account): Shared, Path((key, other)): Path<(String, String)>) -> Response {
    done(open(&account).unlink(&key, false, Some(&other)), &other)
}

/// At most a month is shown, and without `from` only today: a scan that doesn't say finds nothing.
pub(super) async fn recordings(State(account): Shared, uri: Uri, Path(key): Path<String>) -> Response {
    let account = open(&account);
    let Some(id) = account.id_of(&key) else {
        return no_user(&key);
    };
    let today = now().to_zoned(TimeZone::UTC).date();
    let day = |name: &str| param(&uri, name).map_or(Ok(today), |day| day.parse::<Date>());
    let (Ok(from), Ok(to)) = (day("from"), day("to")) else {
        return refuse(400, 300, "from and to must be dates.");
    };
    let from = from.max(to.saturating_sub(1.month()));
    let shown = (from.to_string(), to.to_string());
    let mut meetings = account.recordings(&id);
    meetings.retain(|meeting| {
        meeting["start_time"].as_str().and_then(|at| at.get(..10)).is_some_and(|day| (shown.0.as_str()..=shown.1.as_str()).contains(&day))
    });
    let body = json!({
        "from": shown.0,
        "to": shown.1,
        "page_count": 1,
        "page_size": 30,
        "total_records": meetings.len(),
        "next_page_token": "",
        "meetings": meetings,
    });
    reply(200, &body)
}
