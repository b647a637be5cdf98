//! Views and renderers over a small company that went through the store: what is told, what is told when, and hostile names everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::access::Access;
use super::changes::{Changes, Happened};
use super::coverage::Coverage;
use super::people::People;
use super::person::Inventory;
use super::shadow::Shadow;
use super::text::Ink;
use super::why::Why;
use super::{BlindSpot, Facts, HrState, Known, csv, graphml, html, ocsf, opengraph, text};
use crate::clock::days_before;
use crate::model::EdgeKind;
use crate::shadow::testing::World;
use crate::store::findings;
use crate::store::links::ClaimState;

const PLAIN: Ink = Ink { coloured: false };

/// Names that somebody chose to do harm.
const SCRIPT: &str = "<script>alert(1)</script>\"'&";
const FORMULA: &str = "=cmd|' /C calc'!A0";
const LINES: &str = "two\nlines\u{1b}[2J";
const REVERSED: &str = "invoice\u{202e}fdp.exe";

fn facts(world: &World, as_of: Option<Timestamp>) -> Facts {
    let spot =
        BlindSpot { system: "okta".into(), what: "access tokens".into(), lives: Some("1h".into()), why: "the API lists none".into() };
    world
        .store
        .read(|conn| {
            let known = Known { blind_spots: vec![spot], ..Known::default() };
            Facts::read(conn, &world.config(), known, as_of, world.now)
        })
        .unwrap()
}

/// Runs the checks, as a scan does at its end.
fn check(world: &World) {
    world.store.write(|tx| findings::write(tx, &world.all(), &BTreeSet::new(), world.now)).unwrap();
}

/// Ada, an executive with forwarding, a token, a public file and a delegate; Bo, her assistant; Søren, who has left.
fn company() -> World {
    let mut world = World::empty();
    describe(&mut world);
    world.scan(true);
    check(&world);
    world
}

fn describe(world: &mut World) {
    let used = world.ago(2);
    world
        .person("E1", "Ada Berg", json!({ "title": "Chief Financial Officer", "department": "Finance" }))
        .person("E2", "Bo Dahl", json!({ "title": "Assistant" }))
        .person("E3", "Søren Gräf 山田", json!({ "title": "Analyst", "state": "disabled", "last_day": "2026-05-01" }))
        .account("okta", "ada", "E1", json!({ "emails": ["ada.berg@acme.example"], "state": "active", "last_used": used }))
        .account("google", "ada@g", "E1", json!({ "emails": ["ada.berg@acme.example"], "state": "active" }))
        .account("google", "bo@g", "E2", json!({ "emails": ["bo.dahl@acme.example"], "state": "active" }))
        .node("okta", "group:fin", "", "Finance", json!({}))
        .node("okta", "group:lead", "", "Leads", json!({}))
        .node("okta", "app:erp", "", "Ledger", json!({}))
        .edge("okta", "account:ada", EdgeKind::MemberOf, "group:fin", json!({}))
        .edge("okta", "account:ada", EdgeKind::MemberOf, "group:lead", json!({}))
        .edge("okta", "group:lead", EdgeKind::MemberOf, "group:fin", json!({}))
        .edge("okta", "group:fin", EdgeKind::Assigned, "app:erp", json!({}))
        .credential("okta", "ada", "laptop token", "api_token", json!({}))
        .node("google", "resource:plain", "file", "Minutes.doc", json!({}))
        .node("google", "resource:deck", "file", "Board deck.pdf", json!({}))
        .edge("google", "account:ada@g", EdgeKind::CanAccess, "resource:plain", json!({ "level": "read" }))
        .edge("google", "account:ada@g", EdgeKind::Owns, "resource:deck", json!({}))
        .credential("google", "ada@g", "deck/anyone", "share_link", json!({}))
        .edge("google", "credential:deck/anyone", EdgeKind::Opens, "resource:deck", json!({}))
        .edge("google", "account:bo@g", EdgeKind::DelegateOf, "account:ada@g", json!({}))
        .edge("google", "address:ada@home.example", EdgeKind::ReceivesMailOf, "account:ada@g", json!({}))
        .node("slack", "account:ada2", "", "ada.b", json!({}))
        .has("E1", "slack", "account:ada2", 0.6, ClaimState::Likely)
        .gap("google", "tokens", "ada@g", "403: the scope is missing")
        .gap("google", "tokens", "bo@g", "403: the scope is missing");
}

#[test]
fn an_inventory_tells_what_is_reached_how_and_what_is_unknown() {
    let world = company();
    let facts = facts(&world, None);
    let view = Inventory::of(&facts, facts.person("cfo").unwrap());
    assert_eq!((view.person.name.as_str(), view.person.hr, view.past), ("Ada Berg", HrState::Active, false));
    let systems: Vec<&str> = view.systems.iter().map(|system| system.system.as_str()).collect();
    assert_eq!(systems, ["google", "okta"], "the likely account in Slack counts as nobody's until somebody says so");
    let (google, okta) = (&view.systems[0], &view.systems[1]);

    let link = okta.accounts[0].link.as_ref().unwrap();
    assert_eq!((link.state.as_str(), link.confidence, link.evidence[0].as_str()), ("certain", 1.0, "the test says so"));
    assert_eq!(okta.apps[0].via, ["ada", "Finance"]);
    assert_eq!(okta.groups.len(), 2);
    assert_eq!((okta.credentials[0].type_.as_str(), okta.credentials[0].count), ("api_token", 1));
    assert_eq!(okta.blind_spots[0].what, "access tokens");
    assert!(okta.gaps.is_empty());

    // The public, owned file before the one she can merely read.
    let files = &google.resources[0];
    assert_eq!(files.items.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["Board deck.pdf", "Minutes.doc"]);
    assert!(files.items[0].public && !files.items[1].public);
    assert_eq!((files.items[0].level.as_deref(), files.levels["read"]), (Some("owner"), 1));
    assert_eq!((google.gaps.len(), google.gaps[0].parents), (1, 2), "one reason, two accounts");

    let acting: Vec<(&str, bool)> = view.acting_for_them.iter().map(|relation| (relation.who.as_str(), relation.outside)).collect();
    assert_eq!(acting, [("ada@home.example", true), ("bo@g", false)]);
    assert_eq!((view.unsure.len(), view.unsure[0].system.as_str()), (1, "slack"));

    // The assistant reaches the boss's files through the delegation, and it says so.
    let bo = Inventory::of(&facts, facts.person("E2").unwrap());
    assert_eq!(bo.systems[0].acts_for[0].whose, "ada@g");
    assert!(bo.acting_for_them.is_empty(), "{:?}", bo.acting_for_them);
    let through = bo.systems[0].accounts.iter().find(|account| account.key == "ada@g").unwrap();
    assert_eq!((through.link.as_ref(), through.via.as_slice()), (None, ["bo@g".to_owned()].as_slice()));

    let told = text::inventory(&view, PLAIN);
    for part in [
        "certain 1.00: the test says so",
        "through Finance",
        "anyone with the link",
        "outside the company",
        "tokens of 2 parents: 403",
        "access tokens (1h)",
        "likely 0.60",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn people_are_found_by_what_they_are_called_and_by_nothing_else() {
    let world = company();
    let facts = facts(&world, None);
    for text in ["E1", "ada.berg@acme.example", "Ada Berg", "ada berg", "CFO", "ada@home.example", "berg"] {
        assert_eq!(facts.person(text).unwrap().key, "E1", "{text}");
    }
    let unknown = facts.person("Adda Breg").unwrap_err();
    assert!(unknown.contains("did you mean Ada Berg (E1)?") && !unknown.contains('\n'), "{unknown}");
    assert!(facts.person("dahll").unwrap_err().contains("did you mean Bo Dahl (E2)?"));
    let several = facts.person("a").unwrap_err();
    assert!(several.contains("Ada Berg (E1)") && several.contains("Bo Dahl (E2)") && several.contains("employee number"), "{several}");
    assert!(facts.person("zzz").unwrap_err().contains("exeunt people"));
    assert!(facts.person(" ").is_err());

    let view = People::of(&facts, false);
    let lines: Vec<(&str, u64, u64)> = view.people.iter().map(|line| (line.person.name.as_str(), line.accounts, line.unsure)).collect();
    assert_eq!(lines, [("Ada Berg", 2, 1), ("Bo Dahl", 1, 0), ("Søren Gräf 山田", 0, 0)]);
    assert_eq!(People::of(&facts, true).people.len(), 1);
    let told = text::people(&view, PLAIN);
    assert!(told.contains("left 2026-05-01") && told.contains("2 +1?"), "{told}");
}

#[test]
fn why_tells_every_path_in_words() {
    let world = company();
    let facts = facts(&world, None);
    let ada = facts.person("E1").unwrap();
    let view = Why::of(&facts, ada, "ledger").unwrap();
    let paths: Vec<Vec<&str>> = view.things[0].paths.iter().map(|path| path.iter().map(|step| step.to.as_str()).collect()).collect();
    assert_eq!(paths, [vec!["ada", "Finance", "Ledger"], vec!["ada", "Leads", "Finance", "Ledger"]]);
    assert_eq!(view.things[0].paths[0][1].says, "is a member of");
    let told = text::why(&view, PLAIN);
    assert!(told.contains("in 2 ways") && told.contains("is assigned"), "{told}");
    // A part of a name does; what isn't reached, and what isn't there, are told apart.
    assert_eq!(Why::of(&facts, ada, "board").unwrap().things[0].name, "Board deck.pdf");
    let bo = facts.person("E2").unwrap();
    assert!(Why::of(&facts, bo, "Ledger").unwrap_err().contains("Bo Dahl has no path to Ledger (app of okta)"));
    assert!(Why::of(&facts, bo, "Atlantis").unwrap_err().contains("nothing that was read is called"));
}

#[test]
fn the_past_is_told_as_it_was_and_changes_are_what_differs() {
    let mut world = company();
    let first = world.now;
    world.now = days_before(first, -3);
    describe(&mut world);
    world.node("okta", "role:root", "", "Super Administrator", json!({}));
    world.edge("okta", "account:ada", EdgeKind::Assigned, "role:root", json!({}));
    world.scan(true);
    world.now = days_before(first, -5);
    describe(&mut world);
    world.scan(true);
    check(&world);

    let roles = |as_of: Option<Timestamp>| {
        let facts = facts(&world, as_of);
        let view = Inventory::of(&facts, facts.person("E1").unwrap());
        view.systems.into_iter().flat_map(|system| system.roles).map(|role| role.name).collect::<Vec<_>>()
    };
    assert!(roles(None).is_empty());
    assert!(roles(Some(first)).is_empty());
    assert_eq!(roles(Some(days_before(first, -4))), ["Super Administrator"]);

    // Opened and closed again in between: neither end of the time shows it, the intervals do.
    let now = facts(&world, None);
    let view = world.store.read(|conn| Changes::of(conn, &now, days_before(first, 1), None)).unwrap();
    let about = |what: Happened| {
        view.changes.iter().filter(move |change| change.what == what).map(|change| change.about.as_str()).collect::<Vec<_>>()
    };
    assert!(about(Happened::Opened).contains(&"ada is a member of Finance"), "{:?}", about(Happened::Opened));
    let since = world.store.read(|conn| Changes::of(conn, &now, first, None)).unwrap();
    let edges: Vec<(Happened, &str, &[String])> = since
        .changes
        .iter()
        .filter(|change| change.kind == "assigned")
        .map(|change| (change.what, change.about.as_str(), change.people.as_slice()))
        .collect();
    let ada = ["Ada Berg".to_owned()];
    let said = "ada is assigned Super Administrator";
    assert_eq!(edges, [(Happened::Opened, said, ada.as_slice()), (Happened::Closed, said, ada.as_slice())]);
    let bo = facts(&world, None);
    let of_bo = world.store.read(|conn| Changes::of(conn, &bo, first, Some(bo.person("E2").unwrap()))).unwrap();
    assert!(of_bo.changes.is_empty() && of_bo.others >= 2, "{:?}", of_bo.changes);
}

#[test]
fn a_changed_level_is_one_change_and_a_use_is_none() {
    let mut world = company();
    let first = world.now;
    let level = |world: &mut World, level: &str, used: i64| {
        let used = world.ago(used);
        describe(world);
        world
            .node("crm", "account:ada", "", "ada", json!({ "state": level, "last_used": used }))
            .node("crm", "resource:deals", "site", "Deals", json!({}))
            .has("E1", "crm", "account:ada", 1.0, ClaimState::Certain)
            .edge("crm", "account:ada", EdgeKind::CanAccess, "resource:deals", json!({ "level": level }))
            .scan(true);
    };
    level(&mut world, "read", 1);
    let before = world.now;
    world.now = days_before(first, -1);
    level(&mut world, "admin", 2);
    let facts = facts(&world, None);
    let view = world.store.read(|conn| Changes::of(conn, &facts, before, None)).unwrap();
    let told: Vec<(&str, Happened, &[String])> =
        view.changes.iter().map(|change| (change.about.as_str(), change.what, change.details.as_slice())).collect();
    assert_eq!(
        told,
        [
            ("ada", Happened::Changed, ["state: read → admin".to_owned()].as_slice()),
            ("ada administers Deals", Happened::Changed, ["level: read → admin".to_owned()].as_slice())
        ]
    );
}

#[test]
fn findings_come_with_their_way_and_gaps_stand_beside_them() {
    let world = company();
    let facts = facts(&world, None);
    let view = Shadow::of(&facts, None, None);
    let ada = view.people.iter().find(|one| one.person.name == "Ada Berg").unwrap();
    let token = ada.findings.iter().find(|finding| finding.check == "api-token").unwrap();
    assert_eq!(token.path.iter().map(|step| step.to.as_str()).collect::<Vec<_>>(), ["ada", "laptop token"]);
    let mail = ada.findings.iter().find(|finding| finding.check == "mail-forwarding").unwrap();
    assert_eq!(mail.severity, "critical");
    // The address isn't hers to reach: it gets at her account, and the way says so.
    assert_eq!(
        mail.path.last().map(|step| (step.from.as_str(), step.says.as_str(), step.to.as_str())),
        Some(("ada@g", "sends its mail to", "ada@home.example"))
    );
    assert_eq!(view.totals.total(), (view.people.iter().map(|one| one.findings.len()).sum::<usize>() + view.everyone.len()) as u64);
    assert_eq!(view.gaps.iter().filter(|gap| gap.collection == "tokens").count(), 1);
    // Configured and never read is a gap too; the HR system of this company is read and not configured.
    assert!(Coverage::of(&facts).has_gaps());
    let later = Shadow::of(&facts, None, Some(days_before(world.now, -1)));
    assert_eq!(later.totals.total(), 0);

    let matrix = Access::of(&facts, None);
    assert_eq!((matrix.people.len(), matrix.systems.as_slice()), (1, ["google".to_owned(), "okta".to_owned()].as_slice()));
    let google = &matrix.people[0].systems["google"];
    assert_eq!((google.resources, google.controls, google.credentials), (2, 1, 1));
}

// Trust: What was read.
#[test]
fn a_list_of_one_person_that_could_not_be_read_is_a_doubt_about_them_and_about_everybody_together() {
    let mut world = company();
    world.now = days_before(world.now, -1);
    describe(&mut world);
    for account in ["ada@g", "bo@g"] {
        world.gap("google", "app_passwords", account, "403: the scope is missing");
    }
    world.gap("google", "users", "", "500").scan(true);
    let manifest = crate::manifest::load::find("google-workspace", None).unwrap();
    let known = || Known { manifests: [("google".to_owned(), manifest.clone())].into(), ..Known::default() };
    let facts = world.store.read(|conn| Facts::read(conn, &world.config(), known(), None, world.now)).unwrap();
    let unread = |person: Option<&str>| -> Vec<String> {
        let doubts = facts.doubts(person.map(|person| facts.person(person).unwrap()));
        doubts.into_iter().filter(|doubt| doubt.starts_with("google: app_") || doubt.starts_with("google: users")).collect()
    };
    let (users, passwords) = ("google: users could not be read to the end: 500", "could not be read to the end: 403: the scope is missing");
    assert_eq!(unread(None), [format!("google: app_passwords of 2 parents {passwords}"), users.to_owned()]);
    for person in ["E1", "E2"] {
        assert_eq!(unread(Some(person)), [format!("google: app_passwords of 1 parent {passwords}"), users.to_owned()], "{person}");
    }
    // Whose lists they are is not known where the manifest is not.
    let unknown = super::tests::facts(&world, None);
    assert!(unknown.doubts(Some(unknown.person("E1").unwrap())).iter().any(|doubt| doubt.contains("app_passwords of 2 parents")));
}

#[test]
fn a_gap_that_no_later_scan_asked_for_is_no_gap_any_more() {
    let mut world = company();
    assert!(facts(&world, None).gaps().iter().any(|gap| gap.collection == "tokens"));
    let first = world.now;
    world.now = days_before(first, -1);
    world.person("E1", "Ada Berg", json!({})).account("google", "ada@g", "E1", json!({})).scan(true);
    assert!(facts(&world, None).gaps().iter().all(|gap| gap.collection != "tokens"));
    assert!(facts(&world, Some(first)).gaps().iter().any(|gap| gap.collection == "tokens"), "then it was one");
}

/// A company in which every name is an attack.
fn hostile() -> World {
    let mut world = World::empty();
    world
        .person("E1", &format!("Eve {SCRIPT}"), json!({ "title": LINES, "department": REVERSED, "emails": ["eve@acme.example"] }))
        .account("okta", "ada", "E1", json!({ "emails": ["eve@acme.example"], "state": FORMULA }))
        .node("okta", &format!("credential:{FORMULA}"), "api_token", LINES, json!({ "note": SCRIPT }))
        .edge("okta", "account:ada", EdgeKind::Holds, &format!("credential:{FORMULA}"), json!({}))
        .node("okta", &format!("role:{LINES}"), "", FORMULA, json!({}))
        .edge("okta", "account:ada", EdgeKind::Assigned, &format!("role:{LINES}"), json!({}))
        .node("okta", &format!("resource:{SCRIPT}"), SCRIPT, REVERSED, json!({}))
        .edge("okta", "account:ada", EdgeKind::CanAccess, &format!("resource:{SCRIPT}"), json!({ "level": "owner" }))
        .gap("okta", "sessions", "", SCRIPT)
        .scan(true);
    check(&world);
    world
}

const HOSTILE: &str = "<script>x</script>\u{1b}[2K\u{202e}\nHash 0";

/// A case in which every text that comes from outside is hostile.
fn hostile_case() -> super::case::Case {
    let said = || HOSTILE.to_owned();
    super::case::Case {
        departure: 1,
        person: said(),
        mode: said(),
        state: said(),
        cause: said(),
        waits: Some(said()),
        source: said(),
        effective: Timestamp::UNIX_EPOCH,
        started: None,
        proved: None,
        plan_hash: Some(said()),
        approved_by: Some(said()),
        actions: vec![super::case::CaseAction {
            number: 1,
            system: said(),
            action: said(),
            label: said(),
            state: said(),
            verdict: Some(said()),
            why: Some(said()),
            sent: None,
            proved: None,
        }],
        tasks: vec![super::case::CaseTask {
            task: 1,
            role: said(),
            title: said(),
            due: Timestamp::UNIX_EPOCH,
            done: true,
            done_by: Some(said()),
            note: Some(said()),
            closed: Some(said()),
            proved: false,
            evidence: None,
        }],
        told: Vec::new(),
        residual: vec![said()],
        unread: vec![said()],
        doubts: vec![said()],
        outcome: None,
    }
}

// Reliability: What people see.
#[test]
fn hostile_names_do_nothing_anywhere() {
    let world = hostile();
    let facts = facts(&world, None);
    let eve = facts.person("E1").unwrap();
    let inventory = Inventory::of(&facts, eve);
    let shadow = Shadow::of(&facts, None, None);
    assert!(shadow.totals.total() > 0);
    let (access, coverage, people) = (Access::of(&facts, None), Coverage::of(&facts), People::of(&facts, false));
    let changes = world.store.read(|conn| Changes::of(conn, &facts, days_before(world.now, 1), None)).unwrap();
    assert!(changes.changes.len() > 3);
    let why = Why::of(&facts, eve, FORMULA).unwrap();

    let pages = [
        html::shadow(&shadow),
        html::access(&access),
        html::coverage(&coverage),
        html::changes(&changes),
        html::whole(&shadow, &access, &coverage),
        html::case(&hostile_case(), HOSTILE),
    ];
    for page in &pages {
        assert!(!page.contains("<script") && !page.contains("\u{202e}") && !page.contains('\u{1b}'), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("default-src 'none'"));
        assert!(!page.contains("http:") && !page.contains("https:"), "a page loads nothing");
    }

    let texts = [
        text::shadow(&shadow, PLAIN),
        text::access(&access, PLAIN),
        text::coverage(&coverage, PLAIN),
        text::changes(&changes, PLAIN),
        text::people(&people, PLAIN),
        text::inventory(&inventory, PLAIN),
        text::why(&why, PLAIN),
    ];
    for told in &texts {
        assert!(told.chars().all(|c| c == '\n' || !c.is_control()) && !told.contains('\u{202e}'), "{told:?}");
        for line in told.lines() {
            assert!(line.chars().count() <= 120, "{} wide: {line}", line.chars().count());
        }
    }
    assert!(text::shadow(&shadow, Ink { coloured: true }).contains("\u{1b}["));

    let tables = [
        csv::shadow(&shadow),
        csv::access(&access),
        csv::coverage(&coverage),
        csv::changes(&changes),
        csv::people(&people),
        csv::inventories(&[inventory]),
        csv::why(&why),
    ];
    for table in &tables {
        let mut reader = ::csv::Reader::from_reader(table.as_bytes());
        let mut rows = 0;
        for row in reader.records() {
            for cell in &row.unwrap() {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']) && !cell.contains(['\n', '\u{1b}', '\u{202e}']), "{cell:?}");
            }
            rows += 1;
        }
        assert!(rows > 0, "{table}");
    }
    assert!(tables[5].contains("'=cmd|"), "{}", tables[5]);

    // Machines get the names as they are, in forms that can hold them.
    let xml = graphml::graph(&facts, None);
    assert!(xml.contains("&lt;script&gt;") && !xml.contains("<script") && !xml.contains('\u{1b}'), "{xml}");
    assert_eq!(xml.matches("<node ").count(), xml.matches("</node>").count());
    let graph = opengraph::graph(&facts, None);
    let kinds = graph["graph"]["nodes"].as_array().unwrap().iter().flat_map(|node| node["kinds"].as_array().unwrap());
    let edges = graph["graph"]["edges"].as_array().unwrap();
    for kind in kinds.chain(edges.iter().map(|edge| &edge["kind"])) {
        assert!(kind.as_str().unwrap().chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{kind}");
    }
    let events = ocsf::events(&facts, &facts.findings, None);
    let lines = ocsf::lines(&events);
    assert_eq!(lines.lines().count(), events.len());
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn opengraph_has_what_bloodhound_asks_for() {
    let world = company();
    let facts = facts(&world, None);
    let graph = opengraph::graph(&facts, None);
    assert_eq!(graph["metadata"]["source_kind"], "Exeunt");
    let nodes = graph["graph"]["nodes"].as_array().unwrap();
    let ids: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), nodes.len(), "ids differ");
    let ada = nodes.iter().find(|node| node["id"] == "hr:person:E1").unwrap();
    assert_eq!((&ada["kinds"][0], &ada["properties"]["isexec"]), (&json!("Exeunt_Person"), &json!(true)));
    for node in nodes {
        assert!((1..=3).contains(&node["kinds"].as_array().unwrap().len()));
        for (name, value) in node["properties"].as_object().unwrap() {
            assert!(*name == name.to_lowercase() && !value.is_object() && !value.is_null(), "{name}: {value}");
        }
    }
    let edges = graph["graph"]["edges"].as_array().unwrap();
    for edge in edges {
        for end in ["start", "end"] {
            assert!(ids.contains(edge[end]["value"].as_str().unwrap()) && edge[end]["match_by"] == "id", "{edge}");
        }
    }
    assert!(edges.iter().any(|edge| edge["kind"] == "Exeunt_HasAccount" && edge["properties"].get("firstseen").is_none()));
    // One person's part of it is smaller, and whole.
    let part = opengraph::graph(&facts, Some(facts.person("E2").unwrap()));
    assert!(part["graph"]["nodes"].as_array().unwrap().len() < nodes.len());
}

#[test]
fn ocsf_events_have_the_fields_of_their_classes_and_lasting_ids() {
    let mut world = company();
    let first = facts(&world, None);
    let events = ocsf::events(&first, &first.findings, None);
    let critical = events.iter().find(|event| event["finding_info"]["analytic"]["name"] == "mail-forwarding").unwrap();
    assert_eq!(critical["class_uid"], 2004);
    assert_eq!((&critical["type_uid"], &critical["severity_id"], &critical["status_id"]), (&json!(200_401), &json!(5), &json!(1)));
    assert_eq!(critical["time"], world.now.as_millisecond());
    assert_eq!(critical["metadata"]["version"], "1.8.0");
    let standing = events.iter().find(|event| event["class_uid"] == 2008).unwrap();
    assert_eq!(standing["user"]["name"], "Ada Berg");
    let granted = standing["permission_analysis_results"][0]["granted_privileges"].to_string();
    assert!(granted.contains("okta: app Ledger"), "{granted}");
    for event in &events {
        let (class, activity) = (event["class_uid"].as_u64().unwrap(), event["activity_id"].as_u64().unwrap());
        assert_eq!(event["type_uid"], class * 100 + activity);
        assert_eq!(event["category_uid"], 2);
    }

    // A day later the forwarding is gone: the same finding, closed; and what was exported before has the id it had.
    world.now = days_before(world.now, -1);
    world.person("E1", "Ada Berg", json!({})).account("google", "ada@g", "E1", json!({})).scan(true);
    check(&world);
    let later = facts(&world, None);
    let changed = world.store.read(|conn| findings::changed(conn, first.at)).unwrap();
    let closed = ocsf::events(&later, &changed, None);
    let closed = closed.iter().find(|event| event["finding_info"]["uid"] == critical["finding_info"]["uid"]).unwrap();
    assert_eq!((&closed["activity_id"], &closed["status_id"]), (&json!(3), &json!(4)));
    assert_ne!(closed["metadata"]["uid"], critical["metadata"]["uid"]);
    let again = ocsf::events(&first, &first.findings, None);
    assert_eq!(again[0]["metadata"]["uid"], events[0]["metadata"]["uid"]);
}
