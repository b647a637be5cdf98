//! Secrets stay where the settings say they are: an app that repeats them, networks in clear, commands that never answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::run::{COULD_NOT, Ran, assert_one_line, command, run_in};
use crate::small::Small;

const TOKEN: &str = "sk-Canary/7+uZ9=tail";

/// The ways in which the app writes the token that it got.
fn spellings(token: &str) -> Vec<String> {
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = token.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    vec![token.to_owned(), STANDARD.encode(token), URL_SAFE_NO_PAD.encode(token), percent, hex, token[..token.len() / 2].to_owned()]
}

/// An app that speaks SCIM, refuses every change, and says in each refusal what the request carried.
async fn echo(method: Method, uri: Uri, headers: HeaderMap, _: Bytes) -> Response {
    let token = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let users = ["una", "bo"].map(|name| json!({ "id": format!("u-{name}"), "userName": format!("{name}@acme.example"), "active": true }));
    let start =
        uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("startIndex=")?.parse::<usize>().ok()).unwrap_or(1);
    let page: Vec<&Value> = users.iter().skip(start.max(1) - 1).collect();
    match (method, uri.path()) {
        (Method::PATCH, _) => {
            let said = spellings(&token).into_iter().filter(|form| form.len() < 45).collect::<Vec<_>>().join(" ");
            let headers = [("x-you-sent", token)];
            (StatusCode::BAD_REQUEST, headers, axum::Json(json!({ "detail": said, "status": "400" }))).into_response()
        }
        (_, "/scim/v2/Users") => {
            axum::Json(json!({ "totalResults": users.len(), "itemsPerPage": page.len(), "startIndex": start, "Resources": page }))
                .into_response()
        }
        // A list that can't be read is a gap with a reason.
        (_, "/scim/v2/Groups") => {
            (StatusCode::BAD_REQUEST, axum::Json(json!({ "detail": spellings(&token)[1..4].join(" ") }))).into_response()
        }
        (_, path) => match users.iter().find(|user| path.ends_with(user["id"].as_str().unwrap())) {
            // A record whose name is the token.
            Some(user) => {
                axum::Json(json!({ "id": user["id"], "userName": user["userName"], "active": true, "displayName": token })).into_response()
            }
            None => (StatusCode::NOT_FOUND, axum::Json(json!({ "status": "404" }))).into_response(),
        },
    }
}

/// Una and Bo in HR's file, and the app at this address. `more` is written into the app's settings.
fn company(folder: &Path, url: &str, more: &str) {
    let settings = format!(
        "[company]\nname = \"Acme\"\ndomains = [\"acme.example\"]\n[people]\nexecutive = \"person.title | matches('chief')\"\n\
         [systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n\
         [systems.app]\nscanner = \"scim\"\nread = \"file:token\"\nrevoke = \"file:token\"\nurl = \"{url}\"\n{more}"
    );
    std::fs::write(folder.join("exeunt.toml"), settings).unwrap();
    std::fs::write(folder.join("token"), TOKEN).unwrap();
    let people = "employee_number,first_name,last_name,work_email,other_emails,private_email,phones,title,department,manager,status,start_date,last_day\n\
                  E1,Una,Fjord,una@acme.example,,,,Chief Financial Officer,Finance,,Active,2019-02-01,\n\
                  E2,Bo,Holm,bo@acme.example,,,,Accountant,Finance,,Active,2021-05-01,\n";
    std::fs::write(folder.join("people.csv"), people).unwrap();
}

#[track_caller]
fn holds_none(what: &str, bytes: &[u8]) {
    for form in spellings(TOKEN) {
        let at = bytes.windows(form.len()).position(|part| part == form.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(60)..(at + 60).min(bytes.len())]).into_owned());
        assert_eq!(around, None, "{form} in {what}");
    }
}

// Reliability: Secrets.
#[test]
fn an_error_that_echoes_the_credential_is_kept_nowhere() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, axum::Router::new().fallback(echo)).await });
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    company(folder, &url, "");
    let mut fired = false;
    for args in [
        &["scan"] as &[&str],
        &["revoke", "E1", "--yes"],
        &["tasks"],
        &["departure", "1"],
        &["departure", "1", "--json"],
        &["departure", "1", "--html", "case.html"],
        &["audit", "bundle", "1", "-o", "b.zip"],
        &["audit", "log"],
        &["report", "coverage"],
    ] {
        let ran = run_in(folder, args);
        fired |= ran.out.contains("400: [redacted]");
        holds_none(&format!("the output of {args:?}"), format!("{}{}", ran.out, ran.err).as_bytes());
    }
    assert!(fired, "the app refused, and its words are shown without the token");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if !entry.is_file() || ["token", "exeunt.toml"].contains(&name.as_str()) {
            continue;
        }
        files += 1;
        holds_none(&name, &std::fs::read(&entry).unwrap());
        if name == "b.zip" {
            let mut zip = zip::ZipArchive::new(std::fs::File::open(&entry).unwrap()).unwrap();
            assert!(zip.len() > 3);
            for index in 0..zip.len() {
                let mut file = zip.by_index(index).unwrap();
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).unwrap();
                holds_none(&format!("{} of the bundle", file.name()), &bytes);
            }
        }
    }
    assert!(files >= 4, "{files} files");
}

// Reliability: Secrets.
#[test]
fn a_network_in_clear_is_refused_unless_the_settings_trust_it() {
    let folder = tempfile::tempdir().unwrap();
    company(folder.path(), "http://192.0.2.2:9/scim/v2", "");
    for args in [&["check", "app"] as &[&str], &["scan", "app"]] {
        let ran = run_in(folder.path(), args).ended(COULD_NOT);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(
            said.contains("systems.app: http://192.0.2.2 would carry the credential unencrypted: use https, or set plain = true"),
            "{said}"
        );
    }
    let ldap = std::fs::read_to_string(folder.path().join("exeunt.toml")).unwrap();
    let ldap = ldap.replace("\"scim\"", "\"openldap\"").replace("http://192.0.2.2:9/scim/v2", "ldap://192.0.2.2");
    std::fs::write(
        folder.path().join("exeunt.toml"),
        format!("{ldap}{}", ["base", "read_dn", "revoke_dn"].map(|name| format!("{name} = \"dc=acme\"\n")).concat()),
    )
    .unwrap();
    let ran = run_in(folder.path(), &["check", "app"]).ended(COULD_NOT);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("ldap://192.0.2.2 would carry the credential unencrypted: use ldaps"), "{said}");
}

// Reliability: Secrets.
#[test]
fn where_the_settings_trust_a_network_in_clear_every_report_says_so() {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    let clear = "who else reads what is sent to it";
    let reports: [&[&str]; 8] = [
        &["report", "coverage"],
        &["report", "shadow"],
        &["report", "changes"],
        &["report", "shadow", "--json"],
        &["show", "E1", "--json"],
        &["report", "coverage", "--json"],
        &["revoke", "E1", "--dry-run"],
        &["check"],
    ];
    let said = |ran: Ran| format!("{}{}", ran.out, ran.err);
    for args in reports {
        assert!(!said(small.exeunt(args)).contains(clear), "{args:?}");
    }
    small.settings("scanner = \"scim\"\n", "scanner = \"scim\"\nplain = true\n");
    for args in reports {
        let said = said(small.exeunt(args));
        assert!(said.split_whitespace().collect::<Vec<_>>().join(" ").contains(clear), "{args:?}: {said}");
    }
    small.exeunt(&["revoke", "E1", "--yes"]);
    let case = said(small.exeunt(&["departure", "1", "--html", "case.html"]));
    assert!(case.contains(clear), "{case}");
    let page = std::fs::read_to_string(small.folder().join("case.html")).unwrap();
    assert!(page.contains(clear), "{page}");
    assert_eq!(small.exeunt(&["departure", "1", "--json"]).json()["outcome"]["in_clear"], json!(["app"]));
}

// Reliability: Secrets.
#[test]
fn a_setting_that_is_a_secret_is_named_by_its_place_alone() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |pin: &str| {
        format!(
            "[company]\nname = \"Acme\"\ndomains = [\"acme.example\"]\n[systems.jamf]\nscanner = \"jamf-pro\"\nread = \"exec:echo r-e-a-d\"\n\
             url = \"http://127.0.0.1:9\"\nread_client = \"a\"\nrevoke_client = \"b\"\nlock_pin = {pin}\n"
        )
    };
    for pin in ["\"482913\"", "482913"] {
        std::fs::write(folder.path().join("exeunt.toml"), settings(pin)).unwrap();
        let ran = run_in(folder.path(), &["scan", "jamf"]);
        assert!(!format!("{}{}", ran.out, ran.err).contains("482913"), "{ran:?}");
        assert_one_line(ran, &["systems.jamf.lock_pin is a secret: write env:NAME, file:PATH or exec:COMMAND"]);
    }
    std::fs::write(folder.path().join("exeunt.toml"), settings("\"env:NO_SUCH_PIN\"")).unwrap();
    assert_one_line(run_in(folder.path(), &["scan", "jamf"]), &["systems.jamf.lock_pin: environment variable NO_SUCH_PIN is not set"]);
    let ran = run_in(folder.path(), &["init", "jamf-pro", "--config", "new.toml"]);
    let written = std::fs::read_to_string(folder.path().join("new.toml")).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert!(written.contains("lock_pin = \"env:EXEUNT_JAMF_PRO_LOCK_PIN\"") && !written.contains("482913"), "{written}");
}

// Reliability: Secrets.
#[test]
fn a_webhooks_secret_is_read_once_whoever_knocks() {
    let small = Small::up("[serve.hooks.hr]\nkind = \"bamboohr\"\nsystem = \"hr\"\nsecret = \"exec:sh secret.sh\"\n");
    // Each run leaves a line.
    std::fs::write(small.folder().join("secret.sh"), "echo run >>runs\nsleep 0.3\necho hush-hush-hush\n").unwrap();
    let mut child = command(small.folder()).arg("serve").stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first}")).to_owned();
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    let post = |_: usize| {
        let address = address.clone();
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let body = "{}";
            write!(stream, "POST /hooks/hr HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer.split(' ').nth(1).unwrap_or_default().to_owned()
        })
    };
    let answers: Vec<_> = (0..16).map(post).collect();
    let answers: Vec<String> = answers.into_iter().map(|answer| answer.join().unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answers, vec!["401"; 16]);
    assert_eq!(std::fs::read_to_string(small.folder().join("runs")).unwrap(), "run\n");
}
