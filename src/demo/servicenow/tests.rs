//! The Table API: references, queries, paging; tasks that people close, users that lose their way in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;

use super::super::company::Company;
use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

async fn up() -> (Arc<Company>, Running, Simulated) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let built = (VENDOR.start)(&company).unwrap();
    let running = serve("servicenow", built.router.clone(), Profile::default(), Faults::default()).await.unwrap();
    (company, running, built)
}

fn as_(running: &Running, user: &str, password: &str) -> Probe {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    Probe::new("servicenow", &running.url, "https://northmoor.service-now.com", &format!("Basic {basic}"))
}

#[tokio::test]
async fn users_roles_and_groups_come_in_pages_with_references() {
    let (company, now, built) = up().await;
    let read = as_(&now, "exeunt.read", "read-servicenow");
    let first = read.get("/api/now/table/sys_user?sysparm_limit=10&sysparm_fields=sys_id,user_name&sysparm_query=ORDERBYsys_id").await;
    assert_eq!((first.status, first.body["result"].as_array().unwrap().len()), (200, 10));
    assert!(first.headers["link"].to_str().unwrap().contains("sysparm_offset=10"));
    assert_eq!(first.headers["x-total-count"], "21");
    let held = read.get("/api/now/table/sys_user_has_role?sysparm_fields=user,role.name&sysparm_query=role.name=admin").await.body;
    assert_eq!(held["result"][0]["role.name"], "admin");
    assert!(held["result"][0]["user"]["link"].as_str().unwrap().contains("/sys_user/"));

    let leaver = company.person("E1002").unwrap();
    assert_eq!((built.left)(leaver).len(), 2);
    let id = read.get(&format!("/api/now/table/sys_user?user_name={}", leaver.login)).await.body["result"][0]["sys_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let off = json!({ "active": false, "locked_out": true });
    let path = format!("/api/now/table/sys_user/{id}");
    assert_eq!(read.call("PATCH", &path, Some(off.clone())).await.status, 403);
    assert_eq!(as_(&now, "exeunt.tell", "tell-servicenow").call("PATCH", &path, Some(off.clone())).await.status, 403);
    let revoke = as_(&now, "exeunt.revoke", "revoke-servicenow");
    let today = crate::clock::now().strftime("%Y-%m-%d%%2000:00:00").to_string();
    let lately = format!("/api/now/table/sys_user?sysparm_query=sys_updated_on%3E={today}^ORDERBYsys_id&sysparm_fields=sys_id");
    assert_eq!(revoke.get(&lately).await.body["result"], json!([]));
    assert_eq!(revoke.call("PATCH", &path, Some(off)).await.body["result"]["active"], "false");
    assert_eq!(revoke.get(&lately).await.body["result"], json!([{ "sys_id": id }]));
    let stamp = revoke.get(&format!("{path}?sysparm_fields=sys_updated_on")).await.body["result"]["sys_updated_on"].clone();
    assert!(stamp.as_str().is_some_and(|stamp| stamp.len() == 19 && !stamp.contains('T')), "{stamp}");
    for (right, wrong) in [("sys_updated_on", "sys_touched_on"), ("%20", "T"), ("00:00:00", "00:00:00Z")] {
        assert_eq!(revoke.get(&lately.replace(right, wrong)).await.status, 400, "{wrong}");
    }
    assert_eq!((built.left)(leaver), Vec::<String>::new());
    assert_eq!(as_(&now, &leaver.login, "theirs-servicenow").get("/api/now/table/sc_task").await.status, 401);
    assert_eq!(as_(&now, "x", "y").get(&path).await.status, 401);
}

#[tokio::test]
async fn a_task_is_found_by_its_correlation_and_closed_by_people() {
    let (_, now, _) = up().await;
    let tell = as_(&now, "exeunt.tell", "tell-servicenow");
    let find = "/api/now/table/sc_task?sysparm_query=correlation_id=exeunt-1-1-x&sysparm_fields=sys_id,number";
    assert_eq!(tell.get(find).await.body["result"], json!([]));
    let made = tell
        .call(
            "POST",
            "/api/now/table/sc_task",
            Some(json!({ "short_description": "fob", "correlation_id": "exeunt-1-1-x", "no_field": 1 })),
        )
        .await;
    assert_eq!((made.status, &made.body["result"]["state"]), (201, &json!("1")));
    let id = tell.get(find).await.body["result"][0]["sys_id"].as_str().unwrap().to_owned();
    let close = tell.call("PATCH", &format!("/api/now/table/sc_task/{id}"), Some(json!({ "state": "3" }))).await.body;
    assert_eq!(close["result"]["active"], "false");
    let shown = tell.get(&format!("/api/now/table/sc_task/{id}?sysparm_display_value=true&sysparm_fields=closed_by,active")).await.body;
    assert_eq!(shown["result"], json!({ "closed_by": "exeunt.tell", "active": "false" }));
}
