//! What a membership takes with it, and what stays until it is taken away itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::super::{company::Company, faults::Faults};
use super::*;

const ORG: &str = "/orgs/northmoor";

async fn up() -> Running {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let router = start(&Arc::new(company)).unwrap().router;
    serve("github", router, Profile::default(), Faults::default()).await.unwrap()
}

fn as_(running: &Running, token: &str) -> Probe {
    Probe::new("github", &running.url, "https://api.github.com", &format!("Bearer {token}"))
}

/// All items of a list, page by page, the way the links lead.
async fn all(running: &Running, probe: &Probe, path: &str) -> Vec<Value> {
    let mut path = path.to_owned();
    let mut items = Vec::new();
    loop {
        let answer = probe.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        items.extend(answer.body.as_array().unwrap().clone());
        let links = answer.headers.get_all("link").iter();
        let next = links.map(|v| v.to_str().unwrap()).find(|v| v.contains("rel=\"next\""));
        match next {
            Some(next) => {
                let url = next.split(['<', '>']).nth(1).unwrap();
                path = url.strip_prefix(&running.url).unwrap().to_owned();
            }
            None => return items,
        }
    }
}

fn names(items: &[Value], field: &str) -> Vec<String> {
    items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn everything_can_be_read_and_we_are_among_the_members() {
    let github = up().await;
    let probe = as_(&github, "read-github");
    let ourselves = probe.get("/user").await.body;
    let members = all(&github, &probe, &format!("{ORG}/members?per_page=25")).await;
    assert_eq!(members.len(), 63);
    assert!(names(&members, "login").contains(&ourselves["login"].as_str().unwrap().to_owned()));
    for login in ["rokonjo-finance", "dfairbanks-nm", "mtavares", "yabernathy"] {
        assert!(names(&members, "login").contains(&login.to_owned()), "{login}");
    }
    let owners = all(&github, &probe, &format!("{ORG}/members?role=admin")).await;
    assert_eq!(names(&owners, "login"), ["yabernathy", "dfairbanks-nm", "exeunt-bot"]);
    for path in [
        ORG.to_owned(),
        format!("{ORG}/hooks"),
        format!("{ORG}/repos?per_page=100"),
        format!("{ORG}/teams"),
        format!("{ORG}/teams/releases/members?role=maintainer"),
        format!("{ORG}/teams/releases/repos"),
        format!("{ORG}/teams/releases/memberships/yabernathy"),
        format!("{ORG}/personal-access-token-requests"),
        format!("{ORG}/personal-access-tokens/251011/repositories"),
        format!("{ORG}/outside_collaborators"),
        "/users/mtavares/keys".to_owned(),
        "/repos/northmoor/calibration/collaborators?per_page=100".to_owned(),
        "/scim/v2/organizations/northmoor/Users?startIndex=1&count=10".to_owned(),
    ] {
        assert_eq!(probe.get(&path).await.status, 200, "{path}");
    }
    assert_eq!(probe.get("/orgs/elsewhere/members").await.status, 404);
    assert_eq!(probe.get("/users/nobody-at-all").await.status, 404);
}

#[tokio::test]
async fn seats_tell_sso_accounts_from_local_ones() {
    let github = up().await;
    let probe = as_(&github, "read-github");
    let body = probe.get("/enterprises/northmoor/consumed-licenses?per_page=100").await.body;
    let seat = |login: &str| {
        let users = body["users"].as_array().unwrap();
        users.iter().find(|user| user["github_com_login"] == login).unwrap().clone()
    };
    assert_eq!(seat("mtavares")["github_com_saml_name_id"], "mei-lin.tavares@northmoor.example");
    assert_eq!(seat("rokonjo-finance")["github_com_saml_name_id"], Value::Null);
    assert_eq!(seat("rokonjo-finance")["github_com_verified_domain_emails"], json!([]));
    let break_glass = seat("dfairbanks-nm");
    assert_eq!(break_glass["github_com_saml_name_id"], Value::Null);
    assert_eq!(break_glass["github_com_verified_domain_emails"], json!(["dmitri.fairbanks@northmoor.example"]));
    let profile = probe.get("/users/rokonjo-finance").await.body;
    assert_eq!(profile["email"], "rafael.okonjo@postbox.example");
    let filter = "filter=userName%20eq%20%22mei-lin.tavares@northmoor.example%22";
    let identity = probe.get(&format!("/scim/v2/organizations/northmoor/Users?{filter}")).await.body;
    assert_eq!(identity["Resources"][0]["externalId"], "E1003");
}

#[tokio::test]
async fn a_membership_ends_and_what_outlives_it_is_still_listed() {
    let github = up().await;
    let probe = as_(&github, "revoke-github");
    let path = format!("{ORG}/memberships/rokonjo-finance");
    assert_eq!(probe.get(&path).await.body["role"], "member");
    let early = probe.call("DELETE", &format!("{ORG}/outside_collaborators/rokonjo-finance"), None).await;
    assert_eq!(early.status, 422);

    assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
    assert_eq!(probe.get(&path).await.status, 404);
    assert_eq!(probe.get(&format!("{ORG}/members/rokonjo-finance")).await.status, 404);
    assert_eq!(probe.call("DELETE", &path, None).await.status, 404);
    let team = probe.get(&format!("{ORG}/teams/money-tools/members")).await.body;
    assert!(!names(team.as_array().unwrap(), "login").contains(&"rokonjo-finance".to_owned()));

    let outside = probe.get(&format!("{ORG}/outside_collaborators")).await.body;
    assert_eq!(names(outside.as_array().unwrap(), "login"), ["rokonjo-finance", "kestrel-qa", "lumen-drivers"]);
    let tokens = format!("{ORG}/personal-access-tokens?owner[]=rokonjo-finance");
    assert_eq!(probe.get(&tokens).await.body[0]["token_name"], "finance-export");
    let keys = "/repos/northmoor/ledger-exports/keys";
    assert_eq!(probe.get(keys).await.body[0]["added_by"], "rokonjo-finance");

    let revoke = Some(json!({ "action": "revoke" }));
    assert_eq!(probe.call("POST", &format!("{ORG}/personal-access-tokens/251002"), revoke).await.status, 204);
    assert_eq!(probe.get(&tokens).await.body, json!([]));
    let outsider = format!("{ORG}/outside_collaborators/rokonjo-finance");
    assert_eq!(probe.call("DELETE", &outsider, None).await.status, 204);
    assert_eq!(probe.call("DELETE", &outsider, None).await.status, 404);
    let direct = probe.get("/repos/northmoor/ledger-exports/collaborators?affiliation=direct").await.body;
    assert_eq!(direct, json!([]));
    assert_eq!(probe.call("DELETE", &format!("{keys}/71001"), None).await.status, 204);
    assert_eq!(probe.get(keys).await.body, json!([]));
}

#[tokio::test]
async fn credentials_go_one_by_one_or_in_bulk() {
    let github = up().await;
    let probe = as_(&github, "revoke-github");
    let of = |login: &str| format!("{ORG}/credential-authorizations?login={login}");
    let key = probe.get(&of("mtavares")).await.body[0].clone();
    assert_eq!(key["fingerprint"], "SHA256:meilin-laptop-2019");
    let public = probe.get("/users/mtavares/keys").await.body;
    assert_eq!(public[0]["id"], key["authorized_credential_id"]);
    let path = format!("{ORG}/credential-authorizations/{}", key["credential_id"]);
    assert_eq!(probe.call("DELETE", &path, None).await.status, 204);
    assert_eq!(probe.get(&of("mtavares")).await.body, json!([]));
    assert_eq!(probe.call("DELETE", &path, None).await.status, 404);

    let tokens = all(&github, &probe, &format!("{ORG}/personal-access-tokens")).await;
    let expired = |name: &str| tokens.iter().find(|token| token["token_name"] == name).unwrap()["token_expired"].clone();
    assert_eq!((expired("audit-2025"), expired("release-bot-local")), (json!(true), json!(false)));
    let bulk = Some(json!({ "action": "revoke", "pat_ids": [251_011, 251_008] }));
    assert_eq!(probe.call("POST", &format!("{ORG}/personal-access-tokens"), bulk).await.status, 202);
    tokio::time::sleep(credentials::BULK * 2).await;
    let left = all(&github, &probe, &format!("{ORG}/personal-access-tokens")).await;
    assert_eq!(names(&left, "token_name"), ["dependency-report", "finance-export"]);

    assert_eq!(probe.call("DELETE", &format!("{ORG}/hooks/41001"), None).await.status, 204);
    assert_eq!(probe.call("DELETE", &format!("{ORG}/teams/releases/memberships/yabernathy"), None).await.status, 204);
    assert_eq!(probe.get(&format!("{ORG}/teams/releases/memberships/yabernathy")).await.status, 404);
    let grant = "/repos/northmoor/calibration/collaborators/lumen-drivers";
    assert_eq!(probe.call("DELETE", grant, None).await.status, 204);
    let outside = probe.get("/repos/northmoor/calibration/collaborators?affiliation=outside").await.body;
    assert_eq!(outside, json!([]));
}

#[tokio::test]
async fn the_last_owner_stays() {
    let github = up().await;
    let probe = as_(&github, "revoke-github");
    for owner in ["yabernathy", "dfairbanks-nm"] {
        assert_eq!(probe.call("DELETE", &format!("{ORG}/members/{owner}"), None).await.status, 204);
    }
    let path = format!("{ORG}/memberships/exeunt-bot");
    assert_eq!(probe.call("DELETE", &path, None).await.status, 403);
    assert_eq!(probe.get(&path).await.body["role"], "admin");
}

#[tokio::test]
async fn the_read_token_writes_nothing() {
    let github = up().await;
    let probe = as_(&github, "read-github");
    let path = format!("{ORG}/memberships/mtavares");
    assert_eq!(probe.call("DELETE", &path, None).await.status, 403);
    assert_eq!(probe.get(&path).await.status, 200);
    assert_eq!(as_(&github, "nothing").get(ORG).await.status, 401);
}
