//! A departure as one HTML file: for the person who has to sign it off, and for the evidence bundle.

use super::super::case::Case;
use super::super::markup::{Html, html};
use super::super::moment;
use super::super::parts::count;
use super::pieces::{meta, page, say, table};
use crate::model::Verdict;

/// The departure's report.
pub fn case(view: &Case, company: &str) -> String {
    let tile = |class: &str, number: usize, word: &str, means: &str| {
        html!("<div class=\"tile {}\"><b>{}</b><span><i>{}</i> {}</span></div>", class, number, word, means)
    };
    let open = view.tasks.iter().filter(|task| !task.done).count();
    let mut body = html!(
        "<div class=\"tiles\">{}{}{}{}</div>",
        tile("low", view.count(Verdict::Gone), "gone", "a fresh read shows it"),
        tile("medium", view.count(Verdict::Claimed), "claimed", "accepted, not yet proved"),
        tile("critical", view.count(Verdict::Present) + view.count(Verdict::Unknown), "not proved", "still there, or could not be told"),
        tile("high", open, "tasks", "wait for people"),
    );
    body += html!("<p>{}. Taken away: {}.</p>", say(&view.cause), say(&view.mode));
    let times = [("Effective", Some(view.effective)), ("First call", view.started), ("Last proof", view.proved)];
    body += html!("<p class=\"soft\">");
    for (word, at) in times {
        if let Some(at) = at {
            body += html!("{} {} · ", word, moment::full(at));
        }
    }
    body += html!("state {}", say(&view.state));
    if let Some(hash) = &view.plan_hash {
        body += html!(" · plan {}", say(hash));
    }
    if let Some(by) = &view.approved_by {
        body += html!(" · approved by {}", say(by));
    }
    body += html!("</p>");
    if let Some(reason) = &view.waits {
        body += html!("<div class=\"warn\"><p><b>It waits:</b> {}</p></div>", say(reason));
    }
    let list = |lines: &[String]| lines.iter().map(|line| html!("<li>{}", say(line))).collect::<Html>();
    if view.residual.is_empty() {
        body += html!("<p><b>No way in is left</b> that an action, a task or a named decision doesn't account for.</p>");
    } else {
        let left = count(view.residual.len() as u64, "way in is", "ways in are");
        body += html!("<div class=\"warn\"><p><b>{} left.</b></p><ul>{}</ul></div>", left, list(&view.residual));
    }
    if !view.unread.is_empty() {
        body += html!("<div class=\"warn\"><p><b>Could not be read again:</b></p><ul>{}</ul></div>", list(&view.unread));
    }
    let clear = view.in_clear();
    if !clear.is_empty() {
        body += html!("<div class=\"warn\"><p><b>Can't be seen:</b></p><ul>{}</ul></div>", list(&clear));
    }
    let rows = view.actions.iter().map(|action| {
        let verdict = action.verdict.as_deref().unwrap_or(&action.state);
        let class = match verdict {
            "gone" => "good",
            "claimed" | "handed_off" => "medium",
            _ => "high",
        };
        let proved = action.proved.map(|at| at.strftime("%H:%M:%S%.3f").to_string()).unwrap_or_default();
        html!(
            "<tr><td class=\"n\">{0}<td>{1}<td>{2}{3}<td><span class=\"word {4}\">{5}</span><td class=\"soft\">{6}</tr>",
            action.number,
            say(&action.system),
            say(&action.label),
            action.why.as_ref().map(|why| meta(&say(why))),
            class,
            verdict.replace('_', " "),
            proved
        )
    });
    let head = html!("<tr><th class=\"n\">No.<th>System<th>Action<th>Verdict<th>Proved (UTC)</tr>");
    body += html!("<h2>What was done</h2>{}", table(&head, &rows.collect()));
    if !view.tasks.is_empty() {
        let rows = view.tasks.iter().map(|task| {
            let state = match (&task.done_by, task.done) {
                (Some(by), true) => {
                    let class = if task.proved { "good" } else { "medium" };
                    html!("<span class=\"word {}\">done</span> by {}", class, say(by))
                }
                _ => html!("<span class=\"word medium\">open</span>"),
            };
            let told = view.told.iter().filter(|told| told.task == Some(task.task));
            let told: Html = told.map(|told| meta(&html!("{} in {}: {}", told.kind, say(&told.system), say(&told.says())))).collect();
            html!(
                "<tr><td>{}{}{}<td>{}<td class=\"soft\">{}<td>{}</tr>",
                say(&task.title),
                task.closed.as_ref().map(|note| meta(&say(note))),
                told,
                say(&task.role),
                moment::full(task.due),
                state
            )
        });
        body += html!("<h2>What people do</h2>{}", table(&html!("<tr><th>Task<th>Role<th>Due<th>State</tr>"), &rows.collect()));
    }
    let notices = view.told.iter().filter(|told| told.task.is_none());
    let rows: Vec<Html> = notices
        .map(|told| {
            html!(
                "<tr><td>{}<td>{}<td>{}<td class=\"soft\">{}<td>{}</tr>",
                told.event,
                say(&told.receiver),
                say(&told.system),
                told.at.map(moment::full),
                say(&told.says())
            )
        })
        .collect();
    if !rows.is_empty() {
        let head = html!("<tr><th>Of<th>Whom<th>By<th>When (UTC)<th></tr>");
        body += html!("<h2>Who was told</h2>{}", table(&head, &rows.into_iter().collect()));
    }
    let head = format!("Departure {}: {}", view.departure, view.person);
    page(&head, company, &moment::full(view.proved.unwrap_or(view.effective)), &body)
}
