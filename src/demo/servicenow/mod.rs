//! ServiceNow, simulated: the Table API over users, roles, groups, approvals and tasks. It answers with `result`, pages by
//! `sysparm_limit` and `sysparm_offset`, and says in `Link` and `X-Total-Count` what else there is.

mod query;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use self::state::Instance;
use super::vendor::{
    Access, RateLimit, RateStyle, Secret, Simulated, Vendor, basic, count_param, is_write, link, no_content, page, param, reply, same_with,
};

type Shared = State<Arc<Mutex<Instance>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "servicenow",
    start: |company| {
        let instance = Arc::new(Mutex::new(Instance::new(company)?));
        let seen = instance.clone();
        Ok(Simulated { router: router(instance), left: Arc::new(move |person| open(&seen).left(person)) })
    },
    millis: 40,
    rate: RateLimit::of(1000, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nread_user = \"exeunt.read\"\nrevoke_user = \"exeunt.revoke\"\ntell_user = \"exeunt.tell\"\n"),
};

/// The Table API and the Attachment API.
fn router(instance: Arc<Mutex<Instance>>) -> Router {
    Router::new()
        .route("/api/now/table/{table}", get(list).post(create))
        .route("/api/now/table/{table}/{id}", get(one).patch(change).delete(remove))
        .route("/api/now/attachment", get(attachments))
        .route("/api/now/attachment/file", axum::routing::post(upload))
        .route("/api/now/attachment/{id}/file", get(download))
        .fallback(|| async { refuse(400, "Requested URI does not represent any resource", "") })
        .layer(middleware::from_fn_with_state(instance.clone(), guard))
        .with_state(instance)
}

fn open(instance: &Mutex<Instance>) -> MutexGuard<'_, Instance> {
    instance.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The user name of whoever calls. The passwords of this simulation are `read-servicenow`, `revoke-servicenow`, `tell-servicenow`, and
/// `theirs-servicenow` for everybody else.
#[derive(Clone)]
struct Caller(String);

async fn guard(State(instance): Shared, mut request: Request, next: Next) -> Response {
    let unknown = || refuse(401, "User Not Authenticated", "Required to provide Auth information");
    let Some((user, password)) = basic(request.headers()) else { return unknown() };
    let access = match password.as_str() {
        "theirs-servicenow" if open(&instance).is_active(&user) => Access::Revoke,
        "tell-servicenow" if user == "exeunt.tell" => Access::Revoke,
        "read-servicenow" if user == "exeunt.read" => Access::Read,
        "revoke-servicenow" if user == "exeunt.revoke" => Access::Revoke,
        _ => return unknown(),
    };
    // Who tells writes tasks, and touches no user; ACLs are by table.
    let path = request.uri().path().to_owned();
    let touches_people = path.contains("/sys_user");
    let may = access.may(is_write(request.method())).is_ok()
        && !(touches_people && password != "read-servicenow" && password != "revoke-servicenow");
    if !may {
        return refuse(403, "Operation Failed", "ACL Exception: the record is protected by security rules");
    }
    request.extensions_mut().insert(Caller(user));
    next.run(request).await
}

fn refuse(status: u16, message: &str, detail: &str) -> Response {
    reply(status, &json!({ "error": { "message": message, "detail": detail }, "status": "failure" }))
}

fn missing() -> Response {
    refuse(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
}

/// The record as the caller wants it: some fields, values as they are, or for people (`sysparm_display_value`).
fn shown(instance: &Instance, record: &Map<String, Value>, uri: &Uri, headers: &HeaderMap) -> Value {
    let fields = param(uri, "sysparm_fields");
    let wanted: Option<Vec<&str>> = fields.as_deref().map(|fields| fields.split(',').map(str::trim).collect());
    let display = param(uri, "sysparm_display_value").unwrap_or_else(|| "false".to_owned());
    let base = super::vendor::origin(headers);
    let plain_links = param(uri, "sysparm_exclude_reference_link").as_deref() == Some("true");
    let mut out = Map::new();
    let names: Vec<String> = match &wanted {
        Some(wanted) => wanted.iter().map(|name| (*name).to_owned()).collect(),
        None => record.keys().cloned().collect(),
    };
    for name in names {
        let Some(value) = instance.field(record, &name) else { continue };
        let reference = state::reference(&name);
        let text = instance.display(&name, &value);
        let rendered = match (display.as_str(), reference) {
            ("true", _) => json!(text),
            ("all", _) => json!({ "display_value": text, "value": value }),
            (_, Some(table)) if value != "" && !plain_links => {
                json!({ "link": format!("{base}/api/now/table/{table}/{}", value.as_str().unwrap_or_default()), "value": value })
            }
            _ => value,
        };
        out.insert(name, rendered);
    }
    Value::Object(out)
}

async fn list(State(instance): Shared, Path(table): Path<String>, headers: HeaderMap, uri: Uri) -> Response {
    let instance = open(&instance);
    let Some(records) = instance.table(&table) else { return refuse(400, &format!("Invalid table {table}"), "") };
    let query = param(&uri, "sysparm_query").unwrap_or_default();
    let mut found: Vec<&Map<String, Value>> = match query::matching(&instance, records, &query) {
        Ok(found) => found,
        Err(why) => return refuse(400, "Invalid query", &why),
    };
    // Fields named in the address restrict as well.
    for (name, value) in url_fields(&uri) {
        found.retain(|record| instance.field(record, &name).is_some_and(|here| here == value.as_str()));
    }
    let limit = count_param(&uri, "sysparm_limit", 10_000, 10_000);
    let offset: usize = param(&uri, "sysparm_offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let (part, next) = page(&found, offset, limit);
    let body = json!({ "result": part.iter().map(|record| shown(&instance, record, &uri, &headers)).collect::<Vec<_>>() });
    let mut response = reply(200, &body);
    response.headers_mut().insert("x-total-count", HeaderValue::from(found.len()));
    if let Some(next) = next {
        link(&mut response, &same_with(&headers, &uri, "sysparm_offset", &next.to_string()), "next");
    }
    response
}

fn url_fields(uri: &Uri) -> Vec<(String, String)> {
    let all = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
    all.into_iter().filter(|(name, _)| !name.starts_with("sysparm_")).collect()
}

async fn one(State(instance): Shared, Path((table, id)): Path<(String, String)>, headers: HeaderMap, uri: Uri) -> Response {
    let instance = open(&instance);
    match instance.table(&table).and_then(|records| records.iter().find(|record| record["sys_id"] == id.as_str())) {
        Some(record) => reply(200, &json!({ "result": shown(&instance, record, &uri, &headers) })),
        None => missing(),
    }
}

async fn create(
    State(instance): Shared,
    axum::Extension(caller): axum::Extension<Caller>,
    Path(table): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Json(body): Json<Value>,
) -> Response {
    let mut instance = open(&instance);
    let Some(fields) = body.as_object() else { return refuse(400, "Exception while reading request", "the body is no object") };
    match instance.create(&table, fields, &caller.0) {
        Some(record) => {
            let mut response = reply(201, &json!({ "result": shown(&instance, &record, &uri, &headers) }));
            let own =
                format!("{}/api/now/table/{table}/{}", super::vendor::origin(&headers), record["sys_id"].as_str().unwrap_or_default());
            if let Ok(value) = HeaderValue::try_from(own) {
                response.headers_mut().insert(header::LOCATION, value);
            }
            response
        }
        None => refuse(403, "Operation Failed", "ACL Exception: insert is not allowed on this table"),
    }
}

async fn change(
    State(instance): Shared,
    axum::Extension(caller): axum::Extension<Caller>,
    Path((table, id)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
    Json(body): Json<Value>,
) -> Response {
    let mut instance = open(&instance);
    let Some(fields) = body.as_object() else { return refuse(400, "Exception while reading request", "the body is no object") };
    match instance.change(&table, &id, fields, &caller.0) {
        Some(record) => reply(200, &json!({ "result": shown(&instance, &record, &uri, &headers) })),
        None => missing(),
    }
}

async fn remove(State(instance): Shared, Path((table, id)): Path<(String, String)>) -> Response {
    if open(&instance).remove(&table, &id) { no_content() } else { missing() }
}

async fn attachments(State(instance): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let instance = open(&instance);
    let query = param(&uri, "sysparm_query").unwrap_or_default();
    match query::matching(&instance, instance.attachments(), &query) {
        Ok(found) => {
            reply(200, &json!({ "result": found.iter().map(|record| shown(&instance, record, &uri, &headers)).collect::<Vec<_>>() }))
        }
        Err(why) => refuse(400, "Invalid query", &why),
    }
}

/// `POST /attachment/file?table_name&table_sys_id&file_name`, the bytes as the body.
async fn upload(State(instance): Shared, headers: HeaderMap, uri: Uri, body: Bytes) -> Response {
    let (Some(table), Some(id), Some(name)) = (param(&uri, "table_name"), param(&uri, "table_sys_id"), param(&uri, "file_name")) else {
        return refuse(400, "Missing parameters", "table_name, table_sys_id and file_name are required");
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("application/octet-stream").to_owned();
    match open(&instance).attach(&table, &id, &name, &kind, body.to_vec()) {
        Some(record) => reply(201, &json!({ "result": record })),
        None => missing(),
    }
}

async fn download(State(instance): Shared, Path(id): Path<String>) -> Response {
    let instance = open(&instance);
    let Some((kind, bytes)) = instance.file(&id) else { return missing() };
    let mut response = Response::new(Body::from(bytes.to_vec()));
    if let Ok(kind) = HeaderValue::try_from(kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
