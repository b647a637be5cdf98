//! Stripe, simulated: company cards and who carries them, and where events are sent. Who is on the team, and which keys there are, it knows and
//! tells no API.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Form, Path, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use self::state::{Business, Refused};
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, param, reply};

type Shared = State<Arc<Mutex<Business>>>;
type Fields = Form<Vec<(String, String)>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "stripe",
    start: |company| start(company),
    millis: 40,
    // https://docs.stripe.com/rate-limits
    rate: RateLimit::of(100, 1, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nown_hosts = [\"hooks.northmoor.example\"]\n"),
};

/// The API below `/v1`.
fn start(company: &Company) -> anyhow::Result<Simulated> {
    let business = Arc::new(Mutex::new(Business::new(company)?));
    let router = Router::new()
        .route("/v1/account", get(account))
        .route("/v1/issuing/cardholders", get(cardholders))
        .route("/v1/issuing/cardholders/{id}", get(cardholder).post(change_cardholder))
        .route("/v1/issuing/cards", get(cards))
        .route("/v1/issuing/cards/{id}", get(card).post(change_card))
        .route("/v1/webhook_endpoints", get(webhooks))
        .route("/v1/webhook_endpoints/{id}", get(webhook).post(change_webhook).delete(delete_webhook))
        .fallback(unknown)
        .layer(middleware::from_fn(guard))
        .with_state(business.clone());
    Ok(Simulated { router, left: Arc::new(move |person| open(&business).left(person)) })
}

async fn guard(request: Request, next: Next) -> Response {
    match Access::of(request.headers(), "stripe").may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, None, "Invalid API Key provided.", None),
        Err(_) => refuse(403, None, "The provided key does not have the required permissions for this endpoint on this account.", None),
    }
}

async fn unknown(method: Method, uri: Uri) -> Response {
    refuse(404, None, &format!("Unrecognized request URL ({method}: {}).", uri.path()), None)
}

fn open(business: &Mutex<Business>) -> MutexGuard<'_, Business> {
    business.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: Option<&str>, message: &str, param: Option<&str>) -> Response {
    let mut error = json!({ "type": "invalid_request_error", "message": message });
    if let Some(code) = code {
        error["code"] = code.into();
        error["doc_url"] = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")).into();
    }
    if let Some(param) = param {
        error["param"] = param.into();
    }
    reply(status, &json!({ "error": error }))
}

fn answered(outcome: Result<Value, Refused>) -> Response {
    match outcome {
        Ok(value) => reply(200, &value),
        Err(Refused::Missing { what, id }) => refuse(404, Some("resource_missing"), &format!("No such {what}: '{id}'"), Some("id")),
        Err(Refused::Unknown(name)) => refuse(400, Some("parameter_unknown"), &format!("Received unknown parameter: {name}"), Some(&name)),
        Err(Refused::Rule(why)) => refuse(400, None, why, None),
    }
}

/// A list, newest first: what follows the record that the caller saw last.
fn listed(uri: &Uri, what: &str, items: &[Value]) -> Response {
    let from = match param(uri, "starting_after") {
        None => 0,
        Some(id) => match items.iter().position(|item| item["id"] == id.as_str()) {
            Some(at) => at + 1,
            None => return answered(Err(Refused::Missing { what: what.to_owned(), id })),
        },
    };
    let size = count_param(uri, "limit", 10, 100);
    let shown: Vec<&Value> = items.iter().skip(from).take(size).collect();
    let more = from + shown.len() < items.len();
    reply(200, &json!({ "object": "list", "url": uri.path(), "has_more": more, "data": shown }))
}

/// Keeps what has the value of each query parameter that is given.
fn having(uri: &Uri, fields: &[&str], mut items: Vec<Value>) -> Vec<Value> {
    for field in fields {
        if let Some(value) = param(uri, field) {
            items.retain(|item| item[field] == value.as_str());
        }
    }
    items
}

async fn account() -> Response {
    reply(
        200,
        &json!({ "id": "acct_northmoor", "object": "account", "type": "standard", "country": "DK", "default_currency": "dkk", "charges_enabled": true }),
    )
}

async fn cardholders(State(business): Shared, uri: Uri) -> Response {
    let all = open(&business).cardholders();
    listed(&uri, "issuing cardholder", &having(&uri, &["email", "status", "type", "phone_number"], all))
}

async fn cardholder(State(business): Shared, Path(id): Path<String>) -> Response {
    answered(open(&business).cardholder(&id))
}

async fn change_cardholder(State(business): Shared, Path(id): Path<String>, Form(fields): Fields) -> Response {
    answered(open(&business).change_cardholder(&id, &fields))
}

async fn cards(State(business): Shared, uri: Uri) -> Response {
    let mut all = open(&business).cards();
    if let Some(holder) = param(&uri, "cardholder") {
        all.retain(|card| card["cardholder"]["id"] == holder.as_str());
    }
    listed(&uri, "issuing card", &having(&uri, &["status", "type", "last4"], all))
}

async fn card(State(business): Shared, Path(id): Path<String>) -> Response {
    answered(open(&business).card(&id))
}

async fn change_card(State(business): Shared, Path(id): Path<String>, Form(fields): Fields) -> Response {
    answered(open(&business).change_card(&id, &fields))
}

async fn webhooks(State(business): Shared, uri: Uri) -> Response {
    listed(&uri, "webhook endpoint", &open(&business).webhooks())
}

async fn webhook(State(business): Shared, Path(id): Path<String>) -> Response {
    answered(open(&business).webhook(&id))
}

async fn change_webhook(State(business): Shared, Path(id): Path<String>, Form(fields): Fields) -> Response {
    answered(open(&business).change_webhook(&id, &fields))
}

async fn delete_webhook(State(business): Shared, Path(id): Path<String>) -> Response {
    answered(open(&business).delete_webhook(&id))
}
