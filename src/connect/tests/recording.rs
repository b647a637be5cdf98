//! Recordings hold every exchange and no secret.

use super::*;

#[tokio::test]
async fn exchanges_are_recorded_without_secrets() {
    let server = serve(|seen, _| match seen.url.as_str() {
        "/token" => (200, vec![], json!({"access_token": "tok-en-1", "expires_in": 3600})),
        _ => (
            200,
            vec![("set-cookie", "sid=abc".into()), ("x-note", "for tok-en-1".into())],
            json!({"id": 1, "note": "s3cret-value and tok-en-1", "tokens": [{"token": "pat-1", "name": "ci"}], "nextPageToken": "p2", "done": false}),
        ),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic.jsonl");
    let recorder = Recorder::to_file(&path).unwrap();
    let credential = "{ kind: oauth_client, user: u, token_url: '{{ settings.url }}/token' }";
    let wire = open(&manifest("{ http: '{{ settings.url }}' }", credential), json!({ "url": server.base }), "s3cret-value", Some(recorder));
    let body = Body::Json(json!({"password": "hunter22", "count": 5, "profile": {"login": "jo"}}));
    send(&wire, Lane::Scan, &post("/users?api_key=k-1&limit=2", body)).await.unwrap();
    drop(wire);
    let text = std::fs::read_to_string(&path).unwrap();
    for secret in ["s3cret-value", "tok-en-1", "hunter22", "sid=abc", "k-1", "pat-1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["url"], json!(format!("{}/token", server.base)));
    assert_eq!(lines[0]["request_body"], json!("grant_type=client_credentials&client_id=u&client_secret=[redacted]"));
    assert_eq!(lines[0]["response_body"], json!({"access_token": "[redacted]", "expires_in": 1111}));
    assert_eq!(lines[1]["system"], json!("acme"));
    assert_eq!(lines[1]["method"], json!("POST"));
    assert_eq!(lines[1]["url"], json!(format!("{}/users?api_key=[redacted]&limit=2", server.base)));
    assert_eq!(lines[1]["request_headers"]["authorization"], json!("Bearer [redacted]"));
    assert_eq!(lines[1]["request_body"], json!({"password": "[redacted]", "count": 5, "profile": {"login": "jo"}}));
    assert_eq!(lines[1]["status"], json!(200));
    assert_eq!(lines[1]["response_headers"]["x-note"], json!("for [redacted]"));
    let note = json!({"id": 1, "note": "[redacted] and [redacted]", "tokens": [{"token": "[redacted]", "name": "ci"}], "nextPageToken": "p2", "done": false});
    assert_eq!(lines[1]["response_body"], note);
}

// Reliability: Secrets.
#[tokio::test]
async fn an_issued_session_is_hidden_before_anything_is_recorded() {
    // The token is made of a part of the answer, and by no name of a field could anybody tell that it is one.
    let server = serve(|seen, _| match seen.url.as_str() {
        "/rpc" => {
            (200, vec![("set-cookie", "hub=0f9a8b7c6d5e4f3a2b1c; Path=/".into())], json!({"id": 1, "result": [2, "9e590cfc613", null]}))
        }
        _ => (200, vec![("x-trace", "0f9a8b7c6d5e4f3a2b1c".into())], json!({"id": "00u1", "note": "of session 9e590cfc613"})),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic.jsonl");
    let credential = "{ kind: login, login: { call: POST /rpc, body: { password: '{{ secret }}' }, \
                      token: \"('me:' ~ body.result[0] ~ ':' ~ body.result[1]) | b64encode\" }, send: { Authorization: 'Session {{ token }}' } }";
    let manifest = manifest("{ http: '{{ settings.url }}' }", credential);
    let wire = open(&manifest, json!({ "url": server.base }), "s3cret-value", Some(Recorder::to_file(&path).unwrap()));
    let reply = send(&wire, Lane::Revoke, &get("/users/00u1")).await.unwrap();
    assert_eq!(reply.body, json!({"id": "00u1", "note": "of session [redacted]"}));
    drop(wire);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2);
    for secret in ["9e590cfc613", "0f9a8b7c6d5e4f3a2b1c", "s3cret-value", "bWU6Mjo5ZTU5MGNmYzYxMw"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

// Reliability: Secrets.
#[tokio::test]
async fn a_recording_keeps_structure_and_what_the_manifest_reads_and_no_secret_of_anybody() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    const FIELDS: [&str; 12] = [
        "verificationCode",
        "pin",
        "recording_play_passcode",
        "session_id",
        "tfa_secret",
        "token_hash",
        "facility_code",
        "note",
        "link",
        "answer",
        "marked",
        "number",
    ];
    // Ten people with twelve secrets each, in each of five spellings.
    let secret = |person: usize, field: usize| {
        format!("{}{:05}-{}", ["kX", "pQ7"][field % 2], person * 7919 + field * 104_729, ["aZ", "q"][person % 2])
    };
    let spellings = move |plain: String| {
        let hex: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
        [STANDARD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain), hex, percent, plain]
    };
    let server = serve(move |_, _| {
        let person = |person: usize| {
            let mut record = serde_json::Map::from_iter([
                ("login".to_owned(), json!(format!("p{person}@acme.example"))),
                ("state".to_owned(), json!("ACTIVE")),
            ]);
            for (field, name) in FIELDS.iter().enumerate() {
                record.insert((*name).to_owned(), json!(spellings(secret(person, field))));
            }
            Value::Object(record)
        };
        (200, vec![], json!({"users": (0..10).map(person).collect::<Vec<_>>(), "total": 10}))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic.jsonl");
    let mut manifest = manifest("{ http: '{{ settings.url }}' }", "{ kind: bearer }");
    manifest.reads = ["login", "marked"].map(str::to_owned).into();
    manifest.secret = vec!["marked".to_owned()];
    let wire = open(&manifest, json!({ "url": server.base }), "s3cret-value", Some(Recorder::to_file(&path).unwrap()));
    send(&wire, Lane::Scan, &get("/users")).await.unwrap();
    drop(wire);
    let text = std::fs::read_to_string(&path).unwrap();
    for spelled in (0..10).flat_map(|person| (0..12).flat_map(move |field| spellings(secret(person, field)))) {
        assert!(!text.contains(&spelled), "{spelled} in {text}");
    }
    let line: Value = serde_json::from_str(&text).unwrap();
    let first = &line["response_body"]["users"][0];
    assert_eq!((&first["login"], &first["state"], &first["pin"][0]), (&json!("p0@acme.example"), &json!("ACTIVE"), &json!("[redacted]")));
    assert_eq!(first["note"].as_array().map(Vec::len), Some(5), "the structure stays");
}
