//! AWS IAM Identity Center, simulated: the identity store and the assignments, two services that are told apart by `X-Amz-Target`.

mod sso;
mod state;
mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Instance;
use super::aws_signature::{self, Refused};
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, page, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "aws-identity-center",
    start,
    millis: 35,
    rate: RateLimit::of(1200, 60, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        let keys = "read_key = \"read-aws-identity-center\"\nrevoke_key = \"revoke-aws-identity-center\"\n";
        let instance = "instance = \"arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6\"\nstore = \"d-9367a1b2c3\"\n";
        format!("url = \"{url}\"\nstore_url = \"{url}\"\nregion = \"eu-west-1\"\n{instance}{keys}")
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let instance = Arc::new(Mutex::new(Instance::new(company)?));
    Ok(Simulated::over(instance.clone(), Router::new().fallback(answer).with_state(instance), Instance::left))
}

/// Why a request does nothing: the error's name and a message.
type Refusal = (&'static str, String);

async fn answer(State(instance): State<Arc<Mutex<Instance>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let service = match target.split_once('.') {
        Some(("AWSIdentityStore", _)) => "identitystore",
        Some(("SWBExternalService", _)) => "sso",
        _ => return refuse(&("UnknownOperationException", format!("{target:?} is no operation"))),
    };
    let operation = target.split_once('.').map(|(_, operation)| operation).unwrap_or_default();
    let access = match aws_signature::access(&parts, &body, "aws-identity-center", service) {
        Ok(access) => access,
        Err(Refused::Missing) => return refuse(&("MissingAuthenticationTokenException", "Missing Authentication Token".into())),
        Err(Refused::UnknownKey) => {
            return refuse(&("UnrecognizedClientException", "The security token included in the request is invalid.".into()));
        }
        Err(Refused::Wrong) => {
            let why = format!("Credential should be scoped to correct service: '{service}'.");
            return refuse(&("InvalidSignatureException", why));
        }
    };
    let reads = operation.starts_with("List") || operation.starts_with("Describe");
    if !reads && access == Access::Read {
        return refuse(&("AccessDeniedException", format!("User is not authorized to perform: {service}:{operation}")));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return refuse(&("SerializationException", "the body is no JSON".into()));
    };
    let mut instance = instance.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = match service {
        "sso" => sso::call(&mut instance, operation, &body),
        _ => store::call(&mut instance, operation, &body),
    };
    match outcome {
        Ok(result) => typed(reply(200, &result)),
        Err(refusal) => refuse(&refusal),
    }
}

/// Every error of these services is a 400.
fn refuse((name, why): &Refusal) -> Response {
    typed(reply(400, &json!({ "__type": name, "Message": why })))
}

fn typed(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}

fn missing(what: &str) -> Refusal {
    ("ResourceNotFoundException", format!("{what} not found."))
}

/// A member of the body that must be there.
fn need<'b>(body: &'b Value, name: &str) -> Result<&'b str, Refusal> {
    body[name].as_str().ok_or_else(|| ("ValidationException", format!("1 validation error detected: Value at '{name}' must not be null")))
}

/// One page: never more than 100.
fn listed(name: &str, items: &[Value], body: &Value) -> Result<Value, Refusal> {
    let size = body["MaxResults"].as_u64().unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(("ValidationException", "Value at 'maxResults' must be from 1 to 100".into()));
    }
    let from = body["NextToken"].as_str().and_then(|token| token.strip_prefix("after")?.parse().ok()).unwrap_or(0);
    let (shown, next) = page(items, from, usize::try_from(size).unwrap_or(100));
    let mut answer = json!({ name: shown });
    if let Some(next) = next {
        answer["NextToken"] = format!("after{next}").into();
    }
    Ok(answer)
}
