//! The views that are lists: people, findings, the matrix, changes, coverage.

use comfy_table::{Cell, CellAlignment, Color};

use super::{Ink, cell, counts, number, severity, tally};
use crate::report::access::Access;
use crate::report::changes::{Changes, Happened};
use crate::report::coverage::Coverage;
use crate::report::parts::{FindingView, count};
use crate::report::people::People;
use crate::report::shadow::Shadow;
use crate::report::{BlindSpot, Gap, HrState, clean, moment};

/// Everybody, a line each.
pub fn people(view: &People, ink: Ink) -> String {
    let mut table = ink.table(&["name", "number", "title", "HR", "accounts", "systems", "crit", "high", "med", "low"]);
    for line in &view.people {
        let person = &line.person;
        let hr = cell(&person.hr_words());
        let accounts = if line.unsure > 0 { format!("{} +{}?", line.accounts, line.unsure) } else { line.accounts.to_string() };
        table.add_row(vec![
            cell(&clean::short(&person.name, 34)),
            cell(person.employee_number.as_deref().unwrap_or("-")),
            cell(&clean::short(&person.title, 36)),
            if person.hr == HrState::Active { hr } else { hr.fg(Color::DarkYellow) },
            Cell::new(accounts).set_alignment(CellAlignment::Right),
            number(line.systems),
            tally(line.findings.critical, "critical"),
            tally(line.findings.high, "high"),
            tally(line.findings.medium, "medium"),
            tally(line.findings.low, "low"),
        ]);
    }
    let executives = view.people.iter().filter(|line| line.person.executive).count() as u64;
    let mut out = ink.lines(&mut table, 0);
    let people = view.people.len() as u64;
    out.push_str(&format!("\n{}, {}\n", count(people, "person", "people"), count(executives, "executive", "executives")));
    out.push_str(&format!("{}\n", moment::hr_word(view.hr_read, view.at)));
    if view.people.iter().any(|line| line.unsure > 0) {
        out.push_str("+n? accounts that might be theirs: `exeunt link list` shows them\n");
    }
    out
}

/// The findings, person by person.
pub fn shadow(view: &Shadow, ink: Ink) -> String {
    let mut out = format!(
        "{}   {}   of {}, {}\n",
        ink.bold(&format!("Shadow access at {}", clean::line(&view.company))),
        counts(&view.totals, ink),
        count(view.executives, "executive", "executives"),
        moment::full(view.at)
    );
    for one in &view.people {
        let person = &one.person;
        let number = person.employee_number.as_deref().unwrap_or(&person.hr_key);
        out.push_str(&format!(
            "\n{}   {} · {} · {}   {}\n",
            ink.bold(&clean::line(&person.name)),
            clean::line(number),
            clean::line(&person.title),
            clean::line(&person.hr_words()),
            counts(&one.counts, ink)
        ));
        out.push_str(&findings(&one.findings, ink));
    }
    if !view.everyone.is_empty() {
        out.push_str(&format!("\n{}\n", ink.bold("Concerns everyone")));
        out.push_str(&findings(&view.everyone, ink));
    }
    // That somebody may read along is said here; the rest would drown what was found.
    let clear: Vec<BlindSpot> = view.blind_spots.iter().filter(|spot| spot.what == crate::config::IN_CLEAR.0).cloned().collect();
    out.push_str(&unknown(&view.gaps, &clear, ink));
    out.push_str(&format!("\n{}\n", moment::hr_word(view.hr_read, view.at)));
    if !view.blind_spots.is_empty() {
        let kinds = count(view.blind_spots.len() as u64, "kind of access", "kinds of access");
        out.push_str(&format!("\n{} {kinds}: `exeunt report coverage` names them\n", ink.paint("Can't be seen", 90)));
    }
    out
}

/// Findings with their facts and what to do.
pub(super) fn findings(list: &[FindingView], ink: Ink) -> String {
    let mut table = ink.table(&[]);
    for finding in list {
        let mut text = clean::line(&finding.title);
        for fact in &finding.facts {
            text.push_str(&format!("\n· {}", clean::line(fact)));
        }
        if !finding.remedy.is_empty() {
            text.push_str(&format!("\n→ {}", clean::line(&finding.remedy)));
        }
        table.add_row(vec![
            severity(&finding.severity),
            cell(&finding.code),
            cell(&finding.system),
            Cell::new(text),
            cell(&format!("since {}", moment::day(finding.since))),
        ]);
    }
    if list.is_empty() { String::new() } else { ink.lines(&mut table, 2) }
}

/// What wasn't read, and what can't be.
pub(super) fn unknown(gaps: &[Gap], blind_spots: &[BlindSpot], ink: Ink) -> String {
    let mut out = String::new();
    if !gaps.is_empty() {
        out.push_str(&format!("\n{}\n", ink.paint("Not read", 33)));
        let mut table = ink.table(&[]);
        for gap in gaps {
            table.add_row(vec![cell(&gap.system), cell(&gap.what()), cell(&gap.reason)]);
        }
        out.push_str(&ink.lines(&mut table, 2));
    }
    if !blind_spots.is_empty() {
        out.push_str(&format!("\n{}\n", ink.paint("Can't be seen", 90)));
        let mut table = ink.table(&[]);
        for spot in blind_spots {
            table.add_row(vec![cell(&spot.system), cell(&spot.words())]);
        }
        out.push_str(&ink.lines(&mut table, 2));
    }
    out
}

/// The matrix, in as many blocks of systems as fit the width.
pub fn access(view: &Access, ink: Ink) -> String {
    let mut out = format!("{}   {}\n", ink.bold(&format!("Access at {}", clean::line(&view.company))), moment::full(view.at));
    let mut blocks: Vec<Vec<&String>> = Vec::new();
    let mut room = 0;
    for system in &view.systems {
        let width = heading(system).lines().map(|part| part.chars().count()).max().unwrap_or_default().max(4) + 2;
        match blocks.last_mut() {
            Some(block) if room >= width => block.push(system),
            _ => {
                blocks.push(vec![system]);
                room = 84;
            }
        }
        room = room.saturating_sub(width);
    }
    for (number_of, block) in blocks.iter().enumerate() {
        let mut header = vec!["person".to_owned()];
        header.extend(block.iter().map(|system| heading(system)));
        if number_of == 0 {
            header.push("all".to_owned());
        }
        let titles: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = ink.table(&titles);
        for person in &view.people {
            let mut row = vec![cell(&clean::short(&person.person.name, 26))];
            for system in block {
                row.push(match person.systems.get(*system) {
                    None => number(0),
                    Some(here) => {
                        let mark = if here.controls > 0 { "*" } else { "" };
                        let text = Cell::new(format!("{}{mark}", here.reached)).set_alignment(CellAlignment::Right);
                        if here.findings.critical > 0 {
                            text.fg(Color::Red)
                        } else if here.findings.high > 0 {
                            text.fg(Color::DarkYellow)
                        } else {
                            text
                        }
                    }
                });
            }
            if number_of == 0 {
                row.push(number(person.reached));
            }
            table.add_row(row);
        }
        out.push('\n');
        out.push_str(&ink.lines(&mut table, 0));
    }
    out.push_str("\nThings that each one reaches; * owns or administers some of them. `exeunt show PERSON` names them.\n");
    out.push_str(&unknown(&view.gaps, &[], ink));
    out.push_str(&format!("\n{}\n", moment::hr_word(view.hr_read, view.at)));
    out
}

/// A long system's name on two lines.
fn heading(system: &str) -> String {
    let system = clean::line(system);
    match system.split_once('-') {
        Some((first, rest)) if system.chars().count() > 9 => format!("{}-\n{}", clean::short(first, 12), clean::short(rest, 12)),
        _ => clean::short(&system, 14),
    }
}

/// What opened and closed, in order.
pub fn changes(view: &Changes, ink: Ink) -> String {
    let mut out = format!(
        "{}   {} to {}\n\n",
        ink.bold(&format!("Changes at {}", clean::line(&view.company))),
        moment::full(view.from),
        moment::full(view.to)
    );
    let mut table = ink.table(&[]);
    for change in &view.changes {
        let sign = match change.what {
            Happened::Opened => Cell::new("+").fg(Color::DarkYellow),
            Happened::Closed => Cell::new("-").fg(Color::DarkGreen),
            Happened::Changed => Cell::new("~").fg(Color::Blue),
        };
        let mut about = clean::line(&change.about);
        for detail in &change.details {
            about.push_str(&format!("\n{}", clean::short(&clean::line(detail), 160)));
        }
        let people = match change.people.as_slice() {
            [one] => one.clone(),
            [one, rest @ ..] => format!("{one} +{}", rest.len()),
            [] => String::new(),
        };
        table.add_row(vec![
            sign,
            cell(&change.at.strftime("%Y-%m-%d %H:%M").to_string()),
            cell(&change.system),
            cell(&change.kind),
            Cell::new(about),
            cell(&people),
        ]);
    }
    if view.changes.is_empty() {
        out.push_str("  nothing opened and nothing closed\n");
    } else {
        out.push_str(&ink.lines(&mut table, 2));
    }
    if view.others > 0 {
        out.push_str(&format!("\n{} of others\n", count(view.others, "more change", "more changes")));
    }
    out.push_str(&unknown(&view.gaps, &[], ink));
    out
}

/// How much of each system was read.
pub fn coverage(view: &Coverage, ink: Ink) -> String {
    let mut out = format!(
        "{}   {} % of {}, {}\n\n",
        ink.bold(&format!("Coverage at {}", clean::line(&view.company))),
        view.percent(),
        count(view.scopes, "scope", "scopes"),
        moment::full(view.at)
    );
    let mut table = ink.table(&["system", "sort", "read", "complete", "seen", "gaps", "drift", "blind spots"]);
    for system in &view.systems {
        let gaps = number(system.gaps.len() as u64);
        let complete = Cell::new(format!("{} of {}", system.complete, system.scopes)).set_alignment(CellAlignment::Right);
        table.add_row(vec![
            cell(&system.system),
            cell(&system.category),
            cell(&system.read.map_or_else(|| "never".to_owned(), moment::full)),
            complete,
            number(system.seen),
            if system.gaps.is_empty() { gaps } else { gaps.fg(Color::DarkYellow) },
            number(system.drift.len() as u64),
            number(system.blind_spots.len() as u64),
        ]);
    }
    out.push_str(&ink.lines(&mut table, 0));
    let gaps: Vec<Gap> = view.systems.iter().flat_map(|system| system.gaps.clone()).collect();
    let spots: Vec<BlindSpot> = view.systems.iter().flat_map(|system| system.blind_spots.clone()).collect();
    out.push_str(&unknown(&gaps, &spots, ink));
    if view.systems.iter().any(|system| !system.drift.is_empty()) {
        out.push_str(&format!("\n{}\n", ink.paint("No longer filled: has the vendor renamed a field?", 33)));
        let mut table = ink.table(&[]);
        for system in &view.systems {
            for drift in &system.drift {
                table.add_row(vec![cell(&system.system), cell(drift)]);
            }
        }
        out.push_str(&ink.lines(&mut table, 2));
    }
    if !view.unseen.is_empty() {
        out.push_str(&format!("\n{}\n", ink.paint("Known to exist, not looked into", 33)));
        for one in &view.unseen {
            out.push_str(&format!("  {}\n", clean::line(one)));
        }
    }
    if view.dangling > 0 {
        let dangling =
            count(view.dangling, "name in an edge stands for nothing that was read", "names in edges stand for nothing that was read");
        out.push_str(&format!("\n{dangling}\n"));
    }
    out
}
