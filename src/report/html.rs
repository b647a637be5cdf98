//! Views as one HTML file that needs nothing else: no scripts, no fonts, no network. For the screen, light or dark, and for paper.

mod case;
mod pieces;

use super::access::Access;
use super::changes::{Changes, Happened};
use super::coverage::Coverage;
use super::markup::{Html, html};
use super::moment;
use super::parts::{WORST_FIRST, count};
use super::shadow::{PersonFindings, Shadow};
pub use case::case;
use pieces::{chips, finding, gaps, joined, meta, page, say, spots, table};

/// The findings of everybody, with a picture for each person who has some.
pub fn shadow(view: &Shadow) -> String {
    page("Shadow access", &view.company, &moment::full(view.at), &html!("{}{}", shadow_body(view), hr_word(view.hr_read, view.at)))
}

/// The matrix.
pub fn access(view: &Access) -> String {
    page(
        "Access",
        &view.company,
        &moment::full(view.at),
        &html!("{}{}{}", access_body(view), gaps(&view.gaps), hr_word(view.hr_read, view.at)),
    )
}

/// What opened and closed.
pub fn changes(view: &Changes) -> String {
    let when = format!("{} to {}", moment::full(view.from), moment::full(view.to));
    let mut body = Html::new();
    if view.changes.is_empty() {
        body += html!("<p>Nothing opened and nothing closed.</p>");
    } else {
        let rows = view.changes.iter().map(|change| {
            let sort = match change.what {
                Happened::Opened => "high",
                Happened::Closed => "good",
                Happened::Changed => "medium",
            };
            let details: Html = change.details.iter().map(|detail| meta(&say(detail))).collect();
            html!(
                "<tr><td class=\"soft\">{0}<td><span class=\"word {1}\">{2}</span><td>{3}<td>{4} <span class=\"soft\">{5}</span>{6}<td>{7}</tr>",
                change.at.strftime("%Y-%m-%d %H:%M").to_string(),
                sort,
                change.what.word(),
                say(&change.system),
                say(&change.about),
                say(&change.kind),
                details,
                joined(change.people.iter().map(|name| say(name)), ", ")
            )
        });
        body += table(&html!("<tr><th>When<th><th>System<th>What<th>Whose</tr>"), &rows.collect());
    }
    if view.others > 0 {
        body += html!("<p class=\"soft\">{} of others.</p>", count(view.others, "more change", "more changes"));
    }
    body += gaps(&view.gaps);
    page("Changes", &view.company, &when, &body)
}

/// How much of each system was read.
pub fn coverage(view: &Coverage) -> String {
    page("Coverage", &view.company, &moment::full(view.at), &coverage_body(view))
}

/// The findings, the matrix and the coverage in one file.
pub fn whole(found: &Shadow, reach: &Access, read: &Coverage) -> String {
    let body = html!(
        "{}<h2>Who reaches what</h2>{}<h2>How much was read</h2>{}{}",
        findings_body(found),
        access_body(reach),
        hr_word(found.hr_read, found.at),
        coverage_body(read)
    );
    page("Executive access", &found.company, &moment::full(found.at), &body)
}

/// How old HR's word is.
fn hr_word(read: Option<jiff::Timestamp>, at: jiff::Timestamp) -> Html {
    html!("<p>{}.</p>", moment::hr_word(read, at))
}

fn shadow_body(view: &Shadow) -> Html {
    html!("{}{}{}", findings_body(view), gaps(&view.gaps), spots(&view.blind_spots))
}

fn findings_body(view: &Shadow) -> Html {
    let mut body = html!("<div class=\"tiles\">");
    for severity in WORST_FIRST {
        let word = severity.word();
        let means = match word {
            "critical" => "outlives the account and reaches far, or data leaves now",
            "high" => "outlives the account, or gives administration",
            "medium" => "dies with the account, but may come back",
            _ => "hygiene",
        };
        body += html!("<div class=\"tile {0}\"><b>{1}</b><span><i>{0}</i> {2}</span></div>", word, view.totals.get(severity), means);
    }
    body += html!("</div>");
    let with = view.people.iter().filter(|one| !one.findings.is_empty()).count() as u64;
    let since = view.since.map(|at| format!(", first found since {}", moment::day(at))).unwrap_or_default();
    body += html!(
        "<p class=\"soft\">{}{}, about {}, and {} that concern everyone. {} looked at.</p>",
        count(view.totals.total(), "open finding", "open findings"),
        since,
        count(with, "person", "people"),
        view.everyone.len(),
        count(view.executives, "executive", "executives"),
    );
    if !view.gaps.is_empty() {
        body += html!(
            "<div class=\"warn\"><p><b>{} not read.</b> <span class=\"soft\">There may be more than this report shows; what and why stands at its end.</span></p></div>",
            count(view.gaps.len() as u64, "thing was", "things were")
        );
    }
    let mut rows = Html::new();
    for (at, one) in view.people.iter().enumerate() {
        let name = say(&one.person.name);
        let name = if one.findings.is_empty() { name } else { html!("<a href=\"#p{}\">{}</a>", at, name) };
        rows += html!("<tr><td>{}<td class=\"soft\">{}<td class=\"soft\">{}", name, say(&one.person.title), say(&one.person.hr_words()));
        for severity in WORST_FIRST {
            rows += match one.counts.get(severity) {
                0 => html!("<td class=\"n no\">·"),
                number => html!("<td class=\"n\"><span class=\"chip {}\">{}</span>", severity.word(), number),
            };
        }
        rows += html!("</tr>");
    }
    let head =
        html!("<tr><th>Person<th>Title<th>HR<th class=\"n\">Critical<th class=\"n\">High<th class=\"n\">Medium<th class=\"n\">Low</tr>");
    body += table(&head, &rows);
    if with > 0 {
        body += html!("<h2>Person by person</h2>");
    }
    for (at, one) in view.people.iter().enumerate().filter(|(_, one)| !one.findings.is_empty()) {
        body += person(at, one);
    }
    if !view.everyone.is_empty() {
        let all: Html = view.everyone.iter().map(finding).collect();
        body += html!("<h2>Concerns everyone</h2><section class=\"person\">{}</section>", all);
    }
    body
}

fn person(at: usize, one: &PersonFindings) -> Html {
    let person = &one.person;
    let number = person.employee_number.as_deref().unwrap_or(&person.hr_key);
    let findings: Html = one.findings.iter().map(finding).collect();
    html!(
        "<section class=\"person\" id=\"p{0}\"><div class=\"head\"><div><h3>{1}</h3><p>{2} · {3} · {4}</p></div><div class=\"counts\">{5}</div></div>{6}{7}</section>",
        at,
        say(&person.name),
        say(&person.title),
        say(number),
        say(&person.hr_words()),
        chips(&one.counts),
        super::picture::of(one),
        findings
    )
}

fn access_body(view: &Access) -> Html {
    let mut head = html!("<tr><th>Person");
    for system in &view.systems {
        // A long name breaks at its hyphens only.
        let parts = joined(system.split('-').map(|part| html!("{}", part)), "-<wbr>");
        head += html!("<th class=\"n\"><bdi>{}</bdi>", parts);
    }
    head += html!("<th class=\"n\">All</tr>");
    let mut rows = Html::new();
    for one in &view.people {
        rows += html!("<tr><td><b>{}</b>{}", say(&one.person.name), meta(&say(&one.person.title)));
        for system in &view.systems {
            let Some(here) = one.systems.get(system) else {
                rows += html!("<td class=\"n no\">·");
                continue;
            };
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
                Some(severity) => html!("<span class=\"chip {}\">{}{}</span>", severity.word(), here.reached, mark),
                None => html!("{}{}", here.reached, mark),
            };
            rows += html!("<td class=\"n\" title=\"{}\">{}", title, number);
        }
        rows += html!("<td class=\"n\"><b>{}</b></tr>", one.reached);
    }
    let note = html!(
        "<p class=\"soft\">Things that each one reaches: accounts, roles, groups, apps, credentials, devices, resources. * owns or administers some of them. Coloured by the worst open finding there.</p>"
    );
    html!("{}{}", table(&head, &rows), note)
}

fn coverage_body(view: &Coverage) -> Html {
    let mut body = html!("<p>{} % of {} were read to their end.</p>", view.percent(), count(view.scopes, "scope", "scopes"));
    let rows = view.systems.iter().map(|system| {
        let share = (system.complete * 100).checked_div(system.scopes).unwrap_or_default();
        let gaps = match system.gaps.len() {
            0 => html!("<td class=\"n no\">·"),
            number => html!("<td class=\"n\"><span class=\"chip high\">{}</span>", number),
        };
        html!(
            "<tr><td><b>{0}</b><td class=\"soft\">{1}<td class=\"soft\">{2}<td>{3} of {4}<div class=\"bar2\"><i style=\"width:{5}%\"></i></div><td class=\"n\">{6}{7}<td class=\"n\">{8}</tr>",
            say(&system.system),
            say(&system.category),
            system.read.map_or_else(|| "never".to_owned(), moment::full),
            system.complete,
            system.scopes,
            share,
            system.seen,
            gaps,
            system.blind_spots.len()
        )
    });
    let head =
        html!("<tr><th>System<th>Sort<th>Last read<th>Complete<th class=\"n\">Seen<th class=\"n\">Gaps<th class=\"n\">Blind spots</tr>");
    body += table(&head, &rows.collect());
    body += gaps(&view.systems.iter().flat_map(|system| system.gaps.clone()).collect::<Vec<_>>());
    body += spots(&view.systems.iter().flat_map(|system| system.blind_spots.clone()).collect::<Vec<_>>());
    if view.systems.iter().any(|system| !system.drift.is_empty()) {
        let drift = |system: &str, drift: &str| html!("<tr><td>{}<td>{}</tr>", say(system), say(drift));
        let rows = view.systems.iter().flat_map(|system| system.drift.iter().map(move |one| drift(&system.system, one)));
        body += html!("<h2>No longer filled: has the vendor renamed a field?</h2>{}", table(&Html::new(), &rows.collect()));
    }
    if !view.unseen.is_empty() {
        let rows = view.unseen.iter().map(|one| html!("<tr><td>{}</tr>", say(one)));
        body += html!("<h2>Known to exist, not looked into</h2>{}", table(&Html::new(), &rows.collect()));
    }
    if view.dangling > 0 {
        let dangling =
            count(view.dangling, "name in an edge stands for nothing that was read", "names in edges stand for nothing that was read");
        body += html!("<p class=\"soft\">{}.</p>", dangling);
    }
    body
}
