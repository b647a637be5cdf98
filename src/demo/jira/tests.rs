//! Issues are found a moment after they can be read, and hold what people did with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

async fn up() -> (Arc<Company>, Running) {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let running = serve("jira", router(&company).unwrap(), Profile::default(), Faults::default()).await.unwrap();
    (company, running)
}

fn as_(running: &Running, user: &str, token: &str) -> Probe {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{token}"));
    Probe::new("atlassian", &running.url, "https://northmoor.atlassian.net", &format!("Basic {basic}"))
}

fn fields(label: &str) -> Value {
    json!({ "fields": {
        "project": { "key": "OFF" }, "issuetype": { "name": "Task" }, "summary": "Collect the fob", "labels": [label], "duedate": "2026-03-11",
        "description": { "type": "doc", "version": 1, "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": "At the desk" }] }] },
    } })
}

#[tokio::test]
async fn an_issue_is_read_at_once_and_found_a_moment_later() {
    let (company, jira) = up().await;
    let ours = as_(&jira, "exeunt@northmoor.example", "tell-jira");
    let made = ours.call("POST", "/rest/api/3/issue", Some(fields("exeunt-1-1-x"))).await;
    assert_eq!((made.status, &made.body["key"]), (201, &json!("OFF-1")));
    let found =
        async || ours.get("/rest/api/3/search/jql?jql=labels%20%3D%20%22exeunt-1-1-x%22&fields=status").await.body["issues"].clone();
    assert_eq!(ours.get("/rest/api/3/issue/OFF-1?fields=status").await.body["fields"]["status"]["statusCategory"]["key"], "new");
    assert_eq!(found().await, json!([]));
    tokio::time::sleep(std::time::Duration::from_millis(450)).await;
    assert_eq!(found().await[0]["key"], "OFF-1");

    let person = company.person("E3001").unwrap();
    let theirs = as_(&jira, &person.work_email, "theirs-jira");
    let done = json!({ "transition": { "id": "31" } });
    assert_eq!(theirs.call("POST", "/rest/api/3/issue/OFF-1/transitions", Some(done)).await.status, 204);
    let seen = ours.get("/rest/api/3/issue/OFF-1?fields=status,attachment&expand=changelog").await.body;
    assert_eq!(seen["fields"]["status"]["statusCategory"]["key"], "done");
    assert_eq!(seen["changelog"]["histories"][0]["author"]["displayName"], person.display());
}

#[tokio::test]
async fn what_is_wrong_is_said_by_field_and_weak_tokens_write_nothing() {
    let (_, jira) = up().await;
    let ours = as_(&jira, "exeunt@northmoor.example", "tell-jira");
    let mut bad = fields("with space");
    bad["fields"]["summary"] = json!("two\nlines");
    bad["fields"]["description"] = json!("plain");
    let refused = ours.call("POST", "/rest/api/3/issue", Some(bad)).await;
    assert_eq!(refused.status, 400);
    let named: Vec<&String> = refused.body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(named, ["summary", "description", "labels"]);
    let weak = as_(&jira, "exeunt@northmoor.example", "read-jira");
    assert_eq!(weak.call("POST", "/rest/api/3/issue", Some(fields("a"))).await.status, 403);
    assert_eq!(as_(&jira, "exeunt@northmoor.example", "other").get("/rest/api/3/myself").await.status, 401);
    assert_eq!(ours.get("/rest/api/3/issue/OFF-9").await.status, 404);
    let may = ours.get("/rest/api/3/mypermissions?projectKey=OFF&permissions=CREATE_ISSUES").await.body;
    assert_eq!(may["permissions"]["CREATE_ISSUES"]["havePermission"], true);
}
