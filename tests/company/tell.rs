//! Tasks become tickets and events notices, each once, whatever fails in between; and what could not be told is said.

use std::collections::BTreeMap;

use exeunt_company::faults::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::conform;
use crate::run::{COULD_NOT, FINE, FOUND, command};
use crate::sim::{Sim, until};

const LEAVER: &str = "E1002";
const CARRIERS: &[&str] = &["jira", "slack", "smtp", "webhook"];

/// A company whose leaver leaves tasks, with every system that carries news but ServiceNow; scanned.
fn scanned(carriers: &'static [&'static str]) -> Sim {
    let sim = Sim::up_with(&|name| ["okta", "kisi", "board-portal"].contains(&name) || carriers.contains(&name));
    sim.exeunt(&["scan"]);
    sim
}

/// A call of the Jira API by somebody: their address and password.
fn jira(sim: &Sim, method: &str, path: &str, who: (&str, &str), body: Option<Value>) -> Value {
    let mut request =
        reqwest::Client::new().request(method.parse().unwrap(), format!("{}{path}", sim.world.url("jira"))).basic_auth(who.0, Some(who.1));
    if let Some(body) = body {
        request = request.json(&body);
    }
    sim.runtime.block_on(async { serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap_or_default() })
}

const OURS: (&str, &str) = ("exeunt@northmoor.example", "tell-jira");

/// Every issue: label, and how many carry it.
fn issues(sim: &Sim) -> BTreeMap<String, usize> {
    let mut labels = BTreeMap::new();
    for number in 1.. {
        let issue = jira(sim, "GET", &format!("/rest/api/3/issue/OFF-{number}"), OURS, None);
        let Some(found) = issue["fields"]["labels"].as_array() else { break };
        let label = found.iter().filter_map(Value::as_str).find(|label| label.starts_with("exeunt-")).unwrap();
        *labels.entry(label.to_owned()).or_default() += 1;
    }
    labels
}

/// Whatever waits to be tried is due now, and every search has settled.
fn time_passes(sim: &Sim) {
    sim.sql()
        .execute("UPDATE delivery SET due = 0, tried = CASE WHEN tried IS NULL THEN NULL ELSE 0 END WHERE state <> 'told'", [])
        .unwrap();
}

/// Jira has answered what was under way when somebody was killed, and its search shows all of it: what the manifest's `settles` waits for.
fn search_catches_up(sim: &Sim) {
    // A request that was sent may still be worked on; the simulated index is 400 ms behind.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let shown = |label: &String| {
        let query = format!("/rest/api/3/search/jql?jql=labels%20%3D%20%22{label}%22&maxResults=9");
        jira(sim, "GET", &query, OURS, None)["issues"].as_array().map_or(0, Vec::len)
    };
    until("the search shows every issue", || issues(sim).iter().all(|(label, count)| shown(label) == *count).then_some(()));
}

fn tasks(sim: &Sim) -> i64 {
    sim.count("SELECT count(*) FROM task")
}

/// The issue of a task: `OFF-3`.
fn issue_of(sim: &Sim, task: i64) -> String {
    let url: String =
        sim.sql().query_row("SELECT url FROM delivery WHERE task = ?1 AND kind = 'ticket'", [task], |row| row.get(0)).unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

fn taken(sim: &Sim) -> Vec<Value> {
    let url = format!("{}/taken", sim.world.url("webhook"));
    sim.runtime.block_on(async { reqwest::get(url).await.unwrap().json::<Vec<Value>>().await.unwrap() })
}

fn fault(sim: &Sim, system: &str, method: &str, path: &str, kind: FaultKind, times: Option<u32>) {
    sim.world.faults.add(Fault { system: system.to_owned(), method: Some(method.to_owned()), path: path.to_owned(), kind, times });
}

fn status(code: u16) -> FaultKind {
    FaultKind::Status { code, headers: vec![], body: json!({ "errorMessages": ["not now"], "errors": {} }) }
}

#[test]
fn each_task_is_one_ticket_and_each_event_one_message() {
    let sim = scanned(CARRIERS);
    let checked = sim.exeunt(&["check"]);
    assert_eq!(checked.code, 0, "each carrier knows its third credential: {checked:?}");
    let recorded = sim.folder().join("t.jsonl");
    let ran = sim.exeunt(&["revoke", LEAVER, "--yes", "--json", "--record", "t.jsonl"]);
    assert_eq!(ran.json()["untold"], json!([]), "{ran:?}");
    conform::hold(std::slice::from_ref(&recorded));
    assert!(tasks(&sim) >= 4);
    let made = issues(&sim);
    assert_eq!(made.len() as i64, tasks(&sim));
    assert!(made.values().all(|count| *count == 1), "{made:?}");
    let mail = sim.world.mail().unwrap().messages();
    assert_eq!(mail.len(), 1, "{mail:?}");
    assert_eq!(
        (mail[0].to.as_slice(), mail[0].header("Subject")),
        (&["security@northmoor.example".to_owned()][..], Some("[exeunt] Rafael Okonjo: departure 1 has run".to_owned()))
    );
    assert!(mail[0].header("Message-ID").unwrap().starts_with("<exeunt-1-ended-"));
    let posted = std::fs::read_to_string(&recorded).unwrap().lines().filter(|line| line.contains("chat.postMessage")).count();
    assert_eq!(posted, 2, "opened and ended");
    let hooks = taken(&sim);
    assert_eq!(hooks.len() as i64, tasks(&sim) + 2);
    assert!(hooks.iter().all(|hook| hook["times"] == 1), "{hooks:#?}");

    // Asked again, and again after a crash that forgot to write down how it went: nothing leaves twice.
    let again = sim.exeunt(&["tell", "--json"]).ended(FINE).json();
    assert_eq!((&again["tickets"], &again["notices"]), (&json!(0), &json!(0)));
    search_catches_up(&sim);
    sim.sql().execute("UPDATE delivery SET state = 'sending', tried = 0, due = 0 WHERE kind = 'ticket' OR system = 'slack'", []).unwrap();
    let again = sim.exeunt(&["tell", "--json", "--record", "t2.jsonl"]).ended(FINE).json();
    assert_eq!((&again["tickets"], &again["untold"]), (&json!(tasks(&sim)), &json!([])));
    assert_eq!(issues(&sim), made);
    let second = std::fs::read_to_string(sim.folder().join("t2.jsonl")).unwrap();
    assert!(!second.contains("chat.postMessage") && second.contains("conversations.history"));

    let listed = sim.exeunt(&["tasks", "--json"]).ended(FOUND).json();
    assert!(listed.as_array().unwrap().iter().all(|task| task["told"][0]["url"].as_str().unwrap().contains("/browse/OFF-")), "{listed:#}");
    let log = sim.exeunt(&["audit", "log", "--json"]).out;
    assert!(log.contains("ticket.intent") && log.contains("ticket.opened") && log.contains("notice.sent"));
    // No secret of those who tell is kept anywhere.
    for file in ["exeunt.db", "t.jsonl", "t2.jsonl"] {
        let bytes = std::fs::read(sim.folder().join(file)).unwrap();
        for name in CARRIERS {
            let secret = format!("tell-{name}");
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} stands in {file}");
        }
    }
}

#[test]
fn killed_at_any_moment_it_opens_no_second_ticket() {
    let sim = scanned(&["jira", "webhook"]);
    // Nothing can be told when the departure runs.
    sim.fault("jira", "", status(503));
    sim.fault("webhook", "", status(503));
    let ran = sim.exeunt(&["revoke", LEAVER, "--yes", "--json"]).ended(COULD_NOT);
    assert!(!ran.json()["untold"].as_array().unwrap().is_empty(), "{ran:?}");
    assert_eq!(ran.json()["residual_paths"], 0, "what was to be taken away is gone all the same");
    sim.world.faults.clear();
    for requests in [1, 2, 3, 5, 8, 3, 13] {
        search_catches_up(&sim);
        time_passes(&sim);
        sim.kill_after(requests, &["tell"]);
    }
    search_catches_up(&sim);
    time_passes(&sim);
    sim.exeunt(&["tell"]).ended(FINE);
    let made = issues(&sim);
    assert_eq!(made.len() as i64, tasks(&sim));
    assert!(made.values().all(|count| *count == 1), "{made:?}");
    // A webhook that came twice came under one id.
    let hooks = taken(&sim);
    assert_eq!(hooks.len() as i64, sim.count("SELECT count(*) FROM delivery WHERE system = 'webhook' AND state = 'done'"));
    sim.exeunt(&["audit", "verify"]).ended(FINE);
}

#[test]
fn an_answer_that_was_lost_is_looked_for_and_not_repeated() {
    let sim = scanned(&["jira"]);
    // The issue is made, and the connection breaks halfway through saying so.
    fault(&sim, "jira", "POST", "/rest/api/3/issue", FaultKind::Cut, None);
    let ran = sim.exeunt(&["revoke", LEAVER, "--yes", "--json"]);
    assert_eq!(ran.json()["untold"], json!([]), "{ran:?}");
    let made = issues(&sim);
    assert_eq!(made.len() as i64, tasks(&sim));
    assert!(made.values().all(|count| *count == 1), "{made:?}");
}

#[test]
fn a_vendor_that_fails_or_lies_is_tried_again_and_said() {
    let sim = scanned(&["jira", "smtp"]);
    let posts = "/rest/api/3/issue";
    fault(&sim, "jira", "POST", posts, FaultKind::Lie, Some(1));
    fault(&sim, "jira", "POST", posts, status(500), Some(1));
    let wait = FaultKind::Status { code: 429, headers: vec![("retry-after".to_owned(), "1".to_owned())], body: json!({}) };
    fault(&sim, "jira", "POST", posts, wait, Some(1));
    // A server that greylists takes it the second time.
    sim.world.mail().unwrap().put_off(1);
    let ran = sim.exeunt(&["revoke", LEAVER, "--yes"]).ended(COULD_NOT);
    assert!(ran.out.contains("2 not told so far") && ran.out.contains("isn't known whether the ticket was opened"), "{ran:?}");
    assert_eq!(sim.world.mail().unwrap().messages().len(), 1);
    assert_eq!(issues(&sim).len() as i64, tasks(&sim) - 2);
    let listed = sim.exeunt(&["tasks"]).ended(COULD_NOT);
    assert_eq!(listed.out.matches("not told so far").count(), 2, "{listed:?}");
    let case = sim.exeunt(&["departure", "1", "--html", "case.html"]);
    assert!(case.code != FINE && case.out.contains("not told so far"), "{case:?}");
    assert!(std::fs::read_to_string(sim.folder().join("case.html")).unwrap().contains("not told so far"));

    time_passes(&sim);
    sim.exeunt(&["tell"]).ended(FINE);
    let made = issues(&sim);
    assert_eq!(made.len() as i64, tasks(&sim));
    assert!(made.values().all(|count| *count == 1), "{made:?}");
    sim.exeunt(&["tasks"]).ended(FOUND);
}

#[test]
fn a_ticket_that_people_close_closes_its_task() {
    let sim = scanned(&["jira"]);
    sim.exeunt(&["revoke", LEAVER, "--yes"]);
    let one = |sql: &str| sim.sql().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let plain = one("SELECT id FROM task WHERE attach IS NULL ORDER BY id LIMIT 1");
    let with_file = one("SELECT id FROM task WHERE attach IS NOT NULL ORDER BY id LIMIT 1");
    let person = sim.world.company.person("E3001").unwrap().clone();
    let them = (person.work_email.as_str(), "theirs-jira");
    let done = || Some(json!({ "transition": { "id": "31" } }));
    for task in [plain, with_file] {
        jira(&sim, "POST", &format!("/rest/api/3/issue/{}/transitions", issue_of(&sim, task)), them, done());
    }
    let told = sim.exeunt(&["tell", "--json"]).ended(COULD_NOT).json();
    assert_eq!(told["closed"], json!([plain]), "{told}");
    assert!(told["untold"][0].as_str().unwrap().contains("asks for a file"), "{told}");
    let closed = |task: i64| {
        let columns = "SELECT coalesce(done_by, ''), coalesce(note, ''), coalesce(evidence, '') FROM task WHERE id = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
        sim.sql().query_row(columns, [task], row).unwrap()
    };
    let (by, note, _) = closed(plain);
    assert_eq!(by, person.display());
    assert!(note.contains(&issue_of(&sim, plain)) && note.contains(&person.display()), "{note}");
    assert_eq!(closed(with_file).0, "", "a ticket is no proof");
    // The list says by whose word the task was closed, and that no read shows it.
    let listed = sim.exeunt(&["tasks", "--all"]);
    let words = format!("closed by {} with the note “ticket", person.display());
    let line = listed.out.lines().find(|line| line.contains(&words)).unwrap_or_else(|| panic!("{listed:?}"));
    assert!(["no read proves it", "no read has shown it so far"].iter().any(|said| line.ends_with(said)), "{line}");

    // With the file it asks for, byte by byte.
    let file = b"%PDF-1.7\n\xff\xfe\x00 receipt".to_vec();
    let mut body =
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"receipt.pdf\"\r\nContent-Type: application/pdf\r\n\r\n".to_vec();
    body.extend_from_slice(&file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = reqwest::Client::new()
        .post(format!("{}/rest/api/3/issue/{}/attachments", sim.world.url("jira"), issue_of(&sim, with_file)))
        .basic_auth(them.0, Some(them.1))
        .header("x-atlassian-token", "no-check")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body);
    assert!(sim.runtime.block_on(async { request.send().await.unwrap().status().is_success() }));
    let told = sim.exeunt(&["tell", "--json"]).ended(FINE).json();
    assert_eq!(told["closed"], json!([with_file]));
    let evidence = closed(with_file).2;
    let kept: Vec<u8> =
        sim.sql().query_row("SELECT bytes FROM evidence_file WHERE 'sha256:' || sha256 = ?1", [&evidence], |row| row.get(0)).unwrap();
    assert_eq!(kept, file);
}

#[test]
fn a_task_that_is_closed_here_closes_its_ticket() {
    let sim = scanned(&["jira"]);
    sim.exeunt(&["revoke", LEAVER, "--yes"]);
    let task = sim.count("SELECT id FROM task WHERE attach IS NULL ORDER BY id LIMIT 1");
    sim.exeunt(&["task", &task.to_string(), "done", "--by", "Ana", "--note", "switched off"]).ended(FINE);
    sim.exeunt(&["tell"]).ended(FINE);
    let issue = jira(&sim, "GET", &format!("/rest/api/3/issue/{}", issue_of(&sim, task)), OURS, None);
    assert_eq!(issue["fields"]["status"]["statusCategory"]["key"], "done");
    assert_eq!(sim.count(&format!("SELECT count(*) FROM delivery WHERE task = {task} AND state = 'done'")), 1);
}

#[test]
fn what_is_overdue_is_told_once_and_what_waits_for_an_approval_too() {
    let sim = scanned(&["smtp"]);
    sim.change_settings("[people]\n", "[people]\nprotected = [\"E1003\"]\n");
    sim.exeunt(&["revoke", LEAVER, "--yes"]);
    sim.exeunt(&["revoke", "E1003", "--yes"]).ended(COULD_NOT);
    let mail = || sim.world.mail().unwrap().messages();
    assert_eq!(mail().len(), 1);
    sim.sql().execute("UPDATE task SET due = 0 WHERE id = 1", []).unwrap();
    for _ in 0..2 {
        sim.exeunt(&["tell"]).ended(FINE);
        let subjects: Vec<String> = mail().iter().filter_map(|message| message.header("Subject")).collect();
        assert_eq!(subjects.len(), 3, "{subjects:#?}");
        assert_eq!(subjects.iter().filter(|subject| subject.contains("Overdue: task 1")).count(), 1, "{subjects:#?}");
        assert_eq!(subjects.iter().filter(|subject| subject.contains("waits for an approval")).count(), 1, "{subjects:#?}");
    }
}

#[test]
fn serving_tells_by_itself_and_looks_at_tickets() {
    let sim = scanned(&["jira", "webhook"]);
    sim.change_settings("schedule = \"0 2 * * *\"", "schedule = \"\"");
    sim.change_settings("poll = \"*/15 * * * *\"", "poll = \"\"");
    sim.fault("jira", "", status(503));
    sim.exeunt(&["revoke", LEAVER, "--yes"]).ended(COULD_NOT);
    sim.world.faults.clear();
    time_passes(&sim);
    let serve = || {
        let child = command(sim.folder()).args(["serve", "--listen", "127.0.0.1:0"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        crate::sim::Running(child)
    };
    let server = serve();
    let open = "SELECT count(*) FROM delivery WHERE kind = 'ticket' AND state = 'told'";
    until("the tickets are opened", || (sim.count(open) == tasks(&sim)).then_some(()));
    let task = sim.count("SELECT id FROM task WHERE attach IS NULL ORDER BY id LIMIT 1");
    let person = sim.world.company.person("E3001").unwrap().work_email.clone();
    let done = json!({ "transition": { "id": "31" } });
    jira(&sim, "POST", &format!("/rest/api/3/issue/{}/transitions", issue_of(&sim, task)), (&person, "theirs-jira"), Some(done));
    assert_eq!(server.terminate(), 0);
    // A look that was missed while nothing served is made up for at once.
    sim.sql().execute("INSERT OR REPLACE INTO schedule (job, due, ran) VALUES ('look', 0, 0)", []).unwrap();
    let server = serve();
    until("the task is closed", || (sim.count("SELECT count(*) FROM task WHERE state = 'done'") == 1).then_some(()));
    assert_eq!(server.terminate(), 0);
    assert!(issues(&sim).values().all(|count| *count == 1));
}

#[test]
fn a_slow_ticket_system_keeps_no_departure_waiting() {
    let sim = scanned(&["jira"]);
    sim.fault("jira", "", FaultKind::Stall(std::time::Duration::from_secs(3600)));
    let child = sim.start(&["revoke", LEAVER, "--yes"]);
    // It has ended, as far as access is concerned, while Jira still owes its first answer.
    until("the departure has run", || (sim.count("SELECT count(*) FROM departure WHERE state IN ('open', 'closed')") == 1).then_some(()));
    assert_eq!(sim.count("SELECT count(*) FROM action WHERE verdict <> 'gone' AND state <> 'handed_off'"), 0);
    drop(child);
    assert_eq!(sim.count("SELECT count(*) FROM delivery WHERE state = 'told'"), 0);
}
