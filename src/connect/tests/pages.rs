//! Every paging style, and what keeps it from running in circles or ending too early.

use super::*;
use crate::connect::Class;

const ALL: &[u64] = &[1, 2, 3, 4, 5];

/// Records from `at` (0-based), `size` of them.
fn slice(at: usize, size: usize) -> Vec<u64> {
    ALL.iter().copied().skip(at).take(size).collect()
}

fn number(seen: &Seen, name: &str) -> usize {
    seen.query(name).map_or(0, |text| text.parse().unwrap())
}

fn flat(bodies: &[Value], field: &str) -> Vec<u64> {
    let list = |body: &Value| if field.is_empty() { body.clone() } else { body[field].clone() };
    bodies.iter().flat_map(|body| serde_json::from_value::<Vec<u64>>(list(body)).unwrap()).collect()
}

#[tokio::test]
async fn links_are_followed_and_loopback_names_are_ours() {
    let server = serve(|seen, own| {
        let at = number(seen, "after");
        let own = own.replace("127.0.0.1", "localhost");
        let link = format!("<{own}/users?limit=2&after={}>; rel=\"next\"", at + 2);
        let headers = if at + 2 < 5 { vec![("link", link)] } else { vec![] };
        (200, headers, json!(slice(at, 2)))
    })
    .await;
    let (ended, bodies, checkpoints) = read(&bearer(&server, ""), &get("/users?limit=2"), "{ link: next }", None).await;
    assert_eq!((ended, flat(&bodies, "")), (Ended::Complete { pages: 3 }, ALL.to_vec()));
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("host").starts_with("127.0.0.1") && seen.header("authorization") == "Bearer s3cret-bearer")
    );
    // After the first page, the second is where a resumed scan begins.
    assert!(checkpoints[0].is_some() && checkpoints[2].is_none());
    let (ended, bodies, _) = read(&bearer(&server, ""), &get("/users?limit=2"), "{ link: next }", checkpoints[0].clone()).await;
    assert_eq!((ended, flat(&bodies, "")), (Ended::Complete { pages: 3 }, vec![3, 4, 5]));
}

// Trust: What was read.
#[tokio::test]
async fn a_link_header_that_names_a_next_page_without_an_address_is_a_gap() {
    for (header, whole) in [
        (":\">D rz)rel=\"next\"F&", false),
        ("/users?after=2; rel=next", false),
        ("</users?after=2; rel=\"next\"", false),
        ("</users>; rel=\"first\"", true),
        ("</users>; rel=next-of-kin", true),
        ("", true),
    ] {
        let server = serve(move |_, _| (200, vec![("link", header.to_owned())], json!([1]))).await;
        let (ended, ..) = read(&bearer(&server, ""), &get("/users"), "{ link: next }", None).await;
        assert_eq!(ended == Ended::Complete { pages: 1 }, whole, "{header}: {ended:?}");
    }
}

#[tokio::test]
async fn a_credential_goes_to_no_other_origin() {
    let other = serve(|_, _| (200, vec![], json!([]))).await;
    let elsewhere = other.base.clone();
    let server = serve(move |seen, _| match seen.url.as_str() {
        "/moved" => (302, vec![("location", format!("{elsewhere}/x"))], Value::Null),
        "/near" => (302, vec![("location", "/here".into())], Value::Null),
        "/here" => (200, vec![], json!([1])),
        _ => (200, vec![("link", format!("<{elsewhere}/users>; rel=next"))], json!({"items": [1], "next": format!("{elsewhere}/users")})),
    })
    .await;
    let wire = bearer(&server, "");
    for paging in ["{ link: next }", "{ next: body.next }"] {
        let (ended, bodies, _) = read(&wire, &get("/users"), paging, None).await;
        assert!(reason(&ended).contains("another origin"), "{ended:?}");
        assert_eq!(bodies.len(), 1);
    }
    assert_eq!(send(&wire, Lane::Scan, &get("/moved")).await.unwrap().class, Class::Refused);
    assert_eq!(send(&wire, Lane::Scan, &get("/near")).await.unwrap().body, json!([1]));
    let own = server.base.clone();
    for named in ["user@", ":word@", "user:word@"] {
        let next = json!({"pages": 1, "next": {"url": own.replace("//", &format!("//{named}")) + "/users"}}).to_string();
        let (ended, ..) = read(&wire, &get("/users"), "{ link: next }", Some(Checkpoint(next))).await;
        assert!(reason(&ended).contains("holds a user name or a password"), "{named}: {ended:?}");
    }
    let forged = Checkpoint(json!({"pages": 1, "next": {"url": format!("{}/users", other.base)}}).to_string());
    let (ended, ..) = read(&wire, &get("/users"), "{ link: next }", Some(forged)).await;
    assert!(reason(&ended).contains("another origin"), "{ended:?}");
    assert_eq!(other.seen().len(), 0);
}

#[tokio::test]
async fn next_addresses_are_paths_too() {
    let server = serve(|seen, _| {
        let at = number(seen, "at");
        // Once below the base, once from the root.
        let next = match at {
            0 => json!("/api/users?at=2"),
            2 => json!("/users?at=4"),
            _ => Value::Null,
        };
        (200, vec![], json!({"items": slice(at, 2), "next": next}))
    })
    .await;
    let wire =
        open(&manifest("{ http: '{{ settings.url }}/api' }", "{ kind: bearer }"), json!({ "url": server.base }), "s3cret-bearer", None);
    let (ended, bodies, _) = read(&wire, &get("/users"), "{ next: body.next }", None).await;
    assert_eq!((ended, flat(&bodies, "items")), (Ended::Complete { pages: 3 }, ALL.to_vec()));
    assert!(server.seen().iter().all(|seen| seen.url.starts_with("/api/users")));
}

#[tokio::test]
async fn cursors_in_query_form_body_and_another_route() {
    let server = serve(|seen, _| {
        let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
        let form = seen.body.split('&').find_map(|pair| pair.strip_prefix("cursor=")).map(str::to_owned);
        let token = seen.query("cursor").or(form).or(body["cursor"].as_str().map(str::to_owned)).unwrap_or_default();
        if seen.url.starts_with("/list/continue") {
            assert_eq!(body, json!({"cursor": token}));
        } else if seen.url.starts_with("/query") {
            assert_eq!(body["limit"], json!(2));
        }
        let at = token.strip_prefix('c').map_or(0, |text| text.parse().unwrap());
        let next = if at + 2 < 5 { json!(format!("c{}", at + 2)) } else { json!("") };
        (200, vec![], json!({"items": slice(at, 2), "cursor": next}))
    })
    .await;
    let wire = bearer(&server, "");
    let json_body = || Body::Json(json!({"limit": 2}));
    let plain = "{ cursor: body.cursor, into: cursor }";
    for (call, paging) in [
        (get("/users?limit=2"), plain),
        (post("/query", json_body()), plain),
        (post("/form", Body::Form(vec![("limit".into(), "2".into())])), plain),
        (post("/list", json_body()), "{ cursor: body.cursor, into: cursor, continue_at: POST /list/continue }"),
    ] {
        let (ended, bodies, _) = read(&wire, &call, paging, None).await;
        assert_eq!((ended, flat(&bodies, "items")), (Ended::Complete { pages: 3 }, ALL.to_vec()), "{call:?}");
    }
    assert_eq!(server.count("/list/continue"), 2);
}

#[tokio::test]
async fn a_repeated_token_or_address_is_a_gap() {
    let server = serve(|seen, _| {
        let next = if seen.query("cursor").as_deref() == Some("a") { "b" } else { "a" };
        (200, vec![("link", "</users>; rel=next".into())], json!({"items": [1], "cursor": next}))
    })
    .await;
    let wire = bearer(&server, "");
    let (ended, bodies, _) = read(&wire, &get("/users"), "{ cursor: body.cursor, into: cursor }", None).await;
    assert!(reason(&ended).contains("loop"), "{ended:?}");
    assert_eq!(bodies.len(), 3);
    let (ended, bodies, _) = read(&wire, &get("/users"), "{ link: next }", None).await;
    assert!(reason(&ended).contains("loop"), "{ended:?}");
    assert_eq!(bodies.len(), 2);
}

// Trust: What was read.
#[tokio::test]
async fn numbered_pages_end_with_an_empty_page_and_never_with_a_short_one() {
    let server = serve(|seen, _| {
        let size = number(seen, "per");
        let at = if seen.url.starts_with("/pages") { (number(seen, "page") - 1) * size } else { number(seen, "from") };
        (200, vec![], json!({"data": {"items": slice(at, size)}, "last": at + size >= 5, "list": slice(at, size)}))
    })
    .await;
    let wire = bearer(&server, "");
    for (call, paging, pages) in [
        ("/pages", "{ page: page, size: 2, size_into: per }", 4),
        ("/offset", "{ offset: from, size: 2, size_into: per }", 4),
        ("/offset?x=1", "{ offset: from, size: 2, size_into: per, last: body.last }", 3),
        ("/offset?x=2", "{ offset: from, size: 2, size_into: per, last: body.says }", 4),
    ] {
        let (ended, bodies, _) = read(&wire, &get(call), paging, None).await;
        assert_eq!((ended, flat(&bodies, "list")), (Ended::Complete { pages }, ALL.to_vec()), "{call}");
    }
    // The server gives two at a time, whatever is asked for.
    let server = serve(|seen, _| (200, vec![], json!(slice(number(seen, "from"), 2)))).await;
    let (ended, bodies, _) = read(&bearer(&server, ""), &get("/capped"), "{ offset: from, size: 4, size_into: per }", None).await;
    assert_eq!((ended, flat(&bodies, "")), (Ended::Complete { pages: 4 }, ALL.to_vec()));
    // It says that there is more, and gives nothing.
    let server = serve(|_, _| (200, vec![], json!({ "list": [], "last": false }))).await;
    let (ended, ..) = read(&bearer(&server, ""), &get("/more"), "{ offset: from, last: body.last }", None).await;
    assert!(reason(&ended).contains("the page is empty"), "{ended:?}");
}

#[tokio::test]
async fn a_page_number_that_is_ignored_is_a_gap_and_so_is_the_cap() {
    let server =
        serve(|seen, _| (200, vec![], if seen.url.starts_with("/same") { json!([1, 2]) } else { json!([number(seen, "page"), 0]) })).await;
    let wire = bearer(&server, "");
    let (ended, bodies, _) = read(&wire, &get("/same"), "{ page: page, size: 2 }", None).await;
    assert!(reason(&ended).contains("ignores the page number"), "{ended:?}");
    assert_eq!(bodies.len(), 2);
    let (ended, bodies, _) = read(&wire, &get("/endless"), "{ page: page, size: 2, max_pages: 4 }", None).await;
    assert!(reason(&ended).contains("cap"), "{ended:?}");
    assert_eq!(bodies.len(), 4);
}

#[tokio::test]
async fn scim_counts_what_came() {
    let server = serve(|seen, _| {
        let total = if seen.url.starts_with("/short") { 9 } else { 5 };
        let at = number(seen, "startIndex") - 1;
        (200, vec![], json!({"totalResults": total, "Resources": slice(at, number(seen, "count").min(2))}))
    })
    .await;
    let wire = bearer(&server, "");
    // In a task of its own, as scans read: the future can be sent.
    let reading = tokio::spawn(async move {
        let ended = read(&wire, &get("/Users"), "{ scim: true, size: 4 }", None).await;
        (wire, ended)
    });
    let (wire, (ended, bodies, _)) = reading.await.unwrap();
    assert_eq!((ended, flat(&bodies, "Resources")), (Ended::Complete { pages: 3 }, ALL.to_vec()));
    let (ended, bodies, _) = read(&wire, &get("/short"), "{ scim: true }", None).await;
    assert!(reason(&ended).contains("totalResults says 9, but only 5 different ones came"), "{ended:?}");
    assert_eq!(flat(&bodies, "Resources"), ALL);
}

#[tokio::test]
async fn what_stops_a_list_is_named() {
    let server = serve(|seen, _| match seen.url.as_str() {
        "/gone" => (404, vec![], json!({"code": "E404", "message": "no such list"})),
        "/elsewhere" => (404, vec![], json!({"message": "no route"})),
        "/page" => (200, vec![("content-type", "text/html".into())], json!("<html>sign in</html>")),
        "/nothing" => (200, vec![], json!("")),
        "/error" => (200, vec![], json!({"error": {"code": "x"}})),
        "/forbidden" => (403, vec![], json!({"errorSummary": "missing the scope acme.read for s3cret-bearer"})),
        "/torn" => (200, vec![], json!("{\"items\": [1, ")),
        "/list" => (200, vec![("link", "</gone>; rel=next".into())], json!([1])),
        _ => (400, vec![], json!({"error": "bad"})),
    })
    .await;
    let wire = bearer(&server, "classes: { gone: \"status == 404 and body.code == 'E404'\" }");
    let (ended, ..) = read(&wire, &get("/gone"), "{ link: next }", None).await;
    assert_eq!(ended, Ended::Absent);
    for url in ["/elsewhere", "/page", "/nothing", "/error"] {
        let (ended, ..) = read(&wire, &get(url), "{ link: next }", None).await;
        assert!(matches!(ended, Ended::Gap { class: Some(Class::NoAnswer), pages: 0, .. }), "{url} {ended:?}");
    }
    let (ended, ..) = read(&wire, &get("/forbidden"), "{ none: true }", None).await;
    let text = "page 1: forbidden 403: missing the scope acme.read for [redacted]";
    assert_eq!(ended, Ended::Gap { reason: text.into(), class: Some(Class::Forbidden), pages: 0 });
    let (ended, ..) = read(&wire, &get("/torn"), "{ none: true }", None).await;
    assert!(reason(&ended).contains("not JSON"), "{ended:?}");
    // A cursor that ran out halfway is no proof of absence.
    let (ended, ..) = read(&wire, &get("/list"), "{ link: next }", None).await;
    assert!(matches!(ended, Ended::Gap { class: Some(Class::Gone), pages: 1, .. }), "{ended:?}");
}
