//! What the simulated help desk holds.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Desk {
    planted: Planted,
    users: Vec<User>,
    memberships: Vec<Membership>,
    made: Timestamp,
    started: Timestamp,
}

struct User {
    id: u64,
    name: String,
    email: String,
    number: Option<String>,
    role: String,
    custom_role: Option<u64>,
    suspended: bool,
    active: bool,
}

struct Membership {
    id: u64,
    user: u64,
    group: u64,
}

/// Why something is not done.
pub(super) enum Refused {
    /// There is no such thing.
    Missing,
    /// The vendor's rules are against it.
    Rule(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    owner: String,
    admins: Vec<String>,
    roles: Vec<Group>,
    groups: Vec<Group>,
    identities: Vec<Identity>,
    sessions: Vec<Session>,
    tickets: Vec<Ticket>,
    customers: Vec<Customer>,
    without_second_factor: Vec<String>,
    still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: u64,
    name: String,
    #[serde(default)]
    departments: Vec<String>,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    id: u64,
    person: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    id: u64,
    person: String,
    since: i64,
    seen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticket {
    id: u64,
    subject: String,
    assignee: String,
    group: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    id: u64,
    name: String,
    email: String,
}

/// Ids of users follow from the employee number, and so do those of their work addresses.
const USER: u64 = 9_000_000;
const IDENTITY: u64 = 7_000_000;

fn user_id(number: &str) -> u64 {
    USER + number.trim_start_matches('E').parse().unwrap_or(0)
}

impl Desk {
    pub(super) fn new(company: &Company) -> anyhow::Result<Desk> {
        let planted: Planted = planted::read("zendesk", include_str!("../../../fixtures/zendesk/state.yaml"))?;
        let today = company.today();
        let has = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen || planted.still_active.contains(&person.number)
        };
        let staff: Vec<&Person> = company.people.iter().filter(has).collect();
        let mut users: Vec<User> = staff
            .iter()
            .map(|person| User {
                id: user_id(&person.number),
                name: person.display(),
                email: person.work_email.clone(),
                number: Some(person.number.clone()),
                role: if person.number == planted.owner || planted.admins.contains(&person.number) { "admin" } else { "agent" }.to_owned(),
                custom_role: planted.roles.iter().find(|role| role.people.contains(&person.number)).map(|role| role.id),
                suspended: false,
                active: true,
            })
            .collect();
        users.extend(planted.customers.iter().map(|customer| User {
            id: customer.id,
            name: customer.name.clone(),
            email: customer.email.clone(),
            number: None,
            role: "end-user".to_owned(),
            custom_role: None,
            suspended: false,
            active: true,
        }));
        let takes =
            |group: &Group, person: &Person| group.departments.contains(&person.department) || group.people.contains(&person.number);
        let pairs = planted.groups.iter().flat_map(|group| {
            staff.iter().filter(|person| takes(group, person)).map(|person| (user_id(&person.number), group.id)).collect::<Vec<_>>()
        });
        let memberships = pairs.zip(410_001..).map(|((user, group), id)| Membership { id, user, group }).collect();
        Ok(Desk { users, memberships, made: company.days_ago(1500), started: company.started, planted })
    }

    fn find(&mut self, id: u64) -> Result<&mut User, Refused> {
        self.users.iter_mut().find(|user| user.id == id).ok_or(Refused::Missing)
    }

    fn owner(&self) -> u64 {
        user_id(&self.planted.owner)
    }

    /// No sign-in any more; who is signed in stays so.
    pub(super) fn suspend(&mut self, id: u64, suspended: bool) -> Result<(), Refused> {
        if id == self.owner() && suspended {
            return Err(Refused::Rule("The account owner can't be suspended."));
        }
        self.find(id).map(|user| user.suspended = suspended)
    }

    pub(super) fn set_role(&mut self, id: u64, role: &str) -> Result<(), Refused> {
        if !matches!(role, "end-user" | "agent" | "admin") {
            return Err(Refused::Rule("Role is invalid."));
        }
        if id == self.owner() && role != "admin" {
            return Err(Refused::Rule("The account owner can't be downgraded."));
        }
        self.find(id)?;
        if role == "end-user" {
            if self.assigned(id) > 0 {
                return Err(Refused::Rule("The agent has tickets that aren't solved; assign them to somebody else first."));
            }
            self.memberships.retain(|one| one.user != id);
        }
        let user = self.find(id)?;
        role.clone_into(&mut user.role);
        if role == "end-user" {
            user.custom_role = None;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, id: u64) -> Result<(), Refused> {
        if id == self.owner() {
            return Err(Refused::Rule("The account owner can't be deleted."));
        }
        if !self.find(id)?.active {
            return Err(Refused::Missing);
        }
        if self.assigned(id) > 0 {
            return Err(Refused::Rule("The agent has tickets that aren't solved; assign them to somebody else first."));
        }
        self.find(id)?.active = false;
        self.memberships.retain(|one| one.user != id);
        self.planted.sessions.retain(|session| user_id(&session.person) != id);
        self.planted.identities.retain(|identity| user_id(&identity.person) != id);
        Ok(())
    }

    pub(super) fn end_sessions(&mut self, user: u64, one: Option<u64>) -> Result<(), Refused> {
        self.find(user)?;
        let before = self.planted.sessions.len();
        self.planted.sessions.retain(|session| user_id(&session.person) != user || one.is_some_and(|one| one != session.id));
        if one.is_some() && self.planted.sessions.len() == before { Err(Refused::Missing) } else { Ok(()) }
    }

    pub(super) fn delete_identity(&mut self, user: u64, identity: u64) -> Result<(), Refused> {
        self.find(user)?;
        if identity == IDENTITY + user {
            return Err(Refused::Rule("The primary identity can't be deleted."));
        }
        let before = self.planted.identities.len();
        self.planted.identities.retain(|one| one.id != identity || user_id(&one.person) != user);
        if self.planted.identities.len() < before { Ok(()) } else { Err(Refused::Missing) }
    }

    /// The group's tickets of whoever leaves are nobody's then.
    pub(super) fn leave(&mut self, membership: u64) -> Result<(), Refused> {
        let at = self.memberships.iter().position(|one| one.id == membership).ok_or(Refused::Missing)?;
        let gone = self.memberships.remove(at);
        for ticket in &mut self.planted.tickets {
            if ticket.group == gone.group && user_id(&ticket.assignee) == gone.user {
                ticket.assignee.clear();
            }
        }
        Ok(())
    }

    pub(super) fn assigned(&self, user: u64) -> usize {
        self.planted.tickets.iter().filter(|ticket| user_id(&ticket.assignee) == user).count()
    }

    pub(super) fn assign(&mut self, ticket: u64, to: u64) -> Result<Value, Refused> {
        let user = self.find(to)?;
        let Some(number) = user.number.clone().filter(|_| user.active && !user.suspended && user.role != "end-user") else {
            return Err(Refused::Rule("The assignee is not an active agent."));
        };
        let ticket = self.planted.tickets.iter_mut().find(|known| known.id == ticket).ok_or(Refused::Missing)?;
        ticket.assignee = number;
        Ok(render_ticket(ticket))
    }

    /// The list leaves out who is deleted; asked for by id, they are still shown.
    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().filter(|user| user.active).map(|user| self.render(user)).collect()
    }

    pub(super) fn user(&self, id: u64) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render(user))
    }

    fn render(&self, user: &User) -> Value {
        let two = user.number.as_ref().is_some_and(|number| !self.planted.without_second_factor.contains(number));
        json!({
            "id": user.id,
            "url": format!("https://northmoor.zendesk.com/api/v2/users/{}.json", user.id),
            "name": user.name,
            "email": user.email,
            "external_id": user.number,
            "role": user.role,
            "custom_role_id": user.custom_role,
            "active": user.active,
            "suspended": user.suspended,
            "verified": true,
            "created_at": moment(self.made),
            "updated_at": moment(self.started),
            "last_login_at": moment(self.ago(30)),
            "two_factor_auth_enabled": two,
        })
    }

    fn ago(&self, hours: i64) -> Timestamp {
        self.started.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(self.started)
    }

    pub(super) fn sessions(&self, user: Option<u64>) -> Vec<Value> {
        let of = self.planted.sessions.iter().filter(|one| user.is_none_or(|user| user_id(&one.person) == user)).map(|one| {
            let user = user_id(&one.person);
            json!({
                "id": one.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/users/{user}/sessions/{}.json", one.id),
                "user_id": user,
                "authenticated_at": moment(self.ago(one.since)),
                "last_seen_at": moment(self.ago(one.seen)),
            })
        });
        of.collect()
    }

    pub(super) fn identities(&self, user: u64) -> Vec<Value> {
        let one = |id: u64, value: &str, primary: bool| {
            json!({
                "id": id,
                "url": format!("https://northmoor.zendesk.com/api/v2/users/{user}/identities/{id}.json"),
                "user_id": user,
                "type": "email",
                "value": value,
                "primary": primary,
                "verified": true,
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
                "undeliverable_count": 0,
                "deliverable_state": "deliverable",
            })
        };
        let work = self.users.iter().filter(|known| known.id == user).map(|known| one(IDENTITY + user, &known.email, true));
        let more = self.planted.identities.iter().filter(|known| user_id(&known.person) == user);
        work.chain(more.map(|known| one(known.id, &known.value, false))).collect()
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        let one = |group: &Group| {
            json!({
                "id": group.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/groups/{}.json", group.id),
                "name": group.name,
                "description": "",
                "default": group.id == 61_001,
                "deleted": false,
                "is_public": true,
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
            })
        };
        self.planted.groups.iter().map(one).collect()
    }

    pub(super) fn memberships(&self, user: Option<u64>) -> Vec<Value> {
        let of = self.memberships.iter().filter(|one| user.is_none_or(|user| one.user == user)).map(|one| {
            json!({
                "id": one.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/group_memberships/{}.json", one.id),
                "user_id": one.user,
                "group_id": one.group,
                "default": one.group == 61_001,
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
            })
        });
        of.collect()
    }

    pub(super) fn roles(&self) -> Vec<Value> {
        let one = |role: &Group| {
            json!({
                "id": role.id,
                "name": role.name,
                "description": role.name,
                "role_type": 0,
                "team_member_count": self.users.iter().filter(|user| user.custom_role == Some(role.id)).count(),
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
            })
        };
        self.planted.roles.iter().map(one).collect()
    }

    pub(super) fn tickets(&self) -> Vec<Value> {
        self.planted.tickets.iter().map(render_ticket).collect()
    }
}

fn render_ticket(ticket: &Ticket) -> Value {
    json!({
        "id": ticket.id,
        "subject": ticket.subject,
        "status": "open",
        "requester_id": 9_900_001,
        "assignee_id": if ticket.assignee.is_empty() { None } else { Some(user_id(&ticket.assignee)) },
        "group_id": ticket.group,
    })
}

/// To the second, as the vendor writes it.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
