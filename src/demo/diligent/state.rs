//! What the simulated board portal holds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::scim::wire::{ENTERPRISE, GROUP, USER};
use super::super::vendor::now;

pub(super) struct Portal {
    members: Vec<Member>,
    groups: Vec<Group>,
    books: Vec<String>,
    made: String,
}

struct Member {
    id: String,
    person: Option<Person>,
    name: String,
    address: String,
    seat: String,
    active: Active,
    with_number: bool,
    changed: String,
}

/// How the portal says whether an account is on: the endpoint's own accounts as a boolean, those from before as text, and some not at all.
enum Active {
    Said(bool),
    Text(bool),
    Unsaid,
}

impl Active {
    fn on(&self) -> bool {
        matches!(self, Active::Said(true) | Active::Text(true) | Active::Unsaid)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    members: Vec<Seat>,
    outsiders: Vec<Outsider>,
    groups: Vec<Group>,
    books: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seat {
    id: String,
    person: String,
    seat: String,
    #[serde(default)]
    number: bool,
    #[serde(default)]
    silent: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outsider {
    id: String,
    name: String,
    address: String,
    seat: String,
    active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    name: String,
    members: Vec<String>,
    #[serde(skip)]
    changed: String,
}

impl Portal {
    pub(super) fn new(company: &Company) -> anyhow::Result<Portal> {
        let planted: Planted = planted::read("diligent", include_str!("../../../fixtures/diligent/state.yaml"))?;
        let made = company.days_ago(800).to_string();
        let mut members = Vec::new();
        for seat in planted.members {
            let person = company.person(&seat.person).cloned();
            let person = person.ok_or_else(|| anyhow::anyhow!("fixtures/diligent/state.yaml seats somebody who doesn't exist"))?;
            members.push(Member {
                id: seat.id,
                name: person.display(),
                address: person.work_email.clone(),
                person: Some(person),
                seat: seat.seat,
                active: if seat.silent { Active::Unsaid } else { Active::Said(true) },
                with_number: seat.number,
                changed: made.clone(),
            });
        }
        members.extend(planted.outsiders.into_iter().map(|outsider| Member {
            id: outsider.id,
            person: None,
            name: outsider.name,
            address: outsider.address,
            seat: outsider.seat,
            active: Active::Text(outsider.active),
            with_number: false,
            changed: made.clone(),
        }));
        let groups = planted.groups.into_iter().map(|group| Group { changed: made.clone(), ..group }).collect();
        Ok(Portal { members, groups, books: planted.books, made })
    }

    /// The account while it is on, and downloaded books, which no endpoint takes off a tablet.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let theirs = |member: &&Member| member.person.as_ref().is_some_and(|known| known.number == person.number) && member.active.on();
        let account = self.members.iter().filter(theirs).map(|member| format!("the account {}", member.address));
        let books = self.books.iter().filter(|number| **number == person.number).map(|_| "the books on a tablet".to_owned());
        account.chain(books).collect()
    }

    pub(super) fn set_active(&mut self, id: &str, active: bool) {
        for member in self.members.iter_mut().filter(|member| member.id == id) {
            member.active = Active::Said(active);
            member.changed = now().to_string();
        }
    }

    pub(super) fn delete(&mut self, id: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|member| member.id != id);
        for group in self.groups.iter_mut().filter(|group| group.members.iter().any(|member| member == id)) {
            group.members.retain(|member| member != id);
            group.changed = now().to_string();
        }
        self.members.len() < before
    }

    pub(super) fn users(&self, base: &str) -> Vec<Value> {
        self.members.iter().map(|member| self.render(member, base)).collect()
    }

    pub(super) fn user(&self, id: &str, base: &str) -> Option<Value> {
        self.members.iter().find(|member| member.id == id).map(|member| self.render(member, base))
    }

    fn render(&self, member: &Member, base: &str) -> Value {
        let groups = self.groups.iter().filter(|group| group.members.contains(&member.id));
        let groups: Vec<Value> = groups.map(|group| json!({ "value": group.id, "display": group.name })).collect();
        let mut shown = json!({
            "schemas": [USER],
            "id": member.id,
            "userName": member.address,
            "name": { "formatted": member.name },
            "displayName": member.name,
            "title": member.seat,
            "emails": [{ "value": member.address, "type": "work", "primary": true }],
            "groups": groups,
            "meta": {
                "resourceType": "User",
                "created": self.made,
                "lastModified": member.changed,
                "location": format!("{base}/Users/{}", member.id),
            },
        });
        match &member.active {
            Active::Said(on) => shown["active"] = (*on).into(),
            Active::Text(on) => shown["active"] = if *on { "True" } else { "False" }.into(),
            Active::Unsaid => {}
        }
        if let Some(person) = member.person.as_ref().filter(|_| member.with_number) {
            shown["schemas"] = json!([USER, ENTERPRISE]);
            shown["externalId"] = person.number.as_str().into();
            shown[ENTERPRISE] = json!({ "employeeNumber": person.number });
        }
        shown
    }

    pub(super) fn groups(&self, base: &str) -> Vec<Value> {
        let one = |group: &Group| {
            let members = self.members.iter().filter(|member| group.members.contains(&member.id));
            let members: Vec<Value> = members.map(|member| json!({ "value": member.id, "type": "User", "display": member.name })).collect();
            json!({
                "schemas": [GROUP],
                "id": group.id,
                "displayName": group.name,
                "members": members,
                "meta": {
                    "resourceType": "Group",
                    "created": self.made,
                    "lastModified": group.changed,
                    "location": format!("{base}/Groups/{}", group.id),
                },
            })
        };
        self.groups.iter().map(one).collect()
    }
}
