//! Every check on a small company: what it must find, and what it must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::testing::World;
use super::{CHECKS, View};
use crate::model::EdgeKind::{Assigned, CanAccess, MemberOf, Opens, Owns, ReceivesMailOf, SignsInTo, Uses};
use crate::model::{Finding, Severity};
use crate::store::links::ClaimState;

fn labels(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.label.as_str()).collect()
}

fn has_fact(finding: &Finding, part: &str) -> bool {
    finding.facts.iter().any(|fact| fact.contains(part))
}

#[test]
fn every_check_has_a_file_and_every_file_is_a_check() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shadow");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| !["mod", "view", "testing", "tests"].contains(&name.as_str()))
        .collect();
    files.sort();
    let mut names: Vec<String> = CHECKS.iter().map(|check| check.name().replace('-', "_")).collect();
    let codes: Vec<&str> = CHECKS.iter().map(|check| check.code()).collect();
    assert!(codes.is_sorted(), "the table of contents is in the catalogue's order: {codes:?}");
    names.sort();
    assert_eq!(files, names);
}

#[test]
fn s01_a_local_account_is_found_and_the_break_glass_one_is_not() {
    let mut world = World::new();
    world
        .settings("[policy]\napproved_admins = [\"break-glass\"]\n")
        .node("okta", "app:0oa1", "", "Slack", json!({}))
        .account("okta", "00u1", "E1", json!({ "emails": ["ada.berg@acme.example", "ada@home.example"] }))
        .edge("okta", "account:00u1", SignsInTo, "address:ada.berg@acme.example", json!({ "app_name": "Slack" }))
        // One account that single sign-on leads to; one that it doesn't, with the private address beside the login in Okta.
        .account("slack", "U1", "E1", json!({ "emails": ["ada.berg@acme.example"] }))
        .account("slack", "U2", "E1", json!({ "login": "founder", "emails": ["ada@home.example"] }))
        .account("slack", "U3", "E1", json!({ "emails": ["break-glass@acme.example"], "login": "break-glass" }))
        .account("slack", "U4", "E1", json!({ "emails": ["old@acme.example"], "state": "disabled" }))
        .account("github", "ada", "E1", json!({ "auth": "local" }))
        .account("github", "bo", "E2", json!({ "auth": "local" }))
        .node("slack", "role:owner", "", "owner", json!({ "admin": 0 }))
        .edge("slack", "account:U2", Assigned, "role:owner", json!({}));
    let found = world.found("local-account");
    assert_eq!(labels(&found), ["founder", "ada"]);
    assert_eq!((found[0].subject.as_str(), found[0].severity), ("U2", Severity::Critical));
    assert_eq!(found[1].severity, Severity::High);
}

#[test]
fn s01_says_nothing_where_the_sign_ins_were_not_read() {
    let mut world = World::new();
    world.node("okta", "app:0oa1", "", "Slack", json!({})).account("okta", "00u1", "E1", json!({})).account(
        "slack",
        "U1",
        "E1",
        json!({ "emails": ["ada.berg@acme.example"] }),
    );
    assert!(world.found("local-account").is_empty(), "not one sign-in was seen");

    let mut world = World::new();
    world
        .node("okta", "app:0oa1", "", "Slack", json!({}))
        .account("okta", "00u2", "E2", json!({ "emails": ["bo.dahl@acme.example"] }))
        .edge("okta", "account:00u2", SignsInTo, "address:bo.dahl@acme.example", json!({ "app_name": "Slack" }))
        .account("slack", "U1", "E1", json!({ "emails": ["ada.berg@acme.example"] }));
    assert_eq!(world.found("local-account")[0].severity, Severity::High);
    world.gap("okta", "app_users", "0oa1", "HTTP 500").scan(true);
    let found: Vec<Finding> = world.all().into_iter().filter(|finding| finding.check == "local-account").collect();
    assert_eq!(found[0].severity, Severity::Medium, "Slack's list of users was cut short: doubtful, but not gone");
    assert!(has_fact(&found[0], "doubtful"));
}

#[test]
fn an_unsure_account_is_reported_as_unsure_and_a_contested_one_is_not() {
    let mut world = World::new();
    world
        .node("github", "account:ab", "", "ab", json!({ "auth": "local" }))
        .has("E1", "github", "account:ab", 0.5, ClaimState::Disputed)
        .node("github", "account:weak", "", "weak", json!({ "auth": "local" }))
        .has("E1", "github", "account:weak", 0.3, ClaimState::Disputed)
        .node("github", "account:both", "", "both", json!({ "auth": "local" }))
        .has("E1", "github", "account:both", 0.7, ClaimState::Disputed)
        .has("E2", "github", "account:both", 0.7, ClaimState::Disputed);
    let found = world.found("local-account");
    assert_eq!(labels(&found), ["ab"]);
    assert!(
        has_fact(&found[0], "thought to be theirs (disputed, 50 %)") && has_fact(&found[0], "exeunt link confirm"),
        "{:?}",
        found[0].facts
    );
}

#[test]
fn s03_grants_that_reach_further_than_signing_in() {
    let mut world = World::new();
    world
        .settings("[policy]\napproved_apps = [\"Acme Mail\"]\n")
        .account("google", "g1", "E1", json!({}))
        .credential("google", "g1", "Reads Mail", "oauth_grant", json!({ "scopes": ["https://mail.google.com/", "openid"] }))
        .credential("google", "g1", "Own Files", "oauth_grant", json!({ "scopes": ["https://www.googleapis.com/auth/drive.file"] }))
        .credential("google", "g1", "Unknown", "oauth_grant", json!({}))
        .credential("google", "g1", "Acme Mail", "oauth_grant", json!({ "scopes": ["https://mail.google.com/"] }))
        .credential(
            "google",
            "g1",
            "Survey",
            "oauth_grant",
            json!({ "scopes": ["openid", "https://www.googleapis.com/auth/userinfo.profile"] }),
        )
        .credential("google", "g1", "For All", "oauth_grant", json!({ "scopes": ["Mail.Read"], "consent": "AllPrincipals" }));
    let found = world.found("oauth-grant");
    assert_eq!(labels(&found), ["Reads Mail", "Own Files", "Unknown"]);
    assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Critical, Severity::High, Severity::High]);
    assert!(has_fact(&found[2], "isn't known"));
}

#[test]
fn s04_a_live_token_and_an_expired_one() {
    let mut world = World::new();
    let (soon, past, yesterday) = (world.ago(-1), world.ago(40), world.ago(1));
    world
        .account("github", "ada", "E1", json!({}))
        .account("github", "bo", "E2", json!({}))
        .account("okta", "off", "E1", json!({ "state": "disabled" }))
        .credential("github", "ada", "release", "api_token", json!({ "last_used": yesterday }))
        .credential("github", "ada", "quiet", "api_token", json!({ "expires": soon }))
        .credential("github", "ada", "audit-2025", "api_token", json!({ "expires": past }))
        .credential("github", "ada", "withdrawn", "api_token", json!({ "state": "revoked" }))
        .credential("github", "bo", "staff", "api_token", json!({}))
        .credential("okta", "off", "sleeping", "api_token", json!({ "last_used": yesterday }));
    let found = world.found("api-token");
    assert_eq!(labels(&found), ["release", "quiet", "sleeping"]);
    assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Critical, Severity::Medium, Severity::Medium]);
    assert!(has_fact(&found[2], "switched off: this comes back"), "{:?}", found[2].facts);
}

#[test]
fn s05_keys_by_fingerprint_or_by_directory_account() {
    let mut world = World::new();
    world
        .account("github", "ada", "E1", json!({}))
        .account("ldap", "ada.berg", "E1", json!({}))
        .account("github", "bo", "E2", json!({}))
        .credential("github", "ada", "81003", "ssh_key", json!({ "fingerprint": "SHA256:laptop" }))
        .credential("github", "ada", "161003", "ssh_key", json!({ "fingerprint": "SHA256:laptop" }))
        .credential("ldap", "ada.berg", "ada.berg/1", "ssh_key", json!({}))
        .credential("github", "bo", "82003", "ssh_key", json!({ "fingerprint": "SHA256:staff-key" }));
    let found = world.found("ssh-key");
    assert_eq!(labels(&found), ["SHA256:laptop", "ada.berg"], "a key and its authorisation are one");
}

#[test]
fn s06_an_app_password_stays_a_finding_while_its_account_is_suspended() {
    let mut world = World::new();
    let yesterday = world.ago(1);
    world
        .account("google", "g1", "E1", json!({}))
        .account("google", "g2", "E2", json!({}))
        .credential("google", "g1", "Old phone mail", "app_password", json!({ "last_used": yesterday }))
        .credential("google", "g2", "Scanner", "app_password", json!({}));
    let found = world.found("app-password");
    assert_eq!((labels(&found), found[0].severity), (vec!["Old phone mail"], Severity::Critical));

    let mut world = World::new();
    world.account("google", "g1", "E1", json!({ "state": "disabled" })).credential(
        "google",
        "g1",
        "Old phone mail",
        "app_password",
        json!({}),
    );
    assert_eq!(world.found("app-password")[0].severity, Severity::Medium);
}

#[test]
fn s11_mail_that_leaves_the_company_hidden_rules_included() {
    let mut world = World::new();
    world
        .account("google", "g1", "E1", json!({ "emails": ["ada.berg@acme.example"] }))
        .node("google", "account:g3", "", "assistant", json!({ "emails": ["assistant@acme.example"] }))
        .edge(
            "google",
            "address:ada@home.example",
            ReceivesMailOf,
            "address:ada.berg@acme.example",
            json!({ "via": "rule", "hidden": true }),
        )
        .edge("google", "address:ada@home.example", ReceivesMailOf, "account:g1", json!({ "via": "forwarding" }))
        .edge("google", "address:assistant@acme.example", ReceivesMailOf, "account:g1", json!({}))
        .edge("google", "address:tickets@acme.example", ReceivesMailOf, "account:g1", json!({}));
    let found = world.found("mail-forwarding");
    assert_eq!(labels(&found), ["ada@home.example"], "two rules, one address, one finding");
    assert_eq!((found[0].severity, found[0].system.0.as_str()), (Severity::Critical, "google"));
    assert!(has_fact(&found[0], "by rule, hidden") && has_fact(&found[0], "by forwarding") && has_fact(&found[0], "private address"));
}

#[test]
fn s12_private_devices_that_are_alive() {
    let mut world = World::new();
    let (recent, long) = (world.ago(3), world.ago(200));
    world.account("intune", "i1", "E1", json!({}));
    for (device, attrs) in [
        ("Ada's phone", json!({ "ownership": "personal", "last_sync": recent })),
        ("Never heard of", json!({ "ownership": "personal" })),
        ("Old Pixel", json!({ "ownership": "personal", "last_sync": long })),
        ("Laptop", json!({ "ownership": "corporate", "last_sync": recent })),
        ("Retired", json!({ "ownership": "personal", "last_sync": recent, "state": "retired" })),
    ] {
        world.node("intune", &format!("device:{device}"), "", device, attrs);
        world.edge("intune", "account:i1", Uses, &format!("device:{device}"), json!({}));
    }
    assert_eq!(labels(&world.found("personal-device")), ["Ada's phone", "Never heard of"]);
}

#[test]
fn s14_shared_with_oneself_but_not_receipts_nor_with_counsel() {
    let mut world = World::new();
    world.settings("[policy]\nown_files = [\"Expense receipts*\"]\n").account("google", "g1", "E1", json!({}));
    for (key, name, address, attrs) in [
        ("f1", "Board pack.pdf", "ada@home.example", json!({ "level": "write" })),
        ("f2", "Expense receipts 2026", "ada@home.example", json!({ "level": "write" })),
        ("f3", "Engagement letter.pdf", "partner@counsel.example", json!({ "level": "read" })),
        ("f4", "Plan.gdoc", "ada@home.example", json!({ "level": "read", "inherited": true })),
    ] {
        world.node("google", &format!("resource:{key}"), "file", name, json!({}));
        if key != "f4" {
            world.edge("google", "account:g1", Owns, &format!("resource:{key}"), json!({}));
        }
        world.edge("google", &format!("address:{address}"), CanAccess, &format!("resource:{key}"), attrs);
    }
    let found = world.found("share-to-self");
    assert_eq!(labels(&found), ["Board pack.pdf", "Plan.gdoc"]);
    assert_eq!((found[0].severity, found[1].severity), (Severity::Critical, Severity::High));
    assert!(has_fact(&found[0], "Ada Berg owns it") && has_fact(&found[1], "owner isn't known"));
    assert!(found[1].remedy.contains("inherited from"), "removing it on the file itself would be refused: {}", found[1].remedy);
}

#[test]
fn s15_open_links_but_not_the_press_kit() {
    let mut world = World::new();
    let past = world.ago(2);
    world.settings("[policy]\npublic_by_design = [\"Press kit*\"]\n").account("google", "g1", "E1", json!({}));
    for (key, name, link) in [
        ("f1", "Forecast.xlsx", json!({})),
        ("f2", "Press kit 2026.zip", json!({})),
        ("f3", "Handbook.pdf", json!({ "audience": "domain" })),
        ("f4", "Old.pdf", json!({ "expires": past })),
        ("f5", "Inherits.pdf", json!({ "inherited_from": "folder-9" })),
    ] {
        world.node("google", &format!("resource:{key}"), "file", name, json!({}));
        world.credential("google", "g1", &format!("{key}/link"), "share_link", link);
        world.edge("google", &format!("credential:{key}/link"), Opens, &format!("resource:{key}"), json!({}));
    }
    let found = world.found("public-link");
    assert_eq!(labels(&found), ["Forecast.xlsx", "Inherits.pdf"]);
    assert_eq!(found[0].subject, "f1");
    assert!(found[1].remedy.contains("inherited from") && !found[0].remedy.contains("inherited"));
}

#[test]
fn s18_by_hand_beside_a_group_but_not_where_there_is_no_group() {
    let mut world = World::new();
    world
        .account("okta", "00u1", "E1", json!({}))
        .node("okta", "app:spend", "", "Spendline", json!({}))
        .node("okta", "app:erp", "", "ERP", json!({}))
        .node("okta", "app:bank", "", "Clausebank", json!({}))
        .node("okta", "app:hand", "", "Group given", json!({}))
        .node("okta", "group:g", "", "Spenders", json!({}))
        .edge("okta", "group:g", Assigned, "app:spend", json!({}))
        .edge("okta", "group:g", Assigned, "app:erp", json!({}))
        .edge("okta", "group:g", Assigned, "app:hand", json!({}))
        .edge("okta", "account:00u1", Assigned, "app:spend", json!({ "scope": "direct" }))
        .edge("okta", "account:00u1", Assigned, "app:erp", json!({ "scope": "direct", "app_role": "Administrator" }))
        .edge("okta", "account:00u1", Assigned, "app:bank", json!({ "scope": "direct" }))
        .edge("okta", "account:00u1", Assigned, "app:hand", json!({ "scope": "group" }));
    let found = world.found("direct-assignment");
    assert_eq!(labels(&found), ["ERP", "Spendline"]);
    assert_eq!((found[0].severity, found[1].severity), (Severity::High, Severity::Medium));
}

#[test]
fn s19_administrators_direct_nested_and_approved() {
    let mut world = World::new();
    world
        .settings("[policy]\napproved_admins = [\"ada.safe@acme.example\"]\n")
        .account("okta", "00u1", "E1", json!({}))
        .account("okta", "safe", "E1", json!({ "emails": ["ada.safe@acme.example"] }))
        .account("ad", "ada", "E1", json!({}))
        .account("zoom", "z1", "E1", json!({ "admin": 1 }))
        .node("okta", "role:SUPER", "", "Super Administrator", json!({ "admin": 0 }))
        .node("okta", "role:SAFE", "", "Org Administrator", json!({ "admin": 0 }))
        .node("okta", "role:REPORT", "", "Report Administrator", json!({ "admin": 2 }))
        .node("okta", "role:MAYBE", "", "Eligible", json!({ "admin": 0 }))
        .edge("okta", "account:00u1", Assigned, "role:SUPER", json!({}))
        .edge("okta", "account:00u1", Assigned, "role:REPORT", json!({}))
        .edge("okta", "account:00u1", Assigned, "role:MAYBE", json!({ "via": "eligible" }))
        .edge("okta", "account:safe", Assigned, "role:SAFE", json!({}))
        // Ada is in Platform Leads, which is in Domain Admins, which is in Administrators.
        .node("ad", "group:leads", "", "Platform Leads", json!({}))
        .node("ad", "group:da", "", "Domain Admins", json!({ "admin": 0 }))
        .node("ad", "group:admins", "", "Administrators", json!({ "admin": 0 }))
        .edge("ad", "account:ada", MemberOf, "group:leads", json!({}))
        .edge("ad", "group:leads", MemberOf, "group:da", json!({}))
        .edge("ad", "group:da", MemberOf, "group:admins", json!({}))
        .edge("ad", "group:leads", MemberOf, "group:leads", json!({}));
    let found = world.found("standing-admin");
    assert_eq!(labels(&found), ["Domain Admins", "Super Administrator", "z1"]);
    assert!(has_fact(&found[0], "through Platform Leads") && has_fact(&found[1], "directly"));
    assert_eq!(found[2].severity, Severity::High, "the account itself is marked, and only as tier 1");
}

#[test]
fn s32_doors_after_the_last_day_for_everybody_and_not_before() {
    let mut world = World::empty();
    let (past, future) = (world.ago(24), world.ago(-60));
    world
        .person("E3", "Vik Salo", json!({ "state": "disabled", "last_day": past }))
        .person("E4", "Sol Ade", json!({ "last_day": future }))
        .person("E5", "Off Door", json!({ "state": "disabled", "last_day": past }))
        .account("kisi", "1", "E3", json!({ "emails": ["vik.salo@acme.example"] }))
        .account("kisi", "2", "E4", json!({ "emails": ["sol.ade@acme.example"] }))
        .account("kisi", "3", "E5", json!({ "emails": ["off.door@acme.example"], "state": "disabled" }))
        .credential("kisi", "1", "card-1", "badge", json!({}))
        .credential("kisi", "3", "card-3", "badge", json!({}));
    let found = world.found("badge-after-exit");
    assert_eq!(labels(&found), ["vik.salo@acme.example", "off.door@acme.example"]);
    let subjects: Vec<&str> = found.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["1", "card-3"], "an account stands for its badges; the badge of a dead account stands for itself");
    assert_eq!((found[0].severity, found[1].severity), (Severity::Critical, Severity::Medium));
}

#[test]
fn s45_what_was_not_read_and_apps_that_nobody_reads() {
    let mut world = World::new();
    world
        .settings("[[policy.handed_off_apps]]\napp = \"Boardroom\"\nrole = \"legal\"\nreason = \"runbook 7\"\n")
        .account("okta", "00u1", "E1", json!({}))
        .account("okta", "00u2", "E2", json!({}))
        .node("okta", "group:g", "", "Investors", json!({}))
        .edge("okta", "account:00u1", MemberOf, "group:g", json!({}));
    for (key, name, attrs) in [
        ("cap", "Capboard", json!({ "sign_on": "auto_login" })),
        ("slack", "Slack", json!({ "sign_on": "saml_2_0" })),
        ("menu", "Cafeteria menu", json!({ "sign_on": "bookmark" })),
        ("board", "Boardroom", json!({ "sign_on": "saml_2_0" })),
        ("gone", "Gone", json!({ "state": "inactive" })),
    ] {
        world.node("okta", &format!("app:{key}"), "", name, attrs);
        world.edge("okta", "group:g", Assigned, &format!("app:{key}"), json!({}));
    }
    world.node("okta", "app:staff", "", "Staff only", json!({}));
    world.edge("okta", "account:00u2", Assigned, "app:staff", json!({ "scope": "direct" }));
    world.gap("slack", "sessions", "", "missing_scope").gap("slack", "sessions", "U2", "missing_scope");
    let found = world.found("coverage-gap");
    assert_eq!(labels(&found), ["Capboard", "sessions"]);
    assert!(found.iter().all(|finding| finding.person.is_none()));
    assert_eq!((found[0].subject.as_str(), found[1].subject.as_str()), ("cap", "sessions"));
    assert!(has_fact(&found[1], "missing_scope") && has_fact(&found[0], "1 executive: Ada Berg"));
}

// Trust: What was read.
#[test]
fn s46_accounts_that_are_active_after_the_last_day() {
    let mut world = World::empty();
    let (past, future) = (world.ago(24), world.ago(-60));
    let keep = |until: &str, node: &str| {
        format!(
            "[[departure.keep]]\nperson = \"E3\"\nsystem = \"board\"\nnode = \"{node}\"\nreason = \"r\"\ndecided_by = \"Cleo\"\nuntil = \"{until}\"\n"
        )
    };
    world
        .settings("[systems.board]\nscanner = \"board-portal\"\n")
        .settings(&keep("2026-12-31", "seat"))
        .settings(&keep("2026-06-14", "lapsed"))
        .person("E3", "Vik Salo", json!({ "state": "disabled", "last_day": past }))
        .person("E4", "Sol Ade", json!({ "last_day": future }))
        .person("E5", "No Day", json!({ "state": "disabled" }))
        .account("okta", "vik", "E3", json!({}))
        .account("okta", "off", "E3", json!({ "state": "disabled" }))
        .account("board", "seat", "E3", json!({}))
        .account("board", "lapsed", "E3", json!({}))
        .account("okta", "sol", "E4", json!({}))
        .account("slack", "boss", "E5", json!({}))
        .node("slack", "role:owner", "", "owner", json!({ "admin": 0 }))
        .edge("slack", "account:boss", Assigned, "role:owner", json!({}))
        .account("kisi", "door", "E5", json!({}));
    let found = world.found("leaver-still-active");
    assert_eq!(labels(&found), ["boss", "lapsed", "vik"]);
    assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Critical, Severity::High, Severity::High]);
    assert!(has_fact(&found[0], "no longer active") && has_fact(&found[2], "HR: last day"));
}

#[test]
fn exceptions_suppress_until_their_day_and_unused_ones_are_named() {
    let mut world = World::new();
    let exception = |subject: &str, until: &str| {
        format!(
            "[[policy.exceptions]]\ncheck = \"api-token\"\nsubject = \"{subject}\"\nreason = \"r\"\ndecided_by = \"Cleo\"\nuntil = \"{until}\"\n"
        )
    };
    world
        .settings(&exception("rel*", "2026-06-15"))
        .settings(&exception("other", "2026-06-14"))
        .settings(&exception("misspelt", "2026-12-31"))
        .account("github", "ada", "E1", json!({}))
        .credential("github", "ada", "release", "api_token", json!({}))
        .credential("github", "ada", "other", "api_token", json!({}))
        .scan(true);
    world.look(|_, judged| {
        assert_eq!(labels(&judged.findings), ["other"]);
        assert_eq!(judged.accepted.len(), 1);
        assert_eq!(judged.unused.iter().map(|e| e.subject.as_str()).collect::<Vec<_>>(), ["misspelt"]);
        assert_eq!(judged.lapsed.iter().map(|e| e.subject.as_str()).collect::<Vec<_>>(), ["other"]);
    });
}

#[test]
fn partial_data_and_our_own_branch_are_said() {
    let mut world = World::new();
    world
        .account("github", "ada", "E1", json!({}))
        .credential("github", "ada", "t", "api_token", json!({}))
        .gap("github", "keys", "", "HTTP 403");
    let found = world.found("api-token");
    assert!(has_fact(&found[0], "not complete: keys"), "{:?}", found[0].facts);
    world.look(|view, _| {
        let own = [("github".to_owned(), "read".to_owned(), "ada".to_owned())];
        let view = View::new(view.graph, view.people, view.config, view.coverage, view.now).with_own(&own);
        let found = super::run_all(&view);
        assert!(found.iter().any(|finding| has_fact(finding, "exeunt's own credential")));
    });
}
