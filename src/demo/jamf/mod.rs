//! Jamf Pro, simulated: Macs, phones and tablets, which do what they are told when they next answer, and the administrators of Jamf Pro itself.

mod render;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, Path, Request, State};
use axum::http::Uri;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::Fleet;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, no_content, page, param, reply, token_of};

type Shared = State<Arc<Mutex<Fleet>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "jamf-pro",
    start,
    millis: 60,
    rate: RateLimit::of(600, 60, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!("url = \"{url}\"\nread_client = \"read-jamf-pro\"\nrevoke_client = \"revoke-jamf-pro\"\nlock_pin = \"482913\"\n")
    },
};

/// The most that a page may hold.
const LARGEST_PAGE: usize = 2000;

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let fleet = Arc::new(Mutex::new(Fleet::new(company)?));
    Ok(Simulated::over(fleet.clone(), router(fleet), Fleet::left))
}

/// The API below `/api`, and its token endpoint.
fn router(fleet: Arc<Mutex<Fleet>>) -> Router {
    let guarded = Router::new()
        .route("/api/v1/auth", get(who))
        .route("/api/user", get(accounts))
        .route("/api/v1/computers-inventory", get(computers))
        .route("/api/v1/computers-inventory/{id}", get(computer).delete(delete_computer))
        .route("/api/v1/computers-inventory-detail/{id}", get(whole_computer).patch(change_computer))
        .route("/api/v2/mobile-devices", get(mobile_devices))
        .route("/api/v2/mobile-devices/detail", get(mobile_details))
        .route("/api/v2/mobile-devices/{id}", axum::routing::patch(change_mobile))
        .route("/api/v2/mobile-devices/{id}/detail", get(mobile_detail))
        .route("/api/v2/mdm/commands", get(commands).post(command))
        .layer(middleware::from_fn_with_state(fleet.clone(), guard))
        .with_state(fleet.clone());
    let token = Router::new().route("/api/oauth/token", post(issue)).with_state(fleet);
    guarded.merge(token).fallback(|| async { refuse(404, "INVALID_ID", "", "No such resource") })
}

fn open(fleet: &Mutex<Fleet>) -> MutexGuard<'_, Fleet> {
    fleet.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: &str, field: &str, description: &str) -> Response {
    let error = json!({ "code": code, "field": field, "description": description, "id": "0" });
    reply(status, &json!({ "httpStatus": status, "errors": [error] }))
}

fn missing() -> Response {
    refuse(404, "INVALID_ID", "id", "Record does not exist")
}

async fn guard(State(fleet): Shared, request: Request, next: Next) -> Response {
    let access = token_of(request.headers()).map_or(Access::Nobody, |token| open(&fleet).access(&token));
    match access.may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "INVALID_TOKEN", "", "Unauthorized"),
        Err(_) => refuse(403, "INVALID_PRIVILEGE", "", "Forbidden"),
    }
}

/// An API client's id and secret become a token that lives for minutes.
async fn issue(State(fleet): Shared, Form(form): Form<HashMap<String, String>>) -> Response {
    let said = |name: &str| form.get(name).map_or("", String::as_str);
    if said("grant_type") != "client_credentials" {
        return reply(400, &json!({ "error": "unsupported_grant_type" }));
    }
    let access = match said("client_id") {
        "read-jamf-pro" => Access::Read,
        "revoke-jamf-pro" => Access::Revoke,
        _ => return reply(401, &json!({ "error": "invalid_client" })),
    };
    if said("client_secret") != said("client_id") {
        return reply(401, &json!({ "error": "invalid_client" }));
    }
    let token = open(&fleet).issue(access);
    reply(200, &json!({ "access_token": token, "scope": "api-role:1", "token_type": "Bearer", "expires_in": 299 }))
}

/// The sections that were asked for: as one parameter several times, or parted by commas; only the first where nothing is said.
fn sections(uri: &Uri) -> Vec<String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("section="));
    let named: Vec<String> = pairs.flat_map(|names| names.split(',')).map(str::to_owned).collect();
    if named.is_empty() { vec!["GENERAL".to_owned()] } else { named }
}

fn listed(uri: &Uri, items: &[Value]) -> Response {
    let number = |name: &str, default: usize| match param(uri, name) {
        None => Some(default),
        Some(text) => text.parse().ok(),
    };
    let (Some(number), Some(size)) = (number("page", 0), number("page-size", 100)) else {
        return refuse(400, "INVALID_VALUE", "page", "page and page-size are numbers");
    };
    if !(1..=LARGEST_PAGE).contains(&size) {
        return refuse(400, "INVALID_VALUE", "page-size", "page-size must be from 1 to 2000");
    }
    let (shown, _) = page(items, number.saturating_mul(size), size);
    reply(200, &json!({ "totalCount": items.len(), "results": shown }))
}

async fn who(State(fleet): Shared, request: Request) -> Response {
    let revokes = token_of(request.headers()).is_some_and(|token| open(&fleet).access(&token) == Access::Revoke);
    let name = if revokes { "exeunt revoke" } else { "exeunt read" };
    reply(
        200,
        &json!({
            "account": { "id": "-1", "username": name, "realName": name, "accessLevel": "FullAccess", "privilegeSet": "CUSTOM" },
            "accountGroups": [],
            "sites": [],
            "authenticationType": "NATIVE_APP_API_INTEGRATION",
        }),
    )
}

async fn accounts(State(fleet): Shared) -> Response {
    reply(200, &Value::from(open(&fleet).accounts()))
}

async fn computers(State(fleet): Shared, uri: Uri) -> Response {
    let all = open(&fleet).computers(&sections(&uri));
    listed(&uri, &all)
}

async fn computer(State(fleet): Shared, Path(id): Path<String>, uri: Uri) -> Response {
    open(&fleet).computer(&id, &sections(&uri)).map_or_else(missing, |found| reply(200, &found))
}

async fn whole_computer(State(fleet): Shared, Path(id): Path<String>) -> Response {
    open(&fleet).computer(&id, &render::SECTIONS.map(str::to_owned)).map_or_else(missing, |found| reply(200, &found))
}

async fn change_computer(State(fleet): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(email) = body["userAndLocation"]["email"].as_str() else {
        return refuse(400, "INVALID_VALUE", "userAndLocation", "only the user can be changed here");
    };
    let mut fleet = open(&fleet);
    if !fleet.hand_in(&id, true, email) {
        return missing();
    }
    fleet.computer(&id, &render::SECTIONS.map(str::to_owned)).map_or_else(missing, |found| reply(200, &found))
}

async fn delete_computer(State(fleet): Shared, Path(id): Path<String>) -> Response {
    if open(&fleet).delete_computer(&id) { no_content() } else { missing() }
}

async fn mobile_devices(State(fleet): Shared, uri: Uri) -> Response {
    let all = open(&fleet).mobile_devices();
    listed(&uri, &all)
}

async fn mobile_details(State(fleet): Shared, uri: Uri) -> Response {
    let all = open(&fleet).mobile_details(&sections(&uri));
    listed(&uri, &all)
}

async fn mobile_detail(State(fleet): Shared, Path(id): Path<String>) -> Response {
    open(&fleet).mobile_detail(&id).map_or_else(missing, |found| reply(200, &found))
}

async fn change_mobile(State(fleet): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(email) = body["location"]["emailAddress"].as_str() else {
        return refuse(400, "INVALID_VALUE", "location", "only the user can be changed here");
    };
    let mut fleet = open(&fleet);
    if !fleet.hand_in(&id, false, email) {
        return missing();
    }
    fleet.mobile_detail(&id).map_or_else(missing, |found| reply(200, &found))
}

/// Terms of the form `field==value`, joined by `and`: as much of the filter language as these lists are asked in.
fn terms(filter: &str) -> Option<Vec<(&str, &str)>> {
    filter.split(" and ").map(|term| term.trim().split_once("==")).collect()
}

async fn commands(State(fleet): Shared, uri: Uri) -> Response {
    let filter = param(&uri, "filter").unwrap_or_default();
    let known = ["uuid", "clientManagementId", "command", "status"];
    let terms = terms(&filter).filter(|terms| terms.iter().all(|(field, _)| known.contains(field)));
    let Some(terms) = terms else {
        return refuse(400, "INVALID_FILTER", "filter", "at least one field must be filtered by");
    };
    let all = open(&fleet).commands(&terms);
    listed(&uri, &all)
}

async fn command(State(fleet): Shared, Json(body): Json<Value>) -> Response {
    let ids: Option<Vec<&str>> =
        body["clientData"].as_array().and_then(|clients| clients.iter().map(|client| client["managementId"].as_str()).collect());
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        return refuse(400, "INVALID_FIELD", "clientData", "managementId is missing");
    };
    match open(&fleet).command(&ids, &body["commandData"]) {
        Ok(queued) => reply(201, &Value::from(queued)),
        Err((field, why)) => refuse(400, "INVALID_FIELD", field, why),
    }
}
