//! What HR says, puts off and takes back, before anything has begun.

use exeunt_company::faults::FaultKind;
use serde_json::{Value, json};

use crate::run::{COULD_NOT, FINE};
use crate::sim::Sim;

const LEAVER: &str = "E1003";
/// Whom the company's HR shows as leaving in two months.
const ANNOUNCED: &str = "Søren Adeyemi";

/// HR by itself.
struct Hr(Sim);

impl Hr {
    fn up() -> Self {
        let hr = Self(Sim::up_with(&|_| false));
        hr.0.change_settings("mass_limit = 3", "mass_limit = 100");
        hr.read();
        hr
    }

    fn read(&self) {
        let scanned = self.0.exeunt(&["scan", "bamboohr"]);
        assert_ne!(scanned.code, COULD_NOT, "{scanned:?}");
    }

    /// Reads HR, and hears what it says.
    fn hear(&self) -> Vec<String> {
        self.read();
        self.0.hear()
    }

    fn in_days(&self, days: i32) -> jiff::civil::Date {
        self.0.world.company.today().checked_add(jiff::Span::new().days(days)).unwrap()
    }

    /// State and day of this person's cases, the first one first.
    fn cases(&self, person: &str) -> Vec<(String, String)> {
        let all = self.0.exeunt(&["departures", "--json"]).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mine = all.as_array().unwrap().iter().filter(|case| case["person"] == person);
        // A last day ends with the day, where the company is: the case takes effect when the next one begins.
        let zone = jiff::tz::TimeZone::get(&self.0.world.company.timezone).unwrap();
        let ends = |case: &Value| text(&case["effective"]).parse::<jiff::Timestamp>().unwrap().to_zoned(zone.clone()).date();
        let day = |case: &Value| ends(case).yesterday().unwrap().to_string();
        mine.rev().map(|case| (text(&case["state"]), day(case))).collect()
    }
}

fn case(state: &str, day: jiff::civil::Date) -> (String, String) {
    (state.to_owned(), day.to_string())
}

// Reliability: Nothing stuck.
#[test]
fn a_case_that_waits_for_a_day_that_could_not_be_read_goes_on_once_it_can() {
    let hr = Hr::up();
    hr.hear();
    // A day that has begun wherever the company is.
    let (day, person) = (hr.in_days(-1), hr.0.world.company.person(LEAVER).unwrap().display());
    hr.0.world.hr.terminate(LEAVER, day).unwrap();
    // The list says that she is inactive; what holds her last day can't be read.
    hr.0.fault("bamboohr", "/api/v1/employees/1003?", FaultKind::Status { code: 500, headers: Vec::new(), body: json!({}) });
    hr.0.exeunt(&["scan", "bamboohr"]).ended(COULD_NOT);
    let heard = hr.0.hear();
    assert!(heard.len() == 1 && heard[0].contains("it waits: HR's record gives no last day"), "{heard:?}");
    let shown = hr.0.exeunt(&["departure", "2"]);
    assert!(shown.out.contains("  waits: HR's record gives no last day: somebody must approve"), "{shown:?}");
    assert!(hr.0.hear().is_empty(), "said once, and it goes on waiting");
    hr.0.world.faults.clear();
    let heard = hr.hear();
    assert!(heard.len() == 1 && heard[0].contains("departure 2 is moved") && !heard[0].contains("it waits"), "{heard:?}");
    assert_eq!(hr.cases(&person)[0].0, "scheduled");
    assert!(hr.hear().is_empty(), "said once");
    // Who is protected waits all the same, for that reason.
    hr.0.change_settings("[people]\n", "[people]\nprotected = [\"E1005\"]\n");
    hr.0.world.hr.terminate("E1005", day).unwrap();
    hr.0.fault("bamboohr", "/api/v1/employees/1005?", FaultKind::Status { code: 500, headers: Vec::new(), body: json!({}) });
    hr.0.exeunt(&["scan", "bamboohr"]).ended(COULD_NOT);
    assert_eq!(hr.0.hear().len(), 1);
    hr.0.world.faults.clear();
    let heard = hr.hear();
    assert!(heard.len() == 1 && heard[0].contains("it waits:") && heard[0].contains("protected"), "{heard:?}");
    assert!(hr.hear().is_empty(), "said once");
}

#[test]
fn a_last_day_that_is_announced_is_scheduled_for_it() {
    let hr = Hr::up();
    let heard = hr.hear();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(hr.cases(ANNOUNCED), [case("scheduled", hr.in_days(60))]);
    assert!(hr.hear().is_empty(), "said once");
}

#[test]
fn a_last_day_that_is_moved_or_taken_back_moves_or_calls_off_the_case() {
    let hr = Hr::up();
    hr.hear();
    let name = hr.0.world.company.person(LEAVER).unwrap().display();
    let (first, second) = (hr.in_days(30), hr.in_days(20));

    hr.0.world.hr.terminate(LEAVER, first).unwrap();
    hr.hear();
    assert_eq!(hr.cases(&name), [case("scheduled", first)]);

    hr.0.world.hr.terminate(LEAVER, second).unwrap();
    let heard = hr.hear();
    assert!(heard.len() == 1 && heard[0].contains("is moved") && heard[0].contains(&second.to_string()), "{heard:?}");
    assert_eq!(hr.cases(&name), [case("scheduled", second)]);
    let log = hr.0.exeunt(&["audit", "log"]);
    assert!(log.out.contains("departure.moved"), "{log:?}");

    hr.0.world.hr.rescind(LEAVER).unwrap();
    let heard = hr.hear();
    assert!(heard[0].contains("no longer says"), "{heard:?}");
    assert_eq!(hr.cases(&name), [case("cancelled", second)]);

    // They leave after all, on the day that was said before: that is news again.
    hr.0.world.hr.terminate(LEAVER, second).unwrap();
    hr.hear();
    let id = hr.0.exeunt(&["departures", "--json"]).json()[0]["departure"].to_string();
    assert_eq!(hr.cases(&name).last(), Some(&case("scheduled", second)));

    // What people called off stays so, however often HR says it.
    hr.0.exeunt(&["cancel", &id, "--by", "Dana"]).ended(FINE);
    assert!(hr.hear().is_empty());
    assert_eq!(hr.cases(&name).last(), Some(&case("cancelled", second)));
    let log = hr.0.exeunt(&["audit", "verify", "--json"]).ended(FINE).json();
    assert_eq!(log["problems"], json!([]), "{log}");
}

// Trust: HR's word.
#[test]
fn a_record_that_is_gone_takes_nothing_back() {
    let hr = Hr::up();
    hr.hear();
    // HR can't be read whole: what it said stays said.
    hr.0.fault(
        "bamboohr",
        "/api/v1/employees/1004",
        exeunt_company::faults::FaultKind::Status { code: 403, headers: vec![], body: Value::Null },
    );
    hr.0.exeunt(&["scan", "bamboohr", "--full"]).ended(COULD_NOT);
    assert!(hr.0.hear().is_empty());
    assert_eq!(hr.cases(ANNOUNCED), [case("scheduled", hr.in_days(60))]);
}

// Trust: HR's word.
#[test]
fn a_last_day_ends_at_the_companys_hour_in_its_zone() {
    let hr = Hr::up();
    let company = format!("zone = \"{}\"\n", hr.0.world.company.timezone);
    hr.0.change_settings(&company, "time = \"17:00\"\nzone = \"America/Los_Angeles\"\n");
    let last = hr.0.world.company.today().checked_add(jiff::Span::new().days(2)).unwrap();
    hr.0.world.hr.terminate(LEAVER, last).unwrap();
    hr.hear();
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap();
    let ends = last.at(17, 0, 0, 0).to_zoned(zone).unwrap().timestamp().to_string();
    let all = hr.0.exeunt(&["departures", "--json"]).json();
    let name = hr.0.world.company.person(LEAVER).unwrap().display();
    let mine = all.as_array().unwrap().iter().find(|case| case["person"] == name).unwrap();
    assert_eq!(mine["effective"], ends, "{all}");
    hr.0.change_settings("zone = \"America/Los_Angeles\"", "zone = \"America/Nowhere\"");
    assert!(hr.0.exeunt(&["departures"]).ended(COULD_NOT).err.contains("America/Nowhere"));
}

// Trust: HR's word.
#[test]
fn a_time_in_the_past_is_refused_and_a_scheduled_case_is_moved() {
    let hr = Hr::up();
    let revoke = |more: &[&str]| hr.0.exeunt(&[&["revoke", LEAVER, "--yes"], more].concat());
    let refused = revoke(&["--at", "2020-01-01T00:00:00Z"]).ended(COULD_NOT);
    assert!(refused.err.contains("in the past") && refused.err.contains("--now"), "{refused:?}");
    assert_eq!(hr.0.exeunt(&["departures", "--json"]).json(), json!([]));

    revoke(&["--at", "2031-01-01T00:00:00Z"]).ended(FINE);
    revoke(&["--at", "2032-02-02T00:00:00Z"]).ended(FINE);
    let all = hr.0.exeunt(&["departures", "--json"]).json();
    assert_eq!((all.as_array().unwrap().len(), &all[0]["effective"]), (1, &json!("2032-02-02T00:00:00Z")), "{all}");
    let log = hr.0.exeunt(&["audit", "log"]);
    assert!(log.out.contains("departure.moved"), "{log:?}");
}

// Trust: HR's word.
#[test]
fn an_approval_before_the_day_leaves_the_case_scheduled() {
    let hr = Hr::up();
    hr.0.change_settings("[departure]\n", "[departure]\napproval = true\n");
    assert!(hr.hear()[0].contains("it waits"));
    let id = hr.0.exeunt(&["departures", "--json"]).json()[0]["departure"].to_string();
    let hash = hr.0.exeunt(&["departure", &id, "--json"]).json()["plan_hash"].as_str().unwrap().to_owned();
    let approved = hr.0.exeunt(&["approve", &id, "--plan", &hash, "--by", "Dana"]).ended(FINE);
    assert!(approved.out.contains("scheduled for"), "{approved:?}");
    assert_eq!(hr.cases(ANNOUNCED), [case("scheduled", hr.in_days(60))]);
    assert!(hr.hear().is_empty());
}

// Trust: HR's word.
#[test]
fn the_mass_limit_counts_people_who_are_due_together() {
    let hr = Hr::up();
    hr.0.change_settings("mass_limit = 100", "mass_limit = 2");
    let waiting = |heard: &[String]| heard.iter().filter(|line| line.contains("it waits")).count();
    hr.hear();
    // Three people on three days: each by itself. One is put off again and again, and called off: that is still one person, then nobody.
    for (number, days) in [("E1004", 20), ("E1005", 30), ("E1003", 40), ("E1003", 41), ("E1003", 42)] {
        hr.0.world.hr.terminate(number, hr.in_days(days)).unwrap();
        let heard = hr.hear();
        assert_eq!(waiting(&heard), 0, "{heard:?}");
    }
    hr.0.world.hr.rescind("E1003").unwrap();
    hr.hear();
    // Three on one day stop and ask, all of them; also when two of them were scheduled for other days before.
    for number in ["E1003", "E1004", "E1005"] {
        hr.0.world.hr.terminate(number, hr.in_days(25)).unwrap();
    }
    let heard = hr.hear();
    assert_eq!((heard.len(), waiting(&heard)), (3, 3), "{heard:?}");
}

// Trust: HR's word.
#[test]
fn a_rule_that_asks_for_something_nobody_has_is_refused() {
    let hr = Hr::up();
    hr.0.change_settings("person.title", "person.titel");
    for command in [&["people"][..], &["scan", "bamboohr"], &["scanners", "check"]] {
        let refused = hr.0.exeunt(command).ended(COULD_NOT);
        let told = format!("{}{}", refused.out, refused.err);
        assert!(told.contains("no titel") && told.contains("did you mean \"title\""), "{told}");
    }
}
