//! Zoom, simulated: users, roles, assistants and recordings, where what a leaver owned moves with the removal or never.

mod state;
#[cfg(test)]
mod tests;
mod users;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::state::{Account, Refused};
use super::company::Company;
use super::tokens::Tokens;
use super::vendor::{
    Access, RateLimit, RateStyle, Secret, Simulated, Vendor, basic, count_param, form, is_write, no_content, now, page, param, reply,
};

type Shared = State<Arc<Mutex<Account>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "zoom",
    start,
    millis: 60,
    // What a larger account may ask of the heavier calls; <https://developers.zoom.us/docs/api/rate-limits/>
    rate: RateLimit::of(40, 1, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nlogin = \"{url}\"\naccount = \"NMzoomAccount0000000\"\nread_client = \"read-zoom\"\nrevoke_client = \"revoke-zoom\"\n"
        )
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let account = Arc::new(Mutex::new(Account::new(company)?));
    Ok(Simulated::over(account.clone(), router(account), Account::left))
}

/// The API below `/v2`, and the token endpoint beside it.
fn router(account: Arc<Mutex<Account>>) -> Router {
    let tokens = Tokens::default();
    let api = Router::new()
        .route("/v2/users", get(users::all))
        .route("/v2/users/{user}", get(users::one).delete(users::remove))
        .route("/v2/users/{user}/status", put(users::status))
        .route("/v2/users/{user}/token", delete(users::sign_out))
        .route("/v2/users/{user}/password", put(users::password))
        .route("/v2/users/{user}/assistants", get(users::assistants).post(users::add_assistants).delete(users::delete_assistants))
        .route("/v2/users/{user}/assistants/{assistant}", delete(users::delete_assistant))
        .route("/v2/users/{user}/schedulers", get(users::schedulers).delete(users::delete_schedulers))
        .route("/v2/users/{user}/schedulers/{scheduler}", delete(users::delete_scheduler))
        .route("/v2/users/{user}/recordings", get(users::recordings))
        .route("/v2/roles", get(roles))
        .route("/v2/roles/{role}/members", get(role_members).post(assign))
        .route("/v2/roles/{role}/members/{user}", delete(unassign))
        .route("/v2/groups", get(groups))
        .route("/v2/groups/{group}/members", get(group_members).post(join_group))
        .route("/v2/groups/{group}/members/{user}", delete(leave_group))
        .route("/v2/meetings/{meeting}/recordings/settings", get(recording_settings).patch(change_recording))
        .route("/v2/devices", get(devices))
        .with_state(account.clone())
        .layer(middleware::from_fn_with_state(tokens.clone(), guard));
    let token = Router::new().route("/oauth/token", post(issue)).with_state((account, tokens));
    api.merge(token).fallback(|| async { refuse(404, 2300, "This API endpoint is not recognized.") })
}

async fn guard(State(tokens): State<Tokens>, request: Request, next: Next) -> Response {
    // The vendor answers 400, not 403, where a scope is missing.
    match tokens.access(request.headers()).may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, 124, "Invalid access token."),
        Err(_) => {
            refuse(400, 4711, &format!("Invalid access token, does not contain scopes:[{}].", scope(request.method(), request.uri())))
        }
    }
}

/// The scope that a write would have needed.
fn scope(method: &Method, uri: &Uri) -> String {
    let last = uri.path().rsplit('/').find(|part| matches!(*part, "token" | "status" | "assistants" | "schedulers" | "members"));
    let verb = if *method == Method::DELETE { "delete" } else { "update" };
    format!("user:{verb}:{}:admin", last.unwrap_or("user"))
}

async fn issue(State((account, tokens)): State<(Arc<Mutex<Account>>, Tokens)>, headers: HeaderMap, uri: Uri, body: String) -> Response {
    // In the query or in a form, which are written alike.
    let form = form(body.as_bytes());
    let said = |name: &str| form.get(name).cloned().or_else(|| param(&uri, name));
    let refused = |status, error: &str, why: &str| reply(status, &json!({ "error": error, "reason": why }));
    if said("grant_type").as_deref() != Some("account_credentials") {
        return refused(400, "unsupported_grant_type", "unsupported grant type");
    }
    let Some((client, secret)) = basic(&headers) else {
        return refused(401, "invalid_client", "Invalid client_id or client_secret");
    };
    let access = match client.as_str() {
        "read-zoom" => Access::Read,
        "revoke-zoom" => Access::Revoke,
        _ => return refused(401, "invalid_client", "Invalid client_id or client_secret"),
    };
    if secret != client {
        return refused(401, "invalid_client", "Invalid client_id or client_secret");
    }
    if said("account_id").as_deref() != Some(open(&account).id()) {
        return refused(400, "invalid_request", "Bad request: no such account");
    }
    let token = tokens.hand_out(&client, access);
    reply(200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": 3599, "scope": "" }))
}

fn open(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: u32, message: &str) -> Response {
    reply(status, &json!({ "code": code, "message": message }))
}

fn no_user(key: &str) -> Response {
    refuse(404, 1001, &format!("User does not exist: {key}."))
}

fn done(outcome: Result<(), Refused>, what: &str) -> Response {
    match outcome {
        Ok(()) => no_content(),
        Err(Refused::Missing) => no_user(what),
        Err(Refused::Rule(code, why)) => refuse(400, code, why),
    }
}

/// One page under `name`, and the token of the next, which is empty at the end.
fn listed(uri: &Uri, name: &str, items: &[Value]) -> Response {
    let size = match param(uri, "page_size").map(|size| size.parse::<usize>()) {
        None => 30,
        Some(Ok(size)) if (1..=300).contains(&size) => size,
        Some(_) => return refuse(400, 300, "The page_size must be from 1 to 300."),
    };
    let token = param(uri, "next_page_token").filter(|token| !token.is_empty());
    let from = match token {
        None => (count_param(uri, "page_number", 1, usize::MAX) - 1).saturating_mul(size),
        Some(token) => match token.strip_prefix("zoomnext").and_then(|at| at.parse().ok()) {
            Some(from) => from,
            None => return refuse(400, 300, "The next page token is invalid or expired."),
        },
    };
    let (shown, next) = page(items, from, size);
    reply(
        200,
        &json!({
            "page_count": items.len().div_ceil(size),
            "page_number": from / size + 1,
            "page_size": size,
            "total_records": items.len(),
            "next_page_token": next.map(|at| format!("zoomnext{at}")).unwrap_or_default(),
            name: shown,
        }),
    )
}

async fn roles(State(account): Shared) -> Response {
    let roles = open(&account).roles();
    reply(200, &json!({ "total_records": roles.len(), "roles": roles }))
}

async fn role_members(State(account): Shared, uri: Uri, Path(role): Path<String>) -> Response {
    match open(&account).role_members(&role) {
        Some(members) => listed(&uri, "members", &members),
        None => refuse(404, 1037, "This role does not exist."),
    }
}

async fn unassign(State(account): Shared, Path((role, user)): Path<(String, String)>) -> Response {
    done(open(&account).unassign(&role, &user), &user)
}

/// What a change of several members names them by.
fn named(body: &Value, list: &str) -> Vec<String> {
    let one = |item: &Value| item["id"].as_str().or_else(|| item["email"].as_str()).map(str::to_owned);
    body[list].as_array().into_iter().flatten().filter_map(one).collect()
}

async fn assign(State(account): Shared, Path(role): Path<String>, Json(body): Json<Value>) -> Response {
    added(&named(&body, "members"), |user| open(&account).assign(&role, user))
}

async fn join_group(State(account): Shared, Path(group): Path<String>, Json(body): Json<Value>) -> Response {
    added(&named(&body, "members"), |user| open(&account).join(&group, user))
}

fn added(users: &[String], add: impl Fn(&str) -> Result<(), Refused>) -> Response {
    match users.iter().find_map(|user| add(user).err().map(|why| (user, why))) {
        Some((user, why)) => done(Err(why), user),
        None => reply(201, &json!({ "add_at": now().to_string(), "ids": users.join(",") })),
    }
}

/// A uuid that begins with a slash, or has two, is encoded twice.
fn uuid(meeting: &str) -> String {
    meeting.replace("%2F", "/").replace("%2f", "/")
}

async fn recording_settings(State(account): Shared, Path(meeting): Path<String>) -> Response {
    let shown = open(&account).recording_settings(&uuid(&meeting));
    shown.map_or_else(|| refuse(404, 3301, "There is no recording for this meeting."), |shown| reply(200, &shown))
}

async fn change_recording(State(account): Shared, Path(meeting): Path<String>, Json(body): Json<Value>) -> Response {
    let mut account = open(&account);
    let Some(recording) = account.recording_mut(&uuid(&meeting)) else {
        return refuse(404, 3301, "There is no recording for this meeting.");
    };
    if let Some(shared) = body["share_recording"].as_str() {
        if !matches!(shared, "publicly" | "internally" | "none") {
            return refuse(400, 300, "Validation Failed.");
        }
        shared.clone_into(&mut recording.shared);
    }
    recording.download = body["viewer_download"].as_bool().unwrap_or(recording.download);
    recording.auto_delete = body["auto_delete"].as_bool().unwrap_or(recording.auto_delete);
    no_content()
}

async fn groups(State(account): Shared) -> Response {
    let groups = open(&account).groups();
    reply(200, &json!({ "total_records": groups.len(), "next_page_token": "", "groups": groups }))
}

async fn group_members(State(account): Shared, uri: Uri, Path(group): Path<String>) -> Response {
    match open(&account).group_members(&group) {
        Some(members) => listed(&uri, "members", &members),
        None => refuse(404, 4130, "A group with this ID does not exist."),
    }
}

async fn leave_group(State(account): Shared, Path((group, user)): Path<(String, String)>) -> Response {
    done(open(&account).leave(&group, &user), &user)
}

async fn devices(State(account): Shared) -> Response {
    let devices = open(&account).devices();
    reply(200, &json!({ "page_size": 30, "next_page_token": "", "devices": devices }))
}
