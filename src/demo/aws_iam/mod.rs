//! AWS IAM, simulated: the query protocol, its XML, and one account's users, groups and roles.

mod change;
mod show;
mod state;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

use self::state::{Account, User};
use super::aws_signature::{self, Refused};
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, form};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "aws-iam",
    start,
    millis: 30,
    rate: RateLimit::of(1200, 60, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nread_key = \"read-aws-iam\"\nrevoke_key = \"revoke-aws-iam\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let account = Arc::new(Mutex::new(Account::new(company)?));
    Ok(Simulated::over(account.clone(), Router::new().fallback(answer).with_state(account), Account::left))
}

/// Why a request does nothing: status, code, message.
struct Refusal(u16, &'static str, String);

/// What an operation says: its result, or nothing of interest.
type Outcome = Result<Value, Refusal>;

/// The parameters of a call.
struct Call(BTreeMap<String, String>);

impl Call {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A parameter that must be there.
    fn need(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || {
            Refusal(
                400,
                "ValidationError",
                format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"),
            )
        };
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(missing)
    }
}

async fn answer(State(account): State<Arc<Mutex<Account>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    // In the query or in the body, which are written alike.
    let mut call = BTreeMap::new();
    for text in [parts.uri.query().unwrap_or_default().as_bytes(), &body] {
        call.extend(form(text));
    }
    let call = Call(call);
    let action = call.text("Action").to_owned();
    let access = match aws_signature::access(&parts, &body, "aws-iam", "iam") {
        Ok(access) => access,
        Err(Refused::Missing) => return xml::refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        Err(Refused::UnknownKey) => {
            return xml::refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
        }
        Err(Refused::Wrong) => {
            let why = "The request signature we calculated does not match the signature you provided.";
            return xml::refusal(403, "SignatureDoesNotMatch", why);
        }
    };
    let caller = if access == Access::Read { "exeunt-read" } else { "exeunt-revoke" };
    let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
    let reads = action.starts_with("List") || action.starts_with("Get");
    if !reads && access == Access::Read {
        let why = format!("User: arn:aws:iam::{}:user/{caller} is not authorized to perform: iam:{action}", account.number);
        return xml::refusal(403, "AccessDenied", &why);
    }
    if call.text("Version") != "2010-05-08" {
        return xml::refusal(400, "InvalidAction", &format!("Could not find operation {action} for version {}", call.text("Version")));
    }
    let outcome = if reads { show::read(&account, &action, &call, caller) } else { change::write(&mut account, &action, &call) };
    match outcome {
        Ok(result) => xml::result(&action, &result),
        Err(Refusal(status, code, why)) => xml::refusal(status, code, &why),
    }
}

fn missing(what: &str, name: &str) -> Refusal {
    Refusal(404, "NoSuchEntity", format!("The {what} with name {name} cannot be found."))
}

fn unknown(action: &str) -> Refusal {
    Refusal(400, "InvalidAction", format!("Could not find operation {action} for version 2010-05-08"))
}

/// The user that a call is about: whoever asks, where it names none.
fn named<'a>(account: &'a Account, call: &Call, caller: &str) -> Result<&'a User, Refusal> {
    let name = match call.text("UserName") {
        "" => caller,
        name => name,
    };
    account.users.iter().find(|user| user.name == name).ok_or_else(|| missing("user", name))
}
