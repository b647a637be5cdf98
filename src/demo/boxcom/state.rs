//! What the simulated content platform holds.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::company::{Company, Person};
use super::super::planted;
use super::token::Issued;

pub(super) struct Content {
    pub(super) planted: Planted,
    pub(super) users: Vec<User>,
    pub(super) memberships: Vec<Membership>,
    pub(super) holds: Vec<Hold>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) events: Vec<Event>,
    pub(super) made: String,
    /// By the token itself.
    pub(super) tokens: HashMap<String, Issued>,
    /// Further ids count up from here.
    next: u64,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) title: String,
    pub(super) role: String,
    pub(super) status: String,
    pub(super) sync: bool,
    pub(super) external_collab_restricted: bool,
    /// The account behind an application.
    pub(super) service: bool,
    /// Where mail about files goes, beside the login.
    pub(super) notified: Option<String>,
    /// How many places the user is signed in at; nothing lists them.
    pub(super) sessions: u32,
}

pub(super) struct Membership {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) group: String,
}

pub(super) struct Hold {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    /// A hold is applied in the background: the first read after it was made still finds it under way.
    pub(super) active: bool,
}

pub(super) struct Assignment {
    pub(super) id: String,
    pub(super) hold: String,
    pub(super) kind: String,
    pub(super) target: String,
}

pub(super) struct Event {
    pub(super) kind: &'static str,
    pub(super) user: String,
    pub(super) at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) enterprise: Enterprise,
    departments: Vec<String>,
    pub(super) service: Service,
    administrator: String,
    coadmins: Vec<String>,
    standing_hold: StandingHold,
    inactive: Vec<String>,
    notified: Vec<Notified>,
    pub(super) aliases: Vec<Alias>,
    pub(super) groups: Vec<Group>,
    pub(super) items: Vec<Item>,
    pub(super) collaborations: Vec<Collaboration>,
    pub(super) pins: Vec<Pin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enterprise {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingHold {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) id: String,
    name: String,
    login: String,
}

/// Whose mail about files goes to another address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notified {
    person: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alias {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) parent: Option<String>,
    pub(super) link: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collaboration {
    pub(super) id: String,
    pub(super) item: String,
    pub(super) with: String,
    pub(super) role: String,
    pub(super) by: String,
    #[serde(default)]
    pub(super) pending: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) product: String,
}

fn user_id(person: &Person) -> String {
    (300_000 + person.index()).to_string()
}

impl Content {
    pub(super) fn new(company: &Company) -> anyhow::Result<Content> {
        let mut planted: Planted = planted::read("box", include_str!("../../../fixtures/box/state.yaml"))?;
        let today = company.today();
        let with_account = |person: &&Person| {
            planted.inactive.contains(&person.number)
                || planted.coadmins.contains(&person.number)
                || planted.administrator == person.number
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let mut users = vec![User {
            id: planted.service.id.clone(),
            name: planted.service.name.clone(),
            login: planted.service.login.clone(),
            title: String::new(),
            role: "user".into(),
            status: "active".into(),
            sync: false,
            external_collab_restricted: false,
            service: true,
            notified: None,
            sessions: 0,
        }];
        users.extend(company.people.iter().filter(with_account).map(|person| {
            User {
                id: user_id(person),
                name: person.display(),
                login: person.work_email.clone(),
                title: person.title.clone(),
                role: match &person.number {
                    number if *number == planted.administrator => "admin",
                    number if planted.coadmins.contains(number) => "coadmin",
                    _ => "user",
                }
                .into(),
                status: if planted.inactive.contains(&person.number) { "inactive" } else { "active" }.into(),
                sync: true,
                external_collab_restricted: false,
                service: false,
                notified: planted.notified.iter().find(|one| one.person == person.number).map(|one| one.email.clone()),
                sessions: if person.executive { 2 } else { 1 },
            }
        }));
        // The fixture speaks of people; from here on everything speaks of users.
        let user_of = |number: &str| -> anyhow::Result<String> {
            let person = company.person(number).ok_or_else(|| anyhow::anyhow!("fixtures/box/state.yaml names {number}, who is nobody"))?;
            let id = user_id(person);
            anyhow::ensure!(users.iter().any(|user| user.id == id), "fixtures/box/state.yaml names {number}, who has no account");
            Ok(id)
        };
        let mut memberships = Vec::new();
        for group in &planted.groups {
            for number in &group.members {
                let id = (520_001 + memberships.len()).to_string();
                memberships.push(Membership { id, user: user_of(number)?, group: group.id.clone() });
            }
        }
        for alias in &mut planted.aliases {
            alias.person = user_of(&alias.person)?;
        }
        for item in &mut planted.items {
            item.owner = user_of(&item.owner)?;
        }
        for pin in &mut planted.pins {
            pin.person = user_of(&pin.person)?;
        }
        for collaboration in &mut planted.collaborations {
            collaboration.by = user_of(&collaboration.by)?;
            if collaboration.with.starts_with('E') {
                collaboration.with = user_of(&collaboration.with)?;
            }
        }
        let made = company.days_ago(420).to_string();
        let planted_hold = vec![Hold {
            id: planted.standing_hold.id.clone(),
            name: planted.standing_hold.name.clone(),
            description: "whoever leaves is put on it".to_owned(),
            from: None,
            until: None,
            active: true,
        }];
        let events = planted.pins.iter().map(|pin| Event { kind: "LOGIN", user: pin.person.clone(), at: company.days_ago(1).to_string() });
        Ok(Content {
            events: events.collect(),
            planted,
            users,
            memberships,
            tokens: HashMap::new(),
            holds: planted_hold,
            assignments: Vec::new(),
            made,
            next: 910_000,
        })
    }

    /// What a person can still do: sign in, sync to a device, open content from outside, and what is open to anyone.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(person);
        let mut left = Vec::new();
        if let Some(user) = self.find(&id).filter(|user| user.status != "inactive") {
            left.push(format!("the account {}", user.login));
            left.extend((user.sessions > 0).then(|| format!("{} sessions", user.sessions)));
            left.extend(user.notified.as_ref().map(|address| format!("mail about files to {address}")));
        }
        left.extend(self.planted.pins.iter().filter(|pin| pin.person == id).map(|pin| format!("the device pin {}", pin.product)));
        let open = |item: &&Item| item.owner == id && item.link.as_deref() == Some("open");
        left.extend(self.planted.items.iter().filter(open).map(|item| format!("the open link to {}", item.name)));
        let home = |one: &&Collaboration| Some(&one.with) == person.home_email.as_ref();
        left.extend(self.planted.collaborations.iter().filter(home).map(|one| format!("the collaboration {} with {}", one.id, one.with)));
        left
    }

    /// The account behind the applications whose tokens speak for the whole enterprise.
    pub(super) fn service(&self) -> &str {
        &self.planted.service.id
    }

    pub(super) fn is_enterprise(&self, id: &str) -> bool {
        self.planted.enterprise.id == id
    }

    pub(super) fn find(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Whether requests may be made on the user's behalf.
    pub(super) fn may_act(&self, id: &str) -> bool {
        self.find(id).is_some_and(|user| user.status != "inactive")
    }

    pub(super) fn owns_anything(&self, user: &str) -> bool {
        self.planted.items.iter().any(|item| item.owner == user)
    }

    /// The groups of a user, and the user: whatever a collaboration may be with.
    pub(super) fn faces(&self, user: &str) -> Vec<&str> {
        let groups = self.memberships.iter().filter(|membership| membership.user == user).map(|membership| membership.group.as_str());
        let own = self.find(user).map(|user| user.id.as_str());
        groups.chain(own).collect()
    }

    /// Owners, collaborators on it or on what it lies in, and the service account.
    pub(super) fn may_see(&self, item: &Item, user: &str) -> bool {
        if user == self.service() || item.owner == user {
            return true;
        }
        let faces = self.faces(user);
        let shared =
            self.planted.collaborations.iter().any(|one| !one.pending && one.item == item.id && faces.contains(&one.with.as_str()));
        let above = item.parent.as_ref().and_then(|parent| self.planted.items.iter().find(|one| one.id == *parent));
        shared || above.is_some_and(|above| self.may_see(above, user))
    }

    pub(super) fn fresh_id(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }

    pub(super) fn happened(&mut self, kind: &'static str, user: &str) {
        self.events.push(Event { kind, user: user.to_owned(), at: super::super::vendor::now().to_string() });
    }
}
