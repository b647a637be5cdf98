//! PagerDuty, simulated: who is called when something breaks. Nobody with an open incident can be deleted.

mod state;
#[cfg(test)]
mod tests;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Account;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, no_content, now, page, param, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "pagerduty",
    start,
    millis: 40,
    // <https://developer.pagerduty.com/docs/rest-api-rate-limits>
    rate: RateLimit::of(960, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nrequester = \"oncall-desk@northmoor.example\"\n"),
};

/// The vendor's REST API, at the root. Tokens: `Token token=read-pagerduty`, `Token token=revoke-pagerduty`, or both as Bearer.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let account = Arc::new(Mutex::new(Account::new(company)?));
    Ok(Simulated::over(account.clone(), Router::new().fallback(answer).with_state(account), Account::left))
}

/// Why a request does nothing: status, the vendor's own code, and what it says.
type Refusal = (u16, u32, &'static str);

const NOT_FOUND: Refusal = (404, 2100, "Not Found");

fn access(headers: &HeaderMap) -> Access {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.strip_prefix("Token token=") {
        Some("read-pagerduty") => Access::Read,
        Some("revoke-pagerduty") => Access::Revoke,
        Some(_) => Access::Nobody,
        None => Access::of(headers, "pagerduty"),
    }
}

async fn answer(State(account): State<Arc<Mutex<Account>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let refuse =
        |(status, code, message): Refusal| reply(status, &json!({ "error": { "code": code, "message": message, "errors": [message] } }));
    match access(&parts.headers).may(is_write(&parts.method)) {
        Ok(()) => {}
        Err(status) if status == 401 => return refuse((401, 2006, "You are not authorized to access this account")),
        Err(_) => return refuse((403, 2010, "Access Denied: the key is read-only")),
    }
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let path = parts.uri.path().trim_matches('/').to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = match parts.method {
        Method::GET => read(&account, &parts.uri, &segments),
        method => {
            let requester = parts.headers.get(header::FROM).and_then(|value| value.to_str().ok());
            change(&mut account, &method, &parts.uri, &segments, &body, requester)
        }
    };
    outcome.unwrap_or_else(refuse)
}

/// One page under its own name; the total is told only to those who ask.
fn listed(uri: &Uri, name: &str, items: &[Value]) -> Result<Response, Refusal> {
    let offset = param(uri, "offset").map_or(Ok(0), |offset| offset.parse::<usize>()).unwrap_or(usize::MAX);
    let limit = count_param(uri, "limit", 25, 100);
    if offset.saturating_add(limit) > 10_000 {
        return Err((400, 2001, "Offset and limit reach beyond 10000 records"));
    }
    let (shown, next) = page(items, offset, limit);
    let total = (param(uri, "total").as_deref() == Some("true")).then_some(items.len());
    Ok(reply(200, &json!({ name: shown, "limit": limit, "offset": offset, "more": next.is_some(), "total": total })))
}

/// All values of a parameter that may stand there several times, such as `user_ids[]`.
fn every(uri: &Uri, name: &str) -> Vec<String> {
    let all = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(all)| all).unwrap_or_default();
    all.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
}

fn one(name: &str, item: Option<Value>) -> Result<Response, Refusal> {
    item.map(|item| reply(200, &json!({ name: item }))).ok_or(NOT_FOUND)
}

fn done(happened: bool) -> Result<Response, Refusal> {
    if happened { Ok(no_content()) } else { Err(NOT_FOUND) }
}

fn read(account: &Account, uri: &Uri, segments: &[&str]) -> Result<Response, Refusal> {
    let wanted = every(uri, "user_ids[]");
    let is_wanted = |id: &Value| wanted.is_empty() || id.as_str().is_some_and(|id| wanted.iter().any(|one| one == id));
    match segments {
        ["users"] => {
            let mut users = account.users();
            if let Some(query) = param(uri, "query").map(|query| query.to_lowercase()) {
                let has = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase().contains(&query));
                users.retain(|user| has(&user["name"]) || has(&user["email"]));
            }
            listed(uri, "users", &users)
        }
        // A key of the account is nobody's.
        ["users", "me"] => Err((400, 2001, "This endpoint can only be used with a user-level API key")),
        ["users", id, rest @ ..] => {
            let user = account.users().into_iter().find(|user| user["id"] == **id).ok_or(NOT_FOUND)?;
            match rest {
                [] => Ok(reply(200, &json!({ "user": user }))),
                ["contact_methods"] => Ok(reply(200, &json!({ "contact_methods": account.contacts(id) }))),
                ["contact_methods", method] => {
                    one("contact_method", account.contacts(id).into_iter().find(|contact| contact["id"] == **method))
                }
                ["oauth_delegations", delegation] => {
                    one("oauth_delegation", account.delegations(id).into_iter().find(|known| known["id"] == **delegation))
                }
                ["oauth_delegations"] => {
                    let kind = param(uri, "delegation_type");
                    let statuses = every(uri, "status");
                    let mut all = account.delegations(id);
                    all.retain(|one| kind.as_ref().is_none_or(|kind| one["delegation_type"] == kind.as_str()));
                    all.retain(|one| statuses.is_empty() || statuses.iter().any(|status| one["status"] == status.as_str()));
                    Ok(reply(200, &json!({ "oauth_delegations": all, "limit": 25, "more": false })))
                }
                _ => Err(NOT_FOUND),
            }
        }
        ["teams"] => listed(uri, "teams", &account.teams()),
        ["teams", id] => one("team", account.teams().into_iter().find(|team| team["id"] == **id)),
        ["teams", id, "members"] => listed(uri, "members", &account.members(id).ok_or(NOT_FOUND)?),
        ["schedules"] => listed(uri, "schedules", &account.schedules()),
        ["schedules", id] => one("schedule", account.schedules().into_iter().find(|schedule| schedule["id"] == **id)),
        ["escalation_policies"] => {
            let mut all = account.policies();
            all.retain(|policy| {
                let targets = policy["escalation_rules"].as_array().into_iter().flatten().flat_map(|rule| rule["targets"].as_array());
                wanted.is_empty() || targets.flatten().any(|target| is_wanted(&target["id"]))
            });
            listed(uri, "escalation_policies", &all)
        }
        ["oncalls"] => {
            let mut all = account.oncalls();
            all.retain(|entry| is_wanted(&entry["user"]["id"]));
            listed(uri, "oncalls", &all)
        }
        ["incidents", id] => one("incident", account.incidents().into_iter().find(|incident| incident["id"] == **id)),
        ["incidents"] => {
            let mut all = account.incidents();
            // A month is shown to whoever doesn't say from when.
            if param(uri, "date_range").as_deref() != Some("all") {
                let from = param(uri, "since").unwrap_or_else(|| crate::clock::days_before(now(), 30).to_string());
                all.retain(|incident| incident["created_at"].as_str().is_some_and(|at| at >= from.as_str()));
            }
            let statuses = every(uri, "statuses[]");
            all.retain(|incident| statuses.is_empty() || statuses.iter().any(|status| incident["status"] == status.as_str()));
            all.retain(|incident| {
                wanted.is_empty() || incident["assignments"].as_array().into_iter().flatten().any(|one| is_wanted(&one["assignee"]["id"]))
            });
            listed(uri, "incidents", &all)
        }
        ["webhook_subscriptions"] => listed(uri, "webhook_subscriptions", &account.webhooks()),
        ["webhook_subscriptions", id] => one("webhook_subscription", account.webhooks().into_iter().find(|webhook| webhook["id"] == **id)),
        _ => Err(NOT_FOUND),
    }
}

fn change(
    account: &mut Account,
    method: &Method,
    uri: &Uri,
    segments: &[&str],
    body: &Value,
    requester: Option<&str>,
) -> Result<Response, Refusal> {
    match (method.as_str(), segments) {
        ("PUT", ["users", id]) => {
            account.set_role(id, &body["user"])?;
            one("user", account.users().into_iter().find(|user| user["id"] == **id))
        }
        ("DELETE", ["users", id]) => account.delete_user(id).map(|()| no_content()),
        ("DELETE", ["users", id, "contact_methods", method]) => done(account.delete_contact(id, method)),
        ("DELETE", ["oauth_delegations"]) => {
            let user = param(uri, "user_id").unwrap_or_default();
            account.revoke_delegations(&user, param(uri, "type").as_deref().unwrap_or_default())?;
            Ok(reply(200, &json!({ "status": "ok" })))
        }
        ("PUT", ["teams", id, "users", user]) => {
            let role = body["role"].as_str().unwrap_or("manager");
            account.join_team(id, user, role).map(|()| no_content())
        }
        ("DELETE", ["teams", id, "users", user]) => done(account.leave_team(id, user)),
        ("DELETE", ["webhook_subscriptions", id]) => done(account.delete_webhook(id)),
        ("PUT", ["incidents"]) if !account.is_user(requester) => Err((400, 1008, "Requester User Not Found")),
        ("PUT", ["incidents"]) => {
            let changes = body["incidents"].as_array().ok_or((400, 2001, "incidents must be a list"))?;
            for change in changes {
                account.change_incident(change)?;
            }
            let mut shown = account.incidents();
            shown.retain(|incident| changes.iter().any(|change| change["id"] == incident["id"]));
            Ok(reply(200, &json!({ "incidents": shown })))
        }
        _ => Err(NOT_FOUND),
    }
}
