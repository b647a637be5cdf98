//! A simulated BambooHR company, after BambooHR's own description of its API, with a lever to make someone leave.

mod records;
mod webhooks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::{Timestamp, civil};
use serde_json::{Value, json};

use super::company::Company;
use super::vendor::{Access, Secret, Simulated, Vendor, is_write, now, param, reply};
use records::State;

pub use webhooks::{sign, signed_webhook};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "bamboohr",
    start: |company| Ok(Simulated { router: BambooHr::new(company)?.router(), left: Arc::new(|_| Vec::new()) }),
    millis: 12,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\n"),
};

/// The company's HR, with a hand on it: a clone shares its state.
#[derive(Clone)]
pub struct BambooHr(Arc<Mutex<State>>);

impl BambooHr {
    /// HR on the day the simulation starts.
    pub fn new(company: &Company) -> anyhow::Result<BambooHr> {
        Ok(BambooHr(Arc::new(Mutex::new(State::build(company)?))))
    }

    /// The API under `/api/v1`. Keys, as the user of Basic authentication: `read-bamboohr` and `revoke-bamboohr`.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// HR records that a person's last day is `last_day`; in the future, it stays a plan until then.
    pub fn terminate(&self, number: &str, last_day: civil::Date) -> anyhow::Result<()> {
        self.change(number, Some(last_day))
    }

    /// HR takes a termination back.
    pub fn rescind(&self, number: &str) -> anyhow::Result<()> {
        self.change(number, None)
    }

    /// A new day: whoever's last day it was, or lay before it, becomes inactive now.
    pub fn day_comes(&self, today: civil::Date) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.today, today);
        for record in state.records.values_mut() {
            if record.person.active(before) != record.person.active(today) {
                record.changed = now();
            }
        }
    }

    fn change(&self, number: &str, last_day: Option<civil::Date>) -> anyhow::Result<()> {
        let mut state = self.state();
        let record = state
            .records
            .values_mut()
            .find(|record| record.person.number == number)
            .with_context(|| format!("nobody in HR has the number {number}"))?;
        record.person.left = last_day;
        record.changed = now();
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The employee id of an employee number: `1002` for `E1002`.
pub fn employee_id(number: &str) -> String {
    number.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned()
}

async fn answer(Shared(hr): Shared<BambooHr>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let access = Access::of(&headers, "bamboohr");
    if let Err(status) = access.may(is_write(&method)) {
        // Webhooks refuse with a body, everything else without.
        return if status == StatusCode::FORBIDDEN && uri.path().starts_with("/api/v1/webhooks") {
            reply(403, &json!({ "errors": [{ "error": "permission denied" }] }))
        } else {
            status.into_response()
        };
    }
    let Some(path) = uri.path().strip_prefix("/api/v1/") else {
        return refused(404, "no such path");
    };
    let path: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let mut state = hr.state();
    match (method.as_str(), path.as_slice()) {
        ("GET", ["employees"]) => records::list(&state, &uri, &headers),
        ("GET", ["employees", "directory"]) => records::directory(&state, &uri),
        ("GET", ["employees", "changed"]) => changed(&state, &uri),
        ("GET", ["employees", id]) => records::one(&state, id, &uri),
        ("GET", ["employees", id, "tables", "employmentStatus"]) => records::employment_status(&state, id),
        ("GET", ["meta", "users"]) => records::users(&state, param(&uri, "status")),
        (_, ["webhooks", rest @ ..]) => webhooks::answer(&mut state, &method, rest, &body),
        _ => refused(404, "no such path"),
    }
}

/// Whose records changed since when; a change is all that is told, not what it was.
fn changed(state: &State, uri: &Uri) -> Response {
    let since = param(uri, "since").and_then(|s| s.parse::<Timestamp>().ok());
    let Some(since) = since else {
        return refused(400, "the since parameter is missing or not a valid ISO 8601 date");
    };
    let kind = param(uri, "type").unwrap_or("all".to_owned());
    if !["inserted", "updated", "deleted", "all"].contains(&kind.as_str()) {
        return refused(400, "the type parameter is invalid");
    }
    let mut latest = since;
    let mut employees = serde_json::Map::new();
    for (id, record) in &state.records {
        let action = if record.changed == record.inserted { "Inserted" } else { "Updated" };
        if record.changed <= since || (kind != "all" && !action.eq_ignore_ascii_case(&kind)) {
            continue;
        }
        latest = latest.max(record.changed);
        employees.insert(id.to_string(), json!({ "id": id.to_string(), "action": action, "lastChanged": seconds(record.changed) }));
    }
    reply(200, &json!({ "latest": seconds(latest), "employees": Value::Object(employees) }))
}

/// BambooHR's timestamps end at the second.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An error without a body; the reason stands in a header.
fn refused(status: u16, why: &str) -> Response {
    let mut response = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST).into_response();
    if let Ok(why) = HeaderValue::from_str(why) {
        response.headers_mut().insert("x-bamboohr-error-message", why);
    }
    response
}

#[cfg(test)]
mod tests;
