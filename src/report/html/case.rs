//! A departure as one HTML file: for the person who has to sign it off, and for the evidence bundle.

use super::super::case::Case;
use super::super::moment;
use super::super::parts::count;
use super::pieces::{page, say};
use crate::model::Verdict;

/// The departure's report.
pub fn case(view: &Case, company: &str) -> String {
    let tile = |class: &str, number: usize, word: &str, means: &str| {
        format!("<div class=\"tile {class}\"><b>{number}</b><span><i>{word}</i> {means}</span></div>")
    };
    let open = view.tasks.iter().filter(|task| !task.done).count();
    let mut body = format!(
        "<div class=\"tiles\">{}{}{}{}</div>",
        tile("low", view.count(Verdict::Gone), "gone", "a fresh read shows it"),
        tile("medium", view.count(Verdict::Claimed), "claimed", "accepted, not yet proved"),
        tile("critical", view.count(Verdict::Present) + view.count(Verdict::Unknown), "not proved", "still there, or could not be told"),
        tile("high", open, "tasks", "wait for people"),
    );
    body.push_str(&format!("<p>{}. Taken away: {}.</p>", say(&view.cause), say(&view.mode)));
    let times = [("Effective", Some(view.effective)), ("First call", view.started), ("Last proof", view.proved)];
    body.push_str("<p class=\"soft\">");
    for (word, at) in times {
        if let Some(at) = at {
            body.push_str(&format!("{word} {} · ", moment::full(at)));
        }
    }
    body.push_str(&format!("state {}", say(&view.state)));
    if let Some(hash) = &view.plan_hash {
        body.push_str(&format!(" · plan {}", say(hash)));
    }
    if let Some(by) = &view.approved_by {
        body.push_str(&format!(" · approved by {}", say(by)));
    }
    body.push_str("</p>");
    if view.residual.is_empty() {
        body.push_str("<p><b>No way in is left</b> that an action, a task or a named decision doesn't account for.</p>");
    } else {
        body.push_str(&format!(
            "<div class=\"warn\"><p><b>{} left.</b></p><ul>",
            count(view.residual.len() as u64, "way in is", "ways in are")
        ));
        view.residual.iter().for_each(|path| body.push_str(&format!("<li>{}", say(path))));
        body.push_str("</ul></div>");
    }
    if !view.unread.is_empty() {
        body.push_str("<div class=\"warn\"><p><b>Could not be read again:</b></p><ul>");
        view.unread.iter().for_each(|scope| body.push_str(&format!("<li>{}", say(scope))));
        body.push_str("</ul></div>");
    }
    let clear = view.in_clear();
    if !clear.is_empty() {
        body.push_str("<div class=\"warn\"><p><b>Can't be seen:</b></p><ul>");
        clear.iter().for_each(|line| body.push_str(&format!("<li>{}", say(line))));
        body.push_str("</ul></div>");
    }
    body.push_str(
        "<h2>What was done</h2><div class=\"wide\"><table><tr><th class=\"n\">No.<th>System<th>Action<th>Verdict<th>Proved (UTC)</tr>",
    );
    for action in &view.actions {
        let verdict = action.verdict.as_deref().unwrap_or(&action.state);
        let class = match verdict {
            "gone" => "good",
            "claimed" | "handed_off" => "medium",
            _ => "high",
        };
        let why = action.why.as_ref().map(|why| format!("<div class=\"meta\">{}</div>", say(why))).unwrap_or_default();
        let proved = action.proved.map(|at| at.strftime("%H:%M:%S%.3f").to_string()).unwrap_or_default();
        body.push_str(&format!(
            "<tr><td class=\"n\">{}<td>{}<td>{}{why}<td><span class=\"word {class}\">{}</span><td class=\"soft\">{proved}</tr>",
            action.number,
            say(&action.system),
            say(&action.label),
            verdict.replace('_', " ")
        ));
    }
    body.push_str("</table></div>");
    if !view.tasks.is_empty() {
        body.push_str("<h2>What people do</h2><div class=\"wide\"><table><tr><th>Task<th>Role<th>Due<th>State</tr>");
        for task in &view.tasks {
            let state = match (&task.done_by, task.done) {
                (Some(by), true) => {
                    let class = if task.proved { "good" } else { "medium" };
                    format!("<span class=\"word {class}\">done</span> by {}", say(by))
                }
                _ => "<span class=\"word medium\">open</span>".to_owned(),
            };
            let told = view.told.iter().filter(|told| told.task == Some(task.task));
            let told: String = told
                .map(|told| format!("<div class=\"meta\">{} in {}: {}</div>", told.kind, say(&told.system), say(&told.says())))
                .collect();
            let note = task.closed.as_ref().map(|note| format!("<div class=\"meta\">{}</div>", say(note))).unwrap_or_default();
            body.push_str(&format!(
                "<tr><td>{}{note}{told}<td>{}<td class=\"soft\">{}<td>{state}</tr>",
                say(&task.title),
                say(&task.role),
                moment::full(task.due)
            ));
        }
        body.push_str("</table></div>");
    }
    let notices: Vec<_> = view.told.iter().filter(|told| told.task.is_none()).collect();
    if !notices.is_empty() {
        body.push_str("<h2>Who was told</h2><div class=\"wide\"><table><tr><th>Of<th>Whom<th>By<th>When (UTC)<th></tr>");
        for told in notices {
            body.push_str(&format!(
                "<tr><td>{}<td>{}<td>{}<td class=\"soft\">{}<td>{}</tr>",
                told.event,
                say(&told.receiver),
                say(&told.system),
                told.at.map(moment::full).unwrap_or_default(),
                say(&told.says())
            ));
        }
        body.push_str("</table></div>");
    }
    let head = format!("Departure {}: {}", view.departure, view.person);
    page(&head, company, &moment::full(view.proved.unwrap_or(view.effective)), &body)
}
