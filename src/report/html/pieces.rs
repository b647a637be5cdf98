//! The pieces that pages are made of. [`say`] is the only way a name gets in.

use crate::report::clean::markup;
use crate::report::parts::{Counts, FindingView, WORST_FIRST};
use crate::report::{BlindSpot, Gap, moment};

/// A text from outside: escaped, and kept from turning the direction of what stands beside it.
pub(super) fn say(text: &str) -> String {
    format!("<bdi>{}</bdi>", markup(text))
}

/// A whole page. Nothing is loaded and nothing runs: the policy says so to the browser too.
pub(super) fn page(title: &str, company: &str, when: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title_text} · {company_text}</title>\n<style>{style}</style></head>\n<body><main>\n\
         <header><p>{company}</p><h1>{title}</h1><p>{when}</p></header>\n{body}\n\
         <footer>exeunt {version}. Absence is told only where it was read: what was not read and what can't be seen stands in this report.</footer>\n\
         </main></body></html>\n",
        title_text = markup(title),
        title = say(title),
        company_text = markup(company),
        company = say(company),
        style = include_str!("style.css"),
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// The counts that aren't 0, as chips.
pub(super) fn chips(counts: &Counts) -> String {
    let chips = WORST_FIRST.iter().filter(|severity| counts.get(**severity) > 0);
    chips.map(|severity| format!("<span class=\"chip {severity}\">{} {severity}</span> ", counts.get(*severity))).collect()
}

/// A finding with its facts, the way to it, and what to do.
pub(super) fn finding(one: &FindingView) -> String {
    let severity = markup(&one.severity);
    let mut out = format!(
        "<div class=\"finding {severity}\"><div><span class=\"word\">{severity}</span></div><div><h4>{}</h4><p class=\"meta\">{} {} · {} · since {}</p>",
        say(&one.title),
        say(&one.code),
        say(&one.check),
        say(&one.system),
        moment::day(one.since)
    );
    if let Some(first) = one.path.first() {
        let mut way = format!("<p class=\"way\">{}", say(&first.from));
        for step in &one.path {
            way.push_str(&format!(" {} <b>{}</b>", markup(&step.says), say(&step.to)));
            if step.kind == "account" {
                way.push_str(&format!(" ({})", say(&step.system)));
            }
        }
        out.push_str(&way);
        out.push_str("</p>");
    }
    if !one.facts.is_empty() {
        let facts: String = one.facts.iter().map(|fact| format!("<li>{}", say(fact))).collect();
        out.push_str(&format!("<ul>{facts}</ul>"));
    }
    if !one.remedy.is_empty() {
        out.push_str(&format!("<p class=\"do\">{}</p>", say(&one.remedy)));
    }
    out.push_str("</div></div>");
    out
}

/// What wasn't read.
pub(super) fn gaps(gaps: &[Gap]) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    let rows: String = gaps
        .iter()
        .map(|gap| {
            let when = gap.at.map_or_else(|| "never".to_owned(), moment::full);
            format!("<tr><td><b>{}</b><td>{}<td>{}<td class=\"soft\">{when}</tr>", say(&gap.system), say(&gap.what()), say(&gap.reason))
        })
        .collect();
    format!("<h2>Not read</h2><div class=\"wide\"><table><tr><th>System<th>What<th>Why<th>Last tried</tr>{rows}</table></div>")
}

/// What can't be seen at all.
pub(super) fn spots(spots: &[BlindSpot]) -> String {
    if spots.is_empty() {
        return String::new();
    }
    let rows: String = spots
        .iter()
        .map(|spot| {
            let lives = spot.lives.as_deref().unwrap_or("-");
            format!(
                "<tr><td><b>{}</b><td>{}<td class=\"soft\">{}<td>{}</tr>",
                say(&spot.system),
                say(&spot.what),
                say(lives),
                say(&spot.why)
            )
        })
        .collect();
    format!("<h2>Can't be seen</h2><div class=\"wide\"><table><tr><th>System<th>What<th>Lives<th>Why</tr>{rows}</table></div>")
}
