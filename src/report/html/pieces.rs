//! The pieces that pages are made of. Each is made by [`html!`], which escapes what is put in.

use crate::report::markup::{Html, Piece, html};
use crate::report::parts::{Counts, FindingView, WORST_FIRST};
use crate::report::{BlindSpot, Gap, moment};

/// A text from outside, kept from turning the direction of what stands beside it.
pub(super) fn say(text: &str) -> Html {
    html!("<bdi>{}</bdi>", text)
}

/// A whole page. Nothing is loaded and nothing runs: the policy says so to the browser too.
pub(super) fn page(title: &str, company: &str, when: &str, body: &Html) -> String {
    let page = html!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{0} · {1}</title>\n<style>{2}</style></head>\n<body><main>\n\
         <header><p>{3}</p><h1>{4}</h1><p>{5}</p></header>\n{6}\n\
         <footer>exeunt {7}. Absence is told only where it was read: what was not read and what can't be seen stands in this report.</footer>\n\
         </main></body></html>\n",
        title,
        company,
        Html::ours(include_str!("style.css")),
        say(company),
        say(title),
        when,
        body,
        env!("CARGO_PKG_VERSION"),
    );
    page.into_text()
}

/// A table that may be wider than the page: its head, and its rows.
pub(super) fn table(head: &Html, rows: &Html) -> Html {
    html!("<div class=\"wide\"><table>{}{}</table></div>", head, rows)
}

/// Pieces beside one another, with a text between.
pub(super) fn joined(pieces: impl IntoIterator<Item = Html>, between: &'static str) -> Html {
    let mut all = Html::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        if at > 0 {
            all += html!("{}", Html::ours(between));
        }
        all += piece;
    }
    all
}

/// A line below another.
pub(super) fn meta(line: &dyn Piece) -> Html {
    Html::fill("<div class=\"meta\">{}</div>", &[line])
}

/// The counts that aren't 0, as chips.
pub(super) fn chips(counts: &Counts) -> Html {
    let chips = WORST_FIRST.iter().filter(|severity| counts.get(**severity) > 0);
    chips.map(|severity| html!("<span class=\"chip {0}\">{1} {0}</span> ", severity.word(), counts.get(*severity))).collect()
}

/// A finding with its facts, the way to it, and what to do.
pub(super) fn finding(one: &FindingView) -> Html {
    let mut out = html!(
        "<div class=\"finding {0}\"><div><span class=\"word\">{0}</span></div><div><h4>{1}</h4><p class=\"meta\">{2} {3} · {4} · since {5}</p>",
        one.severity,
        say(&one.title),
        say(&one.code),
        say(&one.check),
        say(&one.system),
        moment::day(one.since)
    );
    if let Some(first) = one.path.first() {
        out += html!("<p class=\"way\">{}", say(&first.from));
        for step in &one.path {
            out += html!(" {} <b>{}</b>", step.says, say(&step.to));
            if step.kind == "account" {
                out += html!(" ({})", say(&step.system));
            }
        }
        out += html!("</p>");
    }
    if !one.facts.is_empty() {
        let facts: Html = one.facts.iter().map(|fact| html!("<li>{}", say(fact))).collect();
        out += html!("<ul>{}</ul>", facts);
    }
    if !one.remedy.is_empty() {
        out += html!("<p class=\"do\">{}</p>", say(&one.remedy));
    }
    out += html!("</div></div>");
    out
}

/// What wasn't read.
pub(super) fn gaps(gaps: &[Gap]) -> Html {
    if gaps.is_empty() {
        return Html::new();
    }
    let rows = gaps.iter().map(|gap| {
        let when = gap.at.map_or_else(|| "never".to_owned(), moment::full);
        html!("<tr><td><b>{}</b><td>{}<td>{}<td class=\"soft\">{}</tr>", say(&gap.system), say(&gap.what()), say(&gap.reason), when)
    });
    html!("<h2>Not read</h2>{}", table(&html!("<tr><th>System<th>What<th>Why<th>Last tried</tr>"), &rows.collect()))
}

/// What can't be seen at all.
pub(super) fn spots(spots: &[BlindSpot]) -> Html {
    if spots.is_empty() {
        return Html::new();
    }
    let rows = spots.iter().map(|spot| {
        let lives = spot.lives.as_deref().unwrap_or("-");
        html!("<tr><td><b>{}</b><td>{}<td class=\"soft\">{}<td>{}</tr>", say(&spot.system), say(&spot.what), say(lives), say(&spot.why))
    });
    html!("<h2>Can't be seen</h2>{}", table(&html!("<tr><th>System<th>What<th>Lives<th>Why</tr>"), &rows.collect()))
}
