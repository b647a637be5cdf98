//! Dropbox for teams, simulated: everything is asked by POST, refusals come with status 409 and a tag that says why.

mod folders;
mod members;
mod render;
mod state;
#[cfg(test)]
mod tests;
mod things;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use self::state::Team;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, reply};

/// How it is brought up: the API below `/2`, and the token endpoint. The two secrets are refresh tokens of two team apps.
pub const VENDOR: Vendor = Vendor {
    name: "dropbox",
    start,
    millis: 60,
    rate: RateLimit::of(600, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nread_app = \"{}\"\nrevoke_app = \"{}\"\nlegal_hold = true\ntransfer_admin = \"{}\"\n",
            token::READ_APP,
            token::REVOKE_APP,
            state::member_id("TEAMADMIN")
        )
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let team = Arc::new(Mutex::new(Team::new(company)?));
    Ok(Simulated::over(team.clone(), Router::new().fallback(answer).with_state(team), Team::left))
}

/// Why a request does nothing.
enum Refusal {
    /// 401, before the endpoint is reached.
    Auth(Value),
    /// 409, the endpoint's own.
    Tag(&'static str),
    /// The same, with the reason inside the reason.
    Within(&'static str, &'static str),
    /// 400, in plain text.
    Bad(String),
}

type Outcome = Result<Value, Refusal>;

type Call = fn(&mut Team, &Asked) -> Outcome;

/// One request, taken apart.
struct Asked {
    body: Value,
    /// The member on whose behalf it is made, for endpoints of one user.
    member: Option<String>,
}

impl Asked {
    fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.body[name].as_str().ok_or_else(|| Refusal::Bad(format!("request body: missing required field '{name}'")))
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match &self.body[name] {
            Value::Null => Ok(default),
            value => value.as_bool().ok_or_else(|| Refusal::Bad(format!("request body: {name}: expected boolean"))),
        }
    }
}

/// Path below `/2`, the scope that is needed, whether it is one member's own, and what answers.
const ENDPOINTS: &[(&str, &str, bool, Call)] = &[
    ("team/token/get_authenticated_admin", "team_info.read", false, members::authenticated_admin),
    ("team/members/list_v2", "members.read", false, members::list),
    ("team/members/list/continue_v2", "members.read", false, members::list_continue),
    ("team/members/get_info_v2", "members.read", false, members::get_info),
    ("team/members/suspend", "members.write", false, members::suspend),
    ("team/members/unsuspend", "members.write", false, members::unsuspend),
    ("team/members/set_admin_permissions_v2", "members.write", false, members::set_roles),
    ("team/members/remove", "members.delete", false, members::remove),
    ("team/members/remove/job_status/get", "members.delete", false, members::remove_status),
    ("team/groups/list/continue", "groups.read", false, things::groups_continue),
    ("team/groups/members/add", "groups.write", false, things::join_group),
    ("team/groups/list", "groups.read", false, things::groups),
    ("team/groups/members/list", "groups.read", false, things::group_members),
    ("team/groups/members/remove", "groups.write", false, things::leave_group),
    ("team/devices/list_members_devices", "sessions.list", false, things::devices),
    ("team/devices/list_member_devices", "sessions.list", false, things::member_devices),
    ("team/devices/revoke_device_session", "sessions.modify", false, things::revoke_device),
    ("team/linked_apps/list_members_linked_apps", "sessions.list", false, things::apps),
    ("team/linked_apps/list_member_linked_apps", "sessions.list", false, things::member_apps),
    ("team/linked_apps/revoke_linked_app", "sessions.modify", false, things::revoke_app),
    ("team/legal_holds/create_policy", "team_data.governance.write", false, things::new_hold),
    // The vendor asks for the right to write, even here.
    ("team/legal_holds/get_policy", "team_data.governance.write", false, things::hold),
    ("team/legal_holds/list_policies", "team_data.governance.write", false, things::holds),
    ("team/legal_holds/release_policy", "team_data.governance.write", false, things::release_hold),
    ("sharing/list_shared_links", "sharing.read", true, things::links),
    ("sharing/get_shared_link_metadata", "sharing.read", true, things::link_metadata),
    ("sharing/list_folders", "sharing.read", true, folders::list),
    ("sharing/list_folders/continue", "sharing.read", true, folders::list_continue),
    ("sharing/list_folder_members", "sharing.read", true, folders::members),
    ("sharing/list_folder_members/continue", "sharing.read", true, folders::members_continue),
    ("sharing/remove_folder_member", "sharing.write", true, folders::remove_member),
    ("sharing/revoke_shared_link", "sharing.write", true, things::revoke_link),
];

/// What the read token may do; the other one may do everything.
const READ_SCOPES: [&str; 5] = ["team_info.read", "members.read", "groups.read", "sessions.list", "sharing.read"];

async fn answer(State(team): State<Arc<Mutex<Team>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    if parts.method == Method::POST && parts.uri.path() == "/oauth2/token" {
        return token::issue(&mut team.lock().unwrap_or_else(PoisonError::into_inner), &bytes);
    }
    let path = parts.uri.path().strip_prefix("/2/").unwrap_or_default();
    let endpoint = ENDPOINTS.iter().find(|(known, ..)| *known == path);
    let (Some((path, scope, own, call)), Method::POST) = (endpoint, parts.method) else {
        return plain(404, "Unknown API function");
    };
    let body = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() => Value::Null,
        Err(_) => return plain(400, &format!("Error in call to API function \"{path}\": request body: could not decode input as JSON")),
    };
    let mut team = team.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = allowed(&team, &parts.headers, scope, *own).and_then(|member| call(&mut team, &Asked { body, member }));
    match outcome {
        Ok(body) => reply(200, &body),
        Err(Refusal::Auth(error)) => {
            let summary = format!("{}/..", error[".tag"].as_str().unwrap_or_default());
            reply(401, &json!({ "error_summary": summary, "error": error }))
        }
        Err(Refusal::Within(tag, reason)) => {
            let error = json!({ ".tag": tag, tag: { ".tag": reason } });
            reply(409, &json!({ "error_summary": format!("{tag}/{reason}/.."), "error": error }))
        }
        Err(Refusal::Tag(tag)) => reply(409, &json!({ "error_summary": format!("{tag}/.."), "error": { ".tag": tag } })),
        Err(Refusal::Bad(what)) => plain(400, &format!("Error in call to API function \"{path}\": {what}")),
    }
}

fn allowed(team: &Team, headers: &HeaderMap, scope: &str, own: bool) -> Result<Option<String>, Refusal> {
    let error = |tag: &str| Refusal::Auth(json!({ ".tag": tag }));
    match token::access(team, headers) {
        Access::Nobody => return Err(error("invalid_access_token")),
        Access::Read if !READ_SCOPES.contains(&scope) => {
            return Err(Refusal::Auth(json!({ ".tag": "missing_scope", "required_scope": scope })));
        }
        Access::Read | Access::Revoke => {}
    }
    if !own {
        return Ok(None);
    }
    let id = headers.get("dropbox-api-select-user").and_then(|value| value.to_str().ok());
    let id = id.ok_or_else(|| Refusal::Bad("this API function operates on a single Dropbox account: select a user".into()))?;
    match team.members.iter().find(|member| member.id == id && member.status != "removed") {
        None => Err(error("invalid_select_user")),
        // Nobody speaks for who is suspended: what is a member's own is read and taken away before.
        Some(member) if member.status == "suspended" => Err(error("user_suspended")),
        Some(member) => Ok(Some(member.id.clone())),
    }
}

fn plain(status: u16, what: &str) -> Response {
    let mut response = Response::new(Body::from(what.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
