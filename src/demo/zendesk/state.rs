//! What the simulated help desk holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::super::company::{Company, Person};
use super::super::planted;
use super::view::render_ticket;

pub(super) struct Desk {
    pub(super) planted: Planted,
    pub(super) users: Vec<User>,
    pub(super) memberships: Vec<Membership>,
    pub(super) made: Timestamp,
    pub(super) started: Timestamp,
}

pub(super) struct User {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) number: Option<String>,
    pub(super) role: String,
    pub(super) custom_role: Option<u64>,
    pub(super) suspended: bool,
    pub(super) active: bool,
    /// Was an administrator on the first day, so that they may have seen the account's API tokens.
    pub(super) saw_tokens: bool,
}

pub(super) struct Membership {
    pub(super) id: u64,
    pub(super) user: u64,
    pub(super) group: u64,
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
pub(super) struct Planted {
    pub(super) departments: Vec<String>,
    pub(super) owner: String,
    pub(super) admins: Vec<String>,
    pub(super) roles: Vec<Group>,
    pub(super) groups: Vec<Group>,
    pub(super) identities: Vec<Identity>,
    pub(super) sessions: Vec<Session>,
    pub(super) grants: Vec<Grant>,
    pub(super) api_tokens: Vec<String>,
    pub(super) tickets: Vec<Ticket>,
    pub(super) customers: Vec<Customer>,
    pub(super) without_second_factor: Vec<String>,
    pub(super) still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) departments: Vec<String>,
    pub(super) people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) id: u64,
    pub(super) person: String,
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    pub(super) id: u64,
    pub(super) person: String,
    pub(super) since: i64,
    pub(super) seen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) id: u64,
    pub(super) person: String,
    pub(super) client: u64,
    pub(super) scopes: Vec<String>,
    /// Hours since it was last used.
    pub(super) used: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) subject: String,
    pub(super) assignee: String,
    pub(super) group: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) email: String,
}

/// Ids of users follow from the employee number, and so do those of their work addresses.
const USER: u64 = 9_000_000;
pub(super) const IDENTITY: u64 = 7_000_000;
/// The administrator who made our OAuth clients and never leaves: what we ask, we ask as them.
pub(super) const US: u64 = 9_999_999;

pub(super) fn user_id(number: &str) -> u64 {
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
                saw_tokens: person.number == planted.owner || planted.admins.contains(&person.number),
            })
            .collect();
        users.push(User {
            id: US,
            name: "exeunt".to_owned(),
            email: format!("exeunt@{}", company.domain),
            number: None,
            role: "admin".to_owned(),
            custom_role: None,
            suspended: false,
            active: true,
            saw_tokens: true,
        });
        users.extend(planted.customers.iter().map(|customer| User {
            id: customer.id,
            name: customer.name.clone(),
            email: customer.email.clone(),
            number: None,
            role: "end-user".to_owned(),
            custom_role: None,
            suspended: false,
            active: true,
            saw_tokens: false,
        }));
        let takes =
            |group: &Group, person: &Person| group.departments.contains(&person.department) || group.people.contains(&person.number);
        let pairs = planted.groups.iter().flat_map(|group| {
            staff.iter().filter(|person| takes(group, person)).map(|person| (user_id(&person.number), group.id)).collect::<Vec<_>>()
        });
        let memberships = pairs.zip(410_001..).map(|((user, group), id)| Membership { id, user, group }).collect();
        Ok(Desk { users, memberships, made: company.days_ago(1500), started: company.started, planted })
    }

    /// The account, what is signed in to it, the addresses that sign in beside the work address, tokens, and the account's own tokens where they
    /// could have been copied.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let mut left = Vec::new();
        for user in self.users.iter().filter(|user| user.id == id) {
            if user.active && !user.suspended {
                left.push(format!("the account {}", user.email));
            }
            if user.saw_tokens {
                left.extend(self.planted.api_tokens.iter().map(|token| format!("the API token {token}, seen as an administrator")));
            }
        }
        let mine = |number: &String| *number == person.number;
        let planted = &self.planted;
        left.extend(planted.sessions.iter().filter(|one| mine(&one.person)).map(|one| format!("the session {}", one.id)));
        left.extend(planted.identities.iter().filter(|one| mine(&one.person)).map(|one| format!("the sign-in address {}", one.value)));
        left.extend(planted.grants.iter().filter(|one| mine(&one.person)).map(|one| format!("the OAuth token {}", one.id)));
        left
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
        self.planted.grants.retain(|grant| user_id(&grant.person) != id);
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

    pub(super) fn revoke_grant(&mut self, id: u64) -> Result<(), Refused> {
        let before = self.planted.grants.len();
        self.planted.grants.retain(|grant| grant.id != id);
        if self.planted.grants.len() < before { Ok(()) } else { Err(Refused::Missing) }
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
}
