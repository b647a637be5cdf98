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
}

/// The people we watch; found by what their accounts show, for a scan asks about every node of a system.
#[derive(Debug, Clone, Default)]
pub struct Watchlist {
    people: Vec<Watched>,
    /// Accounts already linked to them: system, key, place in the list.
    by_account: HashMap<String, HashMap<String, usize>>,
    by_number: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
}

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
        let mut list = Self::default();
        for (place, person) in people.into_iter().enumerate() {
            for (system, key) in accounts.remove(&person.id).unwrap_or_default() {
                list.by_account.entry(system).or_default().entry(key).or_insert(place);
            }
            if let Some(number) = &person.number {
                list.by_number.entry(number.clone()).or_insert(place);
            }
            for email in person.emails.iter().chain(&person.home_emails) {
                list.by_email.entry(email.clone()).or_insert(place);
            }
            list.people.push(Watched { key: person.key.clone(), value: person.as_value() });
        }
        list
    }

    /// Everybody on it.
    pub fn people(&self) -> &[Watched] {
        &self.people
    }

    /// The watched person whose account this node looks like, if any; of several, the first on the list.
    pub fn owner(&self, system: &str, node: &NodeSeen) -> Option<&Watched> {
        let by_email = |text: &str| self.by_email.get(&normal_address(text));
        let emails = match node.attrs.get("emails") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).filter_map(by_email).min(),
            Some(Value::String(text)) => by_email(text),
            _ => None,
        };
        let account = self.by_account.get(system).and_then(|keys| keys.get(&node.node.key));
        let number = node.attrs.get("employee_number").and_then(Value::as_str).and_then(|number| self.by_number.get(number));
        [account, number, emails].into_iter().flatten().min().and_then(|place| self.people.get(*place))
    }
}
