//! Policies are written whole under their etag; keys and accounts are switched off and on; keys are deleted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

async fn up() -> (Running, Left, Arc<Company>) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    (serve("google-cloud", router, Profile::default(), Faults::default()).await.unwrap(), left, company)
}

fn as_(running: &Running, hand: &str) -> Probe {
    Probe::new("google", &running.url, "https://cloudresourcemanager.googleapis.com", &format!("Bearer {hand}-google-cloud"))
}

#[tokio::test]
async fn a_policy_is_written_whole_and_only_by_who_has_seen_the_latest() {
    let (running, left, company) = up().await;
    let (reader, writer) = (as_(&running, "read"), as_(&running, "revoke"));
    let (get, set) = ("/v3/projects/630000000001:getIamPolicy", "/v3/projects/630000000001:setIamPolicy");
    let mut policy = reader.call("POST", get, Some(json!({}))).await.body;
    assert_eq!(policy["version"], 3, "a binding has a condition");
    assert_eq!(left(company.person("E1002").unwrap()).len(), 3);
    policy["bindings"][0]["members"] = json!(["user:rafael.okonjo@northmoor.example"]);
    let wanted = Some(json!({ "policy": policy }));
    assert_eq!(reader.call("POST", set, wanted.clone()).await.status, 403);
    assert_eq!(writer.call("POST", set, wanted.clone()).await.status, 200);
    assert_eq!(writer.call("POST", set, wanted).await.status, 409, "the etag is an old one now");
    assert_eq!(left(company.person("E1002").unwrap()).len(), 2);
    assert_eq!(Probe::new("google", &running.url, "", "").get("/v3/folders:search").await.status, 401);
    let page = reader.get("/v3/projects:search?pageSize=2").await.body;
    assert_eq!(page["nextPageToken"], "after2");
}

#[tokio::test]
async fn keys_and_accounts_are_switched_off_and_on() {
    let (running, _, _) = up().await;
    let writer = as_(&running, "revoke");
    let account = "/v1/projects/nm-telemetry/serviceAccounts/ci@nm-telemetry.iam.gserviceaccount.com";
    let keys = writer.get(&format!("{account}/keys?keyTypes=USER_MANAGED")).await.body;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    let key = format!("{account}/keys/6a2d1b8c6a2d1b8c6a2d1b8c6a2d1b8c6a2d1b8c");
    for (path, empty) in [(account, Value::Null), (key.as_str(), Value::Null)] {
        assert_eq!(writer.get(path).await.body["disabled"], empty, "false is left out");
        assert_eq!(writer.call("POST", &format!("{path}:disable"), Some(json!({}))).await.status, 200);
        assert_eq!(writer.get(path).await.body["disabled"], true);
        assert_eq!(writer.call("POST", &format!("{path}:enable"), Some(json!({}))).await.status, 200);
    }
    assert_eq!(writer.call("DELETE", &key, None).await.status, 200);
    assert_eq!(writer.get(&key).await.status, 404);
    assert_eq!(writer.get("/v1/projects/nm-nobody/serviceAccounts").await.status, 403);
}
