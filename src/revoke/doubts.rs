//! What is in doubt about whose an account is: each doubt stands in the plan and is a task; where there is one, no departure ends green.

use petgraph::graph::NodeIndex;

use super::cut;
use super::spec::{Doubt, PlannedTask, label};
use crate::graph::{Graph, Link, Person};
use crate::model::NodeKind;
use crate::store::links::Once;

/// How long people have to look.
const DUE: u64 = 24 * 3600;

/// The person's links that nobody is sure of, or that are no longer supported. The first are asked about, never acted on; the second are acted on
/// as before, and asked about.
pub(super) fn of_links(graph: &Graph, person: &Person) -> Vec<(Doubt, PlannedTask)> {
    let mut found = Vec::new();
    for link in graph.links.iter().filter(|link| link.person == person.id && link.is_in_doubt()) {
        let Some(index) = graph.index(link.account) else { continue };
        // What no scope shows any more is another doubt.
        if !graph.is_shown(index) || came_of_the_case(graph, link) {
            continue;
        }
        found.push(of_link(graph, person, link, index));
    }
    found
}

/// Whether the doubt is younger than a case that took the account: a vendor may well clear the address of an account that we have just ended.
fn came_of_the_case(graph: &Graph, link: &Link) -> bool {
    link.doubt.is_some() && graph.taken_since(link.person, link.account).is_some_and(|taken| taken <= link.since)
}

fn of_link(graph: &Graph, person: &Person, link: &Link, index: NodeIndex) -> (Doubt, PlannedTask) {
    let node = &graph.net[index];
    let name = label(graph, index);
    let (what, system) = match node.kind {
        NodeKind::Address => ("address", String::new()),
        _ => ("account", format!(" in {}", node.system)),
    };
    let acted_on = cut::owners(graph, index).contains(&person.index);
    let why = match &link.doubt {
        Some(doubt) if link.state.is_sure() => doubt.clone(),
        Some(doubt) => format!("{}; {}", doubt, link.evidence.join(", ")),
        None => format!("{}: {}", link.state.word(), link.evidence.join(", ")),
    };
    let steps = if acted_on {
        format!(
            "It is known as {}'s, and this departure takes it away as before. But: {why}. `exeunt link confirm {id}`, or `exeunt link reject {id}` and give it back.",
            person.name,
            id = link.id
        )
    } else {
        format!(
            "It may be {}'s ({why}). `exeunt link confirm {id}` or `exeunt link reject {id}`; once confirmed, run the departure again.",
            person.name,
            id = link.id
        )
    };
    let task = PlannedTask {
        role: "security".into(),
        title: format!("Confirm whose {what} {name}{system} is"),
        steps,
        due_secs: DUE,
        system: node.system.clone(),
        things: vec![name.clone()],
        covers: if acted_on { Vec::new() } else { vec![node.id.0] },
        ..PlannedTask::default()
    };
    (Doubt { node: node.id.0, system: node.system.clone(), what: format!("{what} {name}{system}"), why }, task)
}

/// Accounts that were the person's and that their systems no longer show, though nothing of ours took them away: what became of them?
pub fn of_once(person: &Person, once: &[Once]) -> Vec<(Doubt, PlannedTask)> {
    let mut found = Vec::new();
    for account in once {
        let when = account.until.map(|at| format!(" since {}", at.strftime("%Y-%m-%d"))).unwrap_or_default();
        let why = format!("it was {}'s, and {} has not shown it{when}", person.name, account.system);
        let task = PlannedTask {
            role: "security".into(),
            title: format!("Find out what became of the account {} in {}", account.label, account.system),
            steps: format!(
                "{why}; no action of ours took it away. It may be gone, renamed, moved, or merely no longer listed: look in {}, and take away what it still has.",
                account.system
            ),
            due_secs: DUE,
            system: account.system.clone(),
            things: vec![account.label.clone()],
            ..PlannedTask::default()
        };
        let what = format!("account {} in {}", account.label, account.system);
        found.push((Doubt { node: account.account.0, system: account.system.clone(), what, why }, task));
    }
    found
}

/// Adds doubts and their tasks to a plan.
pub fn add(plan: &mut super::spec::Plan, doubts: Vec<(Doubt, PlannedTask)>) {
    for (doubt, task) in doubts {
        plan.doubts.push(doubt);
        plan.tasks.push(task);
    }
}
