//! Whose an account is: a name that changes in one system first, then a departure. A small Okta of the test's own on loopback, HR as a file.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::run::{COULD_NOT, Ran, command};

const HEAD: &str =
    "employee_number,first_name,last_name,work_email,other_emails,private_email,phones,title,department,manager,status,start_date,last_day";

/// One user, as Okta would have them; what is posted to `/suspend` suspends them.
struct Okta {
    user: Arc<Mutex<Value>>,
    /// The paths that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    url: String,
}

impl Okta {
    fn up() -> Self {
        let profile = json!({ "login": "una.fjord@acme.example", "email": "una.fjord@acme.example", "firstName": "Una", "lastName": "Fjord", "secondEmail": null });
        let user =
            json!({ "id": "00u0", "status": "ACTIVE", "created": "2020-01-01T00:00:00.000Z", "lastLogin": null, "profile": profile });
        let user = Arc::new(Mutex::new(user));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let state = (user.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = state.clone();
                std::thread::spawn(move || converse(&stream, &state.0, &state.1));
            }
        });
        Self { user, asked, url }
    }

    fn renamed(&self, login: &str, last: &str) {
        let mut user = self.user.lock().unwrap();
        user["profile"]["login"] = json!(login);
        user["profile"]["email"] = json!(login);
        user["profile"]["lastName"] = json!(last);
    }

    /// The list no longer has the account, and nothing says why.
    fn unlisted(&self) {
        self.user.lock().unwrap()["listed"] = json!(false);
    }

    fn status(&self) -> String {
        self.user.lock().unwrap()["status"].as_str().unwrap().to_owned()
    }
}

fn converse(stream: &TcpStream, user: &Mutex<Value>, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default();
        asked.lock().unwrap().push(path.to_owned());
        let (status, reply) = answer(method, path, &mut user.lock().unwrap());
        let reply = reply.to_string();
        let head = format!("HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", reply.len());
        let mut out = stream;
        if out.write_all(format!("{head}{reply}").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(method: &str, path: &str, user: &mut Value) -> (u16, Value) {
    let other = json!({ "id": "00u1", "status": "ACTIVE", "created": "2020-01-01T00:00:00.000Z", "lastLogin": null,
        "profile": { "login": "p1@acme.example", "email": "p1@acme.example", "firstName": "P", "lastName": "1", "secondEmail": null } });
    match (method, path) {
        ("GET", "/api/v1/users/me" | "/api/v1/users/00u1") => (200, other),
        ("GET", "/api/v1/users") if user["listed"] == false => (200, json!([other])),
        ("GET", "/api/v1/users") => (200, json!([other, user])),
        ("GET", "/api/v1/users/00u0") => (200, user.clone()),
        ("POST", "/api/v1/users/00u0/lifecycle/suspend") => {
            user["status"] = json!("SUSPENDED");
            (200, json!({}))
        }
        // Another system, which shows addresses in one collection and keys in another.
        ("GET", "/crm/users") => (200, json!([{ "id": "7", "login": "u7" }, { "id": "8", "login": "u8" }])),
        ("GET", "/crm/profiles") => {
            (200, json!([{ "id": "7", "mail": "una.fjord@acme.example" }, { "id": "8", "mail": "p1@acme.example" }]))
        }
        ("GET", "/crm/users/7/keys") => (200, json!([{ "id": "k7" }])),
        ("GET", "/crm/users/8/keys") => (200, json!([{ "id": "k8" }])),
        ("GET", _) => (200, json!([])),
        _ => (200, json!({})),
    }
}

fn exeunt(folder: &Path, args: &[&str]) -> Ran {
    let output = command(folder).args(args).env("TOKEN", "t0ken").output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn hr(folder: &Path, last: &str) {
    let row = format!("E1,Una,{last},una.{}@acme.example,,,,Chief Financial Officer,Finance,,Active,2019-02-01,", last.to_lowercase());
    std::fs::write(folder.join("people.csv"), format!("{HEAD}\n{row}\n")).unwrap();
}

const CRM: &str = r#"
scanner: crm
title: CRM
category: crm
contract: none
settings:
  url: { example: "https://crm.example" }
credentials:
  read: { kind: bearer }
  revoke: { kind: bearer }
connect:
  http: "{{ settings.url }}"
  classes: { gone: status == 404 and body.code == 'no_such_key' }
  paging: { none: true }
see:
  keys:
    for: users
    watched: true
    call: GET /users/{{ parent.id }}/keys
    yields:
      - { credential: it.id, type: api_token, held_by: account(parent.id) }
  users:
    call: GET /users
    yields:
      - { account: it.id, name: it.login }
  profiles:
    call: GET /profiles
    yields:
      - { account: it.id, emails: [it.mail] }
take:
  drop:
    on: credential.api_token
    call: DELETE /keys/{{ node.id }}
    prove: { call: "GET /keys/{{ node.id }}", gone: absent }
"#;

/// Una's address stands in one collection; her keys are read for the accounts of another, which shows none.
// Trust: Whose it is.
#[test]
fn what_is_read_for_watched_people_alone_is_read_on_the_first_night() {
    let (okta, folder) = (Okta::up(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    hr(folder, "Fjord");
    std::fs::create_dir(folder.join("own")).unwrap();
    std::fs::write(folder.join("own/crm.yaml"), CRM).unwrap();
    let settings = format!(
        "scanners = \"own\"\n[company]\nname = \"Acme\"\ndomains = [\"acme.example\"]\n[people]\nexecutive = \"person.title | matches('chief')\"\n\
         [audit]\norigin = \"acme.example/exeunt\"\nkey = \"audit.key\"\n[systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n\
         [systems.crm]\nscanner = \"crm\"\nread = \"env:TOKEN\"\nrevoke = \"env:TOKEN\"\nown_account = \"none\"\nurl = \"{}/crm\"\n",
        okta.url
    );
    std::fs::write(folder.join("exeunt.toml"), settings).unwrap();
    let scanned = exeunt(folder, &["scan", "--json"]);
    assert_ne!(scanned.code, COULD_NOT, "{scanned:?}");
    let shown = exeunt(folder, &["show", "E1", "--json"]);
    assert!(shown.out.contains("k7"), "{shown:?}");
    let asked = okta.asked.lock().unwrap().clone();
    for path in ["/crm/users", "/crm/profiles", "/crm/users/7/keys"] {
        assert_eq!(asked.iter().filter(|known| *known == path).count(), 1, "{path} is read once: {asked:?}");
    }
    assert!(!asked.iter().any(|path| path == "/crm/users/8/keys"), "nobody watches that one: {asked:?}");
}

/// HR and Okta know Una Fjord, after a first night.
fn first_night() -> (Okta, tempfile::TempDir) {
    let (okta, kept) = (Okta::up(), tempfile::tempdir().unwrap());
    let folder = kept.path();
    hr(folder, "Fjord");
    let settings = format!(
        "[company]\nname = \"Acme\"\ndomains = [\"acme.example\"]\n[people]\nexecutive = \"person.title | matches('chief')\"\n\
         [audit]\norigin = \"acme.example/exeunt\"\nkey = \"audit.key\"\n[systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n\
         [systems.okta]\nscanner = \"okta\"\nread = \"env:TOKEN\"\nrevoke = \"env:TOKEN\"\nurl = \"{}\"\n",
        okta.url
    );
    std::fs::write(folder.join("exeunt.toml"), settings).unwrap();
    exeunt(folder, &["scan"]);
    assert_eq!(exeunt(folder, &["link", "list", "--json"]).json(), json!([]), "nothing is in doubt");
    (okta, kept)
}

// Trust: Whose it is.
#[test]
fn whoever_once_had_an_account_and_has_none_does_not_leave_green() {
    let (okta, folder) = first_night();
    let folder = folder.path();
    okta.unlisted();
    exeunt(folder, &["scan", "--full"]);
    assert_eq!(exeunt(folder, &["revoke", "E1", "--dry-run"]).code, COULD_NOT);
    let ran = exeunt(folder, &["revoke", "E1", "--yes", "--json"]);
    let ended = ran.json();
    assert_eq!((ran.code, &ended["state"]), (COULD_NOT, &json!("open")), "{ended}");
    assert!(ended["doubts"][0].as_str().unwrap().contains("okta has not shown it since"), "{ended}");
    assert!(ended["tasks"].to_string().contains("Find out what became of the account una.fjord@acme.example"), "{ended}");
    assert_eq!(exeunt(folder, &["departure", "1"]).code, 1, "the case says so as long as it is open");
    // Somebody has looked.
    let task = exeunt(folder, &["tasks", "--json"]).json()[0]["task"].to_string();
    exeunt(folder, &["task", &task, "done", "--by", "Dana", "--note", "deleted by IT"]);
    let ran = exeunt(folder, &["revoke", "E1", "--yes", "--json"]);
    assert_eq!(ran.json()["doubts"], json!([]), "{ran:?}");
}

/// Una Fjord becomes Una Strand, in one system first; she leaves before the other has it.
fn una_leaves(change: impl FnOnce(&Okta, &Path)) {
    let (okta, folder) = first_night();
    let folder = folder.path();
    change(&okta, folder);
    exeunt(folder, &["scan"]);
    let doubts = exeunt(folder, &["link", "list", "--json"]).json();
    assert_eq!((&doubts[0]["state"], doubts.as_array().unwrap().len()), (&json!("certain"), 1), "{doubts}");
    assert!(doubts[0]["doubt"].as_str().unwrap().starts_with("no longer supported by"), "{doubts}");
    let shown = exeunt(folder, &["show", "E1"]);
    assert!(shown.out.contains("In doubt"), "{shown:?}");

    let ran = exeunt(folder, &["revoke", "E1", "--yes", "--json"]);
    let ended = ran.json();
    assert_eq!(okta.status(), "SUSPENDED", "the known account stays hers: {ended}");
    assert_eq!((ran.code, &ended["state"]), (COULD_NOT, &json!("open")), "{ended}");
    assert!(ended["doubts"][0].as_str().unwrap().contains("no longer supported by"), "{ended}");
    assert!(ended["tasks"].to_string().contains("Confirm whose account"), "{ended}");

    // The case follows what it took, whatever the links say later: here, that there are none.
    rusqlite::Connection::open(folder.join("exeunt.db")).unwrap().execute("DELETE FROM link", []).unwrap();
    okta.user.lock().unwrap()["status"] = json!("ACTIVE");
    let again = exeunt(folder, &["revoke", "E1", "--yes", "--json"]);
    assert_eq!(okta.status(), "SUSPENDED", "{again:?}");
}

// Trust: Whose it is.
#[test]
fn a_name_that_single_sign_on_changes_first_leaves_the_account_hers() {
    una_leaves(|okta, _| okta.renamed("una.strand@acme.example", "Strand"));
}

// Trust: Whose it is.
#[test]
fn a_name_that_hr_changes_first_leaves_the_account_hers() {
    una_leaves(|_, folder| hr(folder, "Strand"));
}
