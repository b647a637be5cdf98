//! A small vendor with a paged list, to see each fault and the rate limit from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use super::*;
use crate::demo::faults::{Fault, FaultKind};
use crate::demo::probe::Probe;

/// Ten things, three to a page; DELETE counts.
async fn up(profile: Profile, faults: &Faults) -> (Running, Probe, Arc<AtomicUsize>) {
    let deleted = Arc::new(AtomicUsize::new(0));
    let counter = deleted.clone();
    let router = Router::new().fallback(move |request: Request| {
        let counter = counter.clone();
        async move {
            if *request.method() == Method::DELETE {
                counter.fetch_add(1, Ordering::SeqCst);
                return no_content();
            }
            let things: Vec<u32> = (0..10).collect();
            let offset = param(request.uri(), "after").and_then(|a| a.parse().ok());
            let (items, next) = page(&things, offset.unwrap_or(0), 3);
            let mut body = json!({ "items": items, "meta": { "tags": ["x"] } });
            if let Some(next) = next {
                body["nextPageToken"] = json!(next.to_string());
            }
            let mut response = reply(200, &body);
            if let Some(next) = next {
                let next = same_with(request.headers(), request.uri(), "after", &next.to_string());
                link(&mut response, &next, "next");
            }
            response
        }
    });
    let running = serve("thing", router, profile, faults.clone()).await.unwrap();
    let probe = Probe::new("thing", &running.url, "https://thing.example", "Bearer t");
    (running, probe, deleted)
}

fn fault(kind: FaultKind, times: Option<u32>) -> Fault {
    Fault { system: "thing".to_owned(), method: None, path: "/things".to_owned(), kind, times }
}

#[tokio::test]
async fn a_status_strikes_as_often_as_told_and_only_where_told() {
    let faults = Faults::default();
    let (_up, probe, deleted) = up(Profile::default(), &faults).await;
    let kind = FaultKind::Status { code: 503, headers: vec![("retry-after".to_owned(), "7".to_owned())], body: json!({ "error": "busy" }) };
    faults.add(fault(kind, Some(2)));
    let busy = probe.call("DELETE", "/things/1", None).await;
    assert_eq!((busy.status, &busy.body["error"]), (503, &json!("busy")));
    assert_eq!(busy.headers["retry-after"], "7");
    assert_eq!(deleted.load(Ordering::SeqCst), 0);
    assert_eq!(probe.get("/others").await.status, 200);
    assert_eq!(probe.get("/things").await.status, 503);
    assert_eq!(probe.get("/things").await.status, 200);
    assert_eq!(faults.hits(), 2);
}

#[tokio::test]
async fn empty_leaves_no_items_and_no_next_page() {
    let faults = Faults::default();
    let (_up, probe, _) = up(Profile::default(), &faults).await;
    assert!(probe.get("/things").await.headers.contains_key("link"));
    faults.add(fault(FaultKind::Empty, None));
    let answer = probe.get("/things").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, json!({ "items": [], "meta": { "tags": [] } }));
    assert!(!answer.headers.contains_key("link"));
    faults.clear();
    assert_eq!(probe.get("/things").await.body["items"], json!([0, 1, 2]));
}

#[tokio::test]
async fn cut_breaks_the_body() {
    let faults = Faults::default();
    let (up, _, _) = up(Profile::default(), &faults).await;
    faults.add(fault(FaultKind::Cut, None));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{}/things", up.url)).send().await;
    let whole = match answer {
        Ok(response) => response.bytes().await.is_ok(),
        Err(_) => false,
    };
    assert!(!whole);
}

#[tokio::test]
async fn a_lie_claims_a_write_that_never_happened() {
    let faults = Faults::default();
    let (_up, probe, deleted) = up(Profile::default(), &faults).await;
    faults.add(fault(FaultKind::Lie, Some(1)));
    assert_eq!(probe.get("/things").await.body["items"], json!([0, 1, 2]));
    assert_eq!(probe.call("DELETE", "/things/1", None).await.status, 204);
    assert_eq!(deleted.load(Ordering::SeqCst), 0);
    assert_eq!(probe.call("DELETE", "/things/1", None).await.status, 204);
    assert_eq!(deleted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_loop_never_gets_past_its_next_page() {
    let faults = Faults::default();
    let (_up, probe, _) = up(Profile::default(), &faults).await;
    faults.add(fault(FaultKind::Loop, None));
    let first = probe.get("/things").await;
    for after in ["3", "6", "9"] {
        let again = probe.get(&format!("/things?after={after}")).await;
        assert_eq!(again.body, first.body);
        assert_eq!(again.headers["link"], first.headers["link"]);
    }
}

#[tokio::test]
async fn stalls_and_latency_take_their_time() {
    let faults = Faults::default();
    let profile = Profile { latency: Duration::from_millis(20), rate: None };
    let (_up, probe, _) = up(profile, &faults).await;
    let began = Instant::now();
    probe.get("/things").await;
    assert!(began.elapsed() >= Duration::from_millis(10));
    faults.add(fault(FaultKind::Stall(Duration::from_millis(80)), None));
    let began = Instant::now();
    assert_eq!(probe.get("/things").await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(90));
}

#[tokio::test]
async fn the_rate_limit_counts_down_and_then_refuses() {
    let rate = RateLimit { limit: 2, window: Duration::from_secs(60), style: RateStyle::Okta };
    let profile = Profile { latency: Duration::ZERO, rate: Some(rate) };
    let (_up, probe, _) = up(profile, &Faults::default()).await;
    let first = probe.get("/things").await;
    assert_eq!(first.headers["x-rate-limit-limit"], "2");
    assert_eq!(first.headers["x-rate-limit-remaining"], "1");
    assert_eq!(probe.get("/things").await.status, 200);
    let refused = probe.get("/things").await;
    assert_eq!((refused.status, &refused.body["errorCode"]), (429, &json!("E0000047")));
    assert_eq!(refused.headers["x-rate-limit-remaining"], "0");
    let reset: i64 = refused.headers["x-rate-limit-reset"].to_str().unwrap().parse().unwrap();
    let wait = reset - now().as_second();
    assert!((1..=61).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_stopped_vendor_answers_no_more() {
    let (up, _, _) = up(Profile::default(), &Faults::default()).await;
    let url = up.url.clone();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(client.get(&url).send().await.is_ok());
    up.stop().await;
    assert!(client.get(&url).send().await.is_err());
}

#[test]
fn access_is_by_the_token_whatever_its_scheme() {
    let of = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
        Access::of(&headers, "okta")
    };
    assert_eq!(of("SSWS read-okta"), Access::Read);
    assert_eq!(of("Bearer revoke-okta"), Access::Revoke);
    assert_eq!(of("Basic cmVhZC1va3RhOng="), Access::Read, "read-okta:x");
    assert_eq!(of("Bearer read-slack"), Access::Nobody);
    assert_eq!(of("Bearer  "), Access::Nobody);
    assert_eq!(Access::of(&HeaderMap::new(), "okta"), Access::Nobody);
    assert_eq!(Access::Read.may(true), Err(StatusCode::FORBIDDEN));
}
