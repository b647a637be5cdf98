//! Okta from outside: what is revoked is gone on the next read, and the order traps hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;

use super::*;
use crate::demo::faults::Faults;
use crate::demo::probe::Probe;
use crate::demo::vendor::{Profile, Running, serve};

const CFO: &str = "/api/v1/users/00uE1002000000000000";

struct Org {
    up: Running,
    write: Probe,
}

impl Org {
    fn as_who(&self, token: &str) -> Probe {
        Probe::new("okta", &self.up.url, "https://northmoor.okta.com", token)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.write.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn write(&self, method: &str, path: &str) -> u16 {
        self.write.call(method, path, None).await.status
    }

    async fn size(&self, path: &str) -> usize {
        self.get(path).await.as_array().unwrap().len()
    }
}

async fn org() -> Org {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let router = start(&Arc::new(company)).unwrap().router;
    let up = serve("okta", router, Profile::default(), Faults::default()).await.unwrap();
    let write = Probe::new("okta", &up.url, "https://northmoor.okta.com", "SSWS revoke-okta");
    Org { up, write }
}

#[tokio::test]
async fn reads_page_through_every_active_user_ourselves_included() {
    let org = org().await;
    let mut path = "/api/v1/users?limit=200".to_owned();
    let mut ids = Vec::new();
    loop {
        let answer = org.write.get(&path).await;
        ids.extend(answer.body.as_array().unwrap().iter().map(|u| u["id"].clone()));
        let links = answer.headers.get_all("link").iter();
        let links: Vec<_> = links.map(|l| l.to_str().unwrap().to_owned()).collect();
        let Some(next) = links.iter().find(|l| l.ends_with("rel=\"next\"")) else {
            break;
        };
        let url = next.trim_start_matches('<').split('>').next().unwrap();
        path = url.strip_prefix(&org.up.url).unwrap().to_owned();
    }
    assert_eq!(ids.len(), 412, "411 employees and the service account");
    ids.dedup();
    assert_eq!(ids.len(), 412);
    let me = org.get("/api/v1/users/me").await;
    assert!(ids.contains(&me["id"]));
    let gone = org.get("/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22").await;
    assert_eq!(gone[0]["profile"]["employeeNumber"], "E1013");
}

#[tokio::test]
async fn tokens_reach_as_far_as_they_should() {
    let org = org().await;
    let nobody = org.as_who("").get("/api/v1/users/me").await;
    assert_eq!((nobody.status, &nobody.body["errorCode"]), (401, &json!("E0000011")));
    let reader = org.as_who("Bearer read-okta");
    assert_eq!(reader.get(CFO).await.status, 200);
    let refused = reader.call("POST", &format!("{CFO}/lifecycle/suspend"), None).await;
    assert_eq!((refused.status, &refused.body["errorCode"]), (403, &json!("E0000006")));
    assert_eq!(org.get(CFO).await["status"], "ACTIVE");
}

#[tokio::test]
async fn what_is_taken_away_is_gone() {
    let org = org().await;
    let factors = format!("{CFO}/factors");
    let kinds = org.get(&factors).await;
    assert_eq!((&kinds[0]["factorType"], &kinds[1]["factorType"]), (&json!("sms"), &json!("webauthn")));
    assert_eq!(kinds[0]["profile"]["phoneNumber"], "+4520001002");
    assert_eq!(org.write("POST", &format!("{CFO}/lifecycle/reset_factors")).await, 200);
    assert_eq!(org.size(&factors).await, 0);

    let cro = "/api/v1/users/00uE1006000000000000";
    let client = org.get(&format!("{cro}/clients")).await[0].clone();
    assert_eq!(client["client_name"], "PipelineBuddy");
    let tokens = format!("{cro}/clients/{}/tokens", client["client_id"].as_str().unwrap());
    assert_eq!(org.size(&tokens).await, 1);
    assert_eq!(org.write("DELETE", &format!("{cro}/sessions")).await, 204);
    assert_eq!(org.size(&tokens).await, 1, "tokens go only when asked for");
    assert_eq!(org.write("DELETE", &format!("{cro}/sessions?oauthTokens=true")).await, 204);
    assert_eq!(org.size(&tokens).await, 0);
    assert_eq!(org.size(&format!("{cro}/grants?expand=scope")).await, 3);
    assert_eq!(org.write("DELETE", &format!("{cro}/grants")).await, 204);
    assert_eq!(org.size(&format!("{cro}/clients")).await, 0);

    let token = "/api/v1/api-tokens/00Tterraformlaptop00";
    assert_eq!(org.get(token).await["userId"], "00uE1003000000000000");
    assert_eq!(org.write("DELETE", token).await, 204);
    assert_eq!(org.write.get(token).await.status, 404);

    let roles = "/api/v1/users/00uE1003000000000000/roles";
    let role = org.get(roles).await[0].clone();
    assert_eq!(role["label"], "Super Administrator");
    let admins = org.get("/api/v1/iam/assignees/users").await["value"].clone();
    assert_eq!(admins.as_array().unwrap().len(), 3);
    let role = format!("{roles}/{}", role["id"].as_str().unwrap());
    assert_eq!(org.write("DELETE", &role).await, 204);
    assert_eq!(org.size(roles).await, 0);
}

#[tokio::test]
async fn a_direct_assignment_falls_back_to_the_groups() {
    let org = org().await;
    let spendline = "/api/v1/apps/0oaSpendline00000000/users/00uE1004000000000000";
    let assigned = org.get(spendline).await;
    assert_eq!(assigned["scope"], "USER");
    assert_eq!(assigned["credentials"]["userName"], "soren.adeyemi@northmoor.example");
    assert_eq!(org.write("DELETE", spendline).await, 204);
    assert_eq!(org.get(spendline).await["scope"], "GROUP");
    let group = "/api/v1/groups/00gSpendlineUsers000/users/00uE1004000000000000";
    assert_eq!(org.write("DELETE", group).await, 204);
    assert_eq!(org.write.get(spendline).await.status, 404);
    let everyone = "/api/v1/groups/00gEveryone000000000/users/00uE1004000000000000";
    assert_eq!(org.write("DELETE", everyone).await, 403, "built in");
}

#[tokio::test]
async fn lifecycle_follows_the_users_status() {
    let org = org().await;
    let act = async |what: &str| {
        let path = format!("{CFO}/lifecycle/{what}");
        org.write.call("POST", &path, None).await
    };
    assert_eq!(act("unsuspend").await.status, 400);
    assert_eq!(act("suspend").await.status, 200);
    let again = act("suspend").await;
    assert_eq!((again.status, &again.body["errorCode"]), (400, &json!("E0000001")));
    assert_eq!(act("reset_factors").await.body["errorCode"], "E0000038");
    assert_eq!(act("unsuspend").await.status, 200);
    assert_eq!(act("deactivate").await.status, 200);
    assert_eq!(org.get(CFO).await["status"], "DEPROVISIONED");
    assert_eq!(act("deactivate").await.status, 403);
    assert_eq!(act("reset_factors").await.status, 403);
    assert_eq!(org.size(&format!("{CFO}/groups")).await, 0);
    assert_eq!(org.size(&format!("{CFO}/appLinks")).await, 0);
    let log = org.get("/api/v1/logs?filter=target.id%20eq%20%2200uE1002000000000000%22&until=2099-01-01T00:00:00Z").await;
    let last = log.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["eventType"], "user.lifecycle.deactivate");
}

#[tokio::test]
async fn revoking_our_own_token_locks_us_out() {
    let org = org().await;
    assert_eq!(org.write("DELETE", "/api/v1/api-tokens/00Texeuntrevoke00000").await, 204);
    assert_eq!(org.write.get("/api/v1/users/me").await.status, 401);
}

#[tokio::test]
async fn the_remaining_reads_answer() {
    let org = org().await;
    assert_eq!(org.size("/api/v1/groups?limit=200").await, 16);
    assert_eq!(org.size("/api/v1/groups/00gFinance0000000000/users?limit=5").await, 5);
    assert_eq!(org.size("/api/v1/groups/00gFinance0000000000/apps").await, 0);
    assert_eq!(org.size("/api/v1/groups/00gEveryone000000000/apps").await, 4);
    assert_eq!(org.size("/api/v1/apps?limit=200").await, 10);
    assert_eq!(org.size("/api/v1/apps/0oaClausebank0000000/users").await, 1);
    assert_eq!(org.size("/api/v1/apps/0oaClausebank0000000/groups").await, 0);
    assert_eq!(org.size("/api/v1/apps/0oaSlack000000000000/users?limit=500").await, 412);
    assert_eq!(org.size("/api/v1/apps/0oaSlack000000000000/groups").await, 1);
    assert_eq!(org.size("/api/v1/api-tokens").await, 3);
    assert_eq!(org.size(&format!("{CFO}/devices")).await, 1);
    assert!(org.size(&format!("{CFO}/appLinks")).await > 5);
    let mine = "/api/v1/apps?filter=user.id%20eq%20%2200uE1007000000000000%22";
    let labels = org.get(mine).await;
    let labels: Vec<_> = labels.as_array().unwrap().iter().map(|a| a["label"].clone()).collect();
    assert!(labels.contains(&json!("Clausebank")), "{labels:?}");
    assert_eq!(org.write.get("/api/v1/users/nobody").await.status, 404);
    org.get("/api/v1/groups/00gFinance0000000000").await;
    org.get("/api/v1/apps/0oaSlack000000000000").await;
    org.get("/api/v1/groups/rules").await;
    org.get("/api/v1/logs?limit=10").await;
    org.get("/api/v1/users/00uE1001000000000000/factors").await;
}

/// The answer key and the fixture must not drift apart.
#[test]
fn direct_assignments_are_as_the_answer_key_says() {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let state = State::build(&company).unwrap();
    let through = |person: &Option<String>, label: &str| {
        let user = user_id(person.as_deref().unwrap());
        let app = state.apps.values().find(|app| app.label == label).unwrap();
        assert!(app.direct.contains_key(&user), "{label}");
        let mut groups = app.groups.iter().map(|id| &state.groups[id]);
        groups.any(|group| group.members.contains(&user))
    };
    let ours = |check: &str, system: &str| check == "direct-assignment" && system == "okta";
    let flaws = company.flaws.iter().filter(|f| ours(&f.check, &f.system));
    assert_eq!(flaws.clone().filter(|f| through(&f.person, &f.subject)).count(), 2);
    assert_eq!(flaws.count(), 2);
    let traps = company.traps.iter().filter(|t| ours(&t.check, &t.system));
    assert_eq!(traps.clone().filter(|t| !through(&t.person, &t.subject)).count(), 1);
    assert_eq!(traps.count(), 1);
    for flaw in company.flaws.iter().filter(|f| f.system == "okta") {
        let mut labels = state.apps.values().map(|app| &app.label);
        let mut clients = state.clients.values();
        let mut tokens = state.api_tokens.values().map(|token| &token.name);
        let mut roles = state.roles.values().flatten().map(|role| &role.label);
        let known = match flaw.check.as_str() {
            "oauth-grant" => clients.any(|name| *name == flaw.subject),
            "api-token" => tokens.any(|name| *name == flaw.subject),
            "standing-admin" => roles.any(|label| *label == flaw.subject),
            _ => labels.any(|label| *label == flaw.subject),
        };
        assert!(known, "{} is not in the fixture", flaw.subject);
    }
}

#[tokio::test]
async fn who_was_changed_lately_is_found_by_search_the_deactivated_too() {
    let org = org().await;
    let since = crate::clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let search = |operator: &str, since: &str| format!("/api/v1/users?search=lastUpdated%20{operator}%20%22{since}%22&limit=200");
    let lately = search("ge", &since);
    let ids = async || org.get(&lately).await.as_array().unwrap().iter().map(|user| user["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids().await, Vec::<Value>::new());
    // What is taken from a user elsewhere is no change of the user.
    assert_eq!(org.write("DELETE", &format!("{CFO}/sessions")).await, 204);
    assert_eq!(ids().await, Vec::<Value>::new());
    assert_eq!(org.write("POST", &format!("{CFO}/lifecycle/suspend")).await, 200);
    assert_eq!(ids().await, ["00uE1002000000000000"]);
    assert_eq!(org.write("POST", "/api/v1/users/00uE1003000000000000/lifecycle/reset_factors").await, 200);
    assert_eq!(org.write("POST", "/api/v1/users/00uE1003000000000000/lifecycle/deactivate").await, 200);
    assert_eq!(ids().await, ["00uE1002000000000000", "00uE1003000000000000"]);
    assert_eq!(org.get(&lately).await[1]["status"], "DEPROVISIONED");
    let exact = org.get(CFO).await["lastUpdated"].as_str().unwrap().to_owned();
    let count = async |operator: &str| org.size(&search(operator, &exact)).await;
    assert_eq!((count("ge").await, count("gt").await), (2, 1), "to the millisecond");
    // Pages, as the list has them.
    let first = org.write.get(&search("ge", "2020-01-01T00:00:00.000Z").replace("limit=200", "limit=3")).await;
    let next = first.headers.get_all("link").iter().map(|link| link.to_str().unwrap()).find(|link| link.ends_with("rel=\"next\"")).unwrap();
    assert!(first.body.as_array().unwrap().len() == 3 && next.contains("search=") && next.contains("after="));
    for broken in ["lastUpdated%20ge", "lastUpdated%20since%20%222026-01-01T00:00:00.000Z%22", "lastUpdated%20ge%202026"] {
        let refused = org.write.get(&format!("/api/v1/users?search={broken}")).await;
        assert_eq!((refused.status, &refused.body["errorCode"]), (400, &Value::from("E0000031")));
    }
}
