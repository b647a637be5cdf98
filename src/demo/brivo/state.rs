//! What the simulated office knows.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::Access;

pub(super) struct Office {
    users: Vec<User>,
    credentials: Vec<Credential>,
    groups: Vec<(u64, String, Vec<u64>)>,
    administrators: Vec<Administrator>,
    tokens: HashMap<String, Access>,
    made: Timestamp,
}

struct User {
    id: u64,
    person: Person,
    suspended: bool,
}

/// A card, a code or a pass; in the stock when it is nobody's.
struct Credential {
    id: u64,
    user: Option<u64>,
    format: (u64, String),
    reference: String,
}

struct Administrator {
    id: u64,
    number: Option<String>,
    username: String,
    name: (String, String),
    email: String,
    kind: String,
    owner: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    former: Vec<String>,
    groups: Vec<Group>,
    credentials: Vec<Held>,
    administrators: Vec<Admin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: u64,
    name: String,
    #[serde(default)]
    everyone: bool,
    #[serde(default)]
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    id: u64,
    person: String,
    format: String,
    reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Admin {
    id: u64,
    person: String,
    kind: String,
    #[serde(default)]
    owner: bool,
}

fn id_of(number: &str) -> u64 {
    8_700_000 + number.trim_start_matches('E').parse::<u64>().unwrap_or(0)
}

impl Office {
    pub(super) fn new(company: &Company) -> anyhow::Result<Office> {
        let planted: Planted = planted::read("brivo", include_str!("../../../fixtures/brivo/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen || planted.former.contains(&person.number)
        };
        let people: Vec<&Person> = company.people.iter().filter(belongs).collect();
        let users: Vec<User> =
            people.iter().map(|person| User { id: id_of(&person.number), person: (*person).clone(), suspended: false }).collect();
        let cards = people.iter().map(|person| Credential {
            id: 80_000 + u64::from(person.index()),
            user: Some(id_of(&person.number)),
            format: (100, "HID 26 bit Card".to_owned()),
            reference: format!("{}", 20_000 + person.index()),
        });
        let more = planted.credentials.iter().map(|held| Credential {
            id: held.id,
            user: Some(id_of(&held.person)),
            format: (if held.format == "PIN Code" { 2 } else { 110 }, held.format.clone()),
            reference: held.reference.clone(),
        });
        let groups = planted.groups.iter().map(|group| {
            let takes = |person: &&&Person| group.everyone || group.people.contains(&person.number);
            (group.id, group.name.clone(), people.iter().filter(takes).map(|person| id_of(&person.number)).collect())
        });
        let mut administrators = Vec::new();
        for admin in &planted.administrators {
            let person = company.person(&admin.person);
            let person = person.ok_or_else(|| anyhow::anyhow!("fixtures/brivo/state.yaml names an administrator who doesn't exist"))?;
            administrators.push(Administrator {
                id: admin.id,
                number: Some(admin.person.clone()),
                username: person.login.clone(),
                name: (person.first.clone(), person.last.clone()),
                email: person.work_email.clone(),
                kind: admin.kind.clone(),
                owner: admin.owner,
            });
        }
        for (id, name) in [(314_901, "read"), (314_902, "revoke")] {
            administrators.push(Administrator {
                id,
                number: None,
                username: format!("exeunt.{name}"),
                name: ("exeunt".to_owned(), name.to_owned()),
                email: format!("exeunt-{name}@{}", company.domain),
                kind: "SENIOR".to_owned(),
                owner: false,
            });
        }
        Ok(Office {
            credentials: cards.chain(more).collect(),
            groups: groups.collect(),
            administrators,
            tokens: HashMap::new(),
            made: company.days_ago(700),
            users,
        })
    }

    pub(super) fn issue(&mut self, access: Access) -> String {
        let token = format!("simulated.brivo.{}", self.tokens.len() + 1);
        self.tokens.insert(token.clone(), access);
        token
    }

    pub(super) fn access(&self, token: &str) -> Access {
        self.tokens.get(token).copied().unwrap_or(Access::Nobody)
    }

    /// What opens a door today: credentials of somebody who isn't suspended; and who opens doors as an administrator.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        if let Some(user) = self.users.iter().find(|user| user.person.number == person.number && !user.suspended) {
            left.push(format!("the user {}", person.work_email));
            let held = self.credentials.iter().filter(|credential| credential.user == Some(user.id));
            left.extend(held.map(|credential| format!("the {} {}", credential.format.1, credential.id)));
        }
        let administers = self.administrators.iter().filter(|admin| admin.number.as_ref() == Some(&person.number));
        left.extend(administers.map(|admin| format!("the administrator {}", admin.username)));
        left
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.render(user)).collect()
    }

    pub(super) fn user(&self, id: u64) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render(user))
    }

    fn render(&self, user: &User) -> Value {
        let phones: Vec<Value> = user.person.mobile.iter().map(|number| json!({ "type": "Mobile", "number": number })).collect();
        json!({
            "id": user.id,
            "externalId": user.person.number,
            "firstName": user.person.first,
            "lastName": user.person.last,
            "created": self.made,
            "updated": self.made,
            "suspended": user.suspended,
            "bleTwoFactorExempt": false,
            "customFields": [],
            "emails": [{ "address": user.person.work_email, "type": "Work" }],
            "phoneNumbers": phones,
        })
    }

    pub(super) fn suspended(&self, id: u64) -> Option<bool> {
        self.users.iter().find(|user| user.id == id).map(|user| user.suspended)
    }

    /// Whoever is suspended keeps credentials and groups.
    pub(super) fn suspend(&mut self, id: u64, suspended: bool) -> bool {
        let found = self.users.iter_mut().find(|user| user.id == id);
        found.is_some_and(|user| {
            user.suspended = suspended;
            true
        })
    }

    pub(super) fn credentials(&self, id: u64) -> Option<Vec<Value>> {
        self.suspended(id)?;
        let held = self.credentials.iter().filter(|credential| credential.user == Some(id));
        let one = |credential: &Credential| {
            let mut shown = json!({
                "id": credential.id,
                "credentialFormat": { "id": credential.format.0, "name": credential.format.1 },
                "fieldValues": [],
                "size": if credential.format.0 == 100 { 26 } else { 0 },
                "accountId": 5022,
            });
            if !credential.reference.is_empty() {
                shown["referenceId"] = credential.reference.as_str().into();
            }
            shown
        };
        Some(held.map(one).collect())
    }

    /// Takes a credential off whoever has it, or gives it to somebody.
    pub(super) fn assign(&mut self, id: u64, from: u64, to: Option<u64>) -> bool {
        if to.is_some_and(|to| self.suspended(to).is_none()) {
            return false;
        }
        let found = self.credentials.iter_mut().find(|one| one.id == id && (to.is_some() || one.user == Some(from)));
        found.is_some_and(|credential| {
            credential.user = to;
            true
        })
    }

    pub(super) fn groups(&self, id: u64) -> Option<Vec<Value>> {
        self.suspended(id)?;
        let of = self.groups.iter().filter(|(_, _, members)| members.contains(&id));
        Some(of.map(|(group, name, _)| json!({ "id": group, "name": name })).collect())
    }

    pub(super) fn member(&mut self, group: u64, id: u64, is: bool) -> bool {
        let known = self.suspended(id).is_some();
        let Some((_, _, members)) = self.groups.iter_mut().find(|(known, _, _)| *known == group).filter(|_| known) else {
            return false;
        };
        members.retain(|member| *member != id);
        if is {
            members.push(id);
        }
        true
    }

    pub(super) fn administrators(&self) -> Vec<Value> {
        self.administrators.iter().map(render_administrator).collect()
    }

    pub(super) fn administrator(&self, id: u64) -> Option<Value> {
        self.administrators.iter().find(|admin| admin.id == id).map(render_administrator)
    }

    /// None where there is none, false where the account is theirs.
    pub(super) fn delete_administrator(&mut self, id: u64) -> Option<bool> {
        let at = self.administrators.iter().position(|admin| admin.id == id)?;
        if self.administrators[at].owner {
            return Some(false);
        }
        self.administrators.remove(at);
        Some(true)
    }
}

fn render_administrator(admin: &Administrator) -> Value {
    json!({
        "id": admin.id,
        "username": admin.username,
        "firstName": admin.name.0,
        "lastName": admin.name.1,
        "identityType": admin.kind,
        "email": admin.email,
        "timezone": "Europe/Copenhagen",
        "canCreateAdmins": admin.kind == "SENIOR",
    })
}
