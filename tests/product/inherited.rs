//! Access that a file has from a folder of somebody else: seen, reported, and a person's task, for it can't be taken away on the file.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::lists::App;

/// The permissions of Una's file: her own, and what a folder of her assistant, whom nobody watches, gives to her private address and to anybody.
fn permissions() -> Value {
    let inherited = json!([{ "inherited": true, "inheritedFrom": "folder-of-per", "role": "reader" }]);
    json!([
        { "id": "o", "type": "user", "role": "owner", "emailAddress": "una@acme.example" },
        { "id": "h", "type": "user", "role": "writer", "emailAddress": "una@home.example", "permissionDetails": inherited },
        { "id": "anyoneWithLink", "type": "anyone", "role": "reader", "permissionDetails": inherited },
    ])
}

fn drive(method: &str, target: &str) -> (u16, Value) {
    let path = target.trim_start_matches("/drive/v3").split('?').next().unwrap_or_default();
    match (method, path) {
        (_, "/token") => (200, json!({ "access_token": "x", "expires_in": 3600, "token_type": "Bearer" })),
        (_, "/about") => (200, json!({ "user": { "emailAddress": "exeunt-admin@acme.example" } })),
        (_, "/drives") => (200, json!({ "drives": [] })),
        (_, "/changes/startPageToken") => (200, json!({ "startPageToken": "1" })),
        (_, "/files") => (200, json!({ "files": [{ "id": "budget", "name": "budget", "mimeType": "x/y", "permissions": permissions() }] })),
        ("DELETE", _) => (403, json!({ "error": { "code": 403, "errors": [{ "reason": "cannotDeletePermission" }] } })),
        _ => {
            let found = permissions().as_array().unwrap().iter().find(|one| path.ends_with(one["id"].as_str().unwrap())).cloned();
            found.map_or((404, json!({ "error": { "code": 404, "errors": [{ "reason": "notFound" }] } })), |one| (200, one))
        }
    }
}

// Trust: What was read.
#[test]
fn what_a_file_has_from_a_folder_of_somebody_else_is_seen_and_handed_off() {
    let app = App::with_settings(drive, |url| {
        format!(
            "[systems.drive]\nscanner = \"google-drive\"\nread = \"file:key.pem\"\nrevoke = \"file:key.pem\"\nurl = \"{url}\"\n\
             token_url = \"{url}/token\"\nadmin = \"exeunt-admin@acme.example\"\nread_account = \"r@x.example\"\nrevoke_account = \"w@x.example\"\n"
        )
    });
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).unwrap();
    let text = base64::prelude::BASE64_STANDARD.encode(der.as_ref());
    std::fs::write(app.path("key.pem"), format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")).unwrap();
    app.hr("una@home.example");

    let scanned = app.exeunt(&["scan", "--json"]);
    assert!(scanned.json()["systems"].as_array().unwrap().iter().all(|system| system["gaps"] == json!([])), "{scanned:?}");
    let shown = app.exeunt(&["show", "E1", "--json"]).json().to_string();
    assert!(shown.contains("budget/anyoneWithLink"), "the folder's link opens her file: {shown}");
    let revoked = app.exeunt(&["revoke", "E1", "--yes", "--json"]);
    assert_eq!(revoked.json()["state"], "open", "what a folder gives is still there: {revoked:?}");
    let tasks = app.exeunt(&["tasks", "--json"]).json().to_string();
    assert!(tasks.contains("Close the link to budget") && tasks.contains("Take una@home.example off budget"), "{tasks}");
    assert!(tasks.contains("folder-of-per"), "it says at which folder: {tasks}");
}
