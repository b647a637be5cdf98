//! The org forgets what it is told to forget, and keeps what a deactivation alone leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

const ROWS: &str = "/services/data/v64.0/sobjects";
const CFO: &str = "005NM0000000001002";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    serve("salesforce", start(&company).unwrap().router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, client: &str) -> Probe {
    Probe::new("salesforce", &running.url, "https://northmoor.my.salesforce.com", &format!("Bearer {client}"))
}

async fn query(probe: &Probe, text: &str) -> Vec<Value> {
    let answer = probe.get(&format!("/services/data/v64.0/query?q={}", text.replace(' ', "+"))).await;
    assert_eq!(answer.status, 200, "{text}: {}", answer.body);
    answer.body["records"].as_array().unwrap().clone()
}

async fn of_cfo(probe: &Probe, object: &str, field: &str) -> Vec<Value> {
    query(probe, &format!("SELECT Id FROM {object} WHERE {field} = '{CFO}'")).await
}

async fn patch(probe: &Probe, path: &str, body: Value) -> u16 {
    probe.call("PATCH", &format!("{ROWS}/{path}"), Some(body)).await.status
}

#[tokio::test]
async fn queries_show_the_fields_asked_for_and_go_on_where_they_stopped() {
    let org = up().await;
    let probe = as_(&org, "read-salesforce");
    let text = "SELECT Id, Username, Profile.Name, FederationIdentifier FROM User WHERE IsActive = true";
    let all = query(&probe, text).await;
    assert_eq!(all.len(), 415, "everybody, and three that are nobody");
    let admins: Vec<_> = all.iter().filter(|user| user["Profile"]["Name"] == "System Administrator").collect();
    assert_eq!(admins.len(), 2);
    assert!(all[0].get("Email").is_none());
    let past_sso = query(&probe, "SELECT Username FROM User WHERE FederationIdentifier = null LIMIT 5").await;
    assert_eq!(past_sso[0]["Username"], "oluwaseun.graf@northmoor.example.crm");
    // Two thousand at a time, or fewer if asked.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut path = format!("/services/data/v64.0/query?q={}", text.replace(' ', "+"));
    let mut sizes = Vec::new();
    loop {
        let request =
            client.get(format!("{}{path}", org.url)).bearer_auth("read-salesforce").header("sforce-query-options", "batchSize=200");
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        sizes.push(body["records"].as_array().unwrap().len());
        assert_eq!(body["totalSize"], 415);
        match body["nextRecordsUrl"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(sizes, [200, 200, 15]);
    // Queries that the description forbids are kept out of the record that is held against it.
    let wrong = Probe::new("planted", &org.url, "https://planted.example", "Bearer read-salesforce");
    for (text, code) in
        [("SELECT Nothing FROM User", "INVALID_FIELD"), ("SELECT Id FROM Nothing", "INVALID_TYPE"), ("SELECT Id", "MALFORMED_QUERY")]
    {
        let answer = wrong.get(&format!("/services/data/v64.0/query?q={}", text.replace(' ', "+"))).await;
        assert_eq!((answer.status, &answer.body[0]["errorCode"]), (400, &json!(code)));
    }
    assert_eq!(probe.get("/services/oauth2/userinfo").await.headers["sforce-limit-info"], "api-usage=1804/100000");
}

#[tokio::test]
async fn a_frozen_user_is_still_signed_in_and_a_deactivated_one_keeps_tokens() {
    let org = up().await;
    let probe = as_(&org, "revoke-salesforce");
    let login = of_cfo(&probe, "UserLogin", "UserId").await[0]["Id"].as_str().unwrap().to_owned();
    assert_eq!(patch(&probe, &format!("UserLogin/{login}"), json!({ "IsFrozen": true })).await, 204);
    assert_eq!(probe.get(&format!("{ROWS}/UserLogin/{login}")).await.body["IsFrozen"], true);
    let sessions = of_cfo(&probe, "AuthSession", "UsersId").await;
    assert_eq!(sessions.len(), 2);
    let parent = format!("{ROWS}/AuthSession/{}", sessions[0]["Id"].as_str().unwrap());
    assert_eq!(probe.call("DELETE", &parent, None).await.status, 204);
    assert_eq!(probe.call("DELETE", &parent, None).await.status, 404);
    assert!(of_cfo(&probe, "AuthSession", "UsersId").await.is_empty());
    assert_eq!(patch(&probe, &format!("User/{CFO}"), json!({ "IsActive": false })).await, 204);
    assert_eq!(probe.get(&format!("{ROWS}/User/{CFO}")).await.body["IsActive"], false);
    for (object, field, left) in
        [("OauthToken", "UserId", 2), ("PermissionSetAssignment", "AssigneeId", 3), ("GroupMember", "UserOrGroupId", 2)]
    {
        let mut found = of_cfo(&probe, object, field).await;
        assert_eq!(found.len(), left, "{object}");
        if object == "PermissionSetAssignment" {
            // What the profile gives is an assignment as well, which nobody can take away.
            let of_profile = format!("{ROWS}/{object}/{}", found.remove(0)["Id"].as_str().unwrap());
            assert_eq!(probe.call("DELETE", &of_profile, None).await.status, 400);
        }
        for record in found {
            let path = format!("{ROWS}/{object}/{}", record["Id"].as_str().unwrap());
            assert_eq!(probe.call("DELETE", &path, None).await.status, 204, "{path}");
        }
        assert_eq!(of_cfo(&probe, object, field).await.len(), usize::from(object == "PermissionSetAssignment"), "{object}");
    }
}

#[tokio::test]
async fn who_was_changed_lately_is_asked_by_the_system_stamp() {
    let org = up().await;
    let probe = as_(&org, "revoke-salesforce");
    let now = crate::clock::now();
    let asked = |operator: &str, moment: String| format!("SELECT Id,SystemModstamp FROM User WHERE SystemModstamp {operator} {moment}");
    let lately = asked("%3E%3D", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    assert_eq!(query(&probe, &lately).await, Vec::<Value>::new());
    assert_eq!(patch(&probe, &format!("User/{CFO}"), json!({ "IsActive": false })).await, 204);
    let changed = query(&probe, &lately).await;
    assert_eq!((changed.len(), &changed[0]["Id"]), (1, &json!(CFO)));
    let stamp: jiff::Timestamp = changed[0]["SystemModstamp"].as_str().unwrap().parse().unwrap();
    // The same moment an hour further east; its plus sign would else be a space.
    let east =
        |operator: &str| asked(operator, (stamp + jiff::SignedDuration::from_hours(1)).strftime("%Y-%m-%dT%H:%M:%S%%2B01:00").to_string());
    assert_eq!((query(&probe, &east("%3E%3D")).await.len(), query(&probe, &east("%3E")).await.len()), (1, 0));
    let cases =
        [("'2026-03-01T00:00:00Z'", "INVALID_FIELD"), ("2026-03-01T00:00:00+01:00", "MALFORMED_QUERY"), ("yester", "MALFORMED_QUERY")];
    for (broken, code) in cases {
        let broken = probe.get(&format!("/services/data/v64.0/query?q=SELECT+Id+FROM+User+WHERE+SystemModstamp+%3E%3D+{broken}")).await;
        assert_eq!((broken.status, &broken.body[0]["errorCode"]), (400, &json!(code)));
    }
    // Freezing is a change of another record, which has no such stamp.
    let frozen = format!("UserLogin/{}", "005NM0000000002006".replacen("005", "0Yw", 1));
    assert_eq!(patch(&probe, &frozen, json!({ "IsFrozen": true })).await, 204);
    assert!(probe.get(&format!("{ROWS}/{frozen}")).await.body.get("SystemModstamp").is_none());
    assert_eq!(query(&probe, &lately).await.len(), 1);
}

#[tokio::test]
async fn some_users_cant_be_deactivated_and_none_deleted() {
    let org = up().await;
    let probe = as_(&org, "revoke-salesforce");
    let held = "User/005NM0000000001006";
    assert_eq!(patch(&probe, held, json!({ "IsActive": false })).await, 400);
    assert_eq!(probe.get(&format!("{ROWS}/{held}")).await.body["IsActive"], true);
    for (administrator, status) in [("User/005NM0000000002006", 204), ("User/005NM0000000001008", 400)] {
        assert_eq!(patch(&probe, administrator, json!({ "IsActive": false })).await, status, "the last one stays");
    }
    assert_eq!(probe.call("DELETE", &format!("{ROWS}/User/{CFO}"), None).await.status, 400);
    assert_eq!(patch(&probe, &format!("User/{CFO}"), json!({ "IsActive": false })).await, 204);
    let account = of_cfo(&probe, "Account", "OwnerId").await[0]["Id"].as_str().unwrap().to_owned();
    assert_eq!(patch(&probe, &format!("Account/{account}"), json!({ "OwnerId": CFO })).await, 400, "an owner who is inactive");
    assert_eq!(patch(&probe, &format!("Account/{account}"), json!({ "OwnerId": "005NM0000000002002" })).await, 204);
    assert!(of_cfo(&probe, "Account", "OwnerId").await.is_empty());
    // A delete token is as good as the record's id.
    let tokens = query(&probe, &format!("SELECT DeleteToken FROM OauthToken WHERE UserId IN ('{CFO}')")).await;
    let form = [("token", tokens[0]["DeleteToken"].as_str().unwrap())];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for status in [200, 400] {
        let request = client.post(format!("{}/services/oauth2/revoke", org.url)).bearer_auth("revoke-salesforce").form(&form);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    assert_eq!(of_cfo(&probe, "OauthToken", "UserId").await.len(), 1);
}

#[tokio::test]
async fn the_token_decides_what_is_allowed() {
    let org = up().await;
    let form = [("grant_type", "client_credentials"), ("client_id", "read-salesforce"), ("client_secret", "read-salesforce")];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let issued = client.post(format!("{}/services/oauth2/token", org.url)).form(&form).send().await.unwrap();
    let body: Value = issued.json().await.unwrap();
    assert_eq!(body["instance_url"], org.url);
    let reader = as_(&org, body["access_token"].as_str().unwrap());
    assert_eq!(patch(&reader, &format!("User/{CFO}"), json!({ "IsActive": false })).await, 403);
    assert_eq!(reader.get(&format!("{ROWS}/User/{CFO}")).await.body["IsActive"], true);
    assert_eq!(as_(&org, "guessed").get(&format!("{ROWS}/User/{CFO}")).await.status, 401);
}
