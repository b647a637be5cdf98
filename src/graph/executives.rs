//! Whom the settings' rules mean: a rule that means nobody watches nobody, and is said; so is an executive of whom HR has no record any more.

use jiff::Timestamp;

use super::{Graph, Node, Person};
use crate::model::NodeKind;

/// What is wrong with the rule and the list that say who is an executive, where people are known: nobody fits, or a name is nobody's.
pub fn unmatched(people: &[Person], rule: Option<&str>, list: &[String]) -> Vec<String> {
    if people.is_empty() {
        return Vec::new();
    }
    let mut problems: Vec<String> = list
        .iter()
        .filter(|name| !people.iter().any(|person| person.is_called(name)))
        .map(|name| format!("people.executives names {name:?}, and HR knows nobody of that name: nobody is watched for it"))
        .collect();
    if let Some(rule) = rule
        && !people.iter().any(|person| person.executive)
    {
        problems.push(format!(
            "people.executive ({rule}) matches nobody of the {} people that HR knows: no executive is watched; correct the rule",
            people.len()
        ));
    }
    problems
}

/// The executives of whom HR has no record any more, though it never said that they left, and who have an account that is active.
pub fn vanished(graph: &Graph, people: &[Person], now: Timestamp) -> Vec<String> {
    let is_active = |node: &Node| node.kind == NodeKind::Account && !node.disabled();
    let active = |person: &Person| person.accounts(graph).into_iter().any(|account| is_active(&graph.net[account]));
    people
        .iter()
        .filter(|person| person.vanished && person.executive && !person.has_left(now) && active(person))
        .map(|person| {
            let number = person.number.as_deref().unwrap_or(&person.key);
            format!(
                "HR has no record of {} ({number}) any more, and never said that they left: what they have stays known; if they left, run `exeunt revoke {number}`",
                person.name
            )
        })
        .collect()
}

/// The people who leave, and of whom it can't be told when the last day ends: each with the reason.
pub fn placeless(people: &[Person]) -> Vec<String> {
    let line = |person: &Person| {
        let number = person.number.as_deref().unwrap_or(&person.key);
        let why = person.place_doubt.as_ref()?;
        Some(format!("at which hour the last day of {} ({number}) ends is in doubt, for {why}", person.name))
    };
    people.iter().filter_map(line).collect()
}
