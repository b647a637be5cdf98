//! What goes on while an account is off: the rules of a mailbox that became a shared one.

use serde_json::{Value, json};

use crate::lists::App;

/// Una is gone: her account is off and without a licence, and her mailbox a shared one. One of its rules still sends mail home.
fn graph(_: &str, target: &str) -> (u16, Value) {
    let path = target.trim_start_matches("/v1.0").split('?').next().unwrap_or_default();
    let user = |id: &str, name: &str| json!({ "id": id, "userPrincipalName": name, "mail": name, "accountEnabled": false, "userType": "Member", "assignedLicenses": [] });
    let rule =
        json!({ "id": "r1", "isEnabled": true, "actions": { "forwardTo": [{ "emailAddress": { "address": "una@home.example" } }] } });
    match path {
        _ if path.ends_with("/token") => (200, json!({ "access_token": "x", "expires_in": 3600, "token_type": "Bearer" })),
        "/users/delta" => (200, json!({ "@odata.deltaLink": "/v1.0/users/delta?t=1", "value": [user("u1", "una@acme.example")] })),
        "/users/u1/mailFolders/inbox/messageRules" => (200, json!({ "value": [rule] })),
        _ => (200, json!({ "value": [] })),
    }
}

// Trust: What was read.
#[test]
fn the_rules_of_a_mailbox_that_became_shared_are_read_and_reported() {
    let app = App::with_settings(graph, |url| {
        format!(
            "[systems.entra]\nscanner = \"entra-id\"\nread = \"file:token\"\nrevoke = \"file:token\"\nurl = \"{url}\"\nlogin = \"{url}\"\n\
             tenant = \"t\"\nread_client = \"r\"\nrevoke_client = \"w\"\n"
        )
    });
    app.exeunt(&["scan"]);
    let report = app.exeunt(&["report", "shadow", "--format", "json"]).json();
    let findings = report["people"][0]["findings"].as_array().unwrap_or_else(|| panic!("{report}"));
    let found = findings.iter().find(|finding| finding["check"] == "mail-forwarding").unwrap_or_else(|| panic!("{report}"));
    assert!(found.to_string().contains("una@home.example"), "{found}");
}
