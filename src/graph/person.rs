//! People as the graph knows them: HR's record, and what it makes of them.

use jiff::Timestamp;
use jiff::civil::Date;
use petgraph::graph::NodeIndex;
use serde_json::{Value, json};

use super::Graph;
use crate::manifest::express::{Expr, Scope};
use crate::model::{EdgeKind, NodeId, NodeKind, normal_address};

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
    /// HR says that they work here.
    pub active: bool,
    /// HR's last day, if there is one.
    pub last_day: Option<Date>,
    /// Whether they count as an executive.
    pub executive: bool,
}

impl Person {
    /// Everybody in the graph, by name. `rule` and `list` say who is an executive (see `config::People`).
    ///
    /// # Errors
    /// The rule can't be evaluated.
    pub fn all(graph: &Graph, rule: Option<&str>, list: &[String]) -> Result<Vec<Self>, String> {
        let rule = rule.map(Expr::compile).transpose().map_err(|problem| format!("people.executive: {problem}"))?;
        let mut people = Vec::new();
        for (index, node) in graph.nodes().filter(|(_, node)| node.kind == NodeKind::Person && node.seen) {
            let texts = |attr: &str| node.texts(attr).into_iter().map(str::to_owned).collect::<Vec<_>>();
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
                active: !node.disabled(),
                last_day: node.text("last_day").and_then(|day| day.get(..10).unwrap_or(day).parse().ok()),
                executive: false,
            };
            person.executive = list.iter().any(|wanted| person.is_called(wanted));
            if let Some(rule) = &rule
                && !person.executive
            {
                let value = person.as_value();
                person.executive =
                    rule.truth(&Scope::new().with("person", &value)).map_err(|problem| format!("people.executive: {problem}"))?;
            }
            people.push(person);
        }
        people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(people)
    }

    /// Whether `text` names this person: employee number, HR key, an address, or the whole name.
    pub fn is_called(&self, text: &str) -> bool {
        let text = text.trim();
        let lower = normal_address(text);
        self.number.as_deref() == Some(text) || self.key == text || self.emails.contains(&lower) || self.name.to_lowercase() == lower
    }

    /// Whether HR counts them as gone at this moment: inactive, or past their last day.
    pub fn has_left(&self, at: Timestamp) -> bool {
        let today = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        match self.last_day {
            Some(day) => day < today || (!self.active && day <= today),
            None => !self.active,
        }
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
