//! Suspending twice is no error, the last owner stays, and what was seen is not unseen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, Running, serve};
use super::*;

async fn as_(running: &Running, client: &str) -> Probe {
    let token = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = token.post(format!("{}/v1beta1/users/oauth2/token", running.url)).basic_auth(client, Some(client));
    let answer = token.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
    let body: Value = answer.json().await.unwrap();
    let authorization = format!("Bearer {}", body["access_token"].as_str().unwrap_or("none"));
    Probe::new("onepassword-users", &running.url, "https://api.1password.com", &authorization)
}

fn users(rest: &str) -> String {
    format!("/v1beta1/accounts/{ACCOUNT}/users{rest}")
}

#[tokio::test]
async fn people_are_paged_and_suspended_but_for_those_who_cant_be() {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let Simulated { router, left } = start(&company).unwrap();
    let running = serve("onepassword", router, Profile::default(), Faults::default()).await.unwrap();
    let probe = as_(&running, "revoke-onepassword").await;
    assert_eq!(probe.get(&users("")).await.body["results"].as_array().unwrap().len(), 25);
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let body = probe.get(&users(&format!("?max_page_size=300&page_token={}", token.replace('=', "%3D")))).await.body;
        seen.extend(body["results"].as_array().unwrap().clone());
        token = body["next_page_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    let suspended = probe.get(&users("?filter=user.isSuspended()&max_page_size=1000")).await.body;
    assert!(seen.len() > 400 && suspended["results"].as_array().unwrap().len() == 1);
    assert_eq!(probe.get(&users("?filter=user.isGone()")).await.status, 400);

    let of = |email: &str| seen.iter().find(|user| user["email"] == email).unwrap()["id"].as_str().unwrap().to_owned();
    let cfo = of("rafael.okonjo@northmoor.example");
    for _ in 0..2 {
        let done = probe.call("POST", &users(&format!("/{cfo}:suspend")), None).await;
        assert_eq!((done.status, &done.body["state"]), (200, &json!("SUSPENDED")));
    }
    assert_eq!(probe.get(&users(&format!("/{cfo}"))).await.body["state"], "SUSPENDED");
    let left = left(company.person("E1002").unwrap());
    assert!(
        !left.is_empty() && left.iter().all(|line| line.starts_with("the copy on") || line.starts_with("the secrets seen")),
        "{left:?}"
    );
    assert_eq!(probe.call("POST", &users(&format!("/{cfo}:reactivate")), None).await.body["state"], "ACTIVE");

    for (email, why) in [("mei-lin.tavares@northmoor.example", "last owner"), ("yuki.abernathy@northmoor.example", "externally managed")] {
        let refused = probe.call("POST", &users(&format!("/{}:suspend", of(email))), None).await;
        assert!(refused.status == 400 && refused.body["message"].as_str().unwrap().contains(why), "{}", refused.body);
    }
    let reader = as_(&running, "read-onepassword").await;
    assert_eq!(reader.call("POST", &users(&format!("/{cfo}:suspend")), None).await.status, 403);
    assert_eq!(as_(&running, "guessed").await.get(&users("")).await.status, 401);
}
