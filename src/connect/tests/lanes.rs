//! Lanes: patience, Retry-After, the budget's reserve, and parallel calls.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::connect::{CallError, Class};

#[tokio::test]
async fn retry_after_is_honoured_in_every_lane() {
    for lane in [Lane::Scan, Lane::Revoke] {
        let calls = AtomicUsize::new(0);
        let server = serve(move |_, _| match calls.fetch_add(1, Ordering::SeqCst) {
            0 => (429, vec![("retry-after", "1".into())], json!({})),
            _ => (200, vec![], json!({"ok": true})),
        })
        .await;
        let started = Instant::now();
        let reply = send(&bearer(&server, ""), lane, &get("/x")).await.unwrap();
        assert_eq!((reply.class, reply.attempts), (Class::Fine, 2));
        assert!(started.elapsed() >= Duration::from_millis(990), "{:?}", started.elapsed());
        assert!(reply.digest.starts_with("sha256:") && reply.digest.len() == 71);
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited() {
    let server = serve(|_, _| (429, vec![("retry-after", "3600".into())], json!({"message": "slow down"}))).await;
    let wire = bearer(&server, "");
    for lane in [Lane::Scan, Lane::Revoke] {
        let started = Instant::now();
        // The first scan pauses the lane; the departure isn't held by it.
        let reply = send(&wire, lane, &get("/x")).await.unwrap();
        assert_eq!((reply.class, reply.says().as_str()), (Class::Throttled, "429: slow down"));
        // An hour is what it would wait; anything near is long enough for the slowest machine.
        assert!(started.elapsed() < Duration::from_secs(600));
    }
}

#[tokio::test]
async fn departures_retry_fast_and_prove_past_caches() {
    let calls = AtomicUsize::new(0);
    let server = serve(move |_, _| match calls.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => (503, vec![], json!("<html>")),
        _ => (204, vec![], Value::Null),
    })
    .await;
    let call = Call::Http(HttpCall { method: "POST".into(), url: "/x".into(), ..HttpCall::default() });
    let reply = send(&bearer(&server, ""), Lane::Prove, &call).await.unwrap();
    assert_eq!((reply.status, reply.body, reply.attempts), (204, Value::Null, 3));
    assert!(server.seen().iter().all(|seen| seen.header("cache-control") == "no-cache" && seen.header("content-length") == "0"));
}

#[tokio::test]
async fn scans_leave_the_reserve_to_departures() {
    let server = serve(|_, _| (200, vec![], json!({}))).await;
    let wire = Arc::new(bearer(&server, "budget: { requests: 10, per: 1h }, emergency: 40%"));
    let scans = (0..12).map(|_| {
        let wire = wire.clone();
        tokio::spawn(async move { send(&wire, Lane::Scan, &get("/scan")).await })
    });
    let scans: Vec<_> = scans.collect();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(server.count("/scan"), 6);
    let started = Instant::now();
    for _ in 0..4 {
        assert_eq!(send(&wire, Lane::Revoke, &get("/revoke")).await.unwrap().class, Class::Fine);
    }
    assert!(started.elapsed() < Duration::from_secs(600), "departures waited for the next hour's budget");
    assert_eq!(server.seen().len(), 10);
    scans.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_scan_runs_at_the_vendors_rate() {
    // A vendor that counts in fixed windows of half a second, says so, and refuses the eleventh.
    let windows: Mutex<(Option<Instant>, u32)> = Mutex::new((None, 0));
    let server = serve(move |_, _| {
        let mut windows = windows.lock().unwrap();
        let began = *windows.0.get_or_insert_with(Instant::now);
        let window = Duration::from_millis(500);
        let began = if began.elapsed() >= window { Instant::now() } else { began };
        let used = if windows.0 == Some(began) { windows.1 + 1 } else { 1 };
        *windows = (Some(began), used);
        let left = 10_u32.saturating_sub(used);
        let headers = vec![("x-left", left.to_string()), ("x-reset", (window - began.elapsed()).as_secs_f64().to_string())];
        (if used > 10 { 429 } else { 200 }, headers, json!({}))
    })
    .await;
    let wire = bearer(&server, "budget: { requests: 10, per: 500ms, remaining: X-Left, reset: X-Reset }, emergency: 20%");
    let started = Instant::now();
    let calls = (0..40).map(|_| get("/x")).collect::<Vec<_>>();
    let replies = futures_util::future::join_all(calls.iter().map(|call| send(&wire, Lane::Scan, call))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().class == Class::Fine));
    // A reply that a loaded machine delivers late may cost a window's edge; a budget that isn't kept would cost every window.
    let refused = replies.iter().filter(|reply| reply.as_ref().unwrap().attempts > 1).count();
    assert!(refused <= 8, "{refused} of 40 refused");
    // Eight in a window: four windows must pass before the last eight leave.
    let bound = Duration::from_millis(2000);
    assert!(started.elapsed() >= bound - Duration::from_millis(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nobody_home_is_one_clear_line() {
    let server = serve(|_, _| (200, vec![], json!({}))).await;
    let mut manifest = manifest("{ http: '{{ settings.url }}' }", "{ kind: bearer }");
    manifest.connect.timeout_secs = Some(1);
    manifest.preflight = vec![serde_json::from_value(json!({ "call": "GET /me" })).unwrap()];
    let settings = json!({ "url": "http://127.0.0.1:1/?key=s3cret-bearer" });
    let wire = open(&manifest, settings, "s3cret-bearer", None);
    let error = wire.warm(Hand::Read, &[], 1).await.unwrap_err();
    assert!(matches!(&error, CallError::Unreachable(line) if line.contains("127.0.0.1") && !line.contains("s3cret")), "{error:?}");
    // Warming asks what preflight asks; where there is no preflight, it only fetches tokens.
    open(&manifest, json!({ "url": server.base }), "s3cret-bearer", None).warm(Hand::Revoke, &[], 3).await.unwrap();
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "GET" && seen.url.ends_with("/me")).count(), 3);
    bearer(&server, "").warm(Hand::Revoke, &[], 3).await.unwrap();
    assert_eq!(server.seen().len(), 3);
    let unset = Wire::open("acme-prod".into(), &manifest, json!({ "url": server.base }), [None, None, None], None, false, None).unwrap();
    let error = send(&unset, Lane::Scan, &get("/x")).await.unwrap_err();
    assert!(error.to_string().contains("no read credential is configured"), "{error}");
    assert!(Wire::open("acme-prod".into(), &manifest, json!({ "url": "ftp://x" }), [None, None, None], None, false, None).is_err());
}
