//! Issues: made, found, read, moved on, and the files that people attach to them.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::vendor::{count_param, no_content, origin, param, reply};
use super::state::User;
use super::{Shared, open, refuse};

/// `POST /issue`.
pub(super) async fn create(
    State(tracker): Shared,
    Extension(user): Extension<User>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    match open(&tracker).create(&body["fields"], &user) {
        Ok(issue) => {
            let own = format!("{}/rest/api/3/issue/{}", origin(&headers), issue.id);
            reply(201, &json!({ "id": issue.id, "key": issue.key, "self": own }))
        }
        Err(errors) => reply(400, &json!({ "errorMessages": [], "errors": errors })),
    }
}

/// `GET /search/jql`: understands `labels = "…"` and `project = …`, joined by AND.
pub(super) async fn search(State(tracker): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let Some(jql) = param(&uri, "jql").filter(|jql| !jql.trim().is_empty()) else {
        return refuse(400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.");
    };
    let mut wanted = Vec::new();
    for clause in jql.split(" AND ") {
        let Some((field, value)) = clause.split_once('=') else {
            return refuse(400, &format!("Error in the JQL Query: expecting operator in '{clause}'."));
        };
        wanted.push((field.trim().to_lowercase(), value.trim().trim_matches('"').to_owned()));
    }
    let tracker = open(&tracker);
    if let Some((field, _)) = wanted.iter().find(|(field, _)| !["labels", "project"].contains(&field.as_str())) {
        return refuse(400, &format!("Field '{field}' does not exist or you do not have permission to view it."));
    }
    let fits = |(field, value): &(String, String), labels: &[String]| match field.as_str() {
        "labels" => labels.contains(value),
        _ => *value == tracker.project.key,
    };
    let found = tracker.indexed().filter(|issue| wanted.iter().all(|clause| fits(clause, &issue.labels)));
    let most = count_param(&uri, "maxResults", 50, 5000);
    let fields = param(&uri, "fields");
    let base = origin(&headers);
    let issues: Vec<Value> = found
        .take(most)
        .map(|issue| match &fields {
            // Only the id, unless fields are asked for.
            None => json!({ "id": issue.id }),
            Some(fields) => tracker.render(issue, Some(fields), false, &base),
        })
        .collect();
    reply(200, &json!({ "issues": issues, "isLast": true }))
}

/// `GET /issue/{issue}`.
pub(super) async fn one(State(tracker): Shared, Path(name): Path<String>, headers: HeaderMap, uri: Uri) -> Response {
    let tracker = open(&tracker);
    let Some(issue) = tracker.issue(&name) else { return missing() };
    let changes = param(&uri, "expand").is_some_and(|expand| expand.split(',').any(|word| word == "changelog"));
    reply(200, &tracker.render(issue, param(&uri, "fields").as_deref(), changes, &origin(&headers)))
}

/// `GET /issue/{issue}/transitions`.
pub(super) async fn transitions(State(tracker): Shared, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let tracker = open(&tracker);
    if tracker.issue(&name).is_none() {
        return missing();
    }
    reply(200, &json!({ "expand": "transitions", "transitions": super::state::transitions(&origin(&headers)) }))
}

/// `POST /issue/{issue}/transitions`.
pub(super) async fn transition(
    State(tracker): Shared,
    Extension(user): Extension<User>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let Some(id) = body["transition"]["id"].as_str() else { return refuse(400, "Missing 'transition' identifier") };
    let mut tracker = open(&tracker);
    if tracker.issue(&name).is_none() {
        return missing();
    }
    if tracker.move_on(&name, id, &user) {
        no_content()
    } else {
        refuse(400, "It seems that you have tried to perform an illegal workflow operation.")
    }
}

/// `POST /issue/{issue}/attachments`: one file as `multipart/form-data`.
pub(super) async fn attach(
    State(tracker): Shared,
    Extension(user): Extension<User>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.get("x-atlassian-token").is_none_or(|value| value != "no-check") {
        return refuse(403, "XSRF check failed");
    }
    let mut tracker = open(&tracker);
    if tracker.issue(&name).is_none() {
        return missing();
    }
    match file_of(&headers, &body) {
        Some((file, kind, bytes)) => reply(200, &json!([tracker.attach(&name, file, kind, bytes, &user, &origin(&headers))])),
        None => refuse(400, "The multipart body holds no file"),
    }
}

/// `GET /attachment/content/{id}`: a redirect, unless the caller says that it follows none.
pub(super) async fn content(State(tracker): Shared, Path(id): Path<String>, headers: HeaderMap, uri: Uri) -> Response {
    let tracker = open(&tracker);
    let Some((kind, bytes)) = tracker.file(&id) else { return refuse(404, "The attachment with id is not found") };
    let mut response = Response::new(Body::empty());
    if param(&uri, "redirect").as_deref() != Some("false") {
        *response.status_mut() = StatusCode::SEE_OTHER;
        if let Ok(value) = HeaderValue::try_from(format!("{}{}?redirect=false", origin(&headers), uri.path())) {
            response.headers_mut().insert(header::LOCATION, value);
        }
        return response;
    }
    *response.body_mut() = Body::from(bytes.to_vec());
    if let Ok(kind) = HeaderValue::try_from(kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn missing() -> Response {
    refuse(404, "Issue does not exist or you do not have permission to see it.")
}

/// Name, type and bytes of the first file of a multipart body.
fn file_of(headers: &HeaderMap, body: &[u8]) -> Option<(String, String, Vec<u8>)> {
    let boundary = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split_once("boundary=")?.1.trim_matches('"').to_owned();
    let find = |within: &[u8], what: &[u8]| within.windows(what.len()).position(|part| part == what);
    let head_end = find(body, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&body[..head_end]).into_owned();
    let rest = &body[head_end + 4..];
    let end = find(rest, format!("\r\n--{boundary}").as_bytes())?;
    let name = head.split_once("filename=\"")?.1.split('"').next()?.to_owned();
    let kind = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-type:").map(|kind| kind.trim().to_owned()));
    Some((name, kind.unwrap_or_else(|| "application/octet-stream".to_owned()), rest[..end].to_vec()))
}
