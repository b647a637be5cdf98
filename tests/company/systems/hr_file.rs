//! People from a file, beside the company's HR system: those whom no payroll lists.

use super::System;

#[test]
fn a_last_day_in_the_next_file_starts_a_case() {
    let system = System::up("hr-file");
    system.findings_are_the_key();
    assert_eq!(system.heard(), Vec::<String>::new(), "who had left before is no news");
    let today = system.sim.world.company.today();
    let next = system.dropped("people.csv");
    let next = next.lines().map(|line| match line.starts_with("C002") {
        true => format!("{}{today}", line.replace(",Active,", ",Left,")),
        false => line.to_owned(),
    });
    system.drop_file("people.csv", &next.collect::<Vec<_>>().join("\n"));
    system.scan();
    let heard = system.heard();
    assert!(heard.len() == 1 && heard[0].contains("Tomas Birkeland's last day"), "{heard:?}");
    // Nothing is HR's to take away here, and nothing of theirs is anywhere else.
    let departed = system.depart("C002");
    assert_eq!(departed.residual(), &serde_json::json!([]), "{departed:?}");
}

#[test]
fn somebody_missing_from_the_file_is_nobodys_departure() {
    let system = System::up("hr-file");
    let next: Vec<String> = system.dropped("people.csv").lines().filter(|line| !line.starts_with("C003")).map(str::to_owned).collect();
    system.drop_file("people.csv", &next.join("\n"));
    system.scan();
    assert_eq!(system.heard(), Vec::<String>::new());
}
