//! One person's inventory, and the ways to one thing.

use comfy_table::{Cell, Color, ColumnConstraint, Width};

use super::{Ink, cell, counts};
use crate::report::parts::count;
use crate::report::person::{AccountView, Held, Inventory, OfType, Relation, SystemInventory};
use crate::report::why::Why;
use crate::report::{clean, moment};

/// So many things of a type are named; the rest are counted.
const NAMED: usize = 5;
/// So much of what speaks for a link is told; the rest is counted (`--json` has all of it).
const EVIDENCE: usize = 2;

/// Everything one person can reach.
pub fn inventory(view: &Inventory, ink: Ink) -> String {
    let person = &view.person;
    let mut out = format!(
        "{}   {} · {}{}{}\n",
        ink.bold(&clean::line(&person.name)),
        clean::line(person.employee_number.as_deref().unwrap_or(&person.hr_key)),
        clean::line(&person.title),
        if person.department.is_empty() { String::new() } else { format!(", {}", clean::line(&person.department)) },
        if person.executive { " · executive" } else { "" },
    );
    let when = if view.past { format!("as of {}", moment::full(view.at)) } else { moment::full(view.at) };
    out.push_str(&format!("HR {} · {} · {when}\n", clean::line(&person.hr_words()), clean::line(&person.addresses.join(", "))));
    let systems = view.systems.iter().filter(|system| !system.system.is_empty()).count() as u64;
    out.push_str(&format!(
        "Reaches {} on {}   {}\n",
        count(view.reached, "thing", "things"),
        count(systems, "system", "systems"),
        counts(&view.counts, ink)
    ));
    for system in &view.systems {
        out.push('\n');
        out.push_str(&of_system(system, view, ink));
    }
    if !view.acting_for_them.is_empty() {
        out.push_str(&format!("\n{}\n", ink.bold("Who can act for them, and where their mail goes")));
        let mut table = ink.table(&[]);
        for relation in &view.acting_for_them {
            let said = cell(&words(relation));
            table.add_row(vec![cell(&relation.system), if relation.outside { said.fg(Color::Red) } else { said }]);
        }
        out.push_str(&ink.lines(&mut table, 2));
    }
    if !view.unsure.is_empty() {
        out.push_str(&format!("\n{}\n", ink.bold("In doubt: `exeunt link confirm N` or `exeunt link reject N`")));
        let mut table = ink.table(&[]);
        for one in &view.unsure {
            table.add_row(vec![
                cell(&one.id.to_string()),
                cell(&one.system),
                cell(&one.account),
                cell(&format!("{} {:.2}", one.link.state, one.link.confidence)),
                cell(&match &one.link.doubt {
                    Some(doubt) => format!("{doubt} · {}", one.link.evidence.join(" · ")),
                    None => one.link.evidence.join(" · "),
                }),
            ]);
        }
        out.push_str(&ink.lines(&mut table, 2));
    }
    if !view.findings.is_empty() {
        out.push_str(&format!("\n{}\n", ink.bold("Findings")));
        out.push_str(&super::lists::findings(&view.findings, ink));
    }
    if !view.elsewhere.is_empty() {
        out.push_str(&super::lists::unknown(&view.elsewhere, &[], ink).replacen("Not read", "Not read, on other systems", 1));
    }
    out
}

fn of_system(system: &SystemInventory, view: &Inventory, ink: Ink) -> String {
    let name = if system.system.is_empty() { "addresses" } else { &system.system };
    let mut out = format!("{} {}\n", ink.bold(&clean::line(name)), ink.paint(&clean::line(&system.category), 90));
    let mut table = ink.table(&[]);
    let mut row = |label: &str, value: Cell| {
        table.add_row(vec![Cell::new(label).fg(Color::DarkGrey), value]);
    };
    for account in &system.accounts {
        let colour = if account.state.as_deref() == Some("disabled") { Color::DarkGrey } else { Color::Reset };
        row(if account.address_only { "address" } else { "account" }, cell(&of_account(account, view)).fg(colour));
    }
    for (label, held) in [("roles", &system.roles), ("groups", &system.groups), ("apps", &system.apps), ("devices", &system.devices)] {
        if !held.is_empty() {
            row(label, Cell::new(some(held, view)));
        }
    }
    for (label, types) in [("credentials", &system.credentials), ("resources", &system.resources)] {
        for (at, of) in types.iter().enumerate() {
            row(if at == 0 { label } else { "" }, Cell::new(of_type(of, view)));
        }
    }
    for relation in &system.acts_for {
        row("acts for", cell(&words(relation)));
    }
    for gap in &system.gaps {
        row("not read", cell(&format!("{}: {}", gap.what(), gap.reason)).fg(Color::DarkYellow));
    }
    if !system.blind_spots.is_empty() {
        // Why stands in the coverage report; here it would drown what can be seen.
        let spots: Vec<String> = system
            .blind_spots
            .iter()
            .map(|spot| spot.lives.as_ref().map_or_else(|| spot.what.clone(), |lives| format!("{} ({lives})", spot.what)))
            .collect();
        row("can't be seen", cell(&spots.join("; ")).fg(Color::DarkGrey));
    }
    if let Some(label) = table.column_mut(0) {
        label.set_constraint(ColumnConstraint::Absolute(Width::Fixed(15)));
    }
    out.push_str(&ink.lines(&mut table, 2));
    out
}

fn of_account(account: &AccountView, view: &Inventory) -> String {
    let mut parts = vec![account.name.clone()];
    if account.key != account.name {
        parts.push(format!("({})", account.key));
    }
    let mut text = parts.join(" ");
    if let Some(state) = &account.state {
        text.push_str(&format!(" · {state}"));
    }
    if let Some(at) = account.last_used {
        text.push_str(&format!(" · used {}", moment::ago(at, view.at)));
    }
    match &account.link {
        Some(link) => {
            let more = link.evidence.len().saturating_sub(EVIDENCE);
            let evidence: Vec<&str> = link.evidence.iter().take(EVIDENCE).map(String::as_str).collect();
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            text.push_str(&format!(" · {} {:.2}: {}{more}", link.state, link.confidence, evidence.join(", ")));
        }
        None if !account.via.is_empty() => text.push_str(&format!(" · through {}", account.via.join(" → "))),
        None => {}
    }
    text
}

fn some(held: &[Held], view: &Inventory) -> String {
    let mut names: Vec<String> = held.iter().take(NAMED).map(|one| of_held(one, view)).collect();
    if held.len() > NAMED {
        names.push(format!("and {} more", held.len() - NAMED));
    }
    names.join(", ")
}

fn of_held(held: &Held, view: &Inventory) -> String {
    let mut notes = Vec::new();
    if let Some(severity) = &held.finding {
        notes.push(format!("{severity}!"));
    }
    if held.public {
        notes.push("anyone with the link".to_owned());
    }
    if let Some(level) = &held.level {
        notes.push(level.clone());
    }
    if let Some(state) = held.state.as_deref().filter(|state| *state != "active") {
        notes.push(state.to_owned());
    }
    if let Some(at) = held.last_used {
        notes.push(format!("used {}", moment::ago(at, view.at)));
    }
    // Through the account itself goes without saying.
    if held.via.len() > 1 {
        notes.push(format!("through {}", held.via[1..].join(" → ")));
    }
    let name = clean::short(&clean::line(&held.name), 60);
    if notes.is_empty() { name } else { format!("{name} ({})", clean::line(&notes.join(", "))) }
}

fn of_type(of: &OfType, view: &Inventory) -> String {
    let type_ = if of.type_.is_empty() { "untyped".to_owned() } else { clean::line(&of.type_) };
    let levels: Vec<String> = ["owner", "admin", "write", "read"]
        .iter()
        .filter_map(|level| of.levels.get(*level).map(|count| format!("{level} {count}")))
        .collect();
    let levels = if levels.is_empty() { String::new() } else { format!(" ({})", levels.join(", ")) };
    format!("{type_} {}{levels}: {}", of.count, some(&of.items, view))
}

fn words(relation: &Relation) -> String {
    let outside = if relation.outside { " · outside the company" } else { "" };
    format!("{} {} {} · since {}{outside}", relation.who, relation.says, relation.whose, moment::day(relation.since))
}

/// The ways to one thing, or a few.
pub fn why(view: &Why, ink: Ink) -> String {
    let mut out = String::new();
    for (at, thing) in view.things.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let kind = if thing.type_.is_empty() { thing.kind.clone() } else { format!("{} {}", thing.kind, thing.type_) };
        let more = if thing.more { "more than " } else { "" };
        out.push_str(&format!(
            "{} reaches {} ({}{} {}) in {more}{}\n",
            ink.bold(&clean::line(&view.person.name)),
            ink.bold(&clean::line(&thing.name)),
            clean::line(&kind),
            if thing.system.is_empty() { "" } else { " of" },
            clean::line(&thing.system),
            count(thing.paths.len() as u64, "way", "ways")
        ));
        for (number, path) in thing.paths.iter().enumerate() {
            let mut table = ink.table(&[]);
            for (step_at, step) in path.iter().enumerate() {
                let kind = if step.type_.is_empty() { &step.kind } else { &step.type_ };
                let place = if step.system.is_empty() { kind.clone() } else { format!("{kind}, {}", step.system) };
                table.add_row(vec![
                    Cell::new(if step_at == 0 { format!("{}.", number + 1) } else { String::new() }),
                    cell(&step.from),
                    cell(&step.says),
                    cell(&format!("{} ({place})", step.to)),
                    cell(&step.since.map(|at| format!("since {}", moment::day(at))).unwrap_or_default()),
                ]);
            }
            out.push_str(&ink.lines(&mut table, 2));
        }
    }
    out
}
