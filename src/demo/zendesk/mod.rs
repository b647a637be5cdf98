//! Zendesk, simulated: agents, their sessions, sign-in identities, groups and open tickets.

mod state;
#[cfg(test)]
mod tests;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::{Desk, Refused};
use super::company::Company;
use super::planted;
use super::vendor::{Access, basic, count_param, is_write, no_content, page, param, reply, same_with};

type Shared = State<Arc<Mutex<Desk>>>;

/// The API below `/api/v2`.
pub fn router(company: Arc<Company>) -> Router {
    planted::or_broken("zendesk", built(&company))
}

fn built(company: &Company) -> anyhow::Result<Router> {
    let desk = Arc::new(Mutex::new(Desk::new(company)?));
    // Each address may end in `.json`, as the vendor's older examples do.
    let both = |router: Router<Arc<Mutex<Desk>>>, path: &str, methods: MethodRouter<Arc<Mutex<Desk>>>| {
        router.route(&format!("/api/v2/{path}"), methods.clone()).route(&format!("/api/v2/{path}.json"), methods)
    };
    let api = Router::new()
        .route("/api/v2/users/{user}", get(users::one).put(users::change).delete(users::remove))
        .route("/api/v2/users/{user}/sessions/{session}", get(users::session).delete(users::end_session))
        .route("/api/v2/users/{user}/identities/{identity}", delete(users::delete_identity))
        .route("/api/v2/group_memberships/{membership}", delete(leave_group))
        .route("/api/v2/tickets/{ticket}", put(assign));
    let api = both(api, "users", get(users::all));
    let api = both(api, "users/me", get(users::me));
    let api = both(api, "users/{user}/sessions", get(users::sessions).delete(users::end_sessions));
    let api = both(api, "users/{user}/identities", get(users::identities));
    let api = both(api, "users/{user}/group_memberships", get(users::memberships));
    let api = both(api, "users/{user}/related", get(users::related));
    let api = both(api, "sessions", get(sessions));
    let api = both(api, "groups", get(groups));
    let api = both(api, "group_memberships", get(memberships));
    let api = both(api, "custom_roles", get(roles));
    let api = both(api, "tickets", get(tickets));
    Ok(api.fallback(|| async { refuse(404, "InvalidEndpoint", "Not found") }).layer(middleware::from_fn(guard)).with_state(desk))
}

async fn guard(request: Request, next: Next) -> Response {
    // An OAuth token as bearer, or an API token as the password of `someone@company/token`.
    let access = match basic(request.headers()) {
        Some((user, token)) if user.ends_with("/token") => match token.as_str() {
            "read-zendesk" => Access::Read,
            "revoke-zendesk" => Access::Revoke,
            _ => Access::Nobody,
        },
        Some(_) => Access::Nobody,
        None => Access::of(request.headers(), "zendesk"),
    };
    match access.may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => reply(401, &json!({ "error": "Couldn't authenticate you" })),
        Err(_) => reply(403, &json!({ "error": "Forbidden", "description": "You do not have access to this page." })),
    }
}

fn open(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, error: &str, description: &str) -> Response {
    reply(status, &json!({ "error": error, "description": description }))
}

fn missing() -> Response {
    refuse(404, "RecordNotFound", "Not found")
}

fn refused(why: &Refused) -> Response {
    match why {
        Refused::Missing => missing(),
        Refused::Rule(why) => {
            let details = json!({ "base": [{ "description": why }] });
            reply(422, &json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": details }))
        }
    }
}

fn done(outcome: Result<(), Refused>) -> Response {
    outcome.map_or_else(|why| refused(&why), |()| no_content())
}

/// The number at the end of an address, whether or not `.json` follows.
fn number(id: &str) -> u64 {
    id.trim_end_matches(".json").parse().unwrap_or(0)
}

/// One page under `name`: by cursor where `page[size]` is given, otherwise by number.
fn listed(headers: &HeaderMap, uri: &Uri, name: &str, items: &[Value]) -> Response {
    if let Some(size) = param(uri, "page[size]") {
        let Some(size) = size.parse::<usize>().ok().filter(|size| (1..=100).contains(size)) else {
            return refuse(400, "InvalidPaginationParameter", "page[size] must be from 1 to 100");
        };
        let after = param(uri, "page[after]").map_or(Some(0), |cursor| cursor.strip_prefix("after").and_then(|at| at.parse().ok()));
        let Some(from) = after else {
            return refuse(400, "InvalidPaginationParameter", "page[after] is not valid");
        };
        let (shown, next) = page(items, from, size);
        let cursor = next.map(|at| format!("after{at}"));
        return reply(
            200,
            &json!({
                name: shown,
                "meta": { "has_more": cursor.is_some(), "after_cursor": cursor, "before_cursor": null },
                "links": { "next": cursor.as_ref().map(|cursor| same_with(headers, uri, "page[after]", cursor)), "prev": null },
            }),
        );
    }
    let size = count_param(uri, "per_page", 100, 100);
    let number = count_param(uri, "page", 1, 100);
    let (shown, next) = page(items, (number - 1) * size, size);
    let next = next.map(|_| same_with(headers, uri, "page", &(number + 1).to_string()));
    reply(200, &json!({ name: shown, "count": items.len(), "next_page": next, "previous_page": null }))
}

async fn sessions(State(desk): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&desk).sessions(None);
    listed(&headers, &uri, "sessions", &all)
}

async fn groups(State(desk): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&desk).groups();
    listed(&headers, &uri, "groups", &all)
}

async fn memberships(State(desk): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&desk).memberships(None);
    listed(&headers, &uri, "group_memberships", &all)
}

async fn leave_group(State(desk): Shared, Path(membership): Path<String>) -> Response {
    done(open(&desk).leave(number(&membership)))
}

async fn roles(State(desk): Shared) -> Response {
    reply(200, &json!({ "custom_roles": open(&desk).roles() }))
}

async fn tickets(State(desk): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&desk).tickets();
    listed(&headers, &uri, "tickets", &all)
}

async fn assign(State(desk): Shared, Path(ticket): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(assignee) = body["ticket"]["assignee_id"].as_u64() else {
        return refuse(400, "BadRequest", "only assignee_id can be changed here");
    };
    match open(&desk).assign(number(&ticket), assignee) {
        Ok(ticket) => reply(200, &json!({ "ticket": ticket })),
        Err(why) => refused(&why),
    }
}
