//! What the simulated books hold.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::query::Tables;

pub(super) struct Books {
    /// By kind (`employee`, `vendor`, `partner`) and number.
    records: BTreeMap<(&'static str, u64), Record>,
    roles: Vec<Role>,
    audit: Vec<Value>,
    tokens: Vec<Token>,
    pub(super) now: Timestamp,
}

/// An entity: somebody who works here, or whom one does business with. Each may have an access of its own.
struct Record {
    name: String,
    first: Option<String>,
    last: Option<String>,
    email: Option<String>,
    title: Option<String>,
    supervisor: Option<u64>,
    inactive: bool,
    access: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    /// Whose people may sign in; the others are employees without access.
    departments: Vec<String>,
    roles: Vec<Role>,
    vendors: Vec<Other>,
    partners: Vec<Other>,
    tokens: Vec<Token>,
    /// Inactive, but with access still on: both come back with one tick.
    inactive_with_access: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    id: u64,
    name: String,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    everyone: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    id: u64,
    name: String,
    email: String,
    access: bool,
}

/// A token of an employee's: no query lists it, the login audit says when it was used.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    person: String,
    app: String,
    name: String,
    /// Days ago that it was used.
    used: Vec<i64>,
}

/// The employee that our own tokens belong to.
pub(super) const INTEGRATION: u64 = 88;
/// The vendor's own Administrator.
const ADMINISTRATOR: u64 = 3;

/// Why something is not done.
pub(super) enum Refused {
    /// There is no such kind of record.
    NoKind(String),
    /// There is no such record.
    Missing,
    /// The vendor's rules are against it.
    Rule(String),
}

fn kind_of(kind: &str) -> Result<&'static str, Refused> {
    ["employee", "vendor", "partner"].into_iter().find(|known| *known == kind).ok_or_else(|| Refused::NoKind(kind.to_owned()))
}

fn number(person: &str) -> u64 {
    person.trim_start_matches('E').parse().unwrap_or(0)
}

/// True and false are letters in queries.
fn letter(yes: bool) -> &'static str {
    if yes { "T" } else { "F" }
}

impl Books {
    pub(super) fn new(company: &Company) -> anyhow::Result<Books> {
        let planted: Planted = planted::read("netsuite", include_str!("../../../fixtures/netsuite/state.yaml"))?;
        let today = company.today();
        let mut records = BTreeMap::new();
        for person in &company.people {
            let left_open = planted.inactive_with_access.contains(&person.number);
            let works = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            let active = person.active(today);
            let record = Record {
                name: person.display(),
                first: Some(person.first.clone()),
                last: Some(person.last.clone()),
                email: Some(person.work_email.clone()),
                title: Some(person.title.clone()),
                supervisor: person.manager.as_deref().map(number),
                inactive: !active,
                access: (active && works) || left_open,
            };
            records.insert(("employee", number(&person.number)), record);
        }
        let other = |name: &str, email: &str, access: bool| Record {
            name: name.to_owned(),
            first: None,
            last: None,
            email: Some(email.to_owned()),
            title: None,
            supervisor: None,
            inactive: false,
            access,
        };
        records.insert(("employee", INTEGRATION), other("exeunt", "exeunt@northmoor.example", true));
        for (kind, others) in [("vendor", &planted.vendors), ("partner", &planted.partners)] {
            records.extend(others.iter().map(|one| ((kind, one.id), other(&one.name, &one.email, one.access))));
        }
        let sign_in = |token: &Token, days: i64| {
            json!({
                "user": number(&token.person),
                "date": company.days_ago(days).checked_add(SignedDuration::from_hours(1)).unwrap_or(company.started).to_string(),
                "status": "Success",
                "oauthappname": token.app,
                "oauthaccesstokenname": token.name,
            })
        };
        let mut audit: Vec<Value> = planted
            .tokens
            .iter()
            .flat_map(|token| token.used.iter().map(move |days| (token, *days)))
            .map(|(token, days)| sign_in(token, days))
            .collect();
        // People's own sign-ins name no token.
        audit.push(json!({ "user": 1002, "date": company.days_ago(1).to_string(), "status": "Success", "oauthappname": null, "oauthaccesstokenname": null }));
        Ok(Books { records, roles: planted.roles, audit, tokens: planted.tokens, now: company.started })
    }

    /// What this person can still do here: on whichever record their addresses stand.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let theirs =
            |email: &String| *email == person.work_email || person.aliases.contains(email) || person.home_email.as_ref() == Some(email);
        let mut left = Vec::new();
        for ((kind, id), record) in self.records.iter().filter(|(_, record)| record.email.as_ref().is_some_and(theirs)) {
            match (record.access, record.inactive) {
                (true, false) => left.push(format!("signs in as {kind} {id}")),
                (true, true) => left.push(format!("{kind} {id} is inactive, and may sign in as soon as it is not")),
                (false, _) => {}
            }
        }
        let tokens = self.tokens.iter().filter(|token| token.person == person.number);
        left.extend(tokens.map(|token| format!("token {} for {}", token.name, token.app)));
        left
    }

    pub(super) fn tables(&self) -> Tables {
        let entity = |kind: &'static str| -> Vec<Value> { self.of(kind).map(|(id, record)| row(id, record)).collect() };
        let roles = self.roles.iter().map(|role| json!({ "id": role.id, "name": role.name, "isinactive": "F" })).collect();
        let held = self.of("employee").flat_map(|(id, record)| {
            let has = move |role: &&Role| (role.everyone && record.access) || role.people.iter().any(|person| number(person) == id);
            self.roles.iter().filter(has).map(move |role| json!({ "entity": id, "role": role.id }))
        });
        BTreeMap::from([
            ("employee", entity("employee")),
            ("vendor", entity("vendor")),
            ("partner", entity("partner")),
            ("role", roles),
            ("employeerolesforsearch", held.collect()),
            ("loginaudit", self.audit.clone()),
        ])
    }

    fn of(&self, kind: &'static str) -> impl Iterator<Item = (u64, &Record)> {
        self.records.iter().filter(move |((of, _), _)| *of == kind).map(|((_, id), record)| (*id, record))
    }

    pub(super) fn ids(&self, kind: &str) -> Result<Vec<u64>, Refused> {
        Ok(self.of(kind_of(kind)?).map(|(id, _)| id).collect())
    }

    pub(super) fn record(&self, kind: &str, id: &str) -> Result<Value, Refused> {
        let key = (kind_of(kind)?, id.parse().map_err(|_| Refused::Missing)?);
        let record = self.records.get(&key).ok_or(Refused::Missing)?;
        let mut value = json!({
            "links": [],
            "id": id,
            "entityId": record.name,
            "giveAccess": record.access,
            "isInactive": record.inactive,
        });
        let texts = [("email", &record.email), ("firstName", &record.first), ("lastName", &record.last), ("title", &record.title)];
        for (name, text) in texts {
            if let Some(text) = text {
                value[name] = text.as_str().into();
            }
        }
        if let Some(supervisor) = record.supervisor {
            value["supervisor"] = json!({ "links": [], "id": supervisor.to_string() });
        }
        Ok(value)
    }

    pub(super) fn change(&mut self, kind: &str, id: &str, fields: &Map<String, Value>) -> Result<(), Refused> {
        let key = (kind_of(kind)?, id.parse().map_err(|_| Refused::Missing)?);
        let record = self.records.get(&key).ok_or(Refused::Missing)?;
        let switched = |name: &str, now: bool| match fields.get(name) {
            None => Ok(now),
            Some(Value::Bool(to)) => Ok(*to),
            Some(_) => Err(Refused::Rule(format!("Invalid value for the field {name}: a boolean is expected."))),
        };
        let (access, inactive) = (switched("giveAccess", record.access)?, switched("isInactive", record.inactive)?);
        if let Some(unknown) = fields.keys().find(|name| !matches!(name.as_str(), "giveAccess" | "isInactive")) {
            return Err(Refused::Rule(format!("Unknown reference or field: {unknown}.")));
        }
        if key.0 == "employee" && (!access || inactive) && self.administrators() == [key.1] {
            return Err(Refused::Rule("There must be at least one active user with the Administrator role.".to_owned()));
        }
        // Roles stay assigned: they are there again when the record gets its access back.
        if let Some(record) = self.records.get_mut(&key) {
            (record.access, record.inactive) = (access, inactive);
        }
        Ok(())
    }

    /// Who can sign in as Administrator.
    fn administrators(&self) -> Vec<u64> {
        let role = self.roles.iter().find(|role| role.id == ADMINISTRATOR);
        let has = |id: u64| role.is_some_and(|role| role.people.iter().any(|person| number(person) == id));
        self.of("employee").filter(|(id, record)| has(*id) && record.access && !record.inactive).map(|(id, _)| id).collect()
    }
}

/// A record as queries show it.
fn row(id: u64, record: &Record) -> Value {
    json!({
        "id": id,
        "entityid": record.name,
        "firstname": record.first,
        "lastname": record.last,
        "email": record.email,
        "title": record.title,
        "isinactive": letter(record.inactive),
        "giveaccess": letter(record.access),
        "supervisor": record.supervisor,
    })
}
