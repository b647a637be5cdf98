//! Tailscale, simulated: one private network with users, devices, keys, shares and a policy that names people.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use self::state::Tailnet;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, param, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "tailscale",
    start,
    millis: 40,
    rate: RateLimit::of(300, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nread_client = \"kReadCNTRL\"\nrevoke_client = \"kRevokeCNTRL\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let tailnet = Arc::new(Mutex::new(Tailnet::new(company)?));
    Ok(Simulated::over(tailnet.clone(), router(tailnet), Tailnet::left))
}

/// The vendor's API, below `/api/v2`.
fn router(tailnet: Arc<Mutex<Tailnet>>) -> Router {
    Router::new().route("/api/v2/oauth/token", post(token)).fallback(answer).with_state(tailnet)
}

#[derive(Deserialize)]
struct Client {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

/// An OAuth client's secret becomes an access token, which is no person's. Here the two are the same text.
async fn token(Form(client): Form<Client>) -> Response {
    let known = [("kReadCNTRL", "read-tailscale"), ("kRevokeCNTRL", "revoke-tailscale")];
    match known.contains(&(&client.client_id, &client.client_secret)) {
        true => reply(200, &json!({ "access_token": client.client_secret, "token_type": "Bearer", "expires_in": 3600, "scope": "all" })),
        false => reply(401, &json!({ "message": "API token invalid" })),
    }
}

/// Why a request does nothing: a status and a message.
type Refusal = (u16, &'static str);

const NOT_FOUND: Refusal = (404, "not found");

async fn answer(State(tailnet): State<Arc<Mutex<Tailnet>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let refuse = |(status, message): Refusal| reply(status, &json!({ "message": message }));
    match Access::of(&parts.headers, "tailscale").may(is_write(&parts.method)) {
        Ok(()) => {}
        Err(status) if status == 401 => return refuse((401, "API token invalid")),
        Err(_) => return refuse((403, "calling actor does not have enough permissions to perform this function")),
    }
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let path = parts.uri.path().strip_prefix("/api/v2/").unwrap_or_default().trim_end_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let mut tailnet = tailnet.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = match segments.as_slice() {
        ["tailnet", name, ..] if !tailnet.is(name) => Err((404, "tailnet not found")),
        ["tailnet", _, "acl"] => policy(&mut tailnet, &parts.method, &parts.headers, &body),
        ["tailnet", _, rest @ ..] => of_tailnet(&mut tailnet, &parts.method, &parts.uri, rest),
        rest => elsewhere(&mut tailnet, &parts.method, rest, &body),
    };
    outcome.unwrap_or_else(refuse)
}

fn found(item: Option<Value>) -> Result<Response, Refusal> {
    item.map(|item| reply(200, &item)).ok_or(NOT_FOUND)
}

/// What the vendor answers to whatever worked: nothing of interest.
fn done(happened: Result<(), Refusal>) -> Result<Response, Refusal> {
    happened.map(|()| reply(200, &Value::Null))
}

fn of_tailnet(tailnet: &mut Tailnet, method: &Method, uri: &Uri, segments: &[&str]) -> Result<Response, Refusal> {
    match (method.as_str(), segments) {
        ("GET", ["users"]) => {
            let mut users = tailnet.users();
            let kind = param(uri, "type").unwrap_or_else(|| "member".into());
            let role = param(uri, "role").unwrap_or_else(|| "all".into());
            users.retain(|user| (kind == "all" || user["type"] == kind.as_str()) && (role == "all" || user["role"] == role.as_str()));
            Ok(reply(200, &json!({ "users": users })))
        }
        ("GET", ["devices"]) => {
            let all = param(uri, "fields").as_deref() == Some("all");
            Ok(reply(200, &json!({ "devices": tailnet.devices(all) })))
        }
        ("GET", ["keys"]) => Ok(reply(200, &json!({ "keys": tailnet.keys() }))),
        ("GET", ["keys", id]) => found(tailnet.key(id)),
        ("DELETE", ["keys", id]) => done(tailnet.revoke_key(id)),
        ("GET", ["user-invites"]) => Ok(reply(200, &tailnet.invites().into())),
        ("GET", ["webhooks"]) => Ok(reply(200, &json!({ "webhooks": tailnet.webhooks() }))),
        _ => Err(NOT_FOUND),
    }
}

fn elsewhere(tailnet: &mut Tailnet, method: &Method, segments: &[&str], body: &Value) -> Result<Response, Refusal> {
    match (method.as_str(), segments) {
        ("GET", ["users", id]) => found(tailnet.users().into_iter().find(|user| user["id"] == **id)),
        ("POST", ["users", id, "suspend"]) => done(tailnet.suspend(id)),
        ("POST", ["users", id, "restore"]) => done(tailnet.restore(id)),
        ("POST", ["users", id, "delete"]) => done(tailnet.delete_user(id)),
        ("POST", ["users", id, "role"]) => done(tailnet.set_role(id, body["role"].as_str().unwrap_or_default())),
        ("GET", ["device", id]) => found(tailnet.device(id)),
        ("DELETE", ["device", id]) => done(tailnet.delete_device(id)),
        ("POST", ["device", id, "expire"]) => done(tailnet.expire(id)),
        ("POST", ["device", id, "key"]) => done(tailnet.set_expiry_disabled(id, body["keyExpiryDisabled"] == true)),
        ("GET", ["device", id, "device-invites"]) => {
            tailnet.device(id).ok_or(NOT_FOUND)?;
            Ok(reply(200, &tailnet.shares_of(id).into()))
        }
        ("GET", ["device-invites", id]) => found(tailnet.shares().into_iter().find(|share| share["id"] == **id)),
        ("DELETE", ["device-invites", id]) => done(tailnet.delete_share(id)),
        ("GET", ["user-invites", id]) => found(tailnet.invites().into_iter().find(|invite| invite["id"] == **id)),
        ("DELETE", ["user-invites", id]) => done(tailnet.delete_invite(id)),
        ("GET", ["webhooks", id]) => found(tailnet.webhooks().into_iter().find(|webhook| webhook["endpointId"] == **id)),
        ("DELETE", ["webhooks", id]) => done(tailnet.delete_webhook(id)),
        _ => Err(NOT_FOUND),
    }
}

/// The policy is read and written whole; a tag tells whether somebody else wrote in between.
fn policy(tailnet: &mut Tailnet, method: &Method, headers: &HeaderMap, body: &Value) -> Result<Response, Refusal> {
    if *method == Method::POST {
        let wanted = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        if wanted.is_some_and(|wanted| wanted.trim_matches('"') != tailnet.policy_tag()) {
            return Err((412, "precondition failed, invalid old hash"));
        }
        if !body.is_object() || !(body["acls"].is_array() || body["grants"].is_array()) {
            return Err((400, "the policy is not JSON with acls or grants"));
        }
        tailnet.set_policy(body.clone());
    }
    let mut response = reply(200, tailnet.policy());
    if let Ok(value) = HeaderValue::try_from(format!("\"{}\"", tailnet.policy_tag())) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(response)
}
