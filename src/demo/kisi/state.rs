//! What the simulated door system holds: members, what opens for them, cards, links.

mod render;

use serde::Deserialize;
use serde_json::Value;

use super::super::company::{Company, Person};
use super::super::planted;

/// Ids of members, users and cards follow from the employee number, apart by these.
const MEMBER: u64 = 7_000_000;
const USER: u64 = 5_000_000;
const CARD: u64 = 8_000_000;

pub(super) struct Doors {
    planted: Planted,
    members: Vec<Member>,
    assignments: Vec<Assignment>,
    cards: Vec<Card>,
    links: Vec<Link>,
    dates: Dates,
}

struct Member {
    person: Person,
    enabled: bool,
}

struct Assignment {
    id: u64,
    user: u64,
    role: &'static str,
    /// The group, or the whole organisation.
    group: Option<u64>,
}

struct Card {
    number: u64,
    holder: Option<u64>,
}

struct Link {
    planted: PlantedLink,
    from: String,
    until: String,
}

struct Dates {
    made: String,
    used: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    organization: Organization,
    place: Place,
    locks: Vec<Lock>,
    groups: Vec<Group>,
    administrators: Vec<String>,
    still_enabled: Vec<String>,
    links: Vec<PlantedLink>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Organization {
    id: u64,
    name: String,
    domain: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    id: u64,
    name: String,
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    id: u64,
    name: String,
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: u64,
    key: String,
    name: String,
    departments: Vec<String>,
    #[serde(default)]
    executives: bool,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct PlantedLink {
    id: u64,
    name: String,
    group: String,
    issued_by: String,
    email: Option<String>,
    from: i64,
    until: i64,
}

impl Group {
    fn takes(&self, person: &Person) -> bool {
        match (self.executives, self.departments.is_empty()) {
            (true, _) => person.executive,
            (false, true) => true,
            (false, false) => self.departments.contains(&person.department),
        }
    }
}

impl Doors {
    pub(super) fn new(company: &Company) -> anyhow::Result<Doors> {
        let planted: Planted = planted::read("kisi", include_str!("../../../fixtures/kisi/state.yaml"))?;
        let today = company.today();
        let members: Vec<Member> = company
            .people
            .iter()
            .filter(|p| p.active(today) || planted.still_enabled.contains(&p.number))
            .map(|p| Member { person: p.clone(), enabled: true })
            .collect();
        let mut assignments = Vec::new();
        for person in members.iter().map(|member| &member.person) {
            let user = user_id(person);
            for group in planted.groups.iter().filter(|group| group.takes(person)) {
                assignments.push((user, "group_basic", Some(group.id)));
            }
            if planted.administrators.contains(&person.number) {
                assignments.push((user, "organization_administrator", None));
            }
        }
        let links = planted
            .links
            .iter()
            .map(|link| Link {
                from: company.days_ago(-link.from).to_string(),
                until: company.days_ago(-link.until).to_string(),
                planted: link.clone(),
            })
            .collect();
        Ok(Doors {
            cards: members.iter().map(|m| Card { number: u64::from(m.person.index()), holder: Some(user_id(&m.person)) }).collect(),
            assignments: assignments
                .into_iter()
                .zip(900_001..)
                .map(|((user, role, group), id)| Assignment { id, user, role, group })
                .collect(),
            planted,
            members,
            links,
            dates: Dates { made: company.days_ago(300).to_string(), used: company.days_ago(1).to_string() },
        })
    }

    /// What still opens for a person: their badge, and the links they gave out.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mine = |member: &&Member| member.person.number == person.number && member.enabled;
        let badge = self.members.iter().filter(mine).map(|member| format!("the badge of {}", member.person.work_email));
        let links = self.links.iter().filter(|link| link.planted.issued_by == person.number);
        badge.chain(links.map(|link| format!("the door link {}", link.planted.name))).collect()
    }

    pub(super) fn set_access(&mut self, id: u64, enabled: bool) -> bool {
        let member = self.members.iter_mut().find(|m| member_id(&m.person) == id);
        member.map(|member| member.enabled = enabled).is_some()
    }

    /// The member goes with all roles; the card stays in a drawer, assigned to nobody.
    pub(super) fn delete_member(&mut self, id: u64) -> bool {
        let Some(at) = self.members.iter().position(|m| member_id(&m.person) == id) else {
            return false;
        };
        let user = user_id(&self.members.remove(at).person);
        self.assignments.retain(|assignment| assignment.user != user);
        for card in self.cards.iter_mut().filter(|card| card.holder == Some(user)) {
            card.holder = None;
        }
        true
    }

    pub(super) fn delete_assignment(&mut self, id: u64) -> bool {
        let before = self.assignments.len();
        self.assignments.retain(|assignment| assignment.id != id);
        self.assignments.len() < before
    }

    pub(super) fn delete_link(&mut self, id: u64) -> bool {
        let before = self.links.len();
        self.links.retain(|link| link.planted.id != id);
        self.links.len() < before
    }

    pub(super) fn members(&self) -> Vec<Value> {
        self.members.iter().map(|member| self.render_member(member)).collect()
    }

    pub(super) fn member(&self, id: u64) -> Option<Value> {
        let member = self.members.iter().find(|m| member_id(&m.person) == id)?;
        Some(self.render_member(member))
    }

    pub(super) fn assignments(&self) -> Vec<Value> {
        self.assignments.iter().filter_map(|assignment| self.render_assignment(assignment)).collect()
    }

    pub(super) fn links(&self) -> Vec<Value> {
        self.links.iter().filter_map(|link| self.render_link(link)).collect()
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        self.planted.groups.iter().map(|group| self.render_group(group)).collect()
    }

    pub(super) fn locks(&self) -> Vec<Value> {
        self.planted.locks.iter().map(|lock| self.render_lock(lock)).collect()
    }

    pub(super) fn cards(&self) -> Vec<Value> {
        self.cards.iter().map(|card| self.render_card(card)).collect()
    }

    /// Phones with the vendor's app: each executive who is a member has one.
    pub(super) fn logins(&self) -> Vec<Value> {
        let with_app = self.members.iter().filter(|m| m.person.executive && m.enabled);
        with_app.map(|member| self.render_login(&member.person)).collect()
    }
}

fn member_id(person: &Person) -> u64 {
    MEMBER + u64::from(person.index())
}

fn user_id(person: &Person) -> u64 {
    USER + u64::from(person.index())
}
