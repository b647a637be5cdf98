//! The workspace refuses with status 200, forgets what is ended, and keeps its primary owner.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let router = start(&Arc::new(company)).unwrap().router;
    serve("slack", router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("slack", &running.url, "https://slack.com", &format!("Bearer {token}"))
}

async fn call(probe: &Probe, method: &str, arguments: &str) -> Value {
    let answer = probe.call("POST", &format!("/api/{method}?{arguments}"), None).await;
    assert_eq!(answer.status, 200, "{method}");
    answer.body
}

async fn members(probe: &Probe) -> Vec<Value> {
    let mut cursor = String::new();
    let mut members = Vec::new();
    loop {
        let body = call(probe, "users.list", &format!("limit=150&cursor={cursor}")).await;
        members.extend(body["members"].as_array().unwrap().clone());
        cursor = body["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            return members;
        }
    }
}

#[tokio::test]
async fn everyone_has_an_account_and_the_founder_has_two() {
    let slack = up().await;
    let probe = as_(&slack, "read-slack");
    let all = members(&probe).await;
    assert_eq!(all.len(), 415);
    let ourselves = call(&probe, "auth.test", "").await;
    assert!(all.iter().any(|member| member["id"] == ourselves["user_id"]));
    let founder = call(&probe, "users.info", "user=U0LOCAL1001").await["user"].clone();
    assert_eq!((&founder["is_owner"], &founder["is_primary_owner"]), (&json!(true), &json!(false)));
    assert_eq!(founder["profile"]["email"], "founder@northmoor.example");
    assert_eq!(founder["real_name"], "Ingrid Vasquez-Holm");
    let former = call(&probe, "users.info", "user=U0E1013").await["user"].clone();
    assert_eq!(former["deleted"], true);
    let local = probe.get("/scim/v2/Users/U0LOCAL1001").await.body;
    assert_eq!((&local["externalId"], &local["active"]), (&Value::Null, &json!(true)));
    assert_eq!(probe.get("/scim/v2/Users/U0E1001").await.body["externalId"], "E1001");
    assert_eq!(probe.get("/scim/v2/Users?startIndex=1&count=5").await.body["totalResults"], 414);
    for method in ["usergroups.list", "conversations.list", "team.integrationLogs", "admin.apps.approved.list"] {
        assert_eq!(call(&probe, method, "").await["ok"], true, "{method}");
    }
}

#[tokio::test]
async fn the_read_token_lacks_a_scope_and_changes_nothing() {
    let slack = up().await;
    let probe = as_(&slack, "read-slack");
    let refused = call(&probe, "admin.users.session.list", "user_id=U0E1002").await;
    assert_eq!((&refused["ok"], &refused["error"]), (&json!(false), &json!("missing_scope")));
    assert_eq!(refused["needed"], "admin.users:read");
    let refused = call(&probe, "admin.users.session.reset", "user_id=U0E1002").await;
    assert_eq!(refused["error"], "missing_scope");
    assert_eq!(probe.call("DELETE", "/scim/v2/Users/U0E1002", None).await.status, 403);
    assert_eq!(call(&probe, "users.info", "user=U0E1002").await["user"]["deleted"], false);
    let nobody = as_(&slack, "anybody");
    assert_eq!(call(&nobody, "users.list", "").await["error"], "invalid_auth");
    assert_eq!(nobody.get("/scim/v2/Users").await.status, 401);
}

#[tokio::test]
async fn a_deactivated_account_has_no_sessions_no_groups_and_no_role() {
    let slack = up().await;
    let probe = as_(&slack, "revoke-slack");
    let sessions = |body: &Value| body["active_sessions"].as_array().unwrap().len();
    let listed = call(&probe, "admin.users.session.list", "user_id=U0E1002").await;
    assert_eq!(sessions(&listed), 2);
    let one = format!("team_id=T0NORTHMOOR&session_id={}", listed["active_sessions"][0]["session_id"]);
    assert_eq!(call(&probe, "admin.users.session.invalidate", &one).await["ok"], true);
    assert_eq!(call(&probe, "admin.users.session.invalidate", &one).await["ok"], false);
    assert_eq!(call(&probe, "admin.users.session.reset", "user_id=U0E1002").await["ok"], true);
    let listed = call(&probe, "admin.users.session.list", "user_id=U0E1002").await;
    assert_eq!(sessions(&listed), 0);

    let off = Some(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    }));
    let gone = probe.call("PATCH", "/scim/v2/Users/U0E1002", off).await;
    assert_eq!((gone.status, &gone.body["active"]), (200, &json!(false)));
    assert_eq!(call(&probe, "users.info", "user=U0E1002").await["user"]["deleted"], true);
    let group = call(&probe, "usergroups.users.list", "usergroup=S0FINANCE").await;
    assert_eq!(group["users"], json!(["U0E1012", "U0E2002", "U0E2012"]));

    assert_eq!(probe.call("DELETE", "/scim/v2/Users/U0LOCAL1001", None).await.status, 204);
    assert_eq!(probe.get("/scim/v2/Users/U0LOCAL1001").await.body["active"], false);
    let founder = call(&probe, "users.info", "user=U0LOCAL1001").await["user"].clone();
    assert_eq!((&founder["deleted"], &founder["is_owner"]), (&json!(true), &Value::Null));
    let listed = call(&probe, "admin.users.session.list", "user_id=U0LOCAL1001").await;
    assert_eq!(sessions(&listed), 0);
    let removal = call(&probe, "admin.users.remove", "team_id=T0NORTHMOOR&user_id=U0E1012").await;
    assert_eq!(removal["ok"], true);
    let inactive = call(&probe, "admin.users.list", "is_active=false").await["users"].clone();
    assert_eq!(inactive.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_primary_owner_and_bots_are_refused() {
    let slack = up().await;
    let probe = as_(&slack, "revoke-slack");
    assert_eq!(probe.call("DELETE", "/scim/v2/Users/U0PRIMARY", None).await.status, 403);
    let reset = |user: &str| format!("user_id={user}");
    let error = call(&probe, "admin.users.session.reset", &reset("U0PRIMARY")).await["error"].clone();
    assert_eq!(error, "cannot_reset_primary_owner");
    let error = call(&probe, "admin.users.session.reset", &reset("U0EXEUNT")).await["error"].clone();
    assert_eq!(error, "cannot_reset_bot");
    let error = call(&probe, "admin.users.remove", "team_id=T0NORTHMOOR&user_id=U0PRIMARY").await["error"].clone();
    assert_eq!(error, "cannot_remove_primary_owner");
    assert_eq!(call(&probe, "users.info", "user=U0PRIMARY").await["user"]["deleted"], false);
    assert_eq!(call(&probe, "admin.apps.uninstall", "app_id=A0STATUS").await["ok"], true);
    assert_eq!(call(&probe, "admin.apps.uninstall", "app_id=A0STATUS").await["ok"], false);
    let log = call(&probe, "team.integrationLogs", "app_id=A0STATUS").await["logs"].clone();
    assert_eq!(log[1]["change_type"], "removed");
    let apps = call(&probe, "admin.apps.approved.list", "").await["approved_apps"].clone();
    assert_eq!(apps.as_array().unwrap().len(), 2);
}

#[test]
fn arguments_are_read_from_query_form_and_json() {
    let read = |kind: &'static str, body: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        let uri = "/api/users.list?limit=5&cursor=".parse().unwrap();
        let all = Arguments::of(&uri, &headers, &Bytes::from_static(body.as_bytes()));
        (all.get("limit").map(str::to_owned), all.get("cursor").map(str::to_owned))
    };
    assert_eq!(read("text/plain", ""), (Some("5".into()), None));
    let form = read("application/x-www-form-urlencoded", "limit=7&cursor=next%3A3");
    assert_eq!(form, (Some("7".into()), Some("next:3".into())));
    assert_eq!(read("application/json", "{\"limit\": 9}"), (Some("9".into()), None));
}
