//! Data Transfer: a job that hands one account's files to another.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::get;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Google;
use super::call::{Answer, Call, Refusal, Right, etag, listing, object};
use super::state::{JOB_TIME, State, letters};

/// The vendor's ids of the applications, and the parameter that each understands.
const APPLICATIONS: [(&str, &str, &str, &[&str]); 2] =
    [(DRIVE, "Drive and Docs", "PRIVACY_LEVEL", &["PRIVATE", "SHARED"]), ("435070579839", "Calendar", "RELEASE_RESOURCES", &["TRUE"])];
const DRIVE: &str = "55656082996";

/// A job.
pub(super) struct Transfer {
    old: String,
    new: String,
    /// As the caller asked: application id and parameters.
    parts: Vec<(String, Value)>,
    requested: Timestamp,
    due: Instant,
    done: bool,
}

pub(super) fn routes() -> Router<Arc<Google>> {
    Router::new()
        .route("/admin/datatransfer/v1/applications", get(applications))
        .route("/admin/datatransfer/v1/transfers", get(list).post(insert))
        .route("/admin/datatransfer/v1/transfers/{id}", get(read))
}

async fn applications(call: Call) -> Answer {
    let state = call.admin(Right::Read)?;
    if let Some(customer) = call.query("customerId") {
        call.customer(&state, customer)?;
    }
    let all = APPLICATIONS
        .iter()
        .map(|(id, name, key, values)| {
            let body = json!({
                "kind": "admin#datatransfer#ApplicationResource",
                "etag": etag(name),
                "id": id,
                "name": name,
                "transferParams": [{"key": key, "value": values}],
            });
            ((*id).to_owned(), body)
        })
        .collect();
    let (page, next) = call.page("maxResults", 100, 500, all)?;
    call.reply(listing(Some("admin#datatransfer#applicationsList"), "applications", page, next))
}

fn body(id: &str, transfer: &Transfer) -> Value {
    let status = if transfer.done { "completed" } else { "inProgress" };
    let parts: Vec<Value> = transfer
        .parts
        .iter()
        .map(|(application, parameters)| {
            json!({
                "applicationId": application,
                "applicationTransferParams": parameters,
                "applicationTransferStatus": status,
            })
        })
        .collect();
    json!({
        "kind": "admin#datatransfer#DataTransfer",
        "etag": etag(&format!("{id}{status}")),
        "id": id,
        "oldOwnerUserId": transfer.old,
        "newOwnerUserId": transfer.new,
        "applicationDataTransfers": parts,
        "overallTransferStatusCode": status,
        "requestTime": transfer.requested,
    })
}

async fn list(call: Call) -> Answer {
    let state = call.admin(Right::Read)?;
    let all = state
        .transfers
        .iter()
        .filter(|(_, job)| call.query("oldOwnerUserId").is_none_or(|id| job.old == id))
        .filter(|(_, job)| call.query("newOwnerUserId").is_none_or(|id| job.new == id))
        .map(|(id, job)| (id.clone(), body(id, job)))
        .filter(|(_, job)| call.query("status").is_none_or(|status| job["overallTransferStatusCode"] == status))
        .collect();
    let (page, next) = call.page("maxResults", 100, 500, all)?;
    call.reply(listing(Some("admin#datatransfer#dataTransfersList"), "dataTransfers", page, next))
}

async fn insert(call: Call, bytes: Bytes) -> Answer {
    let mut state = call.admin(Right::Write)?;
    let wanted = object(&bytes)?;
    // Only ids are understood here; an address is refused, as the vendor refuses it.
    let user = |name: &str| {
        wanted[name]
            .as_str()
            .filter(|id| state.users.contains_key(*id))
            .map(str::to_owned)
            .ok_or_else(|| Refusal::invalid(format!("Invalid value for {name}")))
    };
    let (old, new) = (user("oldOwnerUserId")?, user("newOwnerUserId")?);
    if old == new || state.user(&new)?.suspended {
        return Err(Refusal::invalid("Invalid value for newOwnerUserId"));
    }
    let parts = wanted["applicationDataTransfers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| {
            let application = part["applicationId"].as_str().unwrap_or_default();
            if !APPLICATIONS.iter().any(|(id, ..)| *id == application) {
                return Err(Refusal::invalid(format!("Invalid application id: {application}")));
            }
            let parameters = match &part["applicationTransferParams"] {
                Value::Null => json!([]),
                given => given.clone(),
            };
            Ok((application.to_owned(), parameters))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if parts.is_empty() {
        return Err(Refusal::invalid("Missing required field: applicationDataTransfers"));
    }
    let serial = state.next();
    let id = format!("AKrEtI{}", letters(&format!("{old}/{new}/{serial}"), 24));
    let job = Transfer { old, new, parts, requested: state.now(), due: Instant::now() + JOB_TIME, done: false };
    let answer = body(&id, &job);
    state.transfers.insert(id, job);
    call.reply(answer)
}

async fn read(call: Call, Path(id): Path<String>) -> Answer {
    let state = call.admin(Right::Read)?;
    let job = state.transfers.get(&id).ok_or_else(|| Refusal::not_found("Resource Not Found: dataTransferId"))?;
    call.reply(body(&id, job))
}

/// Completes what is due: the files of the levels asked for change hands.
pub(super) fn settle(state: &mut State, now: Instant) {
    let mut due = Vec::new();
    for job in state.transfers.values_mut().filter(|job| !job.done && job.due <= now) {
        job.done = true;
        for (application, parameters) in &job.parts {
            if application == DRIVE {
                due.push((job.old.clone(), job.new.clone(), Levels::of(parameters)));
            }
        }
    }
    for (old, new, levels) in due {
        let (Some(old), Some(new)) = (state.users.get(&old), state.users.get(&new)) else {
            continue;
        };
        for file in state.files.values_mut().filter(|file| file.owned_by(old)) {
            let wanted = if file.is_shared() { levels.shared } else { levels.private };
            if wanted {
                file.give_to(&new.email);
            }
        }
    }
}

/// Which files a job moves; without a word on it, the shared ones only.
struct Levels {
    private: bool,
    shared: bool,
}

impl Levels {
    fn of(parameters: &Value) -> Self {
        let asked: Vec<&str> = parameters
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["key"] == "PRIVACY_LEVEL")
            .filter_map(|parameter| parameter["value"].as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        Self { private: asked.contains(&"PRIVATE"), shared: asked.is_empty() || asked.contains(&"SHARED") }
    }
}
