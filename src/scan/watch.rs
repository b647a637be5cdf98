//! Whom we watch: executives and whoever is leaving, and which accounts look like theirs before anything is linked.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::graph::{Graph, Person};
use crate::model::{NodeSeen, normal_address};

/// A watched person, as the scan needs them.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Their key in HR's system; the parent of what is read per person.
    pub key: String,
    /// The person as expressions see them.
    pub value: Value,
    emails: HashSet<String>,
    number: Option<String>,
    /// Accounts already linked to them: system, key.
    accounts: HashSet<(String, String)>,
}

/// The people we watch.
#[derive(Debug, Clone, Default)]
pub struct Watchlist(pub Vec<Watched>);

impl Watchlist {
    /// The watchlist of these people; their links so far are taken from the graph.
    pub fn new<'p>(graph: &Graph, people: impl IntoIterator<Item = &'p Person>) -> Self {
        let mut accounts: HashMap<_, HashSet<(String, String)>> = HashMap::new();
        for link in &graph.links {
            // A likely account is read as closely as a certain one: only taking away needs certainty.
            if link.state != crate::graph::LinkState::Rejected
                && let Some(account) = graph.node(link.account)
            {
                accounts.entry(link.person).or_default().insert((account.system.clone(), account.key.clone()));
            }
        }
        Self(
            people
                .into_iter()
                .map(|person| Watched {
                    key: person.key.clone(),
                    value: person.as_value(),
                    emails: person.emails.iter().chain(&person.home_emails).cloned().collect(),
                    number: person.number.clone(),
                    accounts: accounts.remove(&person.id).unwrap_or_default(),
                })
                .collect(),
        )
    }

    /// The watched person whose account this node looks like, if any.
    pub fn owner(&self, system: &str, node: &NodeSeen) -> Option<&Watched> {
        let texts = |attr: &str| match node.attrs.get(attr) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(normal_address).collect::<Vec<_>>(),
            Some(Value::String(text)) => vec![normal_address(text)],
            _ => Vec::new(),
        };
        let emails = texts("emails");
        let number = node.attrs.get("employee_number").and_then(Value::as_str);
        self.0.iter().find(|person| {
            person.accounts.contains(&(system.to_owned(), node.node.key.clone()))
                || (number.is_some() && person.number.as_deref() == number)
                || emails.iter().any(|email| person.emails.contains(email))
        })
    }
}
