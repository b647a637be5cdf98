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
    assert_eq!(lines[0]["response_body"], json!({"access_token": "[redacted]", "expires_in": 3600}));
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
