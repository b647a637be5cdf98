//! What the simulated on-call account holds, how it changes and how it is shown.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::super::company::{Company, Person};
use super::super::planted;
use super::{NOT_FOUND, Refusal};

const ROLES: [&str; 7] = ["admin", "limited_user", "observer", "read_only_user", "restricted_access", "read_only_limited_user", "user"];

pub(super) struct Account {
    pub(super) planted: Planted,
    pub(super) users: Vec<User>,
    /// Delegations that are over; they stay listed.
    pub(super) revoked: Vec<String>,
    pub(super) started: Timestamp,
    pub(super) made: String,
    pub(super) ends: String,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) title: String,
    pub(super) role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) departments: Vec<String>,
    pub(super) owner: String,
    pub(super) desk: Desk,
    pub(super) others: Vec<String>,
    pub(super) admins: Vec<String>,
    pub(super) former: Vec<String>,
    pub(super) teams: Vec<Team>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) policies: Vec<Policy>,
    pub(super) contacts: Vec<Contact>,
    pub(super) delegations: Vec<Delegation>,
    pub(super) incidents: Vec<Incident>,
    pub(super) webhooks: Vec<Webhook>,
}

/// A user who is nobody in particular.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Desk {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) members: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) users: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) schedule: String,
    /// Who is called when nobody on the schedule answers.
    pub(super) last: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delegation {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) kind: String,
    pub(super) client: String,
    pub(super) scope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Incident {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) assignee: String,
    /// Days ago.
    pub(super) days: i64,
    #[serde(default)]
    pub(super) resolved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) description: String,
    pub(super) url: String,
    pub(super) team: String,
}

fn user_id(number: &str) -> String {
    format!("P{:0>6}", number.trim_start_matches('E'))
}

impl Account {
    pub(super) fn new(company: &Company) -> anyhow::Result<Account> {
        let mut planted: Planted = planted::read("pagerduty", include_str!("../../../fixtures/pagerduty/state.yaml"))?;
        let today = company.today();
        let works_here = |person: &Person| planted.departments.contains(&person.department);
        let belongs = |person: &&Person| {
            let chosen = person.executive || works_here(person) || planted.others.contains(&person.number);
            planted.former.contains(&person.number) || person.active(today) && chosen
        };
        // Stakeholders only read along; who is on a team or called is a user.
        let called = |person: &Person| {
            planted.teams.iter().any(|team| team.members.contains_key(&person.number))
                || planted.schedules.iter().any(|schedule| schedule.users.contains(&person.number))
        };
        let role = |person: &Person| match () {
            () if planted.owner == person.number => "owner",
            () if planted.admins.contains(&person.number) => "admin",
            () if works_here(person) || called(person) || planted.former.contains(&person.number) => "user",
            () => "read_only_user",
        };
        let users = company.people.iter().filter(belongs).map(|person| User {
            id: user_id(&person.number),
            name: person.display(),
            email: person.work_email.clone(),
            title: person.title.clone(),
            role: role(person).into(),
        });
        let desk = User {
            id: planted.desk.id.clone(),
            name: planted.desk.name.clone(),
            email: planted.desk.email.clone(),
            title: String::new(),
            role: "admin".into(),
        };
        let users: Vec<User> = std::iter::once(desk).chain(users).collect();
        // The fixture speaks of people; from here on everything speaks of users.
        let user_of = |number: &str| {
            let id = user_id(number);
            anyhow::ensure!(users.iter().any(|user| user.id == id), "fixtures/pagerduty/state.yaml names {number}, who is no user");
            Ok(id)
        };
        for team in &mut planted.teams {
            let members = std::mem::take(&mut team.members);
            team.members = members.into_iter().map(|(number, role)| Ok((user_of(&number)?, role))).collect::<anyhow::Result<_>>()?;
        }
        let named = planted.schedules.iter_mut().flat_map(|schedule| &mut schedule.users);
        let named = named.chain(planted.policies.iter_mut().map(|policy| &mut policy.last));
        let named = named.chain(planted.contacts.iter_mut().map(|contact| &mut contact.person));
        let named = named.chain(planted.delegations.iter_mut().map(|delegation| &mut delegation.person));
        let named = named.chain(planted.incidents.iter_mut().map(|incident| &mut incident.assignee));
        for number in named {
            *number = user_of(number)?;
        }
        Ok(Account {
            planted,
            users,
            revoked: Vec::new(),
            started: company.started,
            made: company.days_ago(300).to_string(),
            ends: company.days_ago(-300).to_string(),
        })
    }

    /// The user, what is signed in or acts for them, where they are called and told what happens.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let mut left = Vec::new();
        left.extend(self.users.iter().filter(|user| user.id == id).map(|user| format!("the user {} ({})", user.email, user.role)));
        let live = self.planted.delegations.iter().filter(|one| one.person == id && !self.revoked.contains(&one.id));
        left.extend(live.map(|one| format!("the {} delegation to {}", one.kind, one.client)));
        let contacts = self.planted.contacts.iter().filter(|contact| contact.person == id);
        left.extend(contacts.map(|contact| format!("the contact method {}", contact.address)));
        let schedules = self.planted.schedules.iter().filter(|schedule| schedule.users.contains(&id));
        left.extend(schedules.map(|schedule| format!("called in {}", schedule.name)));
        left
    }

    fn find(&self, id: &str) -> Result<&User, Refusal> {
        self.users.iter().find(|user| user.id == id).ok_or(NOT_FOUND)
    }

    /// The account has one owner, who is neither demoted nor deleted here.
    pub(super) fn set_role(&mut self, id: &str, change: &Value) -> Result<(), Refusal> {
        if self.find(id)?.role == "owner" {
            return Err((403, 2010, "The account owner's role can't be changed"));
        }
        let role = match &change["role"] {
            Value::Null => return Ok(()),
            role => role.as_str().filter(|role| ROLES.contains(role)).ok_or((400, 2001, "Invalid role"))?,
        };
        for user in self.users.iter_mut().filter(|user| user.id == id) {
            user.role = role.to_owned();
        }
        Ok(())
    }

    pub(super) fn delete_user(&mut self, id: &str) -> Result<(), Refusal> {
        if self.find(id)?.role == "owner" {
            return Err((403, 2010, "The account owner can't be deleted"));
        }
        if self.planted.incidents.iter().any(|incident| incident.assignee == id && !incident.resolved) {
            return Err((400, 2001, "User cannot be deleted while incidents are assigned to them"));
        }
        self.users.retain(|user| user.id != id);
        for team in &mut self.planted.teams {
            team.members.remove(id);
        }
        for schedule in &mut self.planted.schedules {
            schedule.users.retain(|user| user != id);
        }
        for policy in self.planted.policies.iter_mut().filter(|policy| policy.last == id) {
            policy.last.clear();
        }
        self.planted.contacts.retain(|contact| contact.person != id);
        self.planted.delegations.retain(|delegation| delegation.person != id);
        Ok(())
    }

    pub(super) fn delete_contact(&mut self, user: &str, id: &str) -> bool {
        let before = self.planted.contacts.len();
        self.planted.contacts.retain(|contact| !(contact.person == user && contact.id == id));
        self.planted.contacts.len() < before
    }

    /// Browsers and phones are signed out; what was given to other programs can't be taken back this way.
    pub(super) fn revoke_delegations(&mut self, user: &str, kind: &str) -> Result<(), Refusal> {
        if !["mobile", "web"].contains(&kind) {
            return Err((400, 2001, "type must be mobile or web"));
        }
        self.find(user)?;
        let over = self.planted.delegations.iter().filter(|one| one.person == user && one.kind == kind);
        self.revoked.extend(over.map(|one| one.id.clone()));
        Ok(())
    }

    pub(super) fn join_team(&mut self, id: &str, user: &str, role: &str) -> Result<(), Refusal> {
        self.find(user)?;
        let team = self.planted.teams.iter_mut().find(|team| team.id == id).ok_or(NOT_FOUND)?;
        team.members.insert(user.to_owned(), role.to_owned());
        Ok(())
    }

    pub(super) fn leave_team(&mut self, id: &str, user: &str) -> bool {
        let team = self.planted.teams.iter_mut().find(|team| team.id == id);
        team.is_some_and(|team| team.members.remove(user).is_some())
    }

    pub(super) fn delete_webhook(&mut self, id: &str) -> bool {
        let before = self.planted.webhooks.len();
        self.planted.webhooks.retain(|webhook| webhook.id != id);
        self.planted.webhooks.len() < before
    }

    /// The requester is named by address, and must be a user.
    pub(super) fn is_user(&self, email: Option<&str>) -> bool {
        email.is_some_and(|email| self.users.iter().any(|user| user.email.eq_ignore_ascii_case(email)))
    }

    pub(super) fn since(&self, incident: &Incident) -> Timestamp {
        let ago = SignedDuration::from_hours(24 * incident.days.clamp(0, 36_500));
        self.started.checked_sub(ago).unwrap_or(self.started)
    }

    pub(super) fn change_incident(&mut self, change: &Value) -> Result<(), Refusal> {
        let to = change["assignments"][0]["assignee"]["id"].as_str();
        if let Some(to) = to {
            self.find(to)?;
        }
        let incident = self.planted.incidents.iter_mut().find(|one| change["id"] == one.id.as_str()).ok_or(NOT_FOUND)?;
        if incident.resolved {
            return Err((400, 2001, "Incident Already Resolved"));
        }
        incident.resolved = change["status"] == "resolved";
        if let Some(to) = to {
            incident.assignee = to.to_owned();
        }
        Ok(())
    }
}
