//! The board portal forgets what is taken away, and refuses who may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, serve};
use super::super::{company::Company, faults::Faults, vendor::Running};
use super::*;

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let router = start(&Arc::new(company)).unwrap().router;
    serve("scim", router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("scim", &running.url, "https://boardroom.example", &format!("Bearer {token}"))
}

#[tokio::test]
async fn sixteen_people_have_an_account_and_pages_hold_them_all() {
    let portal = up().await;
    let probe = as_(&portal, "read-scim");
    assert_eq!(probe.get("/scim/v2/ServiceProviderConfig").await.body["patch"]["supported"], true);
    let first = probe.get("/scim/v2/Users?startIndex=1&count=10").await.body;
    let second = probe.get("/scim/v2/Users?startIndex=11&count=10").await.body;
    assert_eq!((&first["totalResults"], &first["itemsPerPage"]), (&json!(16), &json!(10)));
    assert_eq!(second["Resources"].as_array().unwrap().len(), 6);
    assert_eq!(probe.get("/scim/v2/Users?count=0").await.body["Resources"], json!([]));
    assert_eq!(probe.get("/scim/v2/Users?filter=userName%20pr").await.status, 400);
}

#[tokio::test]
async fn a_member_removed_and_an_account_deleted_stay_away() {
    let portal = up().await;
    let probe = as_(&portal, "revoke-scim");
    let found = probe.get("/scim/v2/Users?filter=userName%20eq%20%22rafael.okonjo@northmoor.example%22").await.body;
    let user = &found["Resources"][0];
    let id = user["id"].as_str().unwrap();
    assert_eq!(user["groups"].as_array().unwrap().len(), 2);

    let patch = |operation: Value| {
        Some(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        }))
    };
    let out = patch(json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }));
    assert_eq!(probe.call("PATCH", "/scim/v2/Groups/grp-audit", out).await.status, 200);
    let audit = probe.get("/scim/v2/Groups/grp-audit").await.body;
    assert_eq!(audit["members"].as_array().unwrap().len(), 2);
    let board = probe.get("/scim/v2/Groups?filter=displayName%20eq%20%22Board%22").await.body;
    assert_eq!(board["Resources"][0]["members"].as_array().unwrap().len(), 4);

    let off = patch(json!({ "op": "replace", "path": "active", "value": false }));
    let path = format!("/scim/v2/Users/{id}");
    assert_eq!(probe.call("PATCH", &path, off).await.body["active"], false);
    assert_eq!(probe.get(&path).await.body["active"], false);
    // What was changed, and nothing else, was changed lately.
    for (list, changed) in [("Users", id), ("Groups", "grp-audit")] {
        let lately = probe
            .get(&format!("/scim/v2/{list}?filter=meta.lastModified%20ge%20%22{}%22", crate::clock::days_before(crate::clock::now(), 1)))
            .await
            .body;
        assert_eq!((&lately["totalResults"], &lately["Resources"][0]["id"]), (&json!(1), &json!(changed)));
    }
    assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
    assert_eq!(probe.get(&path).await.status, 404);
    assert_eq!(probe.call("DELETE", &path, None).await.status, 404);
    let board = probe.get("/scim/v2/Groups/grp-board").await.body;
    assert_eq!(board["members"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_read_token_changes_nothing_and_no_token_sees_nothing() {
    let portal = up().await;
    let reader = as_(&portal, "read-scim");
    assert_eq!(reader.call("DELETE", "/scim/v2/Groups/grp-board", None).await.status, 403);
    assert_eq!(reader.get("/scim/v2/Groups").await.body["totalResults"], 2);
    assert_eq!(as_(&portal, "somebody").get("/scim/v2/Users").await.status, 401);
}
