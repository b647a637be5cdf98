//! Zendesk, simulated: agents, their sessions, sign-in identities, OAuth tokens, groups and open tickets.

mod state;
#[cfg(test)]
mod tests;
mod token;
mod users;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::{Desk, Refused};
use super::company::Company;
use super::tokens::Tokens;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, no_content, page, param, reply, same_with};

type Shared = State<Arc<Mutex<Desk>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "zendesk",
    start,
    millis: 40,
    // The Team plan's; <https://developer.zendesk.com/api-reference/introduction/rate-limits/>
    rate: RateLimit::of(200, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nread_client = \"read-zendesk\"\nrevoke_client = \"revoke-zendesk\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let desk = Arc::new(Mutex::new(Desk::new(company)?));
    Ok(Simulated::over(desk.clone(), router(desk), Desk::left))
}

/// The API below `/api/v2`, and the token endpoint beside it.
fn router(desk: Arc<Mutex<Desk>>) -> Router {
    // Each address may end in `.json`, as the vendor's older examples do.
    let both = |router: Router<Arc<Mutex<Desk>>>, path: &str, methods: MethodRouter<Arc<Mutex<Desk>>>| {
        router.route(&format!("/api/v2/{path}"), methods.clone()).route(&format!("/api/v2/{path}.json"), methods)
    };
    let api = Router::new()
        .route("/api/v2/users/{user}", get(users::one).put(users::change).delete(users::remove))
        .route("/api/v2/users/{user}/sessions/{session}", get(users::session).delete(users::end_session))
        .route("/api/v2/users/{user}/identities/{identity}", get(users::identity).delete(users::delete_identity))
        .route("/api/v2/group_memberships/{membership}", get(membership).delete(leave_group))
        .route("/api/v2/oauth/tokens/{token}", get(grant).delete(revoke_grant))
        .route("/api/v2/tickets/{ticket}", put(assign));
    let api = both(api, "users", get(users::all));
    let api = both(api, "users/me", get(users::me));
    let api = both(api, "users/{user}/sessions", get(users::sessions).delete(users::end_sessions));
    let api = both(api, "users/{user}/identities", get(users::identities));
    let api = both(api, "users/{user}/group_memberships", get(users::memberships));
    let api = both(api, "users/{user}/related", get(users::related));
    let api = both(api, "sessions", get(sessions));
    let api = both(api, "oauth/tokens", get(grants));
    let api = both(api, "groups", get(groups));
    let api = both(api, "group_memberships", get(memberships));
    let api = both(api, "custom_roles", get(roles));
    let api = both(api, "tickets", get(tickets));
    let tokens = Tokens::default();
    let api = api.layer(middleware::from_fn_with_state(tokens.clone(), guard)).with_state(desk);
    let token = Router::new().route("/oauth/tokens", post(token::issue)).with_state(tokens);
    api.merge(token).fallback(|| async { refuse(404, "InvalidEndpoint", "Not found") })
}

async fn guard(State(tokens): State<Tokens>, request: Request, next: Next) -> Response {
    match token::access(&tokens, request.headers()).may(is_write(request.method())) {
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

async fn membership(State(desk): Shared, Path(membership): Path<String>) -> Response {
    let all = open(&desk).memberships(None);
    let found = all.into_iter().find(|one| one["id"] == number(&membership));
    found.map_or_else(missing, |one| reply(200, &json!({ "group_membership": one })))
}

/// Those of whoever asks, who has none, or with `all` everybody's.
/// <https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/>
async fn grants(State(desk): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = if param(&uri, "all").as_deref() == Some("true") { open(&desk).grants() } else { Vec::new() };
    listed(&headers, &uri, "tokens", &all)
}

async fn grant(State(desk): Shared, Path(token): Path<String>) -> Response {
    let all = open(&desk).grants();
    let found = all.into_iter().find(|one| one["id"] == number(&token));
    found.map_or_else(missing, |one| reply(200, &json!({ "token": one })))
}

async fn revoke_grant(State(desk): Shared, Path(token): Path<String>) -> Response {
    done(open(&desk).revoke_grant(number(&token)))
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
