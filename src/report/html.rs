//! Views as one HTML file that needs nothing else: no scripts, no fonts, no network. For the screen, light or dark, and for paper.

mod case;
mod pieces;

use super::access::Access;
use super::changes::{Changes, Happened};
use super::coverage::Coverage;
use super::moment;
use super::parts::{WORST_FIRST, count};
use super::shadow::{PersonFindings, Shadow};
pub use case::case;
use pieces::{chips, finding, gaps, page, say, spots};

/// The findings of everybody, with a picture for each person who has some.
pub fn shadow(view: &Shadow) -> String {
    page("Shadow access", &view.company, &moment::full(view.at), &shadow_body(view))
}

/// The matrix.
pub fn access(view: &Access) -> String {
    page("Access", &view.company, &moment::full(view.at), &format!("{}{}", access_body(view), gaps(&view.gaps)))
}

/// What opened and closed.
pub fn changes(view: &Changes) -> String {
    let when = format!("{} to {}", moment::full(view.from), moment::full(view.to));
    let mut body = String::new();
    if view.changes.is_empty() {
        body.push_str("<p>Nothing opened and nothing closed.</p>");
    } else {
        body.push_str("<div class=\"wide\"><table><tr><th>When<th><th>System<th>What<th>Whose</tr>");
        for change in &view.changes {
            let sort = match change.what {
                Happened::Opened => "high",
                Happened::Closed => "good",
                Happened::Changed => "medium",
            };
            let details: String = change.details.iter().map(|detail| format!("<div class=\"meta\">{}</div>", say(detail))).collect();
            let people: Vec<String> = change.people.iter().map(|name| say(name)).collect();
            body.push_str(&format!(
                "<tr><td class=\"soft\">{}<td><span class=\"word {sort}\">{}</span><td>{}<td>{} <span class=\"soft\">{}</span>{details}<td>{}</tr>",
                change.at.strftime("%Y-%m-%d %H:%M"),
                change.what.word(),
                say(&change.system),
                say(&change.about),
                say(&change.kind),
                people.join(", ")
            ));
        }
        body.push_str("</table></div>");
    }
    if view.others > 0 {
        body.push_str(&format!("<p class=\"soft\">{} of others.</p>", count(view.others, "more change", "more changes")));
    }
    body.push_str(&gaps(&view.gaps));
    page("Changes", &view.company, &when, &body)
}

/// How much of each system was read.
pub fn coverage(view: &Coverage) -> String {
    page("Coverage", &view.company, &moment::full(view.at), &coverage_body(view))
}

/// The findings, the matrix and the coverage in one file.
pub fn whole(found: &Shadow, reach: &Access, read: &Coverage) -> String {
    let body =
        format!("{}<h2>Who reaches what</h2>{}<h2>How much was read</h2>{}", findings_body(found), access_body(reach), coverage_body(read));
    page("Executive access", &found.company, &moment::full(found.at), &body)
}

fn shadow_body(view: &Shadow) -> String {
    format!("{}{}{}", findings_body(view), gaps(&view.gaps), spots(&view.blind_spots))
}

fn findings_body(view: &Shadow) -> String {
    let mut body = String::from("<div class=\"tiles\">");
    for severity in WORST_FIRST {
        let word = severity.word();
        let means = match word {
            "critical" => "outlives the account and reaches far, or data leaves now",
            "high" => "outlives the account, or gives administration",
            "medium" => "dies with the account, but may come back",
            _ => "hygiene",
        };
        body.push_str(&format!("<div class=\"tile {word}\"><b>{}</b><span><i>{word}</i> {means}</span></div>", view.totals.get(severity)));
    }
    body.push_str("</div>");
    let with = view.people.iter().filter(|one| !one.findings.is_empty()).count() as u64;
    let since = view.since.map(|at| format!(", first found since {}", moment::day(at))).unwrap_or_default();
    body.push_str(&format!(
        "<p class=\"soft\">{}{since}, about {}, and {} that concern everyone. {} looked at.</p>",
        count(view.totals.total(), "open finding", "open findings"),
        count(with, "person", "people"),
        view.everyone.len(),
        count(view.executives, "executive", "executives"),
    ));
    if !view.gaps.is_empty() {
        body.push_str(&format!(
            "<div class=\"warn\"><p><b>{} not read.</b> <span class=\"soft\">There may be more than this report shows; what and why stands at its end.</span></p></div>",
            count(view.gaps.len() as u64, "thing was", "things were")
        ));
    }
    body.push_str("<div class=\"wide\"><table><tr><th>Person<th>Title<th>HR<th class=\"n\">Critical<th class=\"n\">High<th class=\"n\">Medium<th class=\"n\">Low</tr>");
    for (at, one) in view.people.iter().enumerate() {
        let name = say(&one.person.name);
        let name = if one.findings.is_empty() { name } else { format!("<a href=\"#p{at}\">{name}</a>") };
        body.push_str(&format!(
            "<tr><td>{name}<td class=\"soft\">{}<td class=\"soft\">{}",
            say(&one.person.title),
            say(&one.person.hr_words())
        ));
        for severity in WORST_FIRST {
            match one.counts.get(severity) {
                0 => body.push_str("<td class=\"n no\">·"),
                number => body.push_str(&format!("<td class=\"n\"><span class=\"chip {severity}\">{number}</span>")),
            }
        }
        body.push_str("</tr>");
    }
    body.push_str("</table></div>");
    if with > 0 {
        body.push_str("<h2>Person by person</h2>");
    }
    for (at, one) in view.people.iter().enumerate().filter(|(_, one)| !one.findings.is_empty()) {
        body.push_str(&person(at, one));
    }
    if !view.everyone.is_empty() {
        body.push_str("<h2>Concerns everyone</h2><section class=\"person\">");
        view.everyone.iter().for_each(|one| body.push_str(&finding(one)));
        body.push_str("</section>");
    }
    body
}

fn person(at: usize, one: &PersonFindings) -> String {
    let person = &one.person;
    let number = person.employee_number.as_deref().unwrap_or(&person.hr_key);
    let mut out = format!(
        "<section class=\"person\" id=\"p{at}\"><div class=\"head\"><div><h3>{}</h3><p>{} · {} · {}</p></div><div class=\"counts\">{}</div></div>",
        say(&person.name),
        say(&person.title),
        say(number),
        say(&person.hr_words()),
        chips(&one.counts)
    );
    out.push_str(&super::picture::of(one));
    one.findings.iter().for_each(|one| out.push_str(&finding(one)));
    out.push_str("</section>");
    out
}

fn access_body(view: &Access) -> String {
    let mut body = String::from("<div class=\"wide\"><table><tr><th>Person");
    for system in &view.systems {
        // A long name breaks at its hyphens only.
        body.push_str(&format!("<th class=\"n\">{}", say(system).replace('-', "-<wbr>")));
    }
    body.push_str("<th class=\"n\">All</tr>");
    for one in &view.people {
        body.push_str(&format!("<tr><td><b>{}</b><div class=\"meta\">{}</div>", say(&one.person.name), say(&one.person.title)));
        for system in &view.systems {
            match one.systems.get(system) {
                None => body.push_str("<td class=\"n no\">·"),
                Some(here) => {
                    let worst = WORST_FIRST.iter().find(|severity| here.findings.get(**severity) > 0);
                    let mark = if here.controls > 0 { "*" } else { "" };
                    let title = format!(
                        "{}, {} active; {}; {}; {}; {}",
                        count(here.accounts, "account", "accounts"),
                        here.active,
                        count(here.roles, "role", "roles"),
                        count(here.credentials, "credential", "credentials"),
                        count(here.devices, "device", "devices"),
                        count(here.resources, "resource", "resources")
                    );
                    let number = match worst {
                        Some(severity) => format!("<span class=\"chip {severity}\">{}{mark}</span>", here.reached),
                        None => format!("{}{mark}", here.reached),
                    };
                    body.push_str(&format!("<td class=\"n\" title=\"{title}\">{number}"));
                }
            }
        }
        body.push_str(&format!("<td class=\"n\"><b>{}</b></tr>", one.reached));
    }
    body.push_str("</table></div><p class=\"soft\">Things that each one reaches: accounts, roles, groups, apps, credentials, devices, resources. * owns or administers some of them. Coloured by the worst open finding there.</p>");
    body
}

fn coverage_body(view: &Coverage) -> String {
    let mut body = format!(
        "<p>{} % of {} were read to their end.</p><div class=\"wide\"><table><tr><th>System<th>Sort<th>Last read<th>Complete<th class=\"n\">Seen<th class=\"n\">Gaps<th class=\"n\">Blind spots</tr>",
        view.percent(),
        count(view.scopes, "scope", "scopes")
    );
    for system in &view.systems {
        let share = (system.complete * 100).checked_div(system.scopes).unwrap_or_default();
        let gaps = match system.gaps.len() {
            0 => "<td class=\"n no\">·".to_owned(),
            number => format!("<td class=\"n\"><span class=\"chip high\">{number}</span>"),
        };
        body.push_str(&format!(
            "<tr><td><b>{}</b><td class=\"soft\">{}<td class=\"soft\">{}<td>{} of {}<div class=\"bar2\"><i style=\"width:{share}%\"></i></div><td class=\"n\">{}{gaps}<td class=\"n\">{}</tr>",
            say(&system.system),
            say(&system.category),
            system.read.map_or_else(|| "never".to_owned(), moment::full),
            system.complete,
            system.scopes,
            system.seen,
            system.blind_spots.len()
        ));
    }
    body.push_str("</table></div>");
    body.push_str(&gaps(&view.systems.iter().flat_map(|system| system.gaps.clone()).collect::<Vec<_>>()));
    body.push_str(&spots(&view.systems.iter().flat_map(|system| system.blind_spots.clone()).collect::<Vec<_>>()));
    if view.systems.iter().any(|system| !system.drift.is_empty()) {
        body.push_str("<h2>No longer filled: has the vendor renamed a field?</h2><div class=\"wide\"><table>");
        for system in &view.systems {
            for drift in &system.drift {
                body.push_str(&format!("<tr><td>{}<td>{}</tr>", say(&system.system), say(drift)));
            }
        }
        body.push_str("</table></div>");
    }
    if !view.unseen.is_empty() {
        body.push_str("<h2>Known to exist, not looked into</h2><div class=\"wide\"><table>");
        view.unseen.iter().for_each(|one| body.push_str(&format!("<tr><td>{}</tr>", say(one))));
        body.push_str("</table></div>");
    }
    if view.dangling > 0 {
        let dangling =
            count(view.dangling, "name in an edge stands for nothing that was read", "names in edges stand for nothing that was read");
        body.push_str(&format!("<p class=\"soft\">{dangling}.</p>"));
    }
    body
}
