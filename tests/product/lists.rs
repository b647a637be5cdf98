//! How completely a list was read: by its distinct records, and only by a read of the list itself.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{COULD_NOT, FINE, Ran, run_in};

/// What a vendor answers: method and target in, status and body out.
type Routes = Box<dyn Fn(&str, &str) -> (u16, Value) + Send>;

/// A company with one executive (E1, Una), HR's file, and one SCIM server that answers as a test wants.
pub struct App {
    folder: TempDir,
    routes: Arc<Mutex<Routes>>,
}

/// The manifest of an app whose own "not there" carries a code; `rest` says what is seen and taken there.
pub fn desk(rest: &str) -> String {
    format!("{DESK}{rest}")
}

const DESK: &str = r#"
scanner: desk
title: Desk
category: saas
contract: none
settings: { url: { example: "https://desk.example" } }
credentials: { read: { kind: bearer, scopes: [read] }, revoke: { kind: bearer, scopes: [write] } }
connect:
  http: "{{ settings.url }}"
  paging: { none: true }
  classes: { gone: status == 404 and body.code == 'absent' }
preflight: [ { call: GET /me, proves: read, there: body.me } ]
"#;

impl App {
    fn up(routes: impl Fn(&str, &str) -> (u16, Value) + Send + 'static) -> Self {
        let settings = |url: &str| {
            format!(
                "[systems.app]\nscanner = \"scim\"\nread = \"file:token\"\nrevoke = \"file:token\"\nown_account = \"none\"\nurl = \"{url}/scim/v2\"\n"
            )
        };
        Self::with_settings(routes, settings)
    }

    /// The same with another vendor: its settings are made of the server's address.
    pub fn with_settings(routes: impl Fn(&str, &str) -> (u16, Value) + Send + 'static, settings: impl Fn(&str) -> String) -> Self {
        let routes: Arc<Mutex<Routes>> = Arc::new(Mutex::new(Box::new(routes)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = routes.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), answers) = (stream, answers.clone()) else { return };
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(stream.try_clone().unwrap());
                    let (mut first, mut length) = (String::new(), 0);
                    lines.read_line(&mut first).unwrap();
                    loop {
                        let mut line = String::new();
                        if lines.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                            break;
                        }
                        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                    }
                    lines.read_exact(&mut vec![0; length]).unwrap();
                    let mut words = first.split_whitespace();
                    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                    let (status, body) = answers.lock().unwrap()(method, target.strip_prefix("/scim/v2").unwrap_or(target));
                    let body = body.to_string();
                    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/scim+json\r\nconnection: close\r\n");
                    let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
                });
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "[company]\nname = \"Acme\"\ndomains = [\"acme.example\"]\n[people]\nexecutive = \"person.title | matches('chief')\"\n\
             [audit]\norigin = \"acme.example/exeunt\"\nkey = \"audit.key\"\n[systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n{}",
            settings(&url)
        );
        std::fs::write(folder.path().join("exeunt.toml"), settings).unwrap();
        std::fs::write(folder.path().join("token"), "t0ken").unwrap();
        let app = Self { folder, routes };
        app.hr("");
        app
    }

    /// The same with a vendor of this name and manifest, which is in the folder; `more` are its further settings.
    pub fn with_manifest(routes: impl Fn(&str, &str) -> (u16, Value) + Send + 'static, name: &str, manifest: &str, more: &str) -> Self {
        let app = Self::with_settings(routes, |url| {
            format!("[systems.app]\nscanner = \"{name}\"\nread = \"file:token\"\nurl = \"{url}\"\n{more}")
        });
        std::fs::create_dir(app.path("scanners")).unwrap();
        std::fs::write(app.path(&format!("scanners/{name}.yaml")), manifest).unwrap();
        let settings = std::fs::read_to_string(app.path("exeunt.toml")).unwrap();
        std::fs::write(app.path("exeunt.toml"), format!("scanners = \"scanners\"\n{settings}")).unwrap();
        app
    }

    /// The same with a desk (see [`desk`]), which we may revoke in.
    pub fn with_desk(routes: impl Fn(&str, &str) -> (u16, Value) + Send + 'static, rest: &str, more: &str) -> Self {
        Self::with_manifest(routes, "desk", &desk(rest), &format!("revoke = \"file:token\"\nown_account = \"none\"\n{more}"))
    }

    /// Writes HR's file, with this private address of hers.
    pub fn hr(&self, private: &str) {
        let head = "employee_number,first_name,last_name,work_email,other_emails,private_email,phones,title,department,manager,status,start_date,last_day";
        let una = format!("E1,Una,Fjord,una@acme.example,,{private},,Chief Financial Officer,Finance,,Active,2019-02-01,");
        std::fs::write(self.path("people.csv"), format!("{head}\n{una}\n")).unwrap();
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// From now on the vendor answers so.
    pub fn answer(&self, routes: impl Fn(&str, &str) -> (u16, Value) + Send + 'static) {
        *self.routes.lock().unwrap() = Box::new(routes);
    }

    pub fn exeunt(&self, args: &[&str]) -> Ran {
        run_in(self.folder.path(), args)
    }

    /// What the report on coverage says of the vendor.
    fn coverage(&self) -> Value {
        let report = self.exeunt(&["report", "coverage", "--format", "json"]).json();
        report["systems"].as_array().unwrap().iter().find(|system| system["system"] == "app").unwrap().clone()
    }
}

/// The user of this number; the eighth is Una.
fn user(number: usize) -> Value {
    let name = if number == 8 { "una@acme.example".to_owned() } else { format!("p{number}@acme.example") };
    json!({ "id": format!("u{number}"), "userName": name, "active": true })
}

/// A number in a query.
fn parameter(target: &str, name: &str) -> Option<usize> {
    let query = target.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

/// Groups: none.
fn no_groups() -> (u16, Value) {
    (200, json!({ "totalResults": 0, "startIndex": 1, "Resources": [] }))
}

/// Lists users: where a page begins (from 0) is told from `startIndex`, what `totalResults` says from the page.
fn users(
    of: usize,
    cap: usize,
    from: fn(usize) -> usize,
    total: fn(all: usize, page: usize) -> usize,
) -> impl Fn(&str, &str) -> (u16, Value) {
    move |_, target| {
        if !target.starts_with("/Users") {
            return no_groups();
        }
        let at = from(parameter(target, "startIndex").unwrap_or(1));
        let page: Vec<Value> = (1..=of).skip(at).take(parameter(target, "count").unwrap_or(100).min(cap)).map(user).collect();
        (200, json!({ "totalResults": total(of, page.len()), "itemsPerPage": page.len(), "Resources": page }))
    }
}

// Trust: What was read.
#[test]
fn a_total_that_is_the_page_s_own_is_no_total() {
    let app = App::up(users(350, 200, |start| start - 1, |_, page| page));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    assert_eq!(app.coverage()["seen"], 350);
}

// Trust: What was read.
#[test]
fn pages_that_overlap_are_a_gap_and_close_nothing() {
    let app = App::up(users(8, 3, |start| start - 1, |all, _| all));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    let before = app.exeunt(&["show", "E1", "--json"]).json();
    assert!(before.to_string().contains("\"u8\""), "{before}");

    // The second night each page begins one record after the last one did.
    app.answer(users(8, 3, |start| (start - 1) / 3, |all, _| all));
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("pages overlap"), "{ran:?}");
    // The third night the server stops where it has counted as many records as there are.
    app.answer(|_, target| {
        if target.starts_with("/Users") {
            let at = (parameter(target, "startIndex").unwrap_or(1) - 1) / 3;
            let page: Vec<Value> = if at > 2 { vec![] } else { (1..=8).skip(at).take(3).map(user).collect() };
            (200, json!({ "totalResults": 8, "Resources": page }))
        } else {
            no_groups()
        }
    });
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("totalResults says 8, but only 5 different ones came"), "{ran:?}");
    let known = |shown: &Value| shown.to_string().contains("\"u8\"");
    assert!(known(&app.exeunt(&["show", "E1", "--json"]).json()), "what a gap does not show is not closed");
    assert_eq!(app.coverage()["complete"], 1, "groups are complete, users are not");
}

// Trust: What was read.
#[test]
fn a_list_whose_total_cannot_be_read_is_a_gap_and_closes_nothing() {
    // Eight users, two a page, and Una is the last.
    let app = App::up(users(8, 100, |start| start - 1, |all, _| all));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    for total in [None, Some(Value::Null), Some(json!("8")), Some(json!(8.5)), Some(json!(-1)), Some(json!({}))] {
        let told = total.clone();
        app.answer(move |_, target| {
            if !target.starts_with("/Users") {
                return no_groups();
            }
            let at = parameter(target, "startIndex").unwrap_or(1) - 1;
            // What stands after the fourth is not shown.
            let page: Vec<Value> = (1..=4).skip(at).take(2).map(user).collect();
            let mut body = json!({ "Resources": page });
            if let Some(total) = &told {
                body["totalResults"] = total.clone();
            }
            (200, body)
        });
        let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
        assert!(ran.out.contains("totalResults is "), "{total:?}: {ran:?}");
        let shown = app.exeunt(&["show", "E1", "--json"]).json();
        assert!(shown.to_string().contains("\"u8\""), "what a gap does not show is not closed: {total:?}");
    }
}

// Trust: What was read.
#[test]
fn a_list_that_becomes_shorter_while_it_is_read_is_a_gap() {
    // A record of the first page is deleted before the second is asked for, and so Una moves onto the first.
    let app = App::up(users(8, 100, |start| start - 1, |all, _| all));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    app.answer(|_, target| {
        if !target.starts_with("/Users") {
            return no_groups();
        }
        let at = parameter(target, "startIndex").unwrap_or(1) - 1;
        let left: Vec<usize> = if at == 0 { vec![1, 2, 8] } else { vec![2, 8] };
        let page: Vec<Value> = left.iter().skip(at).take(2).map(|number| user(*number)).collect();
        (200, json!({ "totalResults": left.len(), "Resources": page }))
    });
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("totalResults said 3, and now says 2"), "{ran:?}");
    assert!(app.exeunt(&["show", "E1", "--json"]).json().to_string().contains("\"u8\""));

    // The same where a manifest says where the total stands.
    let app = numbered(|_, target| {
        if target.ends_with("/keys") {
            return (200, json!([]));
        }
        let page = parameter(target, "page").unwrap_or(1);
        let left: Vec<usize> = if page == 1 { (1..=6).collect() } else { (2..=6).collect() };
        let users: Vec<Value> = left.iter().skip((page - 1) * 5).take(5).map(|id| json!({ "id": format!("u{id}"), "name": "x" })).collect();
        (200, json!({ "total": left.len(), "users": users }))
    });
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("the system says that there are 6, but only 5 different ones came"), "{ran:?}");
}

// Trust: What was read.
#[test]
fn reading_one_person_again_never_makes_a_list_complete() {
    let app = App::up(users(8, 100, |start| start - 1, |all, _| all));
    app.exeunt(&["scan", "--json"]).ended(FINE);

    let forbidden = || (403, json!({ "status": "403", "detail": "not for you" }));
    let una = || (200, user(8));
    app.answer(move |_, target| match target {
        "/Users/u8" => una(),
        _ if target.starts_with("/Users") => forbidden(),
        _ => no_groups(),
    });
    app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    let forbidden_list = app.coverage();
    assert_eq!((&forbidden_list["scopes"], &forbidden_list["complete"]), (&json!(2), &json!(1)));

    // Her record is read by a call of its own, and that is answered: of the list, which is asked for again, nothing is known all the same.
    let ran = app.exeunt(&["scan", "--person", "E1", "--json"]).ended(COULD_NOT).json();
    assert_eq!(ran["findings"], 1, "what can't be seen: {ran}");
    let after = app.coverage();
    assert_eq!((&after["scopes"], &after["complete"]), (&json!(2), &json!(1)), "{after}");
    assert!(after["gaps"].to_string().contains("forbidden"), "{after}");

    // Where the list is complete, and her record can't be read, that is a gap until it is read.
    app.answer(users(8, 100, |start| start - 1, |all, _| all));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    assert_eq!(app.coverage()["complete"], 2);
    app.answer(|_, target| if target == "/Users/u8" { (403, json!({ "status": "403" })) } else { no_groups() });
    app.exeunt(&["scan", "--person", "E1", "--json"]).ended(COULD_NOT);
    let after = app.coverage();
    assert_eq!(after["complete"], 1, "{after}");
    assert!(after["gaps"].to_string().contains("read again for one person"), "{after}");
}

/// Users 1 to 5 and Una (8), each with this record's additions.
fn with(more: fn(usize) -> Value) -> impl Fn(&str, &str) -> (u16, Value) {
    move |_, target| {
        if !target.starts_with("/Users") {
            return no_groups();
        }
        let one = |number| {
            let mut user = user(number);
            user.as_object_mut().unwrap().extend(more(number).as_object().unwrap().clone());
            user
        };
        let page: Vec<Value> = if parameter(target, "startIndex") == Some(1) { [1, 2, 3, 4, 5, 8].map(one).into() } else { vec![] };
        (200, json!({ "totalResults": 6, "Resources": page }))
    }
}

// Trust: What was read.
#[test]
fn a_field_that_everybody_had_and_nobody_has_is_a_gap_and_stays_known() {
    let phone = |number: usize| json!({ "phoneNumbers": [{ "value": format!("+4520000{number:03}") }] });
    let app = App::up(with(phone));
    app.exeunt(&["scan", "--json"]).ended(FINE);

    // Nobody has a telephone number, for a scope is missing; and one of them was deactivated.
    app.answer(with(|number| json!({ "active": number != 8 })));
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("phones (6 had it)"), "{ran:?}");
    let una = || app.exeunt(&["show", "E1", "--json"]).json().to_string();
    let graph = exported(&app);
    assert!(graph.contains("+4520000008"), "her number stays known: {graph}");
    assert!(una().contains("disabled"), "what the list does say is taken over: {}", una());
    app.exeunt(&["scan", "--json"]).ended(COULD_NOT);

    // Some still have one: then it is so.
    app.answer(with(|number| if number == 1 { json!({ "phoneNumbers": [{ "value": "+4520000001" }] }) } else { json!({}) }));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    assert!(!exported(&app).contains("+4520000008"));

    // Only the first had one, and it is gone: no more than a change.
    app.answer(with(|_| json!({})));
    app.exeunt(&["scan", "--json"]).ended(FINE);

    // Somebody looked, and it is true that nobody has any.
    app.answer(with(phone));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    app.answer(with(|_| json!({})));
    app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    app.exeunt(&["scan", "--accept-loss", "--json"]).ended(FINE);
    assert!(!exported(&app).contains("+4520000008"));
}

/// Everything that is known, as one text.
fn exported(app: &App) -> String {
    // Where a list is a gap, it says that it could not tell all.
    app.exeunt(&["export", "opengraph", "-o", "graph.json"]);
    std::fs::read_to_string(app.folder.path().join("graph.json")).unwrap()
}

// Trust: What was read.
#[test]
fn an_emptied_list_is_believed_where_we_emptied_it() {
    let only_una = |_: &str, target: &str| {
        let page: Vec<Value> = if parameter(target, "startIndex").is_some_and(|start| start > 1) { vec![] } else { vec![user(8)] };
        if target.starts_with("/Users") { (200, json!({ "totalResults": 1, "Resources": page })) } else { no_groups() }
    };
    let nobody = |_: &str, target: &str| match target {
        "/Users/u8" => {
            (404, json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "no such user" }))
        }
        _ => (200, json!({ "totalResults": 0, "Resources": [] })),
    };
    // Somebody else took her out, or the list can't be believed: nobody knows.
    let app = App::up(only_una);
    app.exeunt(&["scan", "--json"]).ended(FINE);
    app.answer(nobody);
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("empty list where 1 were known") && ran.out.contains("--accept-loss"), "{ran:?}");
    app.exeunt(&["scan", "--accept-loss", "--json"]).ended(FINE);
    assert_eq!(app.coverage()["complete"], 2);

    // We deleted her, and that was proved.
    let app = App::up(only_una);
    let settings = app.folder.path().join("exeunt.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}\n[departure]\nallow = [\"scim.delete_user\"]\n")).unwrap();
    app.exeunt(&["scan", "--json"]).ended(FINE);
    let gone = std::sync::atomic::AtomicBool::new(false);
    app.answer(move |method, target| {
        use std::sync::atomic::Ordering::SeqCst;
        match (method, target) {
            ("DELETE", "/Users/u8") => {
                gone.store(true, SeqCst);
                (204, Value::Null)
            }
            ("PATCH", _) => (200, json!({ "id": "u8", "active": false })),
            (_, "/Users/u8") if !gone.load(SeqCst) => (200, json!({ "id": "u8", "userName": "una@acme.example", "active": false })),
            _ if gone.load(SeqCst) => nobody(method, target),
            _ => only_una(method, target),
        }
    });
    let revoked = app.exeunt(&["revoke", "E1", "--yes", "--json"]);
    assert!(revoked.out.contains("delete_user") || revoked.code != COULD_NOT, "{revoked:?}");
    let ran = app.exeunt(&["scan", "--json"]);
    assert!(!ran.out.contains("empty list"), "{ran:?}");
    assert_eq!(app.coverage()["complete"], 2, "{ran:?}");
}

// Trust: What was read.
#[test]
fn an_empty_list_on_the_first_night_is_no_list() {
    let app = App::up(|_, _| no_groups());
    for command in [&["scan"][..], &["report", "shadow"], &["report", "coverage"]] {
        let ran = app.exeunt(command).ended(COULD_NOT);
        assert!(ran.err.contains("what is known to be there is not in the answer") || command == ["scan"], "{ran:?}");
    }
    // Somebody looked, and it is so.
    app.exeunt(&["scan", "--accept-loss"]).ended(FINE);
    app.exeunt(&["report", "shadow"]).ended(FINE);
}

/// A manifest whose pages have a number, and whose system says how many records there are.
const NUMBERED: &str = r#"
scanner: numbered
title: Numbered
category: saas
contract: none
settings: { url: { example: "https://numbered.example" } }
credentials: { read: { kind: bearer, scopes: [read] } }
connect:
  http: "{{ settings.url }}"
  paging: { page: page, size: 5, size_into: per_page, total: body.total, max_pages: 10 }
preflight: [ { call: GET /users?page=1, proves: read } ]
see:
  users:
    call: GET /users
    each: body.users
    yields: [ { account: it.id, name: it.name } ]
  keys:
    for: users
    call: GET /users/{{ parent.id }}/keys
    paging: { none: true }
    each: body
    empty: expected
    yields: [ { credential: it.id, type: api_token, scopes: it.scopes, held_by: account(parent.id) } ]
blind_spots: [ { what: sessions, why: no call lists them } ]
take: {}
examples:
  - { of: users, reply: { total: 1, users: [ { id: u1, name: una } ] }, yields: [ { account: u1, name: una } ] }
  - { of: keys, given: { parent: { id: u1 } }, reply: [ { id: k1, scopes: [all] } ], yields: [ { credential: k1, type: api_token, scopes: [all] } ] }
"#;

/// The system of that manifest, and these answers.
fn numbered(routes: impl Fn(&str, &str) -> (u16, Value) + Send + 'static) -> App {
    App::with_manifest(routes, "numbered", NUMBERED, "")
}

// Trust: What was read.
#[test]
fn a_field_that_is_told_for_no_parent_any_more_is_a_gap_of_those_that_had_it() {
    // Each of four has one key; these have scopes.
    let keys = |with: &'static [&'static str]| {
        move |_: &str, target: &str| {
            let Some(user) = target.strip_prefix("/users/").and_then(|rest| rest.strip_suffix("/keys")) else {
                let page = parameter(target, "page").unwrap_or(1);
                let users: Vec<Value> = (1..=4).skip((page - 1) * 5).map(|id| json!({ "id": format!("u{id}"), "name": "x" })).collect();
                return (200, json!({ "total": 4, "users": users }));
            };
            let scopes = if with.contains(&user) { json!(["all"]) } else { Value::Null };
            (200, json!([{ "id": format!("k-{user}"), "scopes": scopes }]))
        }
    };
    let app = numbered(keys(&["u1", "u2", "u3"]));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    app.answer(keys(&[]));
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("scopes (1 had it)"), "{ran:?}");
    assert_eq!((&app.coverage()["scopes"], &app.coverage()["complete"]), (&json!(5), &json!(2)));
    // One of them still has it: the others lost it.
    app.answer(keys(&["u2"]));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    assert_eq!(app.coverage()["complete"], 5);
}

// Trust: What was read.
#[test]
fn fewer_than_the_system_says_are_a_gap() {
    // The system says that it holds eight, gives no more than three at a time although it is asked for five, and holds so many.
    let holds = |many: usize| {
        move |_: &str, target: &str| {
            if target.ends_with("/keys") {
                return (200, json!([]));
            }
            let page = parameter(target, "page").unwrap_or(1);
            let users: Vec<Value> =
                (1..=many).skip((page - 1) * 3).take(3).map(|id| json!({ "id": format!("u{id}"), "name": "x" })).collect();
            (200, json!({ "total": 8, "users": users }))
        }
    };
    let app = numbered(holds(8));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    app.answer(holds(7));
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("the system says that there are 8, but only 7 different ones came"), "{ran:?}");
}
