//! What the simulated team holds.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::Access;
use super::Refusal;

pub(super) struct Team {
    pub(super) members: Vec<Member>,
    pub(super) groups: Vec<Group>,
    pub(super) web: Vec<Web>,
    pub(super) desktops: Vec<Desktop>,
    pub(super) mobiles: Vec<Mobile>,
    pub(super) apps: Vec<App>,
    pub(super) links: Vec<Link>,
    pub(super) folders: Vec<Folder>,
    /// Folder and address: on their way out, in the background.
    pub(super) leaving: Vec<(String, String)>,
    /// By the token itself.
    pub(super) tokens: HashMap<String, Access>,
    pub(super) holds: Vec<Hold>,
    pub(super) jobs: Vec<Job>,
    pub(super) made: String,
    pub(super) used: String,
    pub(super) now: String,
}

pub(super) struct Member {
    pub(super) id: String,
    pub(super) external: Option<String>,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) email: String,
    pub(super) aliases: Vec<String>,
    pub(super) status: &'static str,
    pub(super) role: Option<String>,
    /// Recoverable for some days after the removal.
    pub(super) recoverable: bool,
}

pub(super) struct Hold {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) members: Vec<String>,
    pub(super) start: String,
    /// A hold becomes active in the background: the first read still finds it under way.
    pub(super) active: bool,
}

/// A removal, which goes on in the background until it has been asked about once.
pub(super) struct Job {
    pub(super) id: String,
    pub(super) member: String,
    pub(super) to: Option<String>,
    pub(super) keep: bool,
    pub(super) asked: bool,
    pub(super) complete: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    administrator: Administrator,
    admins: HashMap<String, String>,
    suspended: Vec<String>,
    groups: Vec<Group>,
    web: Vec<Web>,
    desktops: Vec<Desktop>,
    mobiles: Vec<Mobile>,
    apps: Vec<App>,
    links: Vec<Link>,
    folders: Vec<Folder>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Administrator {
    id: String,
    name: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Web {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) agent: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Desktop {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) host: String,
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mobile {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) device: String,
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) person: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) person: String,
    pub(super) audience: String,
    #[serde(default)]
    pub(super) folder: bool,
}

/// A folder that its owner shares with colleagues, and with people outside.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Folder {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) editors: Vec<String>,
    pub(super) outsiders: Vec<Outsider>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outsider {
    pub(super) email: String,
    pub(super) right: String,
    /// Has not answered the invitation.
    #[serde(default)]
    pub(super) pending: bool,
}

impl Link {
    pub(super) fn url(&self) -> String {
        format!("https://www.dropbox.com/scl/fi/{}?dl=0", self.key)
    }
}

/// The id of the member that the fixture names by an employee number.
pub(super) fn member_id(number: &str) -> String {
    format!("dbmid:AAD-northmoor-{number}")
}

impl Team {
    pub(super) fn new(company: &Company) -> anyhow::Result<Team> {
        let mut planted: Planted = planted::read("dropbox", include_str!("../../../fixtures/dropbox/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            planted.suspended.contains(&person.number)
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let (first, last) = planted.administrator.name.split_once(' ').unwrap_or_default();
        let mut members = vec![Member {
            id: member_id(&planted.administrator.id),
            external: None,
            first: first.to_owned(),
            last: last.to_owned(),
            email: planted.administrator.email.clone(),
            aliases: Vec::new(),
            status: "active",
            role: Some("team".into()),
            recoverable: false,
        }];
        members.extend(company.people.iter().filter(belongs).map(|person| Member {
            id: member_id(&person.number),
            external: Some(person.number.clone()),
            first: person.first.clone(),
            last: person.last.clone(),
            email: person.work_email.clone(),
            aliases: person.aliases.clone(),
            status: if planted.suspended.contains(&person.number) { "suspended" } else { "active" },
            role: planted.admins.get(&person.number).cloned(),
            recoverable: false,
        }));
        // The fixture speaks of people; from here on everything speaks of members.
        let named = planted.groups.iter_mut().flat_map(|group| &mut group.members);
        let named = named.chain(planted.web.iter_mut().map(|one| &mut one.person));
        let named = named.chain(planted.desktops.iter_mut().map(|one| &mut one.person));
        let named = named.chain(planted.mobiles.iter_mut().map(|one| &mut one.person));
        let named = named.chain(planted.apps.iter_mut().map(|one| &mut one.person));
        let named = named.chain(planted.links.iter_mut().map(|one| &mut one.person));
        let named = named.chain(planted.folders.iter_mut().flat_map(|folder| folder.editors.iter_mut().chain([&mut folder.owner])));
        for person in named {
            let id = member_id(person);
            anyhow::ensure!(members.iter().any(|one| one.id == id), "fixtures/dropbox/state.yaml names {person}, who is no member");
            *person = id;
        }
        // The vendor knows no fractions of a second.
        let at = |days: i64| company.days_ago(days).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Team {
            members,
            groups: planted.groups,
            web: planted.web,
            desktops: planted.desktops,
            mobiles: planted.mobiles,
            apps: planted.apps,
            links: planted.links,
            folders: planted.folders,
            leaving: Vec::new(),
            tokens: HashMap::new(),
            holds: Vec::new(),
            jobs: Vec::new(),
            made: at(500),
            used: at(1),
            now: at(0),
        })
    }

    /// The member that a selector names, unless removed.
    pub(super) fn named(&self, selector: &Value) -> Result<usize, Refusal> {
        let tag = selector[".tag"].as_str().unwrap_or_default();
        let value = selector[tag].as_str().ok_or_else(|| Refusal::Bad("request body: user: missing required field".into()))?;
        let is = |member: &Member| match tag {
            "team_member_id" => member.id == value,
            "external_id" => member.external.as_deref() == Some(value),
            "email" => member.email.eq_ignore_ascii_case(value),
            _ => false,
        };
        let at = self.members.iter().position(is).ok_or(Refusal::Tag("user_not_found"))?;
        if self.members[at].status == "removed" { Err(Refusal::Tag("user_not_in_team")) } else { Ok(at) }
    }

    /// Whether nobody else could administer the team.
    pub(super) fn is_last_admin(&self, at: usize) -> bool {
        let administers = |member: &Member| member.role.as_deref() == Some("team");
        administers(&self.members[at]) && self.members.iter().filter(|member| administers(member) && member.status == "active").count() < 2
    }

    /// What a person can still do. Linked apps and devices outlive a suspension, and so do links and what was shared with outsiders.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = member_id(&person.number);
        let mut left = Vec::new();
        if let Some(member) = self.members.iter().find(|member| member.id == id && member.status == "active") {
            left.push(format!("the account {}", member.email));
            left.extend(member.role.as_ref().map(|role| format!("the role {role}")));
        }
        left.extend(self.web.iter().filter(|one| one.person == id).map(|one| format!("signed in with {}", one.agent)));
        left.extend(self.desktops.iter().filter(|one| one.person == id).map(|one| format!("the desktop client on {}", one.host)));
        left.extend(self.mobiles.iter().filter(|one| one.person == id).map(|one| format!("the client on {}", one.device)));
        left.extend(self.apps.iter().filter(|one| one.person == id).map(|one| format!("the linked app {}", one.name)));
        let open = |link: &&Link| link.person == id && link.audience != "team_only";
        left.extend(self.links.iter().filter(open).map(|link| format!("the open link to {}", link.name)));
        for folder in &self.folders {
            let home = |one: &&Outsider| Some(&one.email) == person.home_email.as_ref();
            left.extend(folder.outsiders.iter().filter(home).map(|one| format!("{} in the folder {}", one.email, folder.name)));
        }
        left
    }

    /// Browsers are signed out; with `wipe`, devices are unlinked and their copies deleted.
    pub(super) fn sign_out(&mut self, id: &str, wipe: bool) {
        self.web.retain(|one| one.person != id);
        if wipe {
            self.desktops.retain(|one| one.person != id);
            self.mobiles.retain(|one| one.person != id);
        }
    }
}
