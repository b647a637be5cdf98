//! Switched off, an account has no session and keeps its key; who is past is in no answer unless asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::faults::Faults;
use super::super::vendor::{Left, Profile, Running, serve};
use super::*;

async fn up() -> (Running, Left, Company) {
    let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
    let built = start(&company).unwrap();
    (serve("tryton", built.router, Profile::default(), Faults::default()).await.unwrap(), built.left, company)
}

async fn call(running: &Running, session: &str, method: &str, params: Value) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/erp/rpc/", running.url)).json(&json!({ "id": 1, "method": method, "params": params }));
    let response = request.header("authorization", format!("Session {session}")).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn session(running: &Running, login: &str, password: &str) -> String {
    let (status, body) = call(running, "", "common.db.login", json!([login, { "password": password }])).await;
    assert_eq!(status, 200);
    let key = body["result"][1].as_str().unwrap();
    base64::engine::general_purpose::STANDARD.encode(format!("{login}:{}:{key}", body["result"][0]))
}

async fn revoker(running: &Running) -> String {
    session(running, state::REVOKER, "revoke-tryton").await
}

#[tokio::test]
async fn whoever_is_past_is_only_shown_when_asked_for() {
    let (running, _, _) = up().await;
    let session = revoker(&running).await;
    let fields = json!(["party.code", "party.rec_name", "end_date", "supervisor"]);
    let list = |context: Value| json!([[], 0, null, null, fields.clone(), context]);
    let (_, all) = call(&running, &session, "model.company.employee.search_read", list(json!({ "active_test": false }))).await;
    let (_, some) = call(&running, &session, "model.company.employee.search_read", list(json!({}))).await;
    let count = |body: &Value| body["result"].as_array().unwrap().len();
    assert_eq!((count(&all), count(&some)), (412, 411));
    let past = all["result"].as_array().unwrap().iter().find(|one| one["party."]["code"] == "E1013").unwrap();
    assert_eq!((&past["party."]["rec_name"], &past["end_date"]["__class__"]), (&json!("Salonen, Viktor"), &json!("date")));
    let (_, user) =
        call(&running, &session, "model.res.user.read", json!([[1013], ["login", "employee.party.code", "groups.name", "active"], {}]))
            .await;
    assert_eq!(user["result"][0]["employee."]["party."]["code"], "E1013");
}

#[tokio::test]
async fn a_key_outlives_the_account_until_it_is_cancelled() {
    let (running, left, company) = up().await;
    let revoker = revoker(&running).await;
    let cfo = company.person("E1002").unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let key = format!("key-{:x}", super::super::planted::number_of("E1002Ledger sheet"));
    let rest = || client.get(format!("{}/erp/rest/model/party.party", running.url)).bearer_auth(&key).send();
    assert_eq!((left(cfo).len(), rest().await.unwrap().status().as_u16()), (4, 200));
    let off = json!([[1002], { "active": false }, {}]);
    assert_eq!(call(&running, &revoker, "model.res.user.write", off).await.1["result"], Value::Null);
    assert_eq!((left(cfo).len(), rest().await.unwrap().status().as_u16()), (1, 200));
    let hidden = json!([[["id", "=", 1002]], 0, null, null, ["active", "sessions"], {}]);
    assert_eq!(call(&running, &revoker, "model.res.user.search_read", hidden).await.1["result"], json!([]));
    let (_, user) = call(&running, &revoker, "model.res.user.read", json!([[1002], ["active", "sessions"], {}])).await;
    assert_eq!(user["result"], json!([{ "id": 1002, "active": 0, "sessions": 0 }]));
    assert_eq!(call(&running, &revoker, "model.res.user.application.cancel", json!([[1], {}])).await.1["result"], Value::Null);
    let (_, again) = call(&running, &revoker, "model.res.user.application.cancel", json!([[1], {}])).await;
    assert!(again["error"][1][0].as_str().unwrap().contains("can not call"), "{again}");
    assert_eq!((left(cfo).len(), rest().await.unwrap().status().as_u16()), (0, 401));
}

#[tokio::test]
async fn errors_travel_with_status_200_and_a_lost_session_with_401() {
    let (running, _, _) = up().await;
    let reader = session(&running, state::READER, "read-tryton").await;
    let off = json!([[1002], { "active": false }, {}]);
    let (status, refused) = call(&running, &reader, "model.res.user.write", off.clone()).await;
    assert_eq!((status, &refused["error"][1][0]), (200, &json!("You are not allowed to access \"User\".")));
    let (status, gone) = call(&running, &reader, "model.res.user.read", json!([[1], ["login"], {}])).await;
    assert!(status == 200 && gone["error"][1][0].as_str().unwrap().contains("don't exist"), "{gone}");
    assert_eq!(call(&running, &reader, "model.res.user.search_read", json!([[], 0, 1, null, ["nope"], {}])).await.1["error"][0], "'nope'");
    assert_eq!(call(&running, &reader, "model.res.user.frobnicate", json!([])).await.0, 403);
    assert_eq!(call(&running, "guessed", "model.res.user.write", off).await.0, 401);
    assert_eq!(call(&running, "", "common.db.login", json!([state::READER, { "password": "guessed" }])).await.0, 401);
}
