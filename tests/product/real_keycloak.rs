//! Keycloak, held to a real server: `tests/real/run` brings it up.

use std::process::Command;

use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, ask, count, env, groups, one, seen, sorted, text, texts, truth};

const SYSTEM: &str = "keycloak";
const LEAVER: &str = "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Chief Financial Officer,Finance,active,";

fn settings() -> String {
    format!(
        "[systems.keycloak]\nscanner = \"keycloak\"\nread = \"env:EXEUNT_REAL_KEYCLOAK_READ_SECRET\"\n\
         revoke = \"env:EXEUNT_REAL_KEYCLOAK_REVOKE_SECRET\"\nurl = \"{}\"\nrealm = \"corp\"\n",
        env("EXEUNT_REAL_KEYCLOAK_URL")
    )
}

/// What the token endpoint of a realm answers.
fn token(realm: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-w", "\n%{http_code}"]);
    for (name, value) in form {
        curl.args(["--data-urlencode", &format!("{name}={value}")]);
    }
    let url = format!("{}/realms/{realm}/protocol/openid-connect/token", env("EXEUNT_REAL_KEYCLOAK_URL"));
    let output = curl.arg(url).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let (body, status) = told.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Asks the administration of the realm with this token.
fn with_token(access: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let url = format!("{}/admin/realms/corp{path}", env("EXEUNT_REAL_KEYCLOAK_URL"));
    ask(method, &url, &[&format!("Authorization: Bearer {access}")], body)
}

fn admin(method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let password = env("EXEUNT_REAL_KEYCLOAK_ADMIN_PASSWORD");
    let (status, signed_in) =
        token("master", &[("grant_type", "password"), ("client_id", "admin-cli"), ("username", "admin"), ("password", &password)]);
    assert_eq!(status, 200, "{signed_in}");
    with_token(text(&signed_in, "/access_token"), method, path, body)
}

/// Whether an app still gets access tokens for a refresh token.
fn refreshes(truth: &Value, which: &str) -> bool {
    let client = if which == "consented" { "board-app" } else { "mail-app" };
    let refresh = text(truth, &format!("/leaver/refresh/{which}"));
    let secret = text(truth, "/secret");
    token("corp", &[("grant_type", "refresh_token"), ("client_id", client), ("client_secret", secret), ("refresh_token", refresh)]).0 == 200
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_keycloak_from_the_first_scan_to_the_last_proof() {
    let truth = truth("EXEUNT_REAL_KEYCLOAK_TRUTH");
    let id = text(&truth, "/leaver/id");
    let site = Site::new(&[LEAVER.to_owned()], &settings());
    site.scan(SYSTEM);
    let graph = site.graph();
    let accounts = seen(&graph, SYSTEM, NodeKind::Account);
    assert_eq!(accounts.len(), count(&truth, "/users"), "both pages were read");
    assert_eq!(accounts.iter().filter(|node| node.disabled()).count(), count(&truth, "/disabled"));
    let leaver = one(&graph, SYSTEM, NodeKind::Account, |node| node.key == id);
    assert_eq!(groups(&graph, leaver).0, texts(&truth, "/leaver/groups"));
    let of_type = |kind: &str| {
        let found = seen(&graph, SYSTEM, NodeKind::Credential).into_iter().filter(|node| node.type_ == kind);
        sorted(found.map(|node| node.label().to_owned()))
    };
    assert_eq!(of_type("oauth_grant"), ["offline access of board-app", "offline access of mail-app"]);
    assert_eq!((of_type("session").len(), of_type("mfa_factor").len()), (1, 1));
    assert_eq!(of_type("federated_identity"), ["private rui@home.example"], "a private account elsewhere that signs in here");
    assert!(of_type("consent").contains(&"board-app".to_owned()));
    site.scan_is_quiet(SYSTEM);

    for which in ["session", "offline", "consented"] {
        assert!(refreshes(&truth, which), "{which}: works until now");
    }
    site.plan("N9001");
    site.revoke("N9001", &[]);

    // The server itself, asked as its administrator.
    assert_eq!(admin("GET", &format!("/users/{id}"), None).1["enabled"], false);
    for list in ["sessions", "consents", "federated-identity"] {
        assert_eq!(admin("GET", &format!("/users/{id}/{list}"), None), (200, json!([])), "{list}");
    }
    let (_, credentials) = admin("GET", &format!("/users/{id}/credentials"), None);
    assert!(credentials.as_array().unwrap().iter().all(|credential| credential["type"] != "otp"), "{credentials}");
    let (_, roles) = admin("GET", &format!("/users/{id}/role-mappings"), None);
    let told = roles.to_string();
    assert!(!told.contains("treasurer") && !told.contains("view-users"), "{roles}");
    let works = ["session", "offline", "consented"].map(|which| refreshes(&truth, which));
    assert_eq!(works, [false; 3]);

    // Were the account only disabled, its offline sessions would resume with it: they are gone for good.
    let (_, mut user) = admin("GET", &format!("/users/{id}"), None);
    user["enabled"] = json!(true);
    assert_eq!(admin("PUT", &format!("/users/{id}"), Some(&user)).0, 204);
    let works = ["session", "offline", "consented"].map(|which| refreshes(&truth, which));
    assert_eq!(works, [false; 3], "nothing comes back with the account");
    let secret = text(&truth, "/secret");
    let sign_in = [("grant_type", "password"), ("client_id", "mail-app"), ("client_secret", secret), ("username", "leaver")];
    let (status, _) = token("corp", &[&sign_in[..], &[("password", "Le4ver-Passw0rd!")]].concat());
    assert_ne!(status, 200, "nor is the password the one that the leaver knows");
    user["enabled"] = json!(false);
    assert_eq!(admin("PUT", &format!("/users/{id}"), Some(&user)).0, 204);

    let report = site.scan(SYSTEM);
    assert_eq!(count(&report, "/opened"), 0, "{report}");
    site.audit_is_intact(10);
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_keycloak_the_reading_client_can_not_revoke() {
    let secret = env("EXEUNT_REAL_KEYCLOAK_READ_SECRET");
    let (status, own) = token("corp", &[("grant_type", "client_credentials"), ("client_id", "exeunt-read"), ("client_secret", &secret)]);
    assert_eq!(status, 200, "{own}");
    let reader = text(&own, "/access_token");
    let (status, found) = with_token(reader, "GET", "/users?username=u00002&exact=true", None);
    assert_eq!(status, 200, "{found}");
    let id = text(&found, "/0/id");
    assert_eq!(with_token(reader, "PUT", &format!("/users/{id}"), Some(&json!({ "enabled": false }))).0, 403);
    assert_eq!(with_token(reader, "POST", &format!("/users/{id}/logout"), None).0, 403);
    assert_eq!(with_token(reader, "DELETE", &format!("/users/{id}"), None).0, 403);
}

/// A list asked for plainly ends at a hundred: the manifest asks by pages.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_keycloak_a_list_asked_for_plainly_ends_at_a_hundred() {
    let (_, users) = admin("GET", "/users", None);
    assert_eq!(users.as_array().unwrap().len(), 100);
}
