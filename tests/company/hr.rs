//! What HR says, puts off and takes back, before anything has begun.

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
        mine.rev().map(|case| (text(&case["state"]), text(&case["effective"])[..10].to_owned())).collect()
    }
}

fn case(state: &str, day: jiff::civil::Date) -> (String, String) {
    (state.to_owned(), day.to_string())
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
    assert!(heard[0].contains("called off") && heard[0].contains(&second.to_string()), "{heard:?}");
    assert_eq!(hr.cases(&name), [case("cancelled", first), case("scheduled", second)]);

    hr.0.world.hr.rescind(LEAVER).unwrap();
    let heard = hr.hear();
    assert!(heard[0].contains("no longer says"), "{heard:?}");
    assert_eq!(hr.cases(&name), [case("cancelled", first), case("cancelled", second)]);

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
