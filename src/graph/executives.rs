//! Whom the settings' rules mean: a rule that means nobody watches nobody, and is said; so is an executive of whom HR has no record any more.

use jiff::Timestamp;
use serde_json::Value;

use super::{Graph, Link, LinkState, Node, Person, executive_rule};
use crate::model::NodeKind;

/// What is wrong with the rule and the list that say who is an executive, where people are known: nobody fits, a name is nobody's, or HR's record
/// does not tell what the rule asks for and never told it.
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
    problems.extend(rule.and_then(|rule| untold(people, rule)));
    problems
}

/// Of whom it isn't known whether the rule means them.
pub fn untold(people: &[Person], rule: &str) -> Option<String> {
    const NAMED: usize = 5;
    let asked = executive_rule(rule).ok()?.fields_of("person");
    let is_untold = |person: &Person| {
        let value = person.as_value();
        let empty = |field: &str| match &value[field] {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        // What was known once is known still.
        !person.executive
            && !person.has_left(crate::clock::now())
            && person.unknown.iter().any(|field| asked.contains(field) && empty(field))
    };
    let untold: Vec<&str> = people.iter().filter(|person| is_untold(person)).map(|person| person.name.as_str()).collect();
    let more = if untold.len() > NAMED { format!(" and {} more", untold.len() - NAMED) } else { String::new() };
    (!untold.is_empty()).then(|| {
        format!(
            "HR's record does not tell what people.executive asks for ({}) of {}{more}: whether they are executives isn't known, and they are not watched; let the key read it, or name them in people.executives",
            asked.join(", "),
            untold.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ")
        )
    })
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

/// The accounts that were known for sure as somebody's, and that show somebody else now: no departure takes them before a person has said whose.
pub fn contested(graph: &Graph) -> Vec<String> {
    let changed = graph.links.iter().filter(|link| link.state == LinkState::Disputed && link.doubt.is_some());
    let line = |link: &Link| {
        let account = graph.index(link.account).filter(|index| graph.is_shown(*index)).map(|index| &graph.net[index])?;
        let place = if account.system.is_empty() { String::new() } else { format!(" in {}", account.system) };
        let person = graph.node(link.person).map_or("somebody", Node::label);
        let doubt = link.doubt.as_deref().unwrap_or_default();
        Some(format!("{}{place} was known as {person}'s; {doubt}: say whose it is (`exeunt link list`)", account.label()))
    };
    changed.filter_map(line).collect()
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
