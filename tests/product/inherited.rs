//! Access that a file has from a folder of somebody else: seen, reported, and taken away at the folder, or a person's task.

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

/// Una's OneDrive with one file, which anybody and her private address have by the folder of somebody else: what was taken away there is gone here.
fn onedrive(method: &str, target: &str, gone: &mut Vec<String>) -> (u16, Value) {
    let missing = || (404, json!({ "error": { "code": "itemNotFound", "message": "The resource could not be found." } }));
    let from = json!({ "driveId": "per", "id": "plans", "name": "Plans" });
    let link = json!({ "id": "link", "roles": ["read"], "link": { "scope": "anonymous", "type": "view" }, "inheritedFrom": from });
    let home =
        json!({ "id": "home", "roles": ["write"], "grantedToV2": { "user": { "email": "una@home.example" } }, "inheritedFrom": from });
    let path = target.trim_start_matches("/v1.0").split('?').next().unwrap_or_default();
    let (place, permission) = path.rsplit_once('/').unwrap_or_default();
    let here: Vec<Value> = [link, home].into_iter().filter(|one| !gone.iter().any(|id| one["id"] == id.as_str())).collect();
    match (method, path) {
        (_, "/login/t/oauth2/v2.0/token") => (200, json!({ "access_token": "x", "expires_in": 3600, "token_type": "Bearer" })),
        (_, "/sites/root") => (200, json!({ "id": "root" })),
        (_, "/users/una@acme.example/drive") | (_, "/users/una%40acme.example/drive") => {
            (200, json!({ "id": "d1", "driveType": "business", "owner": { "user": { "id": "u1", "displayName": "Una" } } }))
        }
        (_, "/drives/d1/items/root/delta") => {
            let file = json!({ "id": "f1", "name": "budget", "file": {}, "shared": { "scope": "anonymous" } });
            (200, json!({ "value": [file], "@odata.deltaLink": "https://x.example/delta" }))
        }
        (_, "/drives/d1/items/f1/permissions") => (200, json!({ "value": here })),
        // Only where it was given can it be asked for by itself, or deleted.
        ("DELETE", _) if place.starts_with("/drives/d1") => (400, json!({ "error": { "code": "invalidRequest" } })),
        (_, _) if place == "/drives/per/items/plans/permissions" => {
            let Some(known) = here.into_iter().find(|one| one["id"] == permission) else { return missing() };
            if method == "DELETE" {
                gone.push(permission.to_owned());
                return (204, Value::Null);
            }
            (200, known)
        }
        (_, "/users/u1") => (200, json!({ "id": "u1", "accountEnabled": true })),
        _ => missing(),
    }
}

// Trust: What was read.
#[test]
fn what_a_file_in_onedrive_has_from_a_folder_elsewhere_is_seen_and_taken_away_there() {
    let gone = std::sync::Mutex::new(Vec::new());
    let app = App::with_settings(
        move |method, target| onedrive(method, target, &mut gone.lock().unwrap()),
        |url| {
            format!(
                "[systems.drive]\nscanner = \"onedrive-sharepoint\"\nread = \"file:token\"\nrevoke = \"file:token\"\nurl = \"{url}\"\n\
                 login = \"{url}/login\"\ntenant = \"t\"\nread_client = \"r\"\nrevoke_client = \"w\"\n"
            )
        },
    );
    app.hr("una@home.example");

    let scanned = app.exeunt(&["scan", "--json"]);
    assert!(scanned.json()["systems"].as_array().unwrap().iter().all(|system| system["gaps"] == json!([])), "{scanned:?}");
    let report = app.exeunt(&["report", "shadow", "--format", "json"]).json().to_string();
    assert!(report.contains("public-link") && report.contains("share-to-self") && report.contains("Plans"), "{report}");
    let revoked = app.exeunt(&["revoke", "E1", "--yes", "--json"]).json();
    let lines: Vec<String> = revoked["lines"].as_array().unwrap().iter().map(ToString::to_string).collect();
    for action in ["close link Plans", "remove access una@home.example"] {
        assert!(lines.iter().any(|line| line.contains(action) && line.contains("\"gone\"")), "{action}: {revoked}");
    }
    assert_eq!(revoked["residual_paths"], 0, "{revoked}");
}
