//! What the simulated portal holds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Portal {
    planted: Planted,
    users: Vec<User>,
    made: String,
}

struct User {
    person: Person,
    /// Users go, and the owner of their records stays behind.
    removed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    super_admins: Vec<String>,
    roles: Vec<Named>,
    teams: Vec<Named>,
    companies: Vec<Owned>,
    still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
    name: String,
    people: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    id: String,
    name: String,
    owner: String,
}

/// Ids of users and owners follow from the employee number, apart by these.
const USER: u64 = 6_000_000;
const OWNER: u64 = 3_000_000;

fn with(base: u64, number: &str) -> String {
    (base + number.trim_start_matches('E').parse::<u64>().unwrap_or(0)).to_string()
}

impl Portal {
    pub(super) fn new(company: &Company) -> anyhow::Result<Portal> {
        let planted: Planted = planted::read("hubspot", include_str!("../../../fixtures/hubspot/state.yaml"))?;
        let today = company.today();
        let has = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen || planted.still_active.contains(&person.number)
        };
        let users = company.people.iter().filter(has).map(|person| User { person: person.clone(), removed: false }).collect();
        Ok(Portal { planted, users, made: company.days_ago(1100).to_string() })
    }

    fn at(&self, key: &str, by_email: bool) -> Option<usize> {
        let is = |user: &User| match by_email {
            true => user.person.work_email.eq_ignore_ascii_case(key),
            false => with(USER, &user.person.number) == key,
        };
        self.users.iter().position(|user| !user.removed && is(user))
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().filter(|user| !user.removed).map(|user| self.render(&user.person)).collect()
    }

    pub(super) fn user(&self, key: &str, by_email: bool) -> Option<Value> {
        self.at(key, by_email).and_then(|at| self.users.get(at)).map(|user| self.render(&user.person))
    }

    /// Whether the user went; nothing if there is none.
    pub(super) fn remove(&mut self, key: &str, by_email: bool) -> Option<bool> {
        let at = self.at(key, by_email)?;
        let admin = |user: &&User| !user.removed && self.planted.super_admins.contains(&user.person.number);
        let admins: Vec<&str> = self.users.iter().filter(admin).map(|user| user.person.number.as_str()).collect();
        let user = self.users.get(at)?;
        if admins == [user.person.number.as_str()] {
            return Some(false);
        }
        let number = user.person.number.clone();
        for group in self.planted.roles.iter_mut().chain(&mut self.planted.teams) {
            group.people.retain(|member| *member != number);
            group.also.retain(|member| *member != number);
        }
        self.users.get_mut(at)?.removed = true;
        Some(true)
    }

    fn render(&self, person: &Person) -> Value {
        let of = |all: &[Named], also: bool| -> Vec<String> {
            let is = |one: &&Named| if also { one.also.contains(&person.number) } else { one.people.contains(&person.number) };
            all.iter().filter(is).map(|one| one.id.clone()).collect()
        };
        let roles = of(&self.planted.roles, false);
        let mut value = json!({
            "id": with(USER, &person.number),
            "email": person.work_email,
            "firstName": person.first,
            "lastName": person.last,
            "roleIds": roles,
            "secondaryTeamIds": of(&self.planted.teams, true),
            "superAdmin": self.planted.super_admins.contains(&person.number),
        });
        if let Some(role) = roles.first() {
            value["roleId"] = role.as_str().into();
        }
        if let Some(team) = of(&self.planted.teams, false).first() {
            value["primaryTeamId"] = team.as_str().into();
        }
        value
    }

    pub(super) fn roles(&self) -> Vec<Value> {
        let one = |role: &Named| json!({ "id": role.id, "name": role.name, "requiresBillingWrite": false });
        self.planted.roles.iter().map(one).collect()
    }

    pub(super) fn teams(&self) -> Vec<Value> {
        let ids = |people: &[String]| people.iter().map(|number| with(USER, number)).collect::<Vec<_>>();
        let one =
            |team: &Named| json!({ "id": team.id, "name": team.name, "userIds": ids(&team.people), "secondaryUserIds": ids(&team.also) });
        self.planted.teams.iter().map(one).collect()
    }

    pub(super) fn owners(&self, archived: bool) -> Vec<Value> {
        let of = self.users.iter().filter(|user| user.removed == archived).map(|user| {
            let person = &user.person;
            let number = USER + u64::from(person.index());
            let mut value = json!({
                "id": with(OWNER, &person.number),
                "email": person.work_email,
                "type": "PERSON",
                "firstName": person.first,
                "lastName": person.last,
                "userIdIncludingInactive": number,
                "createdAt": self.made,
                "updatedAt": self.made,
                "archived": archived,
            });
            if !archived {
                value["userId"] = number.into();
            }
            value
        });
        of.collect()
    }

    pub(super) fn companies(&self) -> Vec<Value> {
        self.planted.companies.iter().map(|company| self.company(company)).collect()
    }

    fn company(&self, company: &Owned) -> Value {
        json!({
            "id": company.id,
            "properties": { "name": company.name, "hubspot_owner_id": with(OWNER, &company.owner) },
            "createdAt": self.made,
            "updatedAt": self.made,
            "archived": false,
        })
    }

    pub(super) fn reassign(&mut self, id: &str, owner: &str) -> Option<Value> {
        let number = self.users.iter().find(|user| !user.removed && with(OWNER, &user.person.number) == owner)?.person.number.clone();
        let at = self.planted.companies.iter().position(|company| company.id == id)?;
        self.planted.companies.get_mut(at)?.owner = number;
        self.planted.companies.get(at).map(|company| self.company(company))
    }
}
