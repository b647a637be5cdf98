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
    by_account: HashMap<String, HashMap<String, Vec<usize>>>,
    by_number: HashMap<String, Vec<usize>>,
    by_email: HashMap<String, Vec<usize>>,
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
            let mut theirs = accounts.remove(&person.id).unwrap_or_default();
            // What a case has taken is followed, whatever the links say by now.
            let had = person.accounts(graph).into_iter().map(|index| &graph.net[index]);
            theirs.extend(had.map(|account| (account.system.clone(), account.key.clone())));
            for (system, key) in theirs {
                list.by_account.entry(system).or_default().entry(key).or_default().push(place);
            }
            if let Some(number) = &person.number {
                list.by_number.entry(number.clone()).or_default().push(place);
            }
            for email in person.emails.iter().chain(&person.home_emails) {
                list.by_email.entry(email.clone()).or_default().push(place);
            }
            list.people.push(Watched { key: person.key.clone(), value: person.as_value() });
        }
        list
    }

    /// Everybody on it.
    pub fn people(&self) -> &[Watched] {
        &self.people
    }

    /// The watched person whose account this node looks like, if any. Several may share an address: the one who is asked about, else the first on
    /// the list.
    pub fn owner(&self, system: &str, node: &NodeSeen, focus: Option<&str>) -> Option<&Watched> {
        let mut places: Vec<usize> = Vec::new();
        let mut add = |found: Option<&Vec<usize>>| places.extend(found.into_iter().flatten());
        match node.attrs.get("emails") {
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).for_each(|text| add(self.by_email.get(&normal_address(text))));
            }
            Some(Value::String(text)) => add(self.by_email.get(&normal_address(text))),
            _ => {}
        }
        add(self.by_account.get(system).and_then(|keys| keys.get(&node.node.key)));
        add(node.attrs.get("employee_number").and_then(Value::as_str).and_then(|number| self.by_number.get(number)));
        places.sort_unstable();
        let asked = places.iter().find(|place| focus.is_some_and(|key| self.people[**place].key == key));
        asked.or(places.first()).map(|place| &self.people[*place])
    }

    /// Whether this list, made after a scan, has people, or accounts of theirs in this system, that the list before did not have: what is read
    /// for watched people alone has not been read for them.
    pub fn has_more_than(&self, before: &Self, system: &str) -> bool {
        let mine = |list: &Self| -> HashSet<(String, String)> {
            let accounts = list.by_account.get(system).into_iter().flatten();
            accounts.flat_map(|(key, places)| places.iter().map(|place| (key.clone(), list.people[*place].key.clone()))).collect()
        };
        let people = |list: &Self| -> HashSet<String> { list.people.iter().map(|person| person.key.clone()).collect() };
        !mine(self).is_subset(&mine(before)) || !people(self).is_subset(&people(before))
    }
}
