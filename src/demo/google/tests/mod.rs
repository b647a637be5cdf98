//! The simulated Google Workspace from outside: what is planted is there, what is taken away is gone, and the order traps hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod documents;
mod revoke;

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::demo::company::Company;
use crate::demo::faults::Faults;
use crate::demo::probe::Probe;
use crate::demo::vendor::{Profile, Running, serve};

const ADMIN: &str = "admin@northmoor.example";
const RAFAEL: &str = "rafael.okonjo@northmoor.example";
const RAFAEL_ID: &str = "100000000000000001002";
const SUCCESSOR_ID: &str = "100000000000000002002";
const HIM: &str = "/admin/directory/v1/users/rafael.okonjo@northmoor.example";
const MAIL: &str = "/gmail/v1/users/me/settings";
const CUSTOMER: &str = "/admin/directory/v1/customer/my_customer";

fn company() -> Company {
    Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap()
}

async fn start() -> Running {
    let router = super::start(&Arc::new(company())).unwrap().router;
    serve("google-workspace", router, Profile::default(), Faults::default()).await.unwrap()
}

fn assertion(issuer: &str, subject: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": issuer, "sub": subject, "aud": "https://oauth2.googleapis.com/token",
        "scope": "https://www.googleapis.com/auth/admin.directory.user", "iat": 1_000, "exp": 4_600,
    });
    format!("{}.{}.c2lnbmVk", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims))
}

async fn token(server: &Running, issuer: &str, subject: &str) -> Result<String, Value> {
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion(issuer, subject))];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/token", server.url)).form(&form);
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    match body["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(body),
    }
}

/// A caller that may change things, acting as `subject`.
async fn acting_as(server: &Running, subject: &str) -> Probe {
    let token = token(server, "exeunt-revoke@northmoor.iam.example", subject).await.unwrap();
    Probe::new("google", &server.url, "https://www.googleapis.com", &format!("Bearer {token}"))
}

async fn done(probe: &Probe, method: &str, path: &str, body: Option<Value>) -> Value {
    let answer = probe.call(method, path, body).await;
    assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
    answer.body
}

/// Status and reason of a call that is refused.
async fn refused(probe: &Probe, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
    let answer = probe.call(method, path, body).await;
    let reason = answer.body["error"]["errors"][0]["reason"].as_str();
    (answer.status, reason.unwrap_or_default().to_owned())
}

async fn all(probe: &Probe, path: &str, list: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = String::new();
    loop {
        let body = done(probe, "GET", &format!("{path}{next}"), None).await;
        items.extend(body[list].as_array().cloned().unwrap_or_default());
        match body["nextPageToken"].as_str() {
            Some(token) => next = format!("&pageToken={token}"),
            None => return items,
        }
    }
}

/// All of a person's own files, with what a scan asks for.
async fn files(server: &Running, address: &str) -> Vec<Value> {
    let path = "/drive/v3/files?q=%27me%27%20in%20owners&pageSize=50&fields=nextPageToken,files(id,name,owners,permissions)";
    all(&acting_as(server, address).await, path, "files").await
}

#[tokio::test]
async fn everyone_has_an_account_and_so_does_the_sentinel() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let users = all(&admin, "/admin/directory/v1/users?customer=my_customer&maxResults=150", "users").await;
    let ids: HashSet<&str> = users.iter().filter_map(|user| user["id"].as_str()).collect();
    assert_eq!((users.len(), ids.len()), (413, 413));
    let of = |address: &str| users.iter().find(|user| user["primaryEmail"] == address).unwrap().clone();
    assert_eq!(of(RAFAEL)["id"], RAFAEL_ID);
    assert_eq!(of(ADMIN)["isAdmin"], true);
    assert_eq!(of("viktor.salonen@northmoor.example")["suspended"], true);
    let everyone = all(&admin, "/admin/directory/v1/groups/all@northmoor.example/members?maxResults=200", "members").await;
    assert_eq!(everyone.len(), 411);
}

#[tokio::test]
async fn every_flaw_and_trap_of_the_answer_key_is_planted() {
    let server = start().await;
    let admin = acting_as(&server, ADMIN).await;
    let company = company();
    let flaws = company.flaws.iter().map(|f| (&f.check, &f.person, &f.system, &f.subject));
    let traps = company.traps.iter().map(|t| (&t.check, &t.person, &t.system, &t.subject));
    let mut seen = 0;
    for (check, person, system, subject) in flaws.chain(traps) {
        // A calendar is no file: it is named by its owner's address.
        if system != "google-workspace" || (check == "share-to-self" && subject.contains('@')) {
            continue;
        }
        seen += 1;
        let person = company.person(person.as_deref().unwrap()).unwrap();
        let address = &person.work_email;
        let me = acting_as(&server, address).await;
        let user = format!("/admin/directory/v1/users/{address}");
        let text = match check.as_str() {
            "oauth-grant" => done(&admin, "GET", &format!("{user}/tokens"), None).await,
            "app-password" => done(&admin, "GET", &format!("{user}/asps"), None).await,
            "mail-forwarding" => {
                let auto = done(&me, "GET", &format!("{MAIL}/autoForwarding"), None).await;
                let filters = done(&me, "GET", &format!("{MAIL}/filters"), None).await;
                json!([auto, filters])
            }
            "share-to-self" | "public-link" => {
                let own = files(&server, address).await;
                let file = own.iter().find(|file| file["name"] == subject.as_str()).unwrap();
                let outside = file["permissions"].as_array().unwrap().iter().any(|permission| {
                    let to = permission["emailAddress"].as_str().unwrap_or_default();
                    match check.as_str() {
                        "public-link" => permission["type"] == "anyone",
                        _ => !to.is_empty() && !to.ends_with("@northmoor.example"),
                    }
                });
                assert!(outside, "{subject} is not shared");
                file.clone()
            }
            "standing-admin" => {
                let given = done(&admin, "GET", &format!("{CUSTOMER}/roleassignments?userKey={address}"), None).await;
                let roles = done(&admin, "GET", &format!("{CUSTOMER}/roles"), None).await;
                assert_eq!(given["items"][0]["roleId"], roles["items"][0]["roleId"]);
                roles
            }
            "personal-device" => done(&admin, "GET", &format!("{CUSTOMER}/devices/mobile?projection=FULL"), None).await,
            other => panic!("{other} is not known here"),
        };
        assert!(text.to_string().contains(subject.as_str()), "{check} {subject}: {text}");
    }
    assert_eq!(seen, 19);
}

#[tokio::test]
async fn a_credential_may_only_do_what_it_is_for() {
    let server = start().await;
    let nobody = Probe::new("google", &server.url, "https://www.googleapis.com", "");
    assert_eq!(refused(&nobody, "GET", HIM, None).await.0, 401);
    let bearer = token(&server, "exeunt-read@northmoor.iam.example", ADMIN).await.unwrap();
    let reader = Probe::new("google", &server.url, "https://www.googleapis.com", &format!("Bearer {bearer}"));
    done(&reader, "GET", HIM, None).await;
    let write = refused(&reader, "POST", &format!("{HIM}/signOut"), None).await;
    assert_eq!(write, (403, "insufficientPermissions".to_owned()));
    // Administrators see the directory, not other people's mail; others see neither.
    let admin = acting_as(&server, ADMIN).await;
    assert_eq!(refused(&admin, "GET", &format!("/gmail/v1/users/{RAFAEL}/settings/imap"), None).await.0, 403);
    let him = acting_as(&server, RAFAEL).await;
    assert_eq!(refused(&him, "GET", HIM, None).await.0, 403);
    let unknown = token(&server, "exeunt-read@northmoor.iam.example", "nobody@northmoor.example").await;
    assert_eq!(unknown.unwrap_err()["error"], "invalid_grant");
    let stranger = token(&server, "someone@elsewhere.example", ADMIN).await;
    assert_eq!(stranger.unwrap_err()["error"], "unauthorized_client");
}
