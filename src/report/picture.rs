//! One person's findings as a picture: the person, their accounts, and what is wrong with each, joined by lines. Plain SVG, no scripts.

use std::collections::BTreeMap;

use super::clean::{line, short};
use super::markup::{Html, html};
use super::parts::FindingView;
use super::shadow::PersonFindings;

const WIDTH: usize = 960;
const ROW: usize = 46;
const TOP: usize = 14;
/// More findings than these aren't drawn; the list below the picture has them all.
const MOST: usize = 14;

/// The picture, or nothing if there is nothing to draw.
pub(super) fn of(one: &PersonFindings) -> Html {
    let shown: Vec<&FindingView> = one.findings.iter().take(MOST).collect();
    if shown.is_empty() {
        return Html::new();
    }
    // Findings stand beside the account they hang on; an account stands where its worst finding comes in the list.
    let mut accounts: Vec<(String, String)> = Vec::new();
    let mut of_account: BTreeMap<(String, String), Vec<&FindingView>> = BTreeMap::new();
    for finding in &shown {
        let account = through(finding);
        if !accounts.contains(&account) {
            accounts.push(account.clone());
        }
        of_account.entry(account).or_default().push(finding);
    }
    let height = shown.len() * ROW + TOP * 2;
    let middle = height / 2;
    let mut lines = Html::new();
    let mut boxes = Html::new();
    let mut row = 0;
    for account in &accounts {
        let Some(findings) = of_account.get(account) else { continue };
        let centre = TOP + row * ROW + findings.len() * ROW / 2;
        let worst = findings.iter().filter_map(|finding| finding.rank).max().map_or("low", |severity| severity.word());
        lines += curve(206, middle, 300, centre, worst);
        boxes += html!(
            "<g><title>{0} ({1})</title><rect class=\"acct\" x=\"300\" y=\"{2}\" width=\"234\" height=\"38\" rx=\"8\"/>\
             <text class=\"t\" x=\"314\" y=\"{3}\">{4}</text><text class=\"s\" x=\"314\" y=\"{5}\">{6}</text></g>",
            account.1,
            account.0,
            centre - 19,
            centre - 3,
            fit(&account.1, 25),
            centre + 12,
            fit(&account.0, 30),
        );
        for finding in findings {
            let y = TOP + row * ROW + ROW / 2;
            lines += curve(534, centre, 630, y, &finding.severity);
            boxes += html!(
                "<g><title>{0}: {1}</title><rect class=\"find {2}\" x=\"630\" y=\"{3}\" width=\"322\" height=\"38\" rx=\"8\"/>\
                 <rect class=\"bar {2}\" x=\"630\" y=\"{3}\" width=\"5\" height=\"38\" rx=\"2\"/>\
                 <text class=\"t\" x=\"646\" y=\"{4}\">{5}</text><text class=\"s\" x=\"646\" y=\"{6}\">{7}</text></g>",
                finding.check,
                finding.title,
                finding.severity,
                y - 19,
                y - 3,
                fit(&finding.label, 36),
                y + 12,
                fit(&below(finding), 44),
            );
            row += 1;
        }
    }
    html!(
        "<svg class=\"pic\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"What {2} can still reach\">{3}\
         <g><rect class=\"who\" x=\"8\" y=\"{4}\" width=\"198\" height=\"46\" rx=\"23\"/>\
         <text class=\"t m\" x=\"107\" y=\"{5}\">{6}</text><text class=\"s m\" x=\"107\" y=\"{7}\">{8}</text></g>{9}</svg>",
        WIDTH,
        height,
        one.person.name,
        lines,
        middle - 23,
        middle - 3,
        fit(&one.person.name, 20),
        middle + 12,
        fit(&one.person.title, 26),
        boxes,
    )
}

/// The account that a finding hangs on (system, account): the first one of its path that isn't the finding itself; else its system.
fn through(finding: &FindingView) -> (String, String) {
    let last = finding.path.len().saturating_sub(1);
    match finding.path.first().filter(|_| last > 0) {
        Some(step) => (if step.system.is_empty() { "address".to_owned() } else { step.system.clone() }, step.to.clone()),
        None => (finding.system.clone(), finding.system.clone()),
    }
}

/// What a finding's second line says: the check, and what lies between the account and it.
fn below(finding: &FindingView) -> String {
    let between: Vec<&str> = match finding.path.as_slice() {
        [_, between @ .., _] => between.iter().map(|step| step.to.as_str()).collect(),
        _ => Vec::new(),
    };
    let via = if between.is_empty() { String::new() } else { format!(" via {}", between.join(" → ")) };
    format!("{}{via}", finding.check.replace('-', " "))
}

fn curve(x1: usize, y1: usize, x2: usize, y2: usize, severity: &str) -> Html {
    let bend = usize::midpoint(x1, x2);
    html!("<path class=\"line {0}\" d=\"M{1} {2} C{5} {2} {5} {4} {3} {4}\"/>", severity, x1, y1, x2, y2, bend)
}

/// As much of a text as fits; wide letters count twice.
fn fit(text: &str, most: usize) -> String {
    let text = line(text);
    let wide = text.chars().filter(|c| u32::from(*c) >= 0x1100).count();
    short(&text, most.saturating_sub(wide.min(most / 2)))
}
