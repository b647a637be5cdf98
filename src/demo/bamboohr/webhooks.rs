//! BambooHR's permissioned webhooks: registered over the API, and signed when they are sent.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::records::State;
use super::seconds;
use crate::demo::vendor::{now, reply};

/// A registered webhook.
pub(super) struct Webhook {
    created: Timestamp,
    asked: New,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    name: String,
    url: String,
    format: String,
    #[serde(default)]
    monitor_fields: Vec<String>,
    #[serde(default)]
    post_fields: serde_json::Map<String, Value>,
    #[serde(default)]
    include_company_domain: bool,
    #[serde(default)]
    events: Vec<String>,
}

/// What BambooHR sends when a person's record changed: only that it changed, signed with the webhook's private key.
///
/// The signature is the lower-case hexadecimal HMAC-SHA-256 over the body followed by the timestamp header's value.
pub fn signed_webhook(employee_id: &str, key: &str, now: Timestamp) -> (HeaderMap, Vec<u8>) {
    let body = json!({
        "type": "employee.updated",
        "timestamp": seconds(now),
        "data": {
            "companyId": "northmoor",
            "employeeId": employee_id,
            "changedFields": ["terminationDate", "employmentStatus"],
        },
    });
    let body = body.to_string().into_bytes();
    let timestamp = now.as_second();
    let signature = sign(&body, &timestamp.to_string(), key);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-bamboohr-timestamp", HeaderValue::from(timestamp));
    if let Ok(signature) = HeaderValue::from_str(&signature) {
        headers.insert("x-bamboohr-signature", signature);
    }
    (headers, body)
}

/// The signature of a body sent at a time.
pub fn sign(body: &[u8], timestamp: &str, key: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(body);
    context.update(timestamp.as_bytes());
    let tag = context.sign();
    tag.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// The answer to a request about webhooks.
pub(super) fn answer(state: &mut State, method: &Method, path: &[&str], body: &[u8]) -> Response {
    match (method.as_str(), path) {
        ("GET", []) => {
            let all = state.webhooks.iter().map(|(id, hook)| {
                json!({
                    "id": id.to_string(),
                    "name": hook.asked.name,
                    "created": plain(hook.created),
                    "lastSent": null,
                    "url": hook.asked.url,
                })
            });
            reply(200, &json!({ "webhooks": all.collect::<Vec<_>>() }))
        }
        ("POST", []) => create(state, body),
        ("GET", ["monitor_fields"]) => {
            let fields = [
                ("4", "Status", "status"),
                ("1001", "Termination Date", "terminationDate"),
                ("1936", "Employment Status", "employmentStatus"),
                ("17", "Job Title", "jobTitle"),
            ];
            let fields = fields.map(|(id, name, alias)| json!({ "id": id, "name": name, "alias": alias }));
            reply(200, &json!({ "fields": fields }))
        }
        ("GET", [id]) => match id.parse().ok().and_then(|n: u64| Some((n, state.webhooks.get(&n)?))) {
            Some((id, hook)) => reply(200, &shown(id, hook)),
            None => missing(),
        },
        ("DELETE", [id]) => match id.parse().ok().and_then(|n: u64| state.webhooks.remove(&n)) {
            Some(_) => "Web hook has been deleted.".into_response(),
            None => missing(),
        },
        _ => missing(),
    }
}

fn create(state: &mut State, body: &[u8]) -> Response {
    let mut asked: New = match serde_json::from_slice(body) {
        Ok(asked) => asked,
        Err(error) => return bad(&format!("the request body is malformed: {error}")),
    };
    if asked.events.is_empty() {
        for what in ["updated", "deleted", "created"] {
            asked.events.push(format!("employee_with_fields.{what}"));
        }
    }
    let updates = asked.events.iter().any(|e| e.ends_with(".updated"));
    if !asked.url.starts_with("https://") {
        return bad("the url must begin with https://");
    }
    if !["json", "form-encoded"].contains(&asked.format.as_str()) {
        return bad("the format must be json or form-encoded");
    }
    if updates && asked.monitor_fields.is_empty() {
        return bad("monitorFields is required for update events");
    }
    let id = state.next_webhook;
    state.next_webhook += 1;
    let hook = Webhook { created: now(), asked };
    let mut body = shown(id, &hook);
    body["privateKey"] = json!(private_key(&state.planted.company_id, id));
    state.webhooks.insert(id, hook);
    reply(201, &body)
}

/// Told once, when the webhook is created; made from its id, so that a simulation can be repeated.
fn private_key(company: &str, id: u64) -> String {
    sign(company.as_bytes(), &id.to_string(), "simulated")[..32].to_owned()
}

fn shown(id: u64, hook: &Webhook) -> Value {
    let asked = &hook.asked;
    json!({
        "id": id.to_string(),
        "name": asked.name,
        "created": plain(hook.created),
        "lastSent": null,
        "monitorFields": asked.monitor_fields,
        "postFields": asked.post_fields,
        "url": asked.url,
        "format": asked.format,
        "includeCompanyDomain": asked.include_company_domain,
        "events": asked.events,
    })
}

fn plain(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn bad(why: &str) -> Response {
    reply(400, &json!({ "errors": [{ "error": why }] }))
}

fn missing() -> Response {
    reply(404, &json!({ "errors": [{ "error": "no such webhook" }] }))
}
