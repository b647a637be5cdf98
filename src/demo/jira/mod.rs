//! Jira, simulated: the project that takes the tasks of departures. Reading an issue shows it at once, a search only a moment later.

mod issues;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use self::state::{Tracker, User};
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, basic, is_write, param, reply};

type Shared = State<Arc<Mutex<Tracker>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "jira",
    start: |company| Ok(Simulated { router: router(company)?, left: Arc::new(|_| Vec::new()) }),
    millis: 40,
    rate: RateLimit::of(600, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nuser = \"exeunt@northmoor.example\"\nproject = \"OFF\"\n"),
};

/// The API below `/rest/api/3`.
pub fn router(company: &Arc<Company>) -> anyhow::Result<Router> {
    let tracker = Arc::new(Mutex::new(Tracker::new(company)?));
    Ok(Router::new()
        .route("/rest/api/3/myself", get(myself))
        .route("/rest/api/3/mypermissions", get(permissions))
        .route("/rest/api/3/search/jql", get(issues::search))
        .route("/rest/api/3/issue", post(issues::create))
        .route("/rest/api/3/issue/{issue}", get(issues::one))
        .route("/rest/api/3/issue/{issue}/transitions", get(issues::transitions).post(issues::transition))
        .route("/rest/api/3/issue/{issue}/attachments", post(issues::attach))
        .route("/rest/api/3/attachment/content/{id}", get(issues::content))
        .fallback(|| async { refuse(404, "No endpoint matches this address.") })
        .layer(middleware::from_fn_with_state(tracker.clone(), guard))
        .with_state(tracker))
}

fn open(tracker: &Mutex<Tracker>) -> MutexGuard<'_, Tracker> {
    tracker.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who calls: an address and that account's API token, as basic authentication. The tokens of this simulation are `read-jira` (reads),
/// `tell-jira` (ours) and, for every person, `theirs-jira`.
fn caller(tracker: &Tracker, headers: &HeaderMap) -> Option<(User, bool)> {
    let (address, token) = basic(headers)?;
    let user = tracker.user(&address)?;
    match (token.as_str(), user.ours) {
        ("tell-jira", true) | ("theirs-jira", false) => Some((user, true)),
        ("read-jira", true) => Some((user, false)),
        _ => None,
    }
}

async fn guard(State(tracker): Shared, mut request: Request, next: Next) -> Response {
    let Some((user, writes)) = caller(&open(&tracker), request.headers()) else {
        return refuse(401, "Client must be authenticated to access this resource.");
    };
    if is_write(request.method()) && !writes {
        return refuse(403, "The token lacks the scope write:jira-work.");
    }
    request.extensions_mut().insert(user);
    next.run(request).await
}

fn refuse(status: u16, why: &str) -> Response {
    reply(status, &json!({ "errorMessages": [why], "errors": {} }))
}

async fn myself(State(tracker): Shared, headers: HeaderMap) -> Response {
    let user = caller(&open(&tracker), &headers).map(|(user, _)| user.render());
    user.map_or_else(|| refuse(401, "Client must be authenticated to access this resource."), |user| reply(200, &user))
}

async fn permissions(State(tracker): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let Some(asked) = param(&uri, "permissions").filter(|asked| !asked.is_empty()) else {
        return refuse(400, "The permissions query parameter is required.");
    };
    if param(&uri, "projectKey").is_some_and(|key| key != open(&tracker).project.key) {
        return refuse(404, "No project could be found with that key.");
    }
    let writes = caller(&open(&tracker), &headers).is_some_and(|(_, writes)| writes);
    let one = |(number, key): (usize, &str)| {
        let may = key == "BROWSE_PROJECTS" || writes;
        let value = json!({ "id": (10 + number).to_string(), "key": key, "name": key, "type": "PROJECT", "description": "", "havePermission": may });
        (key.to_owned(), value)
    };
    let all: serde_json::Map<String, Value> = asked.split(',').enumerate().map(one).collect();
    reply(200, &json!({ "permissions": all }))
}
