//! What an HR system's API leaves out, cuts short or mixes up is a gap that says so, and nothing that was known is lost by it.

use serde_json::{Value, json};

use crate::lists::App;
use crate::run::{COULD_NOT, FINE};

/// BambooHR as its description has it, with these changes: of the list of people, of one person's record, of what changed.
#[derive(Clone, Copy, Default)]
struct Says {
    roster: Option<fn(&mut Value)>,
    record: Option<fn(&mut Value)>,
    changed: Option<fn() -> Value>,
}

fn person(id: u32) -> Value {
    let (first, title) = if id == 7 { ("Una", "Chief Financial Officer") } else { ("Bo", "Clerk") };
    json!({
        "id": id.to_string(), "employeeId": id.to_string(), "employeeNumber": format!("E{id}"), "firstName": first, "lastName": format!("Fjord {id}"),
        "workEmail": format!("{}{id}@acme.example", first.to_lowercase()), "homeEmail": null, "mobilePhone": null, "homePhone": null, "jobTitleName": title,
        "department": "Finance", "departmentName": "Finance", "reportsToId": null, "status": "Active", "hireDate": "2019-02-01",
        "terminationDate": "0000-00-00", "_restrictedFields": []
    })
}

fn bamboo(says: Says) -> impl Fn(&str, &str) -> (u16, Value) + Send + 'static {
    move |_, target| {
        let path = target.split('?').next().unwrap_or_default();
        match path.strip_prefix("/api/v1/employees") {
            Some("") => {
                let mut body =
                    json!({ "data": (1..=8).map(person).collect::<Vec<_>>(), "meta": { "total": 8, "page": { "nextCursor": null } } });
                says.roster.inspect(|change| change(&mut body));
                (200, body)
            }
            Some("/changed") => match says.changed {
                Some(body) => (200, body()),
                None => {
                    let all: serde_json::Map<String, Value> =
                        (1..=8).map(|id| (id.to_string(), json!({ "id": id.to_string(), "action": "Updated" }))).collect();
                    (200, json!({ "latest": "2026-11-30T00:00:00Z", "employees": all }))
                }
            },
            Some(one) => {
                let mut body = person(one.trim_start_matches('/').parse().unwrap());
                if one == "/7" {
                    says.record.inspect(|change| change(&mut body));
                }
                (200, body)
            }
            None => (404, Value::Null),
        }
    }
}

/// A company whose HR is that, read once.
fn up() -> App {
    let app = unread(Says::default());
    app.exeunt(&["scan"]).ended(FINE);
    app
}

/// A company whose HR answers so, not read yet.
fn unread(says: Says) -> App {
    let app = App::with_settings(bamboo(says), |url| {
        format!("[systems.bamboo]\nscanner = \"bamboohr\"\nread = \"file:token\"\nurl = \"{url}\"\n")
    });
    let settings = std::fs::read_to_string(app.path("exeunt.toml")).unwrap();
    std::fs::write(app.path("exeunt.toml"), settings.replace("[systems.hr]\nscanner = \"hr-file\"\npath = \"people.csv\"\n", "")).unwrap();
    app
}

/// Una, as `exeunt people` knows her.
fn una(app: &App) -> Value {
    let people = app.exeunt(&["people", "--json"]).json();
    people["people"].as_array().unwrap().iter().find(|one| one["hr_key"] == "7").unwrap().clone()
}

// Trust: HR's word.
#[test]
fn a_field_that_the_key_may_not_read_of_one_person_is_a_gap_and_stays_known() {
    fn hide(record: &mut Value, field: &str) {
        record[field] = Value::Null;
        record["_restrictedFields"] = json!([field]);
    }
    let in_both = |roster: fn(&mut Value), record: fn(&mut Value)| Says { roster: Some(roster), record: Some(record), changed: None };
    for (field, says) in [
        ("title", in_both(|body| hide(&mut body["data"][6], "jobTitleName"), |one| hide(one, "jobTitleName"))),
        ("emails", in_both(|body| hide(&mut body["data"][6], "workEmail"), |one| hide(one, "workEmail"))),
        ("employee_number", Says { record: Some(|one| hide(one, "employeeNumber")), ..Says::default() }),
        // One person's answer may leave it out instead.
        ("employee_number", Says { record: Some(|one| _ = one.as_object_mut().unwrap().remove("employeeNumber")), ..Says::default() }),
    ] {
        let app = up();
        let before = una(&app);
        assert_eq!((&before["executive"], &before["employee_number"]), (&json!(true), &json!("E7")));
        app.answer(bamboo(says));
        let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
        assert!(ran.out.contains(&format!("{field} of Una Fjord 7")), "{ran:?}");
        assert_eq!(una(&app), before, "{field}");
        app.answer(bamboo(Says::default()));
        app.exeunt(&["scan", "--json"]).ended(FINE);
        assert_eq!(una(&app), before, "{field}");
    }
}

// Trust: HR's word.
#[test]
fn an_executive_whose_title_was_never_told_is_a_doubt_in_every_report() {
    fn hide(record: &mut Value) {
        record["jobTitleName"] = Value::Null;
        record["_restrictedFields"] = json!(["jobTitleName"]);
    }
    let app = unread(Says { roster: Some(|body| hide(&mut body["data"][6])), record: Some(hide), changed: None });
    // Somebody else fits the rule, so that it is no rule for nobody.
    let settings = std::fs::read_to_string(app.path("exeunt.toml")).unwrap();
    std::fs::write(app.path("exeunt.toml"), settings.replace("matches('chief')", "matches('chief', 'clerk')")).unwrap();
    app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    for command in [&["report", "shadow", "--format", "json"][..], &["report", "access", "--format", "json"], &["scan"]] {
        let ran = app.exeunt(command);
        assert_ne!(ran.code, FINE, "{command:?}: {ran:?}");
        let says = format!("{}{}", ran.out, ran.err);
        assert!(says.contains("asks for (title) of Una Fjord 7:"), "{command:?}: {ran:?}");
    }
}

// Trust: What was read.
#[test]
fn a_list_of_people_that_is_shorter_than_its_total_is_a_gap() {
    let app = up();
    let shorter: fn(&mut Value) = |body| _ = body["data"].as_array_mut().unwrap().pop();
    app.answer(bamboo(Says { roster: Some(shorter), ..Says::default() }));
    let ran = app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert!(ran.out.contains("there are 8, but only 7 different ones came"), "{ran:?}");
    assert_eq!(app.exeunt(&["people", "--json"]).json()["people"].as_array().unwrap().len(), 8);
}

// Trust: What counts as an answer.
#[test]
fn another_person_s_record_is_no_answer() {
    let app = up();
    let before = una(&app);
    app.answer(bamboo(Says { record: Some(|one| *one = person(8)), ..Says::default() }));
    app.exeunt(&["scan", "--json"]).ended(COULD_NOT);
    assert_eq!(una(&app), before);
}

// Trust: What counts as an answer.
#[test]
fn a_reply_that_names_no_changes_does_not_say_that_there_are_none() {
    let app = up();
    // HR says that Una leaves; what changed is answered with something else.
    let leaves: fn(&mut Value) = |one| one["terminationDate"] = json!("2126-10-31");
    app.answer(bamboo(Says { record: Some(leaves), changed: Some(|| json!({ "message": "try later" })), ..Says::default() }));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    assert_eq!(una(&app)["last_day"], "2126-10-31", "everything is read where nobody says what changed");
    // An empty list does say so.
    app.answer(bamboo(Says { changed: Some(|| json!({ "latest": "2026-11-30T00:00:00Z", "employees": [] })), ..Says::default() }));
    app.exeunt(&["scan", "--json"]).ended(FINE);
    assert_eq!(una(&app)["last_day"], "2126-10-31");
}
