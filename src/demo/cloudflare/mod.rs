//! Cloudflare, simulated, in two parts that are systems of their own: the account with its members, and Zero Trust.

mod account;
#[cfg(test)]
mod tests;
mod zero_trust;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use self::account::Members;
use self::zero_trust::ZeroTrust;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, page, reply};

/// How the account is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "cloudflare",
    start: |company| {
        let members = Arc::new(Mutex::new(Members::new(company)?));
        Ok(Simulated::over(members.clone(), router(members), Members::left))
    },
    millis: 45,
    rate: RateLimit::of(1200, 300, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings,
};

/// How Zero Trust is brought up.
pub const ZERO_TRUST: Vendor = Vendor {
    name: "cloudflare-zero-trust",
    start: |company| {
        let organization = Arc::new(Mutex::new(ZeroTrust::new(company)?));
        Ok(Simulated::over(organization.clone(), router(organization), ZeroTrust::left))
    },
    millis: 45,
    rate: RateLimit::of(1200, 300, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings,
};

const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";

fn settings(url: &str) -> String {
    format!("url = \"{url}\"\naccount = \"{ACCOUNT}\"\n")
}

/// One part of the vendor: what it answers below the account, and what it is called where tokens are read.
trait Part: Send + 'static {
    const SYSTEM: &'static str;
    fn answer(&mut self, asked: &Asked<'_>, path: &[&str]) -> Outcome;
}

/// A request, in pieces.
struct Asked<'a> {
    method: &'a str,
    parts: &'a Parts,
    body: &'a Value,
}

/// Why a request does nothing: status, code, message.
type Refusal = (u16, u32, String);

/// What stands under `result`, and `result_info` where it is a list.
type Outcome = Result<(Value, Option<Value>), Refusal>;

fn router<P: Part>(part: Arc<Mutex<P>>) -> Router {
    Router::new().fallback(answer::<P>).with_state(part)
}

async fn answer<P: Part>(State(part): State<Arc<Mutex<P>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let access = Access::of(&parts.headers, P::SYSTEM);
    match access.may(is_write(&parts.method)) {
        Ok(()) => {}
        Err(status) if status == 401 => return envelope(Err((401, 10000, "Authentication error".into()))),
        Err(_) => return envelope(Err((403, 10000, "Unauthorized to access requested resource".into()))),
    }
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let path = parts.uri.path().strip_prefix("/client/v4/").unwrap_or_default().to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let asked = Asked { method: parts.method.as_str(), parts: &parts, body: &body };
    let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
    envelope(match segments.as_slice() {
        ["user", "tokens", "verify"] => {
            Ok((json!({ "id": "ed17574386854bf78a67040be0a770b0", "status": "active", "not_before": "2018-07-01T05:20:00Z" }), None))
        }
        ["user"] => Ok((ourselves(access), None)),
        ["accounts", account, ..] if *account != ACCOUNT => Err((404, 7003, "Could not route to the account".into())),
        ["accounts", _, rest @ ..] => part.answer(&asked, rest),
        _ => Err(no_route()),
    })
}

/// The users that our two tokens belong to.
fn ourselves(access: Access) -> Value {
    let (id, email) = match access {
        Access::Revoke => ("7c5dae5552338874e5053f2534d2767c", "exeunt-revoke@northmoor.example"),
        _ => ("7c5dae5552338874e5053f2534d2767b", "exeunt-read@northmoor.example"),
    };
    json!({ "id": id, "email": email, "first_name": "exeunt", "last_name": null, "two_factor_authentication_enabled": true, "suspended": false })
}

fn no_route() -> Refusal {
    (404, 7003, "Could not route to the request, perhaps your object identifier is invalid?".into())
}

/// The shape in which everything is answered.
fn envelope(outcome: Outcome) -> Response {
    match outcome {
        Ok((result, info)) => {
            let mut body = json!({ "success": true, "errors": [], "messages": [], "result": result });
            if let Some(info) = info {
                body["result_info"] = info;
            }
            reply(200, &body)
        }
        Err((status, code, message)) => {
            let errors = [json!({ "code": code, "message": message })];
            reply(status, &json!({ "success": false, "errors": errors, "messages": [], "result": null }))
        }
    }
}

/// One page of a list, counted from 1.
fn listed(asked: &Asked<'_>, items: &[Value], default: usize, max: usize) -> Outcome {
    let size = count_param(&asked.parts.uri, "per_page", default, max);
    let number = count_param(&asked.parts.uri, "page", 1, usize::MAX);
    let (shown, _) = page(items, (number - 1).saturating_mul(size), size);
    let info = json!({ "page": number, "per_page": size, "count": shown.len(), "total_count": items.len() });
    Ok((shown.into(), Some(info)))
}
