//! DocuSign, simulated: an account's users, groups, feeds and transfer rules. A user who is closed stays in the list, and everything is text.

mod state;
#[cfg(test)]
mod tests;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Account;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, page, param, reply};

/// How it is brought up: the token endpoint, and the API of the one account. The two secrets are private keys of two integrations.
pub const VENDOR: Vendor = Vendor {
    name: "docusign",
    start,
    millis: 70,
    // What an account may ask in an hour; <https://developers.docusign.com/platform/resource-limits/>
    rate: RateLimit::of(3000, 3600, RateStyle::RetryAfterOnly),
    secret: Secret::PrivateKey,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nauth_url = \"{url}\"\naccount = \"{ACCOUNT}\"\nread_client = \"{}\"\nread_user = \"{}\"\nrevoke_client = \"{}\"\nrevoke_user = \"{}\"\n",
            token::READ_CLIENT,
            state::READ_USER,
            token::REVOKE_CLIENT,
            state::REVOKE_USER,
        )
    },
};

/// The id of the account.
const ACCOUNT: &str = "7a1e0000-0000-4000-8000-0000000000ac";

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let account = Arc::new(Mutex::new(Account::new(company)?));
    Ok(Simulated::over(account.clone(), Router::new().fallback(answer).with_state(account), Account::left))
}

/// Why a request does nothing: status, code, and what is said about it.
struct Refusal(u16, &'static str, String);

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self(status, code, message.into())
    }

    /// Most refusals have this status, those about rights as well.
    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }
}

type Outcome = Result<Value, Refusal>;

async fn answer(State(account): State<Arc<Mutex<Account>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
    if parts.method == Method::POST && parts.uri.path() == "/oauth/token" {
        return token::issue(&mut account, &bytes);
    }
    let outcome = match token::caller(&account, &parts.headers) {
        None => Err(Refusal::new(401, "AUTHORIZATION_INVALID_TOKEN", "The access token provided is expired, revoked or malformed.")),
        Some(caller) => asked(&mut account, &caller, &parts.method, &parts.uri, &bytes),
    };
    match outcome {
        Ok(body) => reply(200, &body),
        Err(Refusal(status, code, message)) => reply(status, &json!({ "errorCode": code, "message": message })),
    }
}

fn asked(account: &mut Account, caller: &str, method: &Method, uri: &Uri, bytes: &Bytes) -> Outcome {
    let path = uri.path().trim_end_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let ["restapi", "v2.1", "accounts", of, rest @ ..] = segments.as_slice() else {
        return Err(Refusal::new(404, "RESOURCE_NOT_FOUND", "The URL provided does not resolve to a resource."));
    };
    if *of != ACCOUNT {
        return Err(Refusal::bad("ACCOUNT_DOES_NOT_EXIST", "The account does not exist."));
    }
    let body = match serde_json::from_slice(bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() => Value::Null,
        Err(_) => return Err(Refusal::bad("INVALID_REQUEST_BODY", "The request body is missing or improperly formatted.")),
    };
    if method != Method::GET && !account.administers(caller) {
        return Err(Refusal::bad("USER_LACKS_PERMISSIONS", "This user lacks sufficient permissions to access this resource."));
    }
    match (method.as_str(), rest) {
        ("GET", ["users"]) => users(account, uri),
        ("GET", ["users", id]) if *id == caller => account.user(id).ok_or_else(|| no_such("user")),
        // Not even an administrator may.
        ("GET", ["users", _]) => {
            Err(Refusal::bad("USER_LACKS_PERMISSIONS", "This user lacks sufficient permissions to access this resource."))
        }
        ("DELETE", ["users"]) => Ok(json!({ "users": named(&body)?.map(|id| account.close(id)).collect::<Vec<_>>() })),
        ("PUT", ["users"]) => account.update(&body),
        ("GET", ["groups"]) => Ok(listed(uri, "groups", &account.groups())),
        ("GET", ["groups", id, "users"]) => Ok(listed(uri, "users", &account.group_users(id)?)),
        ("DELETE", ["groups", id, "users"]) => {
            Ok(json!({ "users": named(&body)?.map(|user| account.leave(id, user)).collect::<Result<Vec<_>, _>>()? }))
        }
        ("PUT", ["groups", id, "users"]) => {
            Ok(json!({ "users": named(&body)?.map(|user| account.join(id, user)).collect::<Result<Vec<_>, _>>()? }))
        }
        ("GET", ["connect"]) => {
            let feeds = account.feeds();
            Ok(json!({ "configurations": feeds, "totalRecords": feeds.len().to_string() }))
        }
        ("GET", ["permission_profiles"]) => Ok(json!({ "permissionProfiles": account.profiles() })),
        ("GET", ["envelopes", "transfer_rules"]) if account.administers(caller) => {
            Ok(listed(uri, "envelopeTransferRules", &account.transfer_rules()))
        }
        ("GET", ["envelopes", "transfer_rules"]) => {
            Err(Refusal::bad("USER_LACKS_PERMISSIONS", "Only administrators can use envelope transfer rules."))
        }
        ("POST", ["envelopes", "transfer_rules"]) => account.new_transfer_rule(&body),
        _ => Err(Refusal::new(404, "RESOURCE_NOT_FOUND", "The URL provided does not resolve to a resource.")),
    }
}

fn no_such(what: &str) -> Refusal {
    Refusal::bad("INVALID_REQUEST_PARAMETER", format!("The {what} does not exist."))
}

/// The ids of the users that a request is about.
fn named(body: &Value) -> Result<impl Iterator<Item = &str>, Refusal> {
    let users = body["users"].as_array().filter(|users| !users.is_empty());
    let users = users.ok_or_else(|| Refusal::bad("INVALID_REQUEST_BODY", "The request body is missing or improperly formatted."))?;
    Ok(users.iter().map(|user| user["userId"].as_str().unwrap_or_default()))
}

fn users(account: &Account, uri: &Uri) -> Outcome {
    let full = param(uri, "additional_info").as_deref() == Some("true");
    let mut all = account.users(full);
    if let Some(email) = param(uri, "email") {
        all.retain(|user| user["email"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(&email)));
    }
    if let Some(status) = param(uri, "status") {
        all.retain(|user| status.split(',').any(|one| user["userStatus"] == one));
    }
    Ok(listed(uri, "users", &all))
}

/// One page, with the counts as text: at most a hundred records.
fn listed(uri: &Uri, name: &str, items: &[Value]) -> Value {
    let from = param(uri, "start_position").and_then(|at| at.parse().ok()).unwrap_or(0);
    let (shown, next) = page(items, from, count_param(uri, "count", 100, 100));
    let mut body = json!({
        name: shown,
        "resultSetSize": shown.len().to_string(),
        "totalSetSize": items.len().to_string(),
        "startPosition": from.to_string(),
        "endPosition": (from + shown.len()).saturating_sub(1).to_string(),
    });
    if let Some(next) = next {
        body["nextUri"] = format!("{}?start_position={next}", uri.path().split(ACCOUNT).last().unwrap_or_default()).into();
    }
    body
}
