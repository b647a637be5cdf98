//! Asana, simulated: the organization's members and guests, teams, and an export that takes its time. Whoever is removed loses what they had.

mod fields;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use self::fields::{chosen, compact};
use self::state::Organization;
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, no_content, page, param, reply, same_with};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "asana",
    start,
    millis: 90,
    // What a paying domain may ask; <https://developers.asana.com/docs/rate-limits>
    rate: RateLimit::of(1500, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\nworkspace = \"{WORKSPACE}\"\n"),
};

/// The gid of the organization.
const WORKSPACE: &str = "1100000000000001";

/// The API below `/api/1.0`, for two service accounts: one that may read, one that may do everything.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let organization = Arc::new(Mutex::new(Organization::new(company)?));
    Ok(Simulated::over(organization.clone(), Router::new().fallback(answer).with_state(organization), Organization::left))
}

/// Why a request does nothing: a status and what is said about it.
type Refusal = (u16, String);

fn unknown(what: &str) -> Refusal {
    (404, format!("{what}: Not a recognized ID"))
}

async fn answer(State(organization): State<Arc<Mutex<Organization>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let refuse = |(status, message): Refusal| {
        let help = "For more information on API status codes and how to handle them, read the docs on errors";
        reply(status, &json!({ "errors": [{ "message": message, "help": help }] }))
    };
    let access = Access::of(&parts.headers, "asana");
    match access.may(is_write(&parts.method)) {
        Ok(()) => {}
        Err(status) if status == 401 => return refuse((401, "Not Authorized".into())),
        Err(_) => return refuse((403, "Forbidden".into())),
    }
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let path = parts.uri.path().trim_matches('/').to_owned();
    let Some(path) = path.strip_prefix("api/1.0/") else {
        return refuse((404, "No matching route for request".into()));
    };
    let segments: Vec<&str> = path.split('/').collect();
    let mut organization = organization.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = match parts.method {
        Method::GET => read(&mut organization, &parts.headers, &parts.uri, &segments, access),
        Method::POST => change(&mut organization, &segments, &body["data"]),
        _ => Err((404, "No matching route for request".into())),
    };
    outcome.unwrap_or_else(refuse)
}

/// One page of short records, or of the fields that were asked for; where to go on is a token.
fn listed(headers: &HeaderMap, uri: &Uri, items: &[Value]) -> Result<Response, Refusal> {
    let shown: Vec<Value> = items.iter().map(|item| chosen(uri, item).unwrap_or_else(|| compact(item))).collect();
    let Some(limit) = param(uri, "limit") else {
        return Ok(reply(200, &json!({ "data": shown })));
    };
    let limit = limit.parse().ok().filter(|limit| (1..=100).contains(limit));
    let limit: usize = limit.ok_or((400, "limit: Must be between 1 and 100".to_owned()))?;
    let from = match param(uri, "offset") {
        None => 0,
        Some(token) => {
            let at = token.strip_prefix("asana.").and_then(|at| at.parse().ok());
            at.ok_or((400, "offset: Your pagination token is invalid".to_owned()))?
        }
    };
    let (shown, next) = page(&shown, from, limit);
    let next = next.map(|at| {
        let offset = format!("asana.{at}");
        let uri = same_with(headers, uri, "offset", &offset);
        let path = uri.split_once("/api/1.0").map(|(_, path)| path.to_owned());
        json!({ "offset": offset, "path": path, "uri": uri })
    });
    Ok(reply(200, &json!({ "data": shown, "next_page": next })))
}

/// The whole record, or the fields that were asked for.
fn one(uri: &Uri, item: Option<Value>, what: &str) -> Result<Response, Refusal> {
    let item = item.ok_or_else(|| unknown(what))?;
    Ok(reply(200, &json!({ "data": chosen(uri, &item).unwrap_or(item) })))
}

fn read(organization: &mut Organization, headers: &HeaderMap, uri: &Uri, segments: &[&str], access: Access) -> Result<Response, Refusal> {
    let here = |workspace: &str| if workspace == WORKSPACE { Ok(()) } else { Err(unknown("workspace")) };
    match segments {
        ["users", "me"] => one(uri, Some(organization.ourselves(access == Access::Revoke)), "user"),
        ["users", user] => one(uri, organization.user(user), "user"),
        ["users", user, "team_memberships"] => {
            here(&param(uri, "workspace").ok_or((400, "workspace: Missing input".to_owned()))?)?;
            let id = organization.gid_of(user).ok_or_else(|| unknown("user"))?;
            listed(headers, uri, &organization.team_memberships(|one| one.user == id))
        }
        ["users", user, "workspace_memberships"] => {
            let id = organization.gid_of(user).ok_or_else(|| unknown("user"))?;
            listed(headers, uri, &organization.memberships(|member| member.gid == id))
        }
        ["workspaces", workspace, "workspace_memberships"] => {
            here(workspace)?;
            let wanted = match param(uri, "user") {
                Some(user) => Some(organization.gid_of(&user).ok_or_else(|| unknown("user"))?),
                None => None,
            };
            listed(headers, uri, &organization.memberships(|member| wanted.as_ref().is_none_or(|gid| *gid == member.gid)))
        }
        ["workspaces", workspace, "teams"] => {
            here(workspace)?;
            listed(headers, uri, &organization.teams())
        }
        ["workspace_memberships", gid] => {
            let found = organization.memberships(|member| member.membership == **gid).pop();
            one(uri, found, "workspace_membership")
        }
        ["teams", team, "team_memberships"] => listed(headers, uri, &organization.team_memberships(|one| one.team == **team)),
        ["team_memberships", gid] => one(uri, organization.team_memberships(|one| one.gid == **gid).pop(), "team_membership"),
        ["organization_exports", gid] => one(uri, organization.export(gid), "organization_export"),
        _ => Err((404, "No matching route for request".into())),
    }
}

fn change(organization: &mut Organization, segments: &[&str], data: &Value) -> Result<Response, Refusal> {
    let named = |name: &str| data[name].as_str().map(str::to_owned).ok_or_else(|| (400, format!("{name}: Missing input")));
    match segments {
        ["workspaces", WORKSPACE, "removeUser"] => organization.remove(&named("user")?).map(|()| no_content()),
        ["workspaces", WORKSPACE, "addUser"] => organization.add(&named("user")?).map(|user| reply(200, &json!({ "data": user }))),
        ["teams", team, "removeUser"] => organization.leave_team(team, &named("user")?).map(|()| no_content()),
        ["teams", team, "addUser"] => {
            organization.join_team(team, &named("user")?).map(|membership| reply(200, &json!({ "data": membership })))
        }
        ["organization_exports"] if named("organization")? == WORKSPACE => Ok(reply(201, &json!({ "data": organization.start_export() }))),
        _ => Err((404, "No matching route for request".into())),
    }
}
