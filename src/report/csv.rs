//! Views as CSV (RFC 4180), one line a fact; cells that a spreadsheet would take for a formula are guarded.

use super::access::Access;
use super::changes::Changes;
use super::clean;
use super::coverage::Coverage;
use super::parts::{FindingView, PersonHead};
use super::people::People;
use super::person::{Held, Inventory};
use super::shadow::Shadow;
use super::why::Why;

/// Lines of cells as CSV.
fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing to memory can't fail, and every row has the header's length.
    let _infallible = writer.write_record(header);
    for row in rows {
        let _infallible = writer.write_record(row.iter().map(|text| clean::cell(text)));
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn number(person: &PersonHead) -> String {
    person.employee_number.clone().unwrap_or_default()
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Everybody.
pub fn people(view: &People) -> String {
    let header = [
        "name",
        "employee_number",
        "title",
        "department",
        "address",
        "hr",
        "last_day",
        "executive",
        "accounts",
        "systems",
        "unsure",
        "critical",
        "high",
        "medium",
        "low",
    ];
    let rows = view.people.iter().map(|line| {
        let (person, findings) = (&line.person, &line.findings);
        vec![
            person.name.clone(),
            number(person),
            person.title.clone(),
            person.department.clone(),
            text(person.addresses.first()),
            person.hr_words(),
            text(person.last_day),
            person.executive.to_string(),
            line.accounts.to_string(),
            line.systems.to_string(),
            line.unsure.to_string(),
            findings.critical.to_string(),
            findings.high.to_string(),
            findings.medium.to_string(),
            findings.low.to_string(),
        ]
    });
    table(&header, rows.collect())
}

/// The findings.
pub fn shadow(view: &Shadow) -> String {
    let header = [
        "person",
        "employee_number",
        "severity",
        "code",
        "check",
        "system",
        "subject",
        "label",
        "title",
        "facts",
        "remedy",
        "since",
        "path",
    ];
    let row = |person: Option<&PersonHead>, finding: &FindingView| {
        let path: Vec<String> = finding.path.iter().map(|step| step.to.clone()).collect();
        vec![
            person.map(|person| person.name.clone()).unwrap_or_default(),
            person.map(number).unwrap_or_default(),
            finding.severity.clone(),
            finding.code.clone(),
            finding.check.clone(),
            finding.system.clone(),
            finding.subject.clone(),
            finding.label.clone(),
            finding.title.clone(),
            finding.facts.join("; "),
            finding.remedy.clone(),
            finding.since.to_string(),
            path.join(" > "),
        ]
    };
    let theirs = view.people.iter().flat_map(|one| one.findings.iter().map(move |finding| row(Some(&one.person), finding)));
    table(&header, theirs.chain(view.everyone.iter().map(|finding| row(None, finding))).collect())
}

/// The matrix, a line for each person and system.
pub fn access(view: &Access) -> String {
    let header = [
        "person",
        "employee_number",
        "system",
        "reached",
        "accounts",
        "active",
        "roles",
        "credentials",
        "devices",
        "resources",
        "controls",
        "critical",
        "high",
        "medium",
        "low",
    ];
    let rows = view.people.iter().flat_map(|one| {
        one.systems.iter().map(|(system, cell)| {
            let counts = [
                cell.reached,
                cell.accounts,
                cell.active,
                cell.roles,
                cell.credentials,
                cell.devices,
                cell.resources,
                cell.controls,
                cell.findings.critical,
                cell.findings.high,
                cell.findings.medium,
                cell.findings.low,
            ];
            let mut row = vec![one.person.name.clone(), number(&one.person), system.clone()];
            row.extend(counts.map(|count| count.to_string()));
            row
        })
    });
    table(&header, rows.collect())
}

/// What opened and closed.
pub fn changes(view: &Changes) -> String {
    let rows = view.changes.iter().map(|change| {
        vec![
            change.at.to_string(),
            change.what.word().to_owned(),
            change.system.clone(),
            change.kind.clone(),
            change.about.clone(),
            change.details.join("; "),
            change.people.join("; "),
        ]
    });
    table(&["at", "what", "system", "kind", "about", "details", "people"], rows.collect())
}

/// How much was read: a line for each gap, drift and blind spot, and for each system that has none.
pub fn coverage(view: &Coverage) -> String {
    let mut rows = Vec::new();
    for system in &view.systems {
        let mut row = |what: &str, which: String, why: String| {
            rows.push(vec![
                system.system.clone(),
                system.complete.to_string(),
                system.scopes.to_string(),
                text(system.read),
                what.to_owned(),
                which,
                why,
            ]);
        };
        for gap in &system.gaps {
            row("gap", gap.what(), gap.reason.clone());
        }
        for drift in &system.drift {
            row("drift", drift.clone(), "no record filled it".to_owned());
        }
        for spot in &system.blind_spots {
            row("blind spot", spot.what.clone(), spot.why.clone());
        }
        if system.gaps.is_empty() && system.drift.is_empty() && system.blind_spots.is_empty() {
            row("complete", String::new(), String::new());
        }
    }
    table(&["system", "complete", "scopes", "read", "what", "which", "why"], rows)
}

/// Everything that people can reach, a line for each thing.
pub fn inventories(views: &[Inventory]) -> String {
    let header = [
        "person",
        "employee_number",
        "system",
        "kind",
        "type",
        "key",
        "name",
        "level",
        "state",
        "last_used",
        "expires",
        "since",
        "via",
        "link",
        "finding",
        "public",
    ];
    let mut rows = Vec::new();
    for view in views {
        for system in &view.systems {
            let mut row = |kind: &str, cells: [String; 12]| {
                let mut row = vec![view.person.name.clone(), number(&view.person), system.system.clone(), kind.to_owned()];
                row.extend(cells);
                rows.push(row);
            };
            for account in &system.accounts {
                let link = account.link.as_ref().map(|link| format!("{} {:.2}: {}", link.state, link.confidence, link.evidence.join("; ")));
                row(
                    if account.address_only { "address" } else { "account" },
                    [
                        String::new(),
                        account.key.clone(),
                        account.name.clone(),
                        String::new(),
                        text(account.state.clone()),
                        text(account.last_used),
                        String::new(),
                        text(account.since),
                        account.via.join(" > "),
                        text(link),
                        String::new(),
                        String::new(),
                    ],
                );
            }
            let mut held = |kind: &str, one: &Held| {
                row(
                    kind,
                    [
                        one.type_.clone(),
                        one.key.clone(),
                        one.name.clone(),
                        text(one.level.clone()),
                        text(one.state.clone()),
                        text(one.last_used),
                        text(one.expires),
                        text(one.since),
                        one.via.join(" > "),
                        String::new(),
                        text(one.finding.clone()),
                        one.public.to_string(),
                    ],
                );
            };
            for (kind, list) in [("role", &system.roles), ("group", &system.groups), ("app", &system.apps), ("device", &system.devices)] {
                list.iter().for_each(|one| held(kind, one));
            }
            for (kind, types) in [("credential", &system.credentials), ("resource", &system.resources)] {
                types.iter().flat_map(|of| &of.items).for_each(|one| held(kind, one));
            }
        }
    }
    table(&header, rows)
}

/// The ways to something, a line for each step.
pub fn why(view: &Why) -> String {
    let mut rows = Vec::new();
    for thing in &view.things {
        for (path, steps) in thing.paths.iter().enumerate() {
            for (step_at, step) in steps.iter().enumerate() {
                rows.push(vec![
                    thing.name.clone(),
                    (path + 1).to_string(),
                    (step_at + 1).to_string(),
                    step.from.clone(),
                    step.says.clone(),
                    step.to.clone(),
                    step.system.clone(),
                    step.kind.clone(),
                    step.type_.clone(),
                    text(step.level.clone()),
                    text(step.since),
                ]);
            }
        }
    }
    table(&["thing", "path", "step", "from", "says", "to", "system", "kind", "type", "level", "since"], rows)
}
