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
    assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
    assert_eq!(probe.get(&path).await.status, 404);
    assert_eq!(probe.call("DELETE", &path, None).await.status, 404);
    let board = probe.get("/scim/v2/Groups/grp-board").await.body;
    assert_eq!(board["members"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_changed_since_is_asked_by_last_modified_in_pages_as_well() {
    let portal = up().await;
    let probe = as_(&portal, "revoke-scim");
    let found = async |list: &str, by: &str, since: &str, page: &str| {
        let path = format!("/scim/v2/{list}?filter=meta.lastModified%20{by}%20%22{since}%22&{page}");
        let body = probe.get(&path).await.body;
        let ids = body["Resources"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        (body["totalResults"].as_u64().unwrap(), ids.collect::<Vec<_>>())
    };
    let change = async |path: &str, operation: Value| {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
        probe.call("PATCH", path, Some(body)).await.body["meta"]["lastModified"].as_str().unwrap().to_owned()
    };
    let mark = crate::clock::now().to_string();
    let nothing = (0, Vec::<String>::new());
    let group = probe.get("/scim/v2/Groups/grp-audit").await.body;
    let [first, second] = [0, 1].map(|at| group["members"][at]["value"].as_str().unwrap().to_owned());
    assert_eq!(
        change("/scim/v2/Groups/grp-audit", json!({ "op": "add", "path": "members", "value": [{ "value": first }] })).await,
        group["meta"]["lastModified"]
    );
    assert_eq!((found("Users", "ge", &mark, "").await, found("Groups", "ge", &mark, "").await), (nothing.clone(), nothing.clone()));

    change("/scim/v2/Groups/grp-audit", json!({ "op": "remove", "path": format!("members[value eq \"{first}\"]") })).await;
    assert_eq!(found("Groups", "ge", &mark, "").await, (1, vec!["grp-audit".to_owned()]));
    assert_eq!(found("Users", "ge", &mark, "").await, nothing, "who was a member has not changed");

    let off = json!({ "op": "replace", "path": "active", "value": false });
    let at = change(&format!("/scim/v2/Users/{first}"), off.clone()).await;
    assert_eq!(found("Users", "ge", &at, "").await, (1, vec![first.clone()]));
    assert_eq!(found("Users", "gt", &at, "").await, nothing);
    change(&format!("/scim/v2/Users/{second}"), off).await;
    let pages = [found("Users", "gt", &mark, "startIndex=1&count=1").await, found("Users", "gt", &mark, "startIndex=2&count=1").await];
    assert!(pages.iter().all(|(total, ids)| (*total, ids.len()) == (2, 1)) && pages[0].1 != pages[1].1, "{pages:?}");
}

#[tokio::test]
async fn the_read_token_changes_nothing_and_no_token_sees_nothing() {
    let portal = up().await;
    let reader = as_(&portal, "read-scim");
    assert_eq!(reader.call("DELETE", "/scim/v2/Groups/grp-board", None).await.status, 403);
    assert_eq!(reader.get("/scim/v2/Groups").await.body["totalResults"], 2);
    assert_eq!(as_(&portal, "somebody").get("/scim/v2/Users").await.status, 401);
}
