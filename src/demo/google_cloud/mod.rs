//! Google Cloud, simulated: Resource Manager and IAM on one address, with the token endpoint of service accounts.

mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use self::state::{Account, Cloud, Key};
use super::company::Company;
use super::planted;
use super::vendor::{Access, RateLimit, RateStyle, Secret, Simulated, Vendor, count_param, page, param, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "google-cloud",
    start,
    millis: 30,
    rate: RateLimit::of(600, 60, RateStyle::None),
    secret: Secret::PrivateKey,
    signs_in_through: None,
    settings: |url| {
        let accounts = "read_account = \"exeunt-read@nm-telemetry.iam.gserviceaccount.com\"\nrevoke_account = \"exeunt-revoke@nm-telemetry.iam.gserviceaccount.com\"\n";
        format!("url = \"{url}\"\niam_url = \"{url}\"\ntoken_url = \"{url}/token\"\norganization = \"410000000001\"\n{accounts}")
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let cloud = Arc::new(Mutex::new(Cloud::new(company)?));
    let router = Router::new().route("/token", post(token)).fallback(answer).with_state(cloud.clone());
    Ok(Simulated::over(cloud, router, Cloud::left))
}

/// A service account's signed assertion becomes a token; the scope decides what it may do. Signatures aren't checked: the simulation holds
/// no public key of ours.
async fn token(Form(form): Form<HashMap<String, String>>) -> Response {
    let claims = form.get("assertion").and_then(|assertion| assertion.split('.').nth(1)).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default();
    let hand = match claims["scope"].as_str() {
        Some("https://www.googleapis.com/auth/cloud-platform.read-only") => "read",
        Some("https://www.googleapis.com/auth/cloud-platform") => "revoke",
        _ => return reply(400, &json!({ "error": "invalid_scope", "error_description": "Empty or missing scope not allowed." })),
    };
    if !claims["iss"].as_str().is_some_and(|account| account.starts_with(&format!("exeunt-{hand}@"))) {
        return reply(400, &json!({ "error": "invalid_grant", "error_description": "Invalid grant: account not found" }));
    }
    reply(200, &json!({ "access_token": format!("{hand}-google-cloud"), "expires_in": 3599, "token_type": "Bearer" }))
}

/// Why a request does nothing: code, the status' name, message.
type Refusal = (u16, &'static str, String);

async fn answer(State(cloud): State<Arc<Mutex<Cloud>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let access = Access::of(&parts.headers, "google-cloud");
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let whole = parts.uri.path().replace("%40", "@");
    let (path, verb) = match whole.rsplit_once(':') {
        Some((path, verb)) if !verb.contains('/') => (path, verb),
        _ => (whole.as_str(), ""),
    };
    // Policies are read, and permissions tried, by POST.
    let writes = parts.method != "GET" && !["getIamPolicy", "testIamPermissions"].contains(&verb);
    let outcome = match access.may(writes) {
        Err(status) if status == 401 => Err((401, "UNAUTHENTICATED", "Request had invalid authentication credentials.".to_owned())),
        Err(_) => Err((403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.".to_owned())),
        Ok(()) => {
            let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            let mut cloud = cloud.lock().unwrap_or_else(PoisonError::into_inner);
            match segments.as_slice() {
                ["v3", rest @ ..] => resources(&mut cloud, parts.method.as_str(), &parts.uri, rest, verb, &body),
                ["v1", "projects", project, "serviceAccounts", rest @ ..] => {
                    accounts(&mut cloud, parts.method.as_str(), &parts.uri, project, rest, verb, &body)
                }
                _ => Err(missing("The requested URL")),
            }
        }
    };
    match outcome {
        Ok(shown) => reply(200, &shown),
        Err((code, status, message)) => reply(code, &json!({ "error": { "code": code, "message": message, "status": status } })),
    }
}

fn missing(what: &str) -> Refusal {
    (404, "NOT_FOUND", format!("{what} was not found."))
}

fn resources(cloud: &mut Cloud, method: &str, uri: &Uri, path: &[&str], verb: &str, body: &Value) -> Result<Value, Refusal> {
    let made = cloud.made.clone();
    match (method, path, verb) {
        ("GET", ["organizations", number], "") if *number == cloud.planted.organization.number => Ok(json!({
            "name": format!("organizations/{number}"), "displayName": cloud.planted.organization.name, "state": "ACTIVE",
            "directoryCustomerId": "C0northmr", "createTime": made, "updateTime": made, "etag": "W/1",
        })),
        ("GET", ["folders"], "search") => {
            let folder = |folder: &state::Folder| {
                json!({
                    "name": format!("folders/{}", folder.number), "displayName": folder.name, "parent": folder.parent, "state": "ACTIVE",
                    "createTime": made, "updateTime": made, "etag": "W/1",
                })
            };
            Ok(listed("folders", cloud.planted.folders.iter().map(folder).collect(), uri, 300))
        }
        ("GET", ["projects"], "search") => {
            let project = |project: &state::Project| {
                json!({
                    "name": format!("projects/{}", project.number), "projectId": project.id, "displayName": project.name,
                    "parent": project.parent, "state": if project.deleted { "DELETE_REQUESTED" } else { "ACTIVE" },
                    "createTime": made, "updateTime": made, "etag": "W/1",
                })
            };
            Ok(listed("projects", cloud.planted.projects.iter().map(project).collect(), uri, 300))
        }
        ("POST", [kind, number], _) => {
            let name = format!("{kind}/{number}");
            if !cloud.knows(&name) {
                return Err((403, "PERMISSION_DENIED", format!("The caller does not have permission on {name}")));
            }
            on_policy(cloud, &name, verb, body)
        }
        _ => Err(missing("The resource")),
    }
}

fn on_policy(cloud: &mut Cloud, resource: &str, verb: &str, body: &Value) -> Result<Value, Refusal> {
    match verb {
        "getIamPolicy" => Ok(cloud.policy(resource)),
        "setIamPolicy" => {
            cloud.set_policy(resource, &body["policy"]).map_err(|why| (409, "ABORTED", why.to_owned()))?;
            Ok(cloud.policy(resource))
        }
        "testIamPermissions" => Ok(json!({ "permissions": body["permissions"] })),
        _ => Err(missing("The method")),
    }
}

#[allow(clippy::too_many_arguments, reason = "the pieces of one request")]
fn accounts(cloud: &mut Cloud, method: &str, uri: &Uri, project: &str, path: &[&str], verb: &str, body: &Value) -> Result<Value, Refusal> {
    let known = |id: &str| cloud.planted.projects.iter().any(|one| one.id == id && !one.deleted);
    if !known(project) {
        return Err((403, "PERMISSION_DENIED", format!("Permission denied on project {project}")));
    }
    let [email, rest @ ..] = path else {
        let all = cloud.accounts.iter().filter(|account| account.project == project).map(shown);
        return Ok(listed("accounts", all.collect(), uri, 100));
    };
    let no_account = || missing(&format!("Service account {email}"));
    let at = cloud.accounts.iter().position(|account| account.email == *email && account.project == project).ok_or_else(no_account)?;
    match (method, rest, verb) {
        ("GET", [], "") => Ok(shown(&cloud.accounts[at])),
        ("POST", [], "disable" | "enable") => {
            cloud.accounts[at].disabled = verb == "disable";
            Ok(json!({}))
        }
        ("POST", [], _) => on_policy(cloud, email, verb, body),
        ("GET", ["keys"], "") => {
            let wanted = param(uri, "keyTypes").unwrap_or_else(|| "USER_MANAGED".into());
            let account = &cloud.accounts[at];
            let keys = account.keys.iter().filter(|_| wanted == "USER_MANAGED").map(|key| key_shown(account, key));
            let keys: Vec<Value> = keys.collect();
            // A list of nothing is left out, as everywhere in this API.
            Ok(if keys.is_empty() { json!({}) } else { json!({ "keys": keys }) })
        }
        (_, ["keys", id], _) => {
            let no_key = || missing(&format!("Service account key {id}"));
            let key = cloud.accounts[at].keys.iter().position(|key| key.id == **id).ok_or_else(no_key)?;
            match (method, verb) {
                ("GET", "") => Ok(key_shown(&cloud.accounts[at], &cloud.accounts[at].keys[key])),
                ("POST", "disable" | "enable") => {
                    cloud.accounts[at].keys[key].disabled = verb == "disable";
                    Ok(json!({}))
                }
                ("DELETE", "") => {
                    cloud.accounts[at].keys.remove(key);
                    Ok(json!({}))
                }
                _ => Err(missing("The method")),
            }
        }
        _ => Err(missing("The method")),
    }
}

fn listed(name: &str, items: Vec<Value>, uri: &Uri, max: usize) -> Value {
    let from = param(uri, "pageToken").and_then(|token| token.strip_prefix("after")?.parse().ok()).unwrap_or(0);
    let (shown, next) = page(&items, from, count_param(uri, "pageSize", 20, max));
    let mut answer = json!({});
    if !shown.is_empty() {
        answer[name] = shown.into();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = format!("after{next}").into();
    }
    answer
}

fn shown(account: &Account) -> Value {
    let mut shown = json!({
        "name": format!("projects/{}/serviceAccounts/{}", account.project, account.email), "projectId": account.project,
        "uniqueId": format!("10{:019}", planted::number_of(&account.email)), "email": account.email,
        "displayName": account.email.split('@').next(), "oauth2ClientId": format!("10{:019}", planted::number_of(&account.email)),
    });
    // False is left out.
    if account.disabled {
        shown["disabled"] = true.into();
    }
    shown
}

fn key_shown(account: &Account, key: &Key) -> Value {
    let mut shown = json!({
        "name": format!("projects/{}/serviceAccounts/{}/keys/{}", account.project, account.email, key.id),
        "keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED", "keyAlgorithm": "KEY_ALG_RSA_2048", "validAfterTime": key.created,
        "validBeforeTime": key.ends.as_deref().unwrap_or("9999-12-31T23:59:59Z"),
    });
    if key.disabled {
        shown["disabled"] = true.into();
    }
    shown
}
