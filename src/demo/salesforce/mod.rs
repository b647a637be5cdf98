//! Salesforce, simulated: one table after another behind a query language, and users who can be frozen but never deleted.

mod fixture;
mod soql;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::{Org, Refused};
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, no_content, origin, param, reply};

type Shared = State<Arc<Mutex<Org>>>;

/// Records in one answer to a query; a caller may ask for fewer, down to 200.
const BATCH: usize = 2000;
const SMALLEST_BATCH: usize = 200;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "salesforce",
    start: |company| start(company),
    millis: 60,
    // The day's limit is the organisation's; within a day nothing comes near it.
    rate: RateLimit::of(100_000, 86_400, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nread_client = \"read-salesforce\"\nrevoke_client = \"revoke-salesforce\"\n"),
};

/// The REST API below `/services/data`, and the OAuth endpoints beside it.
fn start(company: &Company) -> anyhow::Result<Simulated> {
    let org = Arc::new(Mutex::new(Org::new(company)?));
    let state = org.clone();
    let api = Router::new()
        .route("/services/data/{version}/query", get(query))
        .route("/services/data/{version}/query/{locator}", get(more))
        .route("/services/data/{version}/sobjects/{object}/{id}", get(one).patch(change).delete(remove))
        .route("/services/oauth2/userinfo", get(user_info))
        .route("/services/oauth2/revoke", post(revoke))
        .layer(middleware::from_fn(guard));
    let api = api.route("/services/oauth2/token", post(issue)).with_state(org);
    let router = api.fallback(|| async { refuse(404, "NOT_FOUND", "The requested resource does not exist") });
    Ok(Simulated { router, left: Arc::new(move |person| open(&state).left(person)) })
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = match Access::of(request.headers(), "salesforce").may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        Err(_) => refuse(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"),
    };
    response.headers_mut().insert("sforce-limit-info", HeaderValue::from_static("api-usage=1804/100000"));
    response
}

/// The access token is the client's name: what it may do is told by it.
async fn issue(headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refused = |error: &str, what: &str| reply(400, &json!({ "error": error, "error_description": what }));
    if said("grant_type") != "client_credentials" {
        return refused("unsupported_grant_type", "grant type not supported");
    }
    let client = said("client_id");
    if !matches!(client, "read-salesforce" | "revoke-salesforce") || said("client_secret") != client {
        return refused("invalid_client", "invalid client credentials");
    }
    let url = origin(&headers);
    reply(
        200,
        &json!({
            "access_token": client,
            "instance_url": url,
            "id": format!("{url}/id/{}/{}", state::id("00D", 1), state::integration(client == "revoke-salesforce")),
            "token_type": "Bearer",
            "issued_at": "1773133200000",
            "signature": "c2ltdWxhdGVk",
        }),
    )
}

fn open(org: &Mutex<Org>) -> MutexGuard<'_, Org> {
    org.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    reply(status, &json!([{ "message": message, "errorCode": code }]))
}

fn done(outcome: Result<(), Refused>) -> Response {
    match outcome {
        Ok(()) => no_content(),
        Err(Refused::Missing) => refuse(404, "NOT_FOUND", "The requested resource does not exist"),
        Err(Refused::Deleted) => refuse(404, "ENTITY_IS_DELETED", "entity is deleted"),
        Err(Refused::Rule(code, why)) => refuse(400, code, &why),
    }
}

async fn query(State(org): Shared, headers: HeaderMap, uri: Uri, Path(version): Path<String>) -> Response {
    let Some(text) = param(&uri, "q") else {
        return refuse(400, "MALFORMED_QUERY", "q is missing");
    };
    answered(&mut open(&org), &headers, &version, &text, 0)
}

/// The next part of an answer; the locator says of which query, and from where.
async fn more(State(org): Shared, headers: HeaderMap, Path((version, locator)): Path<(String, String)>) -> Response {
    let mut org = open(&org);
    let known = locator.strip_prefix("01gNM").and_then(|rest| rest.split_once('-'));
    let known = known.and_then(|(number, from)| Some((org.asked(number.parse().ok()?)?, from.parse().ok()?)));
    match known {
        Some((text, from)) => answered(&mut org, &headers, &version, &text, from),
        None => refuse(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    }
}

fn answered(org: &mut Org, headers: &HeaderMap, version: &str, text: &str, from: usize) -> Response {
    let records = match soql::Query::parse(text).and_then(|query| query.run(|object| org.table(object), version)) {
        Ok(records) => records,
        Err((code, why)) => return refuse(400, code, &why),
    };
    let options = headers.get("sforce-query-options").and_then(|value| value.to_str().ok());
    let asked = options.and_then(|options| options.trim().strip_prefix("batchSize=")).and_then(|size| size.parse().ok());
    let size = asked.unwrap_or(BATCH).clamp(SMALLEST_BATCH, BATCH);
    let to = (from + size).min(records.len());
    let mut body = json!({ "totalSize": records.len(), "done": to == records.len() });
    if to < records.len() {
        body["nextRecordsUrl"] = format!("/services/data/{version}/query/01gNM{}-{to}", org.remember(text)).into();
    }
    body["records"] = records.get(from..to).unwrap_or_default().into();
    reply(200, &body)
}

async fn one(State(org): Shared, uri: Uri, Path((version, object, id)): Path<(String, String, String)>) -> Response {
    let found = open(&org).table(&object).and_then(|table| table.iter().find(|record| record["Id"] == id.as_str()).cloned());
    let Some(mut record) = found else {
        return done(Err(Refused::Missing));
    };
    if let (Some(fields), Some(all)) = (param(&uri, "fields"), record.as_object_mut()) {
        let asked: Vec<&str> = fields.split(',').map(str::trim).collect();
        if let Some(unknown) = asked.iter().find(|field| !all.contains_key(**field)) {
            return refuse(400, "INVALID_FIELD", &format!("No such column '{unknown}' on sobject of type {object}"));
        }
        all.retain(|field, _| field == "Id" || asked.contains(&field.as_str()));
    }
    record["attributes"] = soql::attributes(&object, &version, &id);
    reply(200, &record)
}

async fn change(State(org): Shared, Path((_, object, id)): Path<(String, String, String)>, Json(body): Json<Value>) -> Response {
    match body.as_object() {
        Some(fields) => done(open(&org).change(&object, &id, fields)),
        None => refuse(400, "JSON_PARSER_ERROR", "the body must be an object"),
    }
}

async fn remove(State(org): Shared, Path((_, object, id)): Path<(String, String, String)>) -> Response {
    done(open(&org).remove(&object, &id))
}

/// Who asks: the integration user that the connected app runs as.
async fn user_info(State(org): Shared, headers: HeaderMap) -> Response {
    let id = state::integration(Access::of(&headers, "salesforce") == Access::Revoke);
    let org = open(&org);
    let user = org.table("User").and_then(|users| users.iter().find(|user| user["Id"] == id.as_str())).cloned().unwrap_or_default();
    reply(
        200,
        &json!({
            "sub": format!("{}/id/{}/{id}", origin(&headers), state::id("00D", 1)),
            "user_id": id,
            "organization_id": state::id("00D", 1),
            "preferred_username": user["Username"],
            "name": user["Name"],
            "email": user["Email"],
            "user_type": "STANDARD",
        }),
    )
}

async fn revoke(State(org): Shared, Form(form): Form<HashMap<String, String>>) -> Response {
    match form.get("token").map(|token| open(&org).revoke(token)) {
        Some(true) => StatusCode::OK.into_response(),
        _ => reply(400, &json!({ "error": "invalid_token", "error_description": "invalid token" })),
    }
}
