//! People as the graph knows them: HR's record, and what it makes of them.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use petgraph::graph::NodeIndex;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use super::{Graph, Node};
use crate::clock;
use crate::config::Config;
use crate::manifest::attributes;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::structure::did_you_mean;
use crate::model::{EdgeKind, LastDay, NodeId, NodeKind, Span, normal_address};

/// Whether somebody works here, in HR's word. Only a word that the settings or the manifest name says that they left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Works here.
    Active,
    /// Works here no more.
    Left,
    /// HR doesn't say.
    Unknown,
}

/// A person, as HR knows them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their node.
    pub id: NodeId,
    /// Where it is in the graph.
    pub index: NodeIndex,
    /// Their key in the HR system.
    pub key: String,
    /// Their name.
    pub name: String,
    /// Their employee number.
    pub number: Option<String>,
    /// Their addresses at work, the first one first.
    pub emails: Vec<String>,
    /// Their private addresses, as HR has them.
    pub home_emails: Vec<String>,
    /// Their phones.
    pub phones: Vec<String>,
    /// Their title.
    pub title: String,
    /// Their department.
    pub department: String,
    /// What HR says of them.
    pub standing: Standing,
    /// HR's last day, if there is one and they have not been hired again after it.
    pub last_day: Option<Date>,
    /// The day on which HR says that they begin again, which is yet to come: until then the last day counts.
    pub returns: Option<Date>,
    /// When that day begins and ends where they work.
    pub last_hours: Option<Span>,
    /// Why it can't be told at which hour the last day ends where they work, if it can't.
    pub place_doubt: Option<String>,
    /// What HR's record could not tell (`state`, `last_day` …): the key may not read it, or it is no word or day that we know.
    pub unknown: Vec<String>,
    /// Whether they count as an executive.
    pub executive: bool,
    /// Whether HR has no record of them any more: everything here is as HR knew it last.
    pub vanished: bool,
}

impl Person {
    /// Everybody in the graph, by name, as the settings have it.
    ///
    /// # Errors
    /// The rule for executives can't be evaluated.
    pub fn of_company(graph: &Graph, config: &Config) -> Result<Vec<Self>, String> {
        let days = config.departure.last_day().map_err(|problem| format!("departure.{problem}"))?;
        Self::all(graph, config.people.executive.as_deref(), &config.people.executives, &days)
    }

    /// Everybody in the graph, by name; whoever HR has no record of any more too, as far as the graph remembers them, unless their number or main
    /// address is another record's now. `rule` and `list` say who is an executive (see `config::People`), `days` when a last day ends.
    ///
    /// # Errors
    /// The rule can't be evaluated.
    pub fn all(graph: &Graph, rule: Option<&str>, list: &[String], days: &LastDay) -> Result<Vec<Self>, String> {
        let rule = rule.map(executive_rule).transpose()?;
        let now = clock::now();
        let known = graph.nodes().filter(|(_, node)| node.kind == NodeKind::Person && (node.seen || node.remembered));
        let known: Vec<(NodeIndex, &Node)> = known.collect();
        let of = |(index, node): (NodeIndex, &Node)| -> Result<Self, String> {
            let texts = |attr: &str| node.texts(attr).into_iter().map(str::to_owned).collect::<Vec<_>>();
            let unknown = texts(attributes::UNKNOWN);
            let standing = match node.text("state") {
                _ if unknown.iter().any(|attr| attr == "state") => Standing::Unknown,
                Some("disabled") => Standing::Left,
                // That HR has no record says neither.
                _ if !node.seen => Standing::Unknown,
                _ => Standing::Active,
            };
            let day = |attr: &str| node.text(attr).filter(|_| !unknown.iter().any(|other| other == attr)).and_then(attributes::day);
            // Hired after the last day: that was an earlier time here, unless the new one is yet to come.
            let returns = day("hired").filter(|hired| days.span(*hired, node.text("place")).is_none_or(|hours| now < hours.begins));
            let last_day = day("last_day").filter(|last| returns.is_some() || day("hired").is_none_or(|hired| hired <= *last));
            let returns = returns.filter(|hired| last_day.is_some_and(|last| *hired > last));
            let mut person = Self {
                id: node.id,
                index,
                key: node.key.clone(),
                name: node.label().to_owned(),
                number: node.text("employee_number").map(str::to_owned),
                emails: node.emails(),
                // A cell that is empty in HR's file is nobody's address.
                home_emails: node.texts("home_emails").into_iter().filter(|text| text.contains('@')).map(normal_address).collect(),
                phones: texts("phones"),
                title: node.text("title").unwrap_or_default().to_owned(),
                department: node.text("department").unwrap_or_default().to_owned(),
                standing,
                last_day,
                returns,
                place_doubt: last_day.and_then(|_| days.doubt_of(node.text("place"))),
                last_hours: last_day.and_then(|day| days.span(day, node.text("place"))),
                unknown,
                executive: false,
                vanished: !node.seen,
            };
            person.executive = list.iter().any(|wanted| person.is_called(wanted));
            if let Some(rule) = &rule
                && !person.executive
            {
                let value = person.as_value();
                person.executive =
                    rule.truth(&Scope::new().with("person", &value)).map_err(|problem| format!("people.executive: {problem}"))?;
            }
            Ok(person)
        };
        let mut people = known.into_par_iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let known: HashSet<&str> = people.iter().filter(|person: &&Self| !person.vanished).flat_map(Self::marks).collect();
        let another: HashSet<NodeId> = people
            .iter()
            .filter(|person| person.vanished && person.marks().any(|mark| known.contains(mark)))
            .map(|person| person.id)
            .collect();
        people.retain(|person| !another.contains(&person.id));
        people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(people)
    }

    /// What no two people have: their number and their main address.
    fn marks(&self) -> impl Iterator<Item = &str> {
        self.number.as_deref().into_iter().chain(self.work_email())
    }

    /// Whether `text` names this person: employee number, HR key, an address, or the whole name.
    pub fn is_called(&self, text: &str) -> bool {
        let text = text.trim();
        let lower = normal_address(text);
        self.number.as_deref() == Some(text) || self.key == text || self.emails.contains(&lower) || self.name.to_lowercase() == lower
    }

    /// Whether HR counts them as gone at this moment: past their last day, or inactive and not before it.
    pub fn has_left(&self, at: Timestamp) -> bool {
        match (self.last_hours, self.standing) {
            (Some(hours), Standing::Left) => hours.begins <= at,
            (Some(hours), _) => hours.ends <= at,
            (None, standing) => standing == Standing::Left,
        }
    }

    /// Whether HR names them as leaving, now or later.
    pub fn is_leaving(&self) -> bool {
        self.last_day.is_some() || self.standing == Standing::Left
    }

    /// Their main address.
    pub fn work_email(&self) -> Option<&str> {
        self.emails.first().map(String::as_str)
    }

    /// The person as expressions see them.
    pub fn as_value(&self) -> Value {
        json!({
            "id": self.key,
            "key": self.key,
            "name": self.name,
            "employee_number": self.number,
            "work_email": self.work_email(),
            "email": self.work_email(),
            "emails": self.emails,
            "home_emails": self.home_emails,
            "phones": self.phones,
            "title": self.title,
            "department": self.department,
        })
    }

    /// The accounts that are surely theirs (addresses that stand for one too).
    pub fn accounts(&self, graph: &Graph) -> Vec<NodeIndex> {
        graph.out(self.index).filter(|(_, edge, _)| edge.kind == EdgeKind::HasAccount).map(|(_, _, to)| to).collect()
    }
}

/// The rule that says who is an executive, compiled; it may only ask for what a person has.
///
/// # Errors
/// One line: it is no expression, or asks for something that a person doesn't have.
pub fn executive_rule(source: &str) -> Result<Arc<Expr>, String> {
    let rule = Expr::compile(source).map_err(|problem| format!("people.executive: {problem}"))?;
    if let Some(name) = rule.names().iter().find(|name| **name != "person") {
        return Err(format!("people.executive: {name} holds nothing here: the rule is about a person"));
    }
    match rule.fields_of("person").iter().find(|field| !attributes::PERSON.contains(&field.as_str())) {
        Some(field) => {
            let hint = did_you_mean(field, attributes::PERSON.iter().copied());
            Err(format!("people.executive: a person has no {field}{hint} (there are {})", attributes::PERSON.join(", ")))
        }
        None => Ok(rule),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // Trust: HR's word.
    #[test]
    fn a_rule_about_something_that_nobody_has_is_refused() {
        assert!(executive_rule("person.title | matches('chief') or person.department == 'Board'").is_ok());
        let refused = executive_rule("person.titel | matches('chief')").unwrap_err();
        assert!(refused.contains("titel") && refused.contains("title"), "{refused}");
        assert!(executive_rule("person.state == 'inactive'").unwrap_err().contains("no state"));
        assert!(executive_rule("node.name == 'x'").unwrap_err().contains("node"));
    }
}
