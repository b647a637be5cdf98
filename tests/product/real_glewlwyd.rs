//! Glewlwyd, held to a real server: `tests/real/run` brings it up.

use std::process::Command;

use exeunt::model::NodeKind;
use serde_json::{Value, json};

use crate::real::{Site, ask, count, env, one, seen, sorted, text, texts, truth};

const SYSTEM: &str = "glewlwyd";
const LEAVER: &str = "N9001,Rui Tamm,leaver@real.northmoor.example,rui@home.example,Chief Counsel,Legal,active,";
const SECOND: &str = "N9002,Second One,second@real.northmoor.example,,Clerk,Legal,active,";

fn settings() -> String {
    settings_at(&env("EXEUNT_REAL_GLEWLWYD_URL"))
}

fn settings_at(url: &str) -> String {
    format!(
        "[systems.glewlwyd]\nscanner = \"glewlwyd\"\nread = \"env:EXEUNT_REAL_GLEWLWYD_READ_PASSWORD\"\n\
         revoke = \"env:EXEUNT_REAL_GLEWLWYD_REVOKE_PASSWORD\"\nurl = \"{url}\"\nread_user = \"exeunt-read\"\nrevoke_user = \"exeunt-revoke\"\n"
    )
}

fn api(path: &str) -> String {
    format!("{}/api{path}", env("EXEUNT_REAL_GLEWLWYD_URL"))
}

/// Asks as the administrator.
fn admin(path: &str) -> (u16, Value) {
    let cookies = tempfile::NamedTempFile::new().unwrap();
    let jar = cookies.path().to_str().unwrap();
    let body = json!({ "username": "admin", "password": env("EXEUNT_REAL_GLEWLWYD_ADMIN_PASSWORD") });
    let curl = |args: &[&str]| {
        let output = Command::new("curl").args(["-sS", "-b", jar, "-c", jar, "-w", "\n%{http_code}"]).args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse::<u16>().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    };
    assert_eq!(curl(&["-H", "Content-Type: application/json", "-d", &body.to_string(), &api("/auth/")]).0, 200);
    curl(&[&api(path)])
}

/// What the token endpoint answers to an app that shows a refresh token.
fn refresh(truth: &Value, client: &str, token: &str) -> u16 {
    let user = format!("{client}:{}", text(truth, "/client_secret"));
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    let output =
        Command::new("curl").args(["-sS", "-u", &user, "-d", &form, "-w", "\n%{http_code}", &api("/glwd/token")]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    told.rsplit_once('\n').unwrap().1.parse().unwrap()
}

// Reliability: Bad weather.
#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_glewlwyd_from_the_first_scan_to_the_last_proof_and_in_bad_weather() {
    let truth = truth("EXEUNT_REAL_GLEWLWYD_TRUTH");
    let odd = texts(&truth, "/odd");
    let stranger = |k: usize| format!("N8{k:03},Stranger {k},odd{k}@real.northmoor.example,,Analyst,Research,active,");
    let people: Vec<String> = [LEAVER.to_owned()].into_iter().chain((0..odd.len()).map(stranger)).collect();
    let site = Site::new(&people, &settings());
    site.scan(SYSTEM);
    let graph = site.graph();
    let accounts = seen(&graph, SYSTEM, NodeKind::Account);
    assert_eq!(accounts.len(), count(&truth, "/users"), "all pages were read");
    assert_eq!(accounts.iter().filter(|node| node.disabled()).count(), count(&truth, "/disabled"));
    let of_type = |kind: &str| seen(&graph, SYSTEM, NodeKind::Credential).into_iter().filter(|node| node.type_ == kind).collect::<Vec<_>>();
    assert_eq!(sorted(of_type("session").iter().map(|node| node.label().to_owned())), texts(&truth, "/leaver/agents"));
    assert_eq!(sorted(of_type("consent").iter().map(|node| node.label().to_owned())), texts(&truth, "/leaver/grants"));
    let tokens = sorted(of_type("oauth_grant").iter().map(|node| node.label().to_owned()));
    assert_eq!(tokens, ["refresh token of files-app", "refresh token of mail-app"]);
    site.scan_is_quiet(SYSTEM);

    let cookies = texts(&truth, "/leaver/cookies");
    let as_leaver = |cookie: &String| ask("GET", &api("/profile_list/"), &[&format!("Cookie: {cookie}")], None).0;
    assert!(cookies.iter().all(|cookie| as_leaver(cookie) == 200), "every browser is signed in until now");
    site.plan("N9001");
    let ended = site.revoke("N9001", &[]);
    assert_eq!(admin("/user/leaver").1["enabled"], false);
    assert!(cookies.iter().all(|cookie| as_leaver(cookie) == 401), "no browser is signed in");
    let (_, sessions) = admin("/delegate/leaver/profile/session");
    assert!(sessions.as_array().is_none_or(|list| list.iter().all(|session| session["enabled"] == false)), "{sessions}");

    // An account that is off keeps its refresh tokens: each is ended by itself. What an app holds already lives for an hour more, and that is said.
    for app in ["mail-app", "files-app"] {
        assert_eq!(refresh(&truth, app, text(&truth, &format!("/refresh/leaver/{app}"))), 400, "{app}'s refresh token is dead");
    }
    let off = ended["lines"].as_array().unwrap().iter().find(|line| text(line, "/label").starts_with("disable user")).unwrap();
    assert!(text(off, "/why").starts_with("live until"), "{off}");
    site.scan_is_quiet(SYSTEM);

    for (k, name) in odd.iter().enumerate() {
        let node = one(&graph, SYSTEM, NodeKind::Account, |node| node.key == *name);
        let number = node.attrs["emails"][0].as_str().unwrap().trim_start_matches("odd").chars().next().unwrap();
        site.revoke(&format!("N800{number}"), &[]);
        let graph = site.graph();
        assert!(one(&graph, SYSTEM, NodeKind::Account, |node| node.key == *name).disabled(), "{k}: {name:?} is no shelter");
    }
    let (_, users) = admin("/user/?limit=1000");
    let on = users.as_array().unwrap().iter().filter(|user| user["enabled"] == true && odd.iter().any(|name| user["username"] == **name));
    assert_eq!(on.count(), 0, "the server agrees");
    site.audit_is_intact(20);
    deleting_the_user_ends_refresh_tokens(&truth);
    nothing_is_lost_or_falsely_gone_in_bad_weather(&truth);
}

/// People whom nobody above counts, with two refresh tokens each.
fn nothing_is_lost_or_falsely_gone_in_bad_weather(truth: &Value) {
    let url = env("EXEUNT_REAL_GLEWLWYD_URL");
    let name = |number: &str| if number == "N9003" { "third" } else { "fourth" };
    let is_there = |number: &str, label: &str| {
        let who = name(number);
        if label.starts_with("disable user ") {
            return admin(&format!("/user/{who}")).1["enabled"] != false;
        }
        let app = ["mail-app", "files-app"].into_iter().find(|app| label.contains(app));
        let app = app.unwrap_or_else(|| panic!("an action that nobody asks the server about: {label}"));
        refresh(truth, app, text(truth, &format!("/refresh/{who}/{app}"))) == 200
    };
    let person = |number: &str| format!("{number},Person {number},{}@real.northmoor.example,,Clerk,Legal,active,", name(number));
    let leavers = ["N9003", "N9004"];
    crate::weather::holds_in_bad_weather(&crate::weather::Server {
        system: SYSTEM,
        listens: url.trim_start_matches("http://"),
        settings: &|at| settings_at(&format!("http://{at}")),
        people: &leavers.map(person),
        leavers: &leavers,
        is_there: &is_there,
    });
}

/// The one way to end a refresh token at once.
fn deleting_the_user_ends_refresh_tokens(truth: &Value) {
    let token = text(truth, "/refresh/second/files-app");
    assert_eq!(refresh(truth, "files-app", token), 200);
    let site = Site::allowing(&[SECOND.to_owned()], &settings(), &["glewlwyd.delete_user"]);
    site.scan(SYSTEM);
    site.revoke("N9002", &[]);
    assert_eq!(admin("/user/second").0, 404);
    assert_eq!(refresh(truth, "files-app", token), 400, "the token is dead");
}
