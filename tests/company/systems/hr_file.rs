//! People from a file, beside the company's HR system: those whom no payroll lists.

use super::System;
use crate::run::COULD_NOT;

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

// Trust: HR's word.
#[test]
fn somebody_missing_from_the_file_is_nobodys_departure() {
    let system = System::up("hr-file");
    let next: Vec<String> = system.dropped("people.csv").lines().filter(|line| !line.starts_with("C003")).map(str::to_owned).collect();
    system.drop_file("people.csv", &next.join("\n"));
    system.scan();
    assert_eq!(system.heard(), Vec::<String>::new());
}

/// HR's next file, with the row of C003 changed.
fn next_file(system: &System, from: &str, to: &str) {
    let text = system.dropped("people.csv");
    let row = text.lines().find(|line| line.starts_with("C003")).unwrap();
    assert!(row.contains(from), "{row}");
    system.drop_file("people.csv", &text.replace(row, &row.replacen(from, to, 1)));
}

// Trust: HR's word.
#[test]
fn a_status_that_nobody_named_is_unknown_and_nobodys_departure() {
    for word in [",,", ",Sabbatical,", ", ,"] {
        let system = System::up("hr-file");
        next_file(&system, ",Active,", word);
        let scanned = system.exeunt(&["scan", "hr-file"]).ended(COULD_NOT);
        assert!(scanned.out.contains("Anneke Visser (C003) is unknown"), "{scanned:?}");
        assert_eq!(system.heard(), Vec::<String>::new());
    }
    // A word that the settings name is one.
    let system = System::up_unscanned("hr-file");
    system.set("left = [\"left\", \"sabbatical\"]");
    system.scan();
    next_file(&system, ",Active,", ",Sabbatical,");
    system.scan();
    let heard = system.heard();
    assert!(heard.len() == 1 && heard[0].contains("it waits: HR's record gives no last day"), "{heard:?}");
}

// Trust: HR's word.
#[test]
fn a_day_is_read_as_the_settings_say_or_it_is_a_gap_that_names_it() {
    let heard = |dates: &str, day: &str| {
        let system = System::up_unscanned("hr-file");
        system.set(&format!("dates = \"{dates}\"\nno_date = [\"0000-00-00\"]"));
        system.scan();
        let row = system.dropped("people.csv").lines().find(|line| line.starts_with("C003")).unwrap().to_owned();
        next_file(&system, &row, &format!("{row}{day}"));
        let scanned = system.exeunt(&["scan", "hr-file"]);
        (scanned, system.heard())
    };
    for (dates, day) in
        [("yyyy-mm-dd", "2026-10-31T00:00:00"), ("dd/mm/yyyy", "31/10/2026"), ("mm/dd/yyyy", "10/31/2026"), ("dd.mm.yyyy", "31.10.2026")]
    {
        let (scanned, heard) = heard(dates, day);
        assert_ne!(scanned.code, COULD_NOT, "{day} as {dates}: {scanned:?}");
        assert!(heard[0].contains("Anneke Visser's last day is 2026-10-31"), "{day} as {dates}: {heard:?}");
    }
    for (dates, day) in
        [("yyyy-mm-dd", "31/10/2026"), ("dd/mm/yyyy", "10/31/2026"), ("yyyy-mm-dd", "2026-02-29"), ("yyyy-mm-dd", "9999-12-31")]
    {
        let (scanned, heard) = heard(dates, day);
        assert_eq!(scanned.code, COULD_NOT, "{day} as {dates}: {scanned:?}");
        assert!(scanned.out.contains(day) && scanned.out.contains("C003"), "{scanned:?}");
        assert_eq!(heard, Vec::<String>::new(), "{day} as {dates}");
    }
    let (scanned, heard) = heard("yyyy-mm-dd", "0000-00-00");
    assert!(scanned.code != COULD_NOT && heard.is_empty(), "the settings say that it stands for no day: {scanned:?}");
}

// Trust: HR's word.
#[test]
fn whoever_was_hired_after_the_last_day_is_back() {
    let system = System::up("hr-file");
    let today = system.sim.world.company.today();
    let row = system.dropped("people.csv").lines().find(|line| line.starts_with("C003")).unwrap().to_owned();
    let back = format!("{},{},{}", row.split(',').take(11).collect::<Vec<_>>().join(","), today, today.yesterday().unwrap());
    next_file(&system, &row, &back);
    system.scan();
    assert_eq!(system.heard(), Vec::<String>::new());
}

// Trust: HR's word.
#[test]
fn a_column_by_another_name_is_a_gap_of_the_whole_file() {
    for (name, file, column) in [
        ("hr-file", "people.csv", "status"),
        ("badge-file", "badges.csv", "status"),
        ("board-portal", "roster.csv", "status"),
        ("card-statement", "charges.csv", "holder_email"),
    ] {
        let system = System::up(name);
        let before = system.sim.open_graph(Some(name));
        let text = system.dropped(file);
        let (head, rows) = text.split_once('\n').unwrap();
        system.drop_file(file, &format!("{}\n{rows}", head.replace(column, "renamed")));
        let scanned = system.exeunt(&["scan", name]).ended(COULD_NOT);
        assert!(scanned.out.contains(&format!("column {column}")), "{scanned:?}");
        assert_eq!(system.sim.open_graph(Some(name)), before, "what was known stays known");
        assert_eq!(system.heard(), Vec::<String>::new());
    }
}

// Trust: HR's word.
#[test]
fn two_different_rows_of_one_key_are_a_gap_and_nothing_rests_on_either() {
    let system = System::up("hr-file");
    let text = system.dropped("people.csv");
    let row = text.lines().find(|line| line.starts_with("C003")).unwrap();
    let left = format!("{}{}", row.replace(",Active,", ",Left,"), system.sim.world.company.today());
    for both in [format!("{row}\n{left}"), format!("{left}\n{row}")] {
        system.drop_file("people.csv", &text.replace(row, &both));
        let scanned = system.exeunt(&["scan", "hr-file"]).ended(COULD_NOT);
        assert!(scanned.out.contains("person:C003 came twice"), "{scanned:?}");
        assert_eq!(system.heard(), Vec::<String>::new());
    }
    // The same row twice says nothing new.
    system.drop_file("people.csv", &text.replace(row, &format!("{row}\n{row}")));
    system.scan();

    // Not HR's alone: two holders of one fob.
    let system = System::up("badge-file");
    let text = system.dropped("badges.csv");
    let row = text.lines().find(|line| line.contains("F-1002")).unwrap();
    let other = row.replace("rafael.okonjo@northmoor.example,Rafael Okonjo", "hanne.kowalczyk@northmoor.example,Hanne Kowalczyk");
    let before = system.sim.open_graph(Some("badge-file"));
    system.drop_file("badges.csv", &text.replace(row, &format!("{row}\n{other}")));
    let scanned = system.exeunt(&["scan", "badge-file"]).ended(COULD_NOT);
    assert!(scanned.out.contains("credential:F-1002 came twice"), "{scanned:?}");
    assert_eq!(system.sim.open_graph(Some("badge-file")), before, "what was known stays known, and no more");
}
