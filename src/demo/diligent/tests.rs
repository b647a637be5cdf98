//! Accounts are switched off over SCIM; the books on a tablet stay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, serve};
use super::*;

#[tokio::test]
async fn an_account_is_switched_off_and_the_books_stay() {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let simulated = start(&company).unwrap();
    let running = serve("diligent", simulated.router, Profile::default(), Faults::default()).await.unwrap();
    let as_ = |token: &str| Probe::new("diligent", &running.url, "https://scim.diligent.example", &format!("Bearer {token}"));
    let probe = as_("revoke-diligent");
    let left = || (simulated.left)(company.person("E1002").unwrap());
    let users = probe.get("/scim/v2/Users?startIndex=1&count=100").await.body;
    assert_eq!(users["totalResults"], 7);
    let of = |id: &str| users["Resources"].as_array().unwrap().iter().find(|user| user["id"] == id).unwrap()["active"].clone();
    assert_eq!((of("7c1e0002"), of("7c1e0004"), of("7c1e0012")), (json!(true), json!(null), json!("False")));
    let off = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    });
    assert_eq!(as_("read-diligent").call("PATCH", "/scim/v2/Users/7c1e0002", Some(off.clone())).await.status, 403);
    assert_eq!(as_("guessed").get("/scim/v2/Users").await.status, 401);
    assert_eq!(probe.call("PATCH", "/scim/v2/Users/7c1e0002", Some(off)).await.body["active"], false);
    assert_eq!(left(), ["the books on a tablet"]);
    assert_eq!(probe.call("DELETE", "/scim/v2/Users/7c1e0002", None).await.status, 204);
    assert_eq!(probe.get("/scim/v2/Users/7c1e0002").await.status, 404);
    assert_eq!(probe.get("/scim/v2/Groups").await.body["Resources"][1]["members"].as_array().unwrap().len(), 1);
}
