//! OneDrive and SharePoint, simulated: the drives of people with a licence, their items, and the permissions on them, in Microsoft Graph.

mod delta;
mod render;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use self::state::{Drives, Refused};
use super::company::Company;
use super::intune::token::{self, Tokens};
use super::vendor::{
    RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, is_write, no_content, now, page, param, reply, same_with,
};

type Shared = State<Arc<Mutex<Drives>>>;

/// How it is brought up. An application has 1200 units a minute in a tenant of up to 1000 licences
/// (https://learn.microsoft.com/en-us/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online).
pub const VENDOR: Vendor = Vendor {
    name: "onedrive-sharepoint",
    start,
    millis: 80,
    rate: RateLimit::of(1200, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nlogin = \"{url}\"\ntenant = \"6d0f1b2a-0000-4000-8000-00000000a11c\"\nread_client = \"read-onedrive-sharepoint\"\nrevoke_client = \"revoke-onedrive-sharepoint\"\n"
        )
    },
};

/// Graph below `/v1.0`, and the token endpoint beside it.
fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let drives = Arc::new(Mutex::new(Drives::new(company)?));
    let asked = drives.clone();
    Ok(Simulated { router: router(drives), left: Arc::new(move |person| open(&asked).left(person)) })
}

fn router(drives: Arc<Mutex<Drives>>) -> Router {
    let tokens = Arc::new(Tokens::new("onedrive-sharepoint"));
    let item = "/v1.0/drives/{drive}/items/{item}";
    let graph = Router::new()
        .route("/v1.0/sites/{site}", get(site))
        .route("/v1.0/users/{user}", get(user))
        .route("/v1.0/users/{user}/drive", get(drive_of))
        .route("/v1.0/drives/{drive}", get(drive))
        .route("/v1.0/drives/{drive}/root", get(root))
        .route(item, get(one_item).delete(delete_item))
        .route(&format!("{item}/children"), get(children))
        .route(&format!("{item}/delta"), get(delta::changes))
        .route(&format!("{item}/delta()"), get(delta::changes))
        .route(&format!("{item}/invite"), post(invite))
        .route(&format!("{item}/permissions"), get(permissions))
        .route(&format!("{item}/permissions/{{permission}}"), get(permission).delete(delete_permission))
        .with_state(drives)
        .layer(middleware::from_fn_with_state(tokens.clone(), guard));
    let token = Router::new().route("/{tenant}/oauth2/v2.0/token", post(token::issue)).with_state(tokens);
    graph.merge(token).fallback(|| async { refuse(400, "invalidRequest", "Resource not found for the segment.") })
}

async fn guard(State(tokens): State<Arc<Tokens>>, request: Request, next: Next) -> Response {
    match tokens.access(request.headers()).may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "InvalidAuthenticationToken", "Access token is missing or was not issued here."),
        Err(_) => refuse(403, "accessDenied", "The caller does not have permission to perform the action."),
    }
}

fn open(drives: &Mutex<Drives>) -> MutexGuard<'_, Drives> {
    drives.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    let inner = json!({ "date": now().strftime("%Y-%m-%dT%H:%M:%S").to_string() });
    reply(status, &json!({ "error": { "code": code, "message": message, "innerError": inner } }))
}

fn refused(why: Refused) -> Response {
    match why {
        Refused::Missing => refuse(404, "itemNotFound", "The resource could not be found."),
        Refused::NoDrive => refuse(404, "ResourceNotFound", "User's mysite not found."),
        Refused::Locked => refuse(423, "resourceLocked", "Access to this site has been blocked."),
        Refused::Inherited => refuse(400, "invalidRequest", "The permission is inherited and can only be removed where it was given."),
        Refused::Bad(why) => refuse(400, "invalidRequest", why),
    }
}

/// The properties that `$select` names, and always the id.
fn selected(uri: &Uri, item: &Value) -> Value {
    let (Some(names), Some(fields)) = (param(uri, "$select"), item.as_object()) else {
        return item.clone();
    };
    let asked = |name: &str| name == "id" || names.split(',').any(|asked| asked.trim() == name);
    let kept: Map<String, Value> =
        fields.iter().filter(|(name, _)| asked(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    Value::Object(kept)
}

fn shown(uri: &Uri, answer: Result<Value, Refused>) -> Response {
    answer.map_or_else(refused, |item| reply(200, &selected(uri, &item)))
}

/// One page of a collection.
fn listed(headers: &HeaderMap, uri: &Uri, items: &[Value]) -> Response {
    let from = param(uri, "$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let (part, next) = page(items, from, count_param(uri, "$top", 200, 999));
    let mut body = json!({ "value": part.iter().map(|item| selected(uri, item)).collect::<Vec<_>>() });
    if let Some(next) = next {
        body["@odata.nextLink"] = same_with(headers, uri, "$skiptoken", &next.to_string()).into();
    }
    reply(200, &body)
}

async fn site(Path(site): Path<String>, uri: Uri) -> Response {
    match site.as_str() {
        "root" => shown(
            &uri,
            Ok(json!({
                "id": "northmoor.sharepoint.example,d0000000-0000-4000-8000-000000000001,d0000000-0000-4000-8000-000000000002",
                "displayName": "Northmoor Instruments",
                "root": {},
                "webUrl": "https://northmoor.sharepoint.example",
            })),
        ),
        _ => refused(Refused::Missing),
    }
}

/// The account behind a drive, as far as the drives' own application may see it. Whether it may sign in is the directory's to say; nobody
/// changes it here.
async fn user(State(drives): Shared, uri: Uri, Path(user): Path<String>) -> Response {
    shown(&uri, open(&drives).user(&user))
}

async fn drive_of(State(drives): Shared, uri: Uri, Path(user): Path<String>) -> Response {
    shown(&uri, open(&drives).drive_of(&user))
}

async fn drive(State(drives): Shared, uri: Uri, Path(drive): Path<String>) -> Response {
    shown(&uri, open(&drives).drive(&drive))
}

async fn root(State(drives): Shared, uri: Uri, Path(drive): Path<String>) -> Response {
    shown(&uri, open(&drives).item(&drive, "root"))
}

async fn one_item(State(drives): Shared, uri: Uri, Path((drive, item)): Path<(String, String)>) -> Response {
    shown(&uri, open(&drives).item(&drive, &item))
}

async fn children(State(drives): Shared, headers: HeaderMap, uri: Uri, Path((drive, item)): Path<(String, String)>) -> Response {
    open(&drives).children(&drive, &item).map_or_else(refused, |items| listed(&headers, &uri, &items))
}

async fn delete_item(State(drives): Shared, Path((drive, item)): Path<(String, String)>) -> Response {
    open(&drives).delete_item(&drive, &item).map_or_else(refused, |()| no_content())
}

async fn permissions(State(drives): Shared, headers: HeaderMap, uri: Uri, Path((drive, item)): Path<(String, String)>) -> Response {
    open(&drives).permissions(&drive, &item).map_or_else(refused, |all| listed(&headers, &uri, &all))
}

async fn permission(State(drives): Shared, uri: Uri, Path((drive, item, id)): Path<(String, String, String)>) -> Response {
    let found = open(&drives).permissions(&drive, &item);
    shown(&uri, found.and_then(|all| all.into_iter().find(|one| one["id"] == id.as_str()).ok_or(Refused::Missing)))
}

async fn delete_permission(State(drives): Shared, Path((drive, item, id)): Path<(String, String, String)>) -> Response {
    open(&drives).delete_permission(&drive, &item, &id).map_or_else(refused, |()| no_content())
}

async fn invite(State(drives): Shared, Path((drive, item)): Path<(String, String)>, Json(body): Json<Value>) -> Response {
    let recipients: Vec<&str> =
        body["recipients"].as_array().into_iter().flatten().filter_map(|recipient| recipient["email"].as_str()).collect();
    let role = body["roles"][0].as_str().filter(|role| matches!(*role, "read" | "write"));
    let outcome = match (recipients.is_empty(), role) {
        (true, _) => Err(Refused::Bad("recipients is empty")),
        (_, None) => Err(Refused::Bad("roles must be read or write")),
        (false, Some(role)) => open(&drives).invite(&drive, &item, &recipients, role),
    };
    outcome.map_or_else(refused, |given| reply(200, &json!({ "value": given })))
}
