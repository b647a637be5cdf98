//! Slack, simulated: one workspace with its Web API, whose refusals come with status 200, and its SCIM endpoint.

mod directory;
mod methods;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use self::state::Workspace;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, form, reply, token_of};

type Shared = State<Arc<Mutex<Workspace>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "slack",
    start,
    millis: 20,
    rate: RateLimit::of(300, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: Some("Slack"),
    settings: |url| format!("url = \"{url}\"\nscim_url = \"{url}\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let workspace = Arc::new(Mutex::new(Workspace::new(company)?));
    Ok(Simulated::over(workspace.clone(), router(workspace), Workspace::left))
}

/// The Web API below `/api`, and SCIM below `/scim/v2`.
fn router(workspace: Arc<Mutex<Workspace>>) -> Router {
    let one = get(directory::one).patch(directory::patch).delete(directory::deactivate);
    Router::new()
        .route("/api/{method}", get(method).post(method))
        .route("/scim/v2/Users", get(directory::all))
        .route("/scim/v2/Users/{id}", one)
        .with_state(workspace)
}

fn open(workspace: &Mutex<Workspace>) -> MutexGuard<'_, Workspace> {
    workspace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Arguments stand in the query, in a form or in a JSON body; the body wins.
struct Arguments(HashMap<String, String>);

impl Arguments {
    fn of(uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Arguments {
        let mut all: HashMap<String, String> = Query::try_from_uri(uri).map(|Query(all)| all).unwrap_or_default();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        if kind.starts_with("application/json") {
            if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
                all.extend(fields.into_iter().map(|(name, value)| match value {
                    Value::String(text) => (name, text),
                    other => (name, other.to_string()),
                }));
            }
        } else {
            all.extend(form(body));
        }
        Arguments(all)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }

    /// The part of a list that `cursor` and `limit` ask for, and the cursor of the next part, empty at the end.
    fn part<'a>(&self, items: &'a [Value], default: usize) -> Result<(&'a [Value], String), Refusal> {
        let limit = self.get("limit").map_or(Ok(default), str::parse).unwrap_or(0);
        if limit == 0 || limit > 1000 {
            return Err(Refusal::new("invalid_limit"));
        }
        let from = match self.get("cursor") {
            None => 0,
            Some(cursor) => cursor
                .strip_prefix("next:")
                .and_then(|at| at.parse().ok())
                .filter(|at| *at <= items.len())
                .ok_or_else(|| Refusal::new("invalid_cursor"))?,
        };
        let to = (from + limit).min(items.len());
        let cursor = if to < items.len() { format!("next:{to}") } else { String::new() };
        Ok((&items[from..to], cursor))
    }
}

/// Why a method does nothing; the status is 200 all the same.
struct Refusal {
    error: &'static str,
    /// The scope that is missing, and those that are there.
    scopes: Option<(&'static str, String)>,
}

impl Refusal {
    fn new(error: &'static str) -> Refusal {
        Refusal { error, scopes: None }
    }
}

type Outcome = Result<Value, Refusal>;

async fn method(State(workspace): Shared, Path(name): Path<String>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let arguments = Arguments::of(&uri, &headers, &body);
    let token = token_of(&headers).or_else(|| arguments.get("token").map(str::to_owned));
    let outcome = called(&mut open(&workspace), &name, token, &arguments);
    let body = match outcome {
        Ok(mut body) => {
            body["ok"] = true.into();
            body
        }
        Err(refusal) => {
            let mut body = json!({ "ok": false, "error": refusal.error });
            if let Some((needed, provided)) = refusal.scopes {
                body["needed"] = needed.into();
                body["provided"] = provided.into();
            }
            body
        }
    };
    reply(200, &body)
}

fn called(workspace: &mut Workspace, name: &str, token: Option<String>, arguments: &Arguments) -> Outcome {
    let Some(method) = methods::METHODS.iter().find(|method| method.name == name) else {
        return Err(Refusal::new("unknown_method"));
    };
    let token = token.ok_or_else(|| Refusal::new("not_authed"))?;
    let Some(scopes) = workspace.scopes(&token) else {
        return Err(Refusal::new("invalid_auth"));
    };
    if let Some(needed) = method.scope
        && !scopes.iter().any(|scope| scope == needed)
    {
        return Err(Refusal { error: "missing_scope", scopes: Some((needed, scopes.join(","))) });
    }
    (method.run)(workspace, arguments)
}
