//! What the simulated portal holds.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Portal {
    planted: Planted,
    users: Vec<User>,
    made: String,
    started: Timestamp,
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
    private_apps: Vec<App>,
    companies: Vec<Owned>,
    deals: Vec<Owned>,
    logins: Vec<Login>,
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

/// A token of a user's making. It goes on working in part when the user is removed, and no API lists it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    name: String,
    person: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    person: String,
    /// Hours since.
    hours: i64,
    #[serde(default)]
    failed: bool,
}

/// Who made the private apps whose tokens we use: a user beside people, who never leaves.
pub(super) const INTEGRATION: &str = "hubspot-integration@northmoor.example";

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
        Ok(Portal { planted, users, made: company.days_ago(1100).to_string(), started: company.started })
    }

    fn at(&self, key: &str, by_email: bool) -> Option<usize> {
        let is = |user: &User| match by_email {
            true => user.person.work_email.eq_ignore_ascii_case(key),
            false => with(USER, &user.person.number) == key,
        };
        self.users.iter().position(|user| !user.removed && is(user))
    }

    pub(super) fn users(&self) -> Vec<Value> {
        let integration = json!({ "id": (USER + 99_999).to_string(), "email": INTEGRATION, "roleIds": [], "superAdmin": false });
        let people = self.users.iter().filter(|user| !user.removed).map(|user| self.render(&user.person));
        people.chain([integration]).collect()
    }

    /// What this person can still do here.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let listed = self.users.iter().any(|user| !user.removed && user.person.number == person.number);
        let signs_in = listed.then(|| format!("signs in as {}", person.work_email));
        let apps = self.planted.private_apps.iter().filter(|app| app.person == person.number);
        signs_in.into_iter().chain(apps.map(|app| format!("private app {}", app.name))).collect()
    }

    pub(super) fn logins(&self) -> Vec<Value> {
        let mut all: Vec<&Login> = self.planted.logins.iter().collect();
        all.sort_by_key(|login| login.hours);
        let one = |(login, n): (&Login, usize)| {
            let at = self.started.checked_sub(SignedDuration::from_hours(login.hours)).unwrap_or(self.started);
            json!({
                "id": format!("login-{n}"),
                "loginAt": at.to_string(),
                "loginSucceeded": !login.failed,
                "userId": with(USER, &login.person).parse::<u64>().unwrap_or(0),
                "ipAddress": "203.0.113.7",
                "countryCode": "DK",
                "userAgent": "Mozilla/5.0",
            })
        };
        all.into_iter().zip(1..).map(one).collect()
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

    /// The records of a kind; none where the portal has no such kind.
    pub(super) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        let owned = match kind {
            "companies" => &self.planted.companies,
            // The kind by its number, as the description has it, or by its name.
            "deals" | "0-3" => &self.planted.deals,
            _ => return None,
        };
        Some(owned.iter().map(|record| self.company(record)).collect())
    }

    pub(super) fn companies(&self) -> Vec<Value> {
        self.records("companies").unwrap_or_default()
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
