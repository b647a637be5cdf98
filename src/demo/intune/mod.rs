//! Intune, simulated: the device management part of Microsoft Graph, with devices that obey when they next check in.

pub(super) mod query;
pub(super) mod state;
#[cfg(test)]
mod tests;
pub(super) mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use self::state::{Devices, Order};
use self::token::Tokens;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, no_content, origin, reply};

/// How long a device takes until it checks in and obeys.
const CHECK_IN: Duration = Duration::from_millis(400);

type Shared = State<Arc<Mutex<Devices>>>;

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "intune",
    start,
    millis: 30,
    rate: RateLimit::of(1000, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!(
            "url = \"{url}\"\nlogin = \"{url}\"\ntenant = \"northmoor\"\nread_client = \"read-intune\"\nrevoke_client = \"revoke-intune\"\n"
        )
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let devices = Arc::new(Mutex::new(Devices::new(company)?));
    Ok(Simulated::over(devices.clone(), router(devices), Devices::left))
}

/// Graph below `/v1.0`, and the token endpoint beside it.
fn router(devices: Arc<Mutex<Devices>>) -> Router {
    let tokens = Arc::new(Tokens::new("intune"));
    let managed = "/v1.0/deviceManagement/managedDevices";
    let graph = Router::new()
        .route("/v1.0/organization", get(organization))
        .route(managed, get(all_devices))
        .route(&format!("{managed}/{{id}}"), get(device).delete(delete_device))
        .route(&format!("{managed}/{{id}}/retire"), post(retire))
        .route(&format!("{managed}/{{id}}/wipe"), post(wipe))
        .route(&format!("{managed}/{{id}}/remoteLock"), post(remote_lock))
        .route("/v1.0/users/{user}/managedDevices", get(users_devices))
        .with_state(devices)
        .layer(middleware::from_fn_with_state(tokens.clone(), guard));
    let token = Router::new().route("/{tenant}/oauth2/v2.0/token", post(token::issue)).with_state(tokens);
    graph.merge(token).fallback(|| async { refuse(404, "ResourceNotFound", "no such resource") })
}

async fn guard(State(tokens): State<Arc<Tokens>>, request: Request, next: Next) -> Response {
    match tokens.access(request.headers()).may(is_write(request.method())) {
        Ok(()) => next.run(request).await,
        Err(status) if status == 401 => refuse(401, "InvalidAuthenticationToken", "Access token is missing or was not issued here."),
        Err(status) => {
            refuse(status.as_u16(), "Forbidden", "The application lacks DeviceManagementManagedDevices.PrivilegedOperations.All.")
        }
    }
}

fn open(devices: &Mutex<Devices>) -> MutexGuard<'_, Devices> {
    devices.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    reply(status, &json!({ "error": { "code": code, "message": message } }))
}

fn no_device(id: &str) -> Response {
    refuse(404, "ResourceNotFound", &format!("device {id} not found"))
}

async fn organization(State(devices): Shared, headers: HeaderMap) -> Response {
    let organization = open(&devices).organization();
    reply(
        200,
        &json!({
            "@odata.context": format!("{}/v1.0/$metadata#organization", origin(&headers)),
            "value": [organization],
        }),
    )
}

async fn all_devices(State(devices): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let all = open(&devices).all();
    query::collection(&headers, &uri, "deviceManagement/managedDevices", all)
}

async fn users_devices(State(devices): Shared, headers: HeaderMap, uri: Uri, Path(user): Path<String>) -> Response {
    let devices = open(&devices);
    if !devices.knows_user(&user) {
        return refuse(404, "Request_ResourceNotFound", &format!("Resource '{user}' does not exist."));
    }
    let is = |value: &Value| value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(&user));
    let mut of_user = devices.all();
    of_user.retain(|device| is(&device["userId"]) || is(&device["userPrincipalName"]));
    query::collection(&headers, &uri, "managedDevices", of_user)
}

async fn device(State(devices): Shared, uri: Uri, Path(id): Path<String>) -> Response {
    match open(&devices).one(&id) {
        Some(device) => match query::selected(&uri, device) {
            Ok(device) => reply(200, &device),
            Err(what) => refuse(400, "BadRequest", &what),
        },
        None => no_device(&id),
    }
}

async fn delete_device(State(devices): Shared, Path(id): Path<String>) -> Response {
    if open(&devices).remove(&id) { no_content() } else { no_device(&id) }
}

async fn retire(State(devices): Shared, Path(id): Path<String>) -> Response {
    give(devices, id, Order::Retire)
}

async fn wipe(State(devices): Shared, Path(id): Path<String>, body: Bytes) -> Response {
    if !body.is_empty() && serde_json::from_slice::<serde_json::Map<String, Value>>(&body).is_err() {
        return refuse(400, "BadRequest", "the body must be a JSON object");
    }
    give(devices, id, Order::Wipe)
}

async fn remote_lock(State(devices): Shared, Path(id): Path<String>) -> Response {
    give(devices, id, Order::Lock)
}

/// Queues an order; a device that is online obeys at its next check-in.
fn give(devices: Arc<Mutex<Devices>>, id: String, order: Order) -> Response {
    let Some(online) = open(&devices).order(&id, order) else {
        return no_device(&id);
    };
    if online {
        tokio::spawn(async move {
            tokio::time::sleep(CHECK_IN).await;
            open(&devices).check_in(&id, order);
        });
    }
    no_content()
}
