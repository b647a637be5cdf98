//! One person's findings as a picture: the person, their accounts, and what is wrong with each, joined by lines. Plain SVG, no scripts.

use std::collections::BTreeMap;

use super::clean::{line, markup, short};
use super::parts::FindingView;
use super::shadow::PersonFindings;

const WIDTH: usize = 960;
const ROW: usize = 46;
const TOP: usize = 14;
/// More findings than these aren't drawn; the list below the picture has them all.
const MOST: usize = 14;

/// The picture, or nothing if there is nothing to draw.
pub(super) fn of(one: &PersonFindings) -> String {
    let shown: Vec<&FindingView> = one.findings.iter().take(MOST).collect();
    if shown.is_empty() {
        return String::new();
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
    let name = markup(&one.person.name);
    let mut lines = String::new();
    let mut boxes = String::new();
    let mut row = 0;
    for account in &accounts {
        let Some(findings) = of_account.get(account) else { continue };
        let centre = TOP + row * ROW + findings.len() * ROW / 2;
        let worst = findings.iter().filter_map(|finding| finding.rank).max().map_or("low", |severity| severity.word());
        lines.push_str(&curve(206, middle, 300, centre, worst));
        boxes.push_str(&format!(
            "<g><title>{0} ({1})</title><rect class=\"acct\" x=\"300\" y=\"{2}\" width=\"234\" height=\"38\" rx=\"8\"/>\
             <text class=\"t\" x=\"314\" y=\"{3}\">{4}</text><text class=\"s\" x=\"314\" y=\"{5}\">{6}</text></g>",
            markup(&account.1),
            markup(&account.0),
            centre - 19,
            centre - 3,
            markup(&fit(&account.1, 25)),
            centre + 12,
            markup(&fit(&account.0, 30)),
        ));
        for finding in findings {
            let y = TOP + row * ROW + ROW / 2;
            lines.push_str(&curve(534, centre, 630, y, &finding.severity));
            boxes.push_str(&format!(
                "<g><title>{0}: {1}</title><rect class=\"find {2}\" x=\"630\" y=\"{3}\" width=\"322\" height=\"38\" rx=\"8\"/>\
                 <rect class=\"bar {2}\" x=\"630\" y=\"{3}\" width=\"5\" height=\"38\" rx=\"2\"/>\
                 <text class=\"t\" x=\"646\" y=\"{4}\">{5}</text><text class=\"s\" x=\"646\" y=\"{6}\">{7}</text></g>",
                markup(&finding.check),
                markup(&finding.title),
                markup(&finding.severity),
                y - 19,
                y - 3,
                markup(&fit(&finding.label, 36)),
                y + 12,
                markup(&fit(&below(finding), 44)),
            ));
            row += 1;
        }
    }
    let title = fit(&one.person.title, 26);
    format!(
        "<svg class=\"pic\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"What {name} can still reach\">{lines}\
         <g><rect class=\"who\" x=\"8\" y=\"{0}\" width=\"198\" height=\"46\" rx=\"23\"/>\
         <text class=\"t m\" x=\"107\" y=\"{1}\">{2}</text><text class=\"s m\" x=\"107\" y=\"{3}\">{4}</text></g>{boxes}</svg>",
        middle - 23,
        middle - 3,
        markup(&fit(&one.person.name, 20)),
        middle + 12,
        markup(&title),
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

fn curve(x1: usize, y1: usize, x2: usize, y2: usize, severity: &str) -> String {
    let bend = usize::midpoint(x1, x2);
    format!("<path class=\"line {severity}\" d=\"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}\"/>", severity = markup(severity))
}

/// As much of a text as fits; wide letters count twice.
fn fit(text: &str, most: usize) -> String {
    let text = line(text);
    let wide = text.chars().filter(|c| u32::from(*c) >= 0x1100).count();
    short(&text, most.saturating_sub(wide.min(most / 2)))
}
