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
    let since = crate::clock::now();
    let lately = async |list: &str| {
        let found = probe.get(&format!("/scim/v2/{list}?filter=meta.lastModified%20ge%20%22{since}%22")).await.body["Resources"].clone();
        found.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lately("Users").await, Vec::<String>::new());
    assert_eq!(probe.call("PATCH", "/scim/v2/Users/7c1e0002", Some(off)).await.body["active"], false);
    assert_eq!((lately("Users").await, lately("Groups").await), (vec!["7c1e0002".to_owned()], vec![]));
    assert_eq!(left(), ["the books on a tablet"]);
    assert_eq!(probe.call("DELETE", "/scim/v2/Users/7c1e0002", None).await.status, 204);
    assert_eq!(probe.get("/scim/v2/Users/7c1e0002").await.status, 404);
    assert!(lately("Users").await.is_empty(), "who is gone is in no list");
    assert!(!lately("Groups").await.is_empty(), "the groups that they were in have changed");
    assert_eq!(probe.get("/scim/v2/Users?filter=meta.lastModified%20ge%20yesterday").await.status, 400);
    assert_eq!(probe.get("/scim/v2/Groups").await.body["Resources"][1]["members"].as_array().unwrap().len(), 1);
}
