//! Verkada, simulated: people who open doors, each with up to five ways in that are switched off one by one.

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

use self::state::{Doors, Way};
use super::company::Company;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, is_write, param, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "verkada",
    start,
    millis: 50,
    rate: RateLimit::of(500, 60, RateStyle::RetryAfterOnly),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| format!("url = \"{url}\"\n"),
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let doors = Arc::new(Mutex::new(Doors::new(company)?));
    Ok(Simulated::over(doors.clone(), Router::new().fallback(answer).with_state(doors), Doors::left))
}

/// Why a request does nothing: a status and what is said about it.
type Refusal = (u16, &'static str);

fn refuse((status, message): Refusal) -> Response {
    reply(status, &json!({ "id": "n0rth", "message": message, "data": null }))
}

/// The key that was made in the console, or the token that it was exchanged for.
fn carried<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn answer(State(doors): State<Arc<Mutex<Doors>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let mut doors = doors.lock().unwrap_or_else(PoisonError::into_inner);
    let path = parts.uri.path().trim_matches('/').to_owned();
    if path == "token" && parts.method == Method::POST {
        // <https://apidocs.verkada.com/reference/getapitokenviewv1>: a key becomes a token for half an hour.
        let access = match carried(&parts.headers, "x-api-key") {
            Some("read-verkada") => Access::Read,
            Some("revoke-verkada") => Access::Revoke,
            _ => return refuse((401, "Must include a valid API key")),
        };
        return reply(200, &json!({ "token": doors.issue(access) }));
    }
    let access = carried(&parts.headers, "x-verkada-auth").map_or(Access::Nobody, |token| doors.access(token));
    match access.may(is_write(&parts.method)) {
        Ok(()) => {}
        Err(status) if status == 401 => return refuse((401, "Must include a valid API token")),
        Err(_) => return refuse((403, "The API key doesn't have the permission for this endpoint")),
    }
    let Some(path) = path.strip_prefix("access/v1/") else {
        return refuse((404, "Not found"));
    };
    let segments: Vec<&str> = path.split('/').collect();
    let outcome = match parts.method {
        Method::GET => read(&doors, &parts.uri, &segments),
        Method::PUT => put(&mut doors, &parts.uri, &segments, &body),
        Method::DELETE => delete(&mut doors, &parts.uri, &segments),
        _ => Err((404, "Not found")),
    };
    outcome.map_or_else(refuse, |body| reply(200, &body))
}

/// The person that a request is about; exactly one of the names that they go by is given.
fn about(doors: &Doors, uri: &Uri) -> Result<String, Refusal> {
    let given: Vec<(&str, String)> =
        ["user_id", "external_id", "email", "employee_id"].into_iter().filter_map(|name| Some((name, param(uri, name)?))).collect();
    let [(name, value)] = given.as_slice() else {
        return Err((400, "exactly one of user_id, external_id, email and employee_id is needed"));
    };
    doors.find(name, value).ok_or((400, "user not found"))
}

fn read(doors: &Doors, uri: &Uri, segments: &[&str]) -> Result<Value, Refusal> {
    match segments {
        ["access_users"] => Ok(json!({ "access_members": doors.members() })),
        ["access_users", "user"] => doors.user(&about(doors, uri)?).ok_or((400, "user not found")),
        ["access_groups"] => Ok(json!({ "access_groups": doors.groups() })),
        _ => Err((404, "Not found")),
    }
}

fn put(doors: &mut Doors, uri: &Uri, segments: &[&str], body: &Value) -> Result<Value, Refusal> {
    let user = about(doors, uri)?;
    let on = |word: &str| match word {
        "activate" => Ok(true),
        "deactivate" => Ok(false),
        _ => Err((404, "Not found")),
    };
    match segments {
        ["access_users", "user", "end_date"] => {
            // <https://apidocs.verkada.com/reference/putaccessenddateviewv1>: seconds since 1970, as text.
            let seconds = body["end_date"].as_str().and_then(|text| text.parse::<i64>().ok());
            doors.set_end(&user, seconds.ok_or((400, "end_date must be a Unix timestamp in seconds"))?);
        }
        ["access_users", "user", "ble", word] => doors.switch(&user, &Way::Phone, on(word)?)?,
        ["access_users", "user", "remote_unlock", word] => doors.switch(&user, &Way::Remote, on(word)?)?,
        ["credentials", "card", word] => {
            let card = param(uri, "card_id").ok_or((400, "card_id is needed"))?;
            doors.switch(&user, &Way::Card(card), on(word)?)?;
        }
        ["credentials", "license_plate", word] => {
            let plate = param(uri, "license_plate_number").ok_or((400, "license_plate_number is needed"))?;
            doors.switch(&user, &Way::Plate(plate), on(word)?)?;
        }
        _ => return Err((404, "Not found")),
    }
    doors.user(&user).ok_or((400, "user not found"))
}

fn delete(doors: &mut Doors, uri: &Uri, segments: &[&str]) -> Result<Value, Refusal> {
    let user = about(doors, uri)?;
    match segments {
        ["access_users", "user", "entry_code"] => doors.remove_code(&user).map(|()| json!({})),
        ["access_groups", "group", "user"] => {
            let group = param(uri, "group_id").ok_or((400, "group_id is needed"))?;
            doors.leave(&user, &group).map(|()| json!({ "group_id": group, "user_id": user }))
        }
        _ => Err((404, "Not found")),
    }
}
