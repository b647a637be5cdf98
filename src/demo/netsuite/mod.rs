//! NetSuite, simulated: employees, vendors and partners who may sign in, behind a query language and a record service; tokens beside all of
//! them, which only the login audit knows.
//!
//! The vendor publishes no description of it as a file. Sources: the SuiteTalk REST Web Services API guide (record service, SuiteQL through
//! REST, errors) and the records browser, docs.oracle.com/en/cloud/saas/netsuite.

mod query;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::{Books, Refused};
use super::company::Company;
use super::vendor::{Access, Secret, Simulated, Vendor, is_write, no_content, origin, page, param, reply};

type Shared = State<Arc<Mutex<Books>>>;

/// Rows of one answer to a query, and of a list of records.
const MOST: usize = 1000;

/// How it is brought up. The vendor limits calls at once, not calls in a time, so there is no rate.
pub const VENDOR: Vendor = Vendor {
    name: "netsuite",
    start: |company| start(company),
    millis: 120,
    rate: None,
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nown_account = \"employee/{}\"\n", state::INTEGRATION),
};

/// The services below `/services/rest`.
fn start(company: &Company) -> anyhow::Result<Simulated> {
    let books = Arc::new(Mutex::new(Books::new(company)?));
    let router = Router::new()
        .route("/services/rest/query/v1/suiteql", post(suiteql))
        .route("/services/rest/record/v1/{kind}", get(records))
        .route("/services/rest/record/v1/{kind}/{id}", get(record).patch(change))
        .fallback(|| async { refuse(404, "NOT_FOUND", "The requested resource does not exist.") })
        .layer(middleware::from_fn(guard))
        .with_state(books.clone());
    Ok(Simulated { router, left: Arc::new(move |person| open(&books).left(person)) })
}

async fn guard(request: Request, next: Next) -> Response {
    // A query is a read, though it is posted.
    let writes = is_write(request.method()) && !request.uri().path().ends_with("/suiteql");
    match Access::of(request.headers(), "netsuite").may(writes) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail."),
        Err(_) => refuse(
            403,
            "INSUFFICIENT_PERMISSION",
            "Permission Violation: You need the 'Lists -> Employees' permission to access this page.",
        ),
    }
}

fn open(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error as the guide shows it: a problem document with the vendor's own details.
fn refuse(status: u16, code: &str, detail: &str) -> Response {
    let title = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        _ => "Not Found",
    };
    reply(
        status,
        &json!({
            "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5",
            "title": title,
            "status": status,
            "o:errorDetails": [{ "detail": detail, "o:errorCode": code }],
        }),
    )
}

fn refused(why: &Refused) -> Response {
    match why {
        Refused::NoKind(kind) => refuse(404, "NOT_FOUND", &format!("Record type '{kind}' does not exist.")),
        Refused::Missing => refuse(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."),
        Refused::Rule(why) => refuse(400, "USER_ERROR", why),
    }
}

/// One page under `items`. The offset must be a whole number of pages.
fn listed(headers: &HeaderMap, uri: &Uri, items: &[Value]) -> Response {
    let number = |name: &str, default: usize| param(uri, name).map_or(Some(default), |text| text.parse::<usize>().ok());
    let (Some(limit), Some(offset)) = (number("limit", MOST).filter(|limit| (1..=MOST).contains(limit)), number("offset", 0)) else {
        return refuse(400, "INVALID_PARAMETER", "The limit must be a number from 1 to 1000, and the offset a number.");
    };
    if offset % limit != 0 {
        return refuse(400, "INVALID_PARAMETER", "The offset must be divisible by the limit.");
    }
    let (shown, next) = page(items, offset, limit);
    let mut links = vec![json!({ "rel": "self", "href": format!("{}{}", origin(headers), uri.path()) })];
    if let Some(next) = next {
        let href = format!("{}{}?limit={limit}&offset={next}", origin(headers), uri.path());
        links.push(json!({ "rel": "next", "href": href }));
    }
    reply(
        200,
        &json!({
            "links": links, "count": shown.len(), "hasMore": next.is_some(), "items": shown, "offset": offset, "totalResults": items.len(),
        }),
    )
}

async fn suiteql(State(books): Shared, headers: HeaderMap, uri: Uri, Json(body): Json<Value>) -> Response {
    if headers.get("prefer").is_none_or(|value| value != "transient") {
        return refuse(400, "INVALID_HEADER", "The Prefer header is required, and its value must be transient.");
    }
    let books = open(&books);
    let answer = query::Query::parse(body["q"].as_str().unwrap_or_default()).and_then(|query| query.run(&books.tables(), books.now));
    match answer {
        Ok(rows) => listed(&headers, &uri, &rows),
        Err(why) => {
            let detail = format!("Invalid search query. Detailed unprocessed description follows. {why}.");
            refuse(400, "INVALID_PARAMETER", &detail)
        }
    }
}

async fn records(State(books): Shared, headers: HeaderMap, uri: Uri, Path(kind): Path<String>) -> Response {
    match open(&books).ids(&kind) {
        Ok(ids) => {
            let items: Vec<Value> = ids.iter().map(|id| json!({ "links": [], "id": id.to_string() })).collect();
            listed(&headers, &uri, &items)
        }
        Err(why) => refused(&why),
    }
}

/// One record, or the fields of it that are asked for.
async fn record(State(books): Shared, uri: Uri, Path((kind, id)): Path<(String, String)>) -> Response {
    let mut record = match open(&books).record(&kind, &id) {
        Ok(record) => record,
        Err(why) => return refused(&why),
    };
    if let (Some(fields), Some(all)) = (param(&uri, "fields"), record.as_object_mut()) {
        let asked: Vec<&str> = fields.split(',').map(str::trim).collect();
        all.retain(|name, _| matches!(name.as_str(), "links" | "id") || asked.contains(&name.as_str()));
    }
    reply(200, &record)
}

async fn change(State(books): Shared, Path((kind, id)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    let Some(fields) = body.as_object() else {
        return refuse(400, "INVALID_CONTENT", "The request body must be a JSON object.");
    };
    match open(&books).change(&kind, &id, fields) {
        Ok(()) => no_content(),
        Err(why) => refused(&why),
    }
}
