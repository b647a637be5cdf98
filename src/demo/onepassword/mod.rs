//! 1Password, simulated: the Users API, which suspends people and takes no secret back. Written from its documentation
//! (<https://developer.1password.com/docs/users-api/about-users-api>); an error's body is not shown there, and is that of its kind of service.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use self::state::Vaults;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, basic, count_param, is_write, page, param, reply, token_of};

/// How it is brought up: the token endpoint and the users of one account. The two clients are OAuth applications with different rights.
pub const VENDOR: Vendor = Vendor {
    name: "onepassword",
    start,
    millis: 80,
    rate: RateLimit::of(300, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!("url = \"{url}\"\naccount = \"{ACCOUNT}\"\nread_client = \"read-onepassword\"\nrevoke_client = \"revoke-onepassword\"\n")
    },
};

/// The id of the account.
const ACCOUNT: &str = "NORTHMOORINSTRUMENTSACCOUN";

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let vaults = Arc::new(Mutex::new(Vaults::new(company)?));
    Ok(Simulated::over(vaults.clone(), Router::new().fallback(answer).with_state(vaults), Vaults::left))
}

/// Why a request does nothing: status, the kind's number, and what is said about it.
struct Refusal(u16, u8, String);

impl Refusal {
    fn invalid(what: &str) -> Self {
        Self(400, 3, what.to_owned())
    }

    fn precondition(what: &str) -> Self {
        Self(400, 9, what.to_owned())
    }

    fn not_found() -> Self {
        Self(404, 5, "not found".to_owned())
    }
}

type Outcome = Result<Value, Refusal>;

async fn answer(State(vaults): State<Arc<Mutex<Vaults>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 16).await.unwrap_or_else(|_| Bytes::new());
    let mut vaults = vaults.lock().unwrap_or_else(PoisonError::into_inner);
    if parts.method == Method::POST && parts.uri.path() == "/v1beta1/users/oauth2/token" {
        return issue(&mut vaults, &parts.headers, &bytes);
    }
    let access = token_of(&parts.headers).and_then(|token| vaults.tokens.get(&token).copied()).unwrap_or(Access::Nobody);
    let outcome = match access.may(is_write(&parts.method)) {
        Ok(()) => asked(&mut vaults, &parts.method, &parts.uri),
        Err(status) if status == 401 => Err(Refusal(401, 16, "missing or invalid access token".to_owned())),
        Err(_) => Err(Refusal(403, 7, "the application lacks the permission".to_owned())),
    };
    match outcome {
        Ok(body) => reply(200, &body),
        Err(Refusal(status, code, message)) => reply(status, &json!({ "code": code, "message": message, "details": [] })),
    }
}

/// Client credentials by HTTP Basic; a token lives for 15 minutes. <https://developer.1password.com/docs/users-api/request-access-token>
fn issue(vaults: &mut Vaults, headers: &HeaderMap, form: &Bytes) -> Response {
    let form = String::from_utf8_lossy(form);
    if !form.split('&').any(|pair| pair == "grant_type=client_credentials") {
        return reply(400, &json!({ "error": "unsupported_grant_type" }));
    }
    let (name, access) = match basic(headers) {
        Some((client, secret)) if client == secret && client == "read-onepassword" => (client, Access::Read),
        Some((client, secret)) if client == secret && client == "revoke-onepassword" => (client, Access::Revoke),
        _ => return reply(401, &json!({ "error": "invalid_client" })),
    };
    let token = format!("{name}.{}", vaults.tokens.len() + 1);
    vaults.tokens.insert(token.clone(), access);
    reply(200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": 900, "scope": "openid" }))
}

fn asked(vaults: &mut Vaults, method: &Method, uri: &Uri) -> Outcome {
    let rest = uri.path().strip_prefix("/v1beta1/accounts/").and_then(|rest| rest.strip_prefix(ACCOUNT)).ok_or_else(Refusal::not_found)?;
    match (method.as_str(), rest.strip_prefix("/users").ok_or_else(Refusal::not_found)?) {
        ("GET", "") => list(vaults, uri),
        ("GET", id) => vaults.user(id.trim_start_matches('/')).ok_or_else(Refusal::not_found),
        ("POST", path) => match path.trim_start_matches('/').split_once(':') {
            Some((id, "suspend")) => vaults.suspend(id),
            Some((id, "reactivate")) => vaults.reactivate(id),
            _ => Err(Refusal::not_found()),
        },
        _ => Err(Refusal(405, 12, "method not allowed".to_owned())),
    }
}

/// 25 on a page unless more are asked for; a token says where to go on.
fn list(vaults: &Vaults, uri: &Uri) -> Outcome {
    let mut users = vaults.users();
    match param(uri, "filter").as_deref() {
        None | Some("") => {}
        Some("user.isActive()") => users.retain(|user| user["state"] == "ACTIVE"),
        Some("user.isSuspended()") => users.retain(|user| user["state"] == "SUSPENDED"),
        Some(_) => return Err(Refusal::invalid("invalid filter")),
    }
    let from = match param(uri, "page_token").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let at = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|at| at.parse().ok());
            at.ok_or_else(|| Refusal::invalid("invalid page token"))?
        }
    };
    let (shown, next) = page(&users, from, count_param(uri, "max_page_size", 25, 1000));
    Ok(json!({ "results": shown, "next_page_token": next.map(|at| STANDARD.encode(at.to_string())).unwrap_or_default() }))
}
