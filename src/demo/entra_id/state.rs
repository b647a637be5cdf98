//! What the simulated directory holds.

mod estate;
mod fixture;
mod left;
mod owners;
mod render;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use self::fixture::{App, AppRole, Application, Assignment, Grant, Kind, Planted, PlantedGroup};
use super::super::changes::Changes;
use super::super::company::{Company, Person};
use super::super::intune::state::user_id;
use super::super::{planted, vendor};
pub(super) use owners::Owned;

pub(super) struct Tenant {
    pub(super) users: Vec<User>,
    groups: Vec<Group>,
    planted: Planted,
    methods: Vec<Method>,
    /// Secrets and certificates, and who owned their applications at the start.
    known_secrets: Vec<Known>,
    /// Searches of the audit log that were asked for.
    queries: Vec<Value>,
    made: Timestamp,
    /// Of users, by what is selected of them.
    pub(super) changes: BTreeMap<String, Changes>,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    mail: String,
    person: Person,
    pub(super) guest: bool,
    pub(super) synced: bool,
    pub(super) enabled: bool,
    /// Somebody is signed in.
    signed_in: bool,
    licences: Vec<String>,
    /// When the directory on premises last spoke about the account.
    pub(super) synced_at: Timestamp,
    sessions_from: Timestamp,
    password_changed: Timestamp,
    last_used: Timestamp,
}

/// A secret that somebody could have kept.
struct Known {
    person: String,
    application: String,
    key: String,
}

struct Group {
    planted: PlantedGroup,
    /// Users and groups, by id.
    members: Vec<String>,
}

/// One way to prove who one is.
struct Method {
    id: String,
    user: String,
    /// The segment of the path, without `Methods`.
    kind: String,
    name: String,
    default: bool,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such thing.
    Missing,
    /// The vendor's rules are against it.
    Rule(&'static str),
    /// The caller would need a higher role.
    Rank,
}

/// The password is a method with the same id everywhere.
const PASSWORD: &str = "28c10230-6103-485e-b985-444c60001490";
/// The vendor's words when a reference is added twice.
const ALREADY_THERE: &str = "One or more added object references already exist for the following modified properties.";
const GLOBAL_ADMINISTRATOR: &str = "Global Administrator";

/// The id of an account by its holder's number: planted things name people.
fn id_of(number: &str) -> String {
    format!("30000000-0000-4000-8000-{:0>12}", number.trim_start_matches('E'))
}

impl Tenant {
    pub(super) fn new(company: &Company) -> anyhow::Result<Tenant> {
        let mut planted: Planted = planted::read("entra-id", include_str!("../../../fixtures/entra-id/state.yaml"))?;
        let owners = planted.applications.iter_mut().map(|one| &mut one.owners);
        let owners = owners.chain(planted.apps.iter_mut().map(|one| &mut one.owners));
        for number in owners.chain(planted.groups.iter_mut().map(|one| &mut one.owners)).flatten() {
            *number = id_of(number);
        }
        let today = company.today();
        let licensed = |person: &Person| person.executive || planted.licensed.contains(&person.department);
        let user = |person: &Person| User {
            id: user_id(person),
            name: person.work_email.clone(),
            mail: person.work_email.clone(),
            guest: false,
            synced: planted.synced.contains(&person.number),
            enabled: person.active(today) || planted.still_enabled.contains(&person.number),
            signed_in: person.active(today),
            licences: if licensed(person) { vec![planted.licence.clone()] } else { Vec::new() },
            synced_at: company.days_ago(1),
            sessions_from: company.days_ago(200),
            password_changed: company.days_ago(200),
            last_used: company.days_ago(1),
            person: person.clone(),
        };
        let mut users: Vec<User> = company.people.iter().map(user).collect();
        for guest in &planted.guests {
            if let Some(person) = company.person(&guest.person) {
                let name = format!("{}#EXT#@{}", guest.mail.replace('@', "_"), company.domain);
                users.push(User {
                    id: guest.id.clone(),
                    name,
                    mail: guest.mail.clone(),
                    guest: true,
                    licences: Vec::new(),
                    ..user(person)
                });
            }
        }
        let groups = planted
            .groups
            .iter()
            .map(|group| {
                let takes = |user: &&User| {
                    let person = &user.person;
                    !user.guest
                        && (group.everyone && user.enabled
                            || group.departments.contains(&person.department)
                            || group.people.contains(&person.number))
                };
                let people = users.iter().filter(takes).map(|user| user.id.clone());
                Group { planted: group.clone(), members: people.chain(group.groups.iter().cloned()).collect() }
            })
            .collect();
        let mut methods = Vec::new();
        for user in users.iter().filter(|user| !user.guest) {
            let method =
                |id: String, kind: &str, name: String, default| Method { id, user: user.id.clone(), kind: kind.to_owned(), name, default };
            methods.push(method(PASSWORD.to_owned(), "password", String::new(), false));
            if let Some(mobile) = user.person.mobile.clone().filter(|_| user.person.executive) {
                methods.push(method("3179e48a-750b-4051-897c-87b9720928f7".to_owned(), "phone", mobile, true));
            }
            for extra in planted.methods.iter().filter(|method| method.person == user.person.number) {
                methods.push(method(extra.id.clone(), &extra.kind, extra.name.clone(), false));
            }
        }
        let mut known_secrets = Vec::new();
        for app in &planted.applications {
            for key in app.secrets.iter().chain(&app.certificates).map(|secret| &secret.key) {
                let known = |person: &String| Known { person: person.clone(), application: app.id.clone(), key: key.clone() };
                known_secrets.extend(app.owners.iter().map(known));
            }
        }
        Ok(Tenant {
            users,
            groups,
            planted,
            methods,
            known_secrets,
            queries: Vec::new(),
            made: company.days_ago(3650),
            changes: BTreeMap::new(),
        })
    }

    /// Users answer to their id and to their name.
    pub(super) fn find(&self, key: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == key || user.name.eq_ignore_ascii_case(key))
    }

    pub(super) fn change(&mut self, id: &str, with: impl FnOnce(&mut User)) {
        if let Some(user) = self.users.iter_mut().find(|user| user.id == id) {
            with(user);
        }
    }

    /// The groups that hold this user or group, directly or through others.
    fn above(&self, id: &str, through: bool) -> Vec<&Group> {
        let mut found: Vec<&Group> = Vec::new();
        let mut asked = vec![id];
        while let Some(member) = asked.pop() {
            for group in self.groups.iter().filter(|group| group.members.iter().any(|m| m == member)) {
                if !found.iter().any(|known| known.planted.id == group.planted.id) {
                    found.push(group);
                    if through {
                        asked.push(&group.planted.id);
                    }
                }
            }
        }
        found
    }

    /// Whether the caller's role does not reach this user, because the user's own is privileged.
    pub(super) fn outranks_us(&self, id: &str) -> bool {
        let groups = self.above(id, true);
        self.planted.assignments.iter().any(|one| {
            let held = one.principal() == id || groups.iter().any(|group| group.planted.id == one.principal());
            held && self.planted.roles.iter().any(|role| role.name == one.role && role.privileged)
        })
    }

    /// A member leaves a group, unless the members are decided elsewhere.
    pub(super) fn leave(&mut self, group: &str, member: &str) -> Result<(), Refused> {
        let group = self.groups.iter_mut().find(|known| known.planted.id == group).ok_or(Refused::Missing)?;
        match group.planted.kind {
            Kind::Dynamic => return Err(Refused::Rule("The members of a group with a membership rule can't be changed.")),
            Kind::Synced => return Err(Refused::Rule("The group is mastered on premises and can't be changed here.")),
            Kind::Mail => return Err(Refused::Rule("A mail-enabled group can't be changed here.")),
            Kind::Security | Kind::Roles => {}
        }
        shrink(&mut group.members, |known| known == member)
    }

    /// A member comes (back) into a group.
    pub(super) fn join(&mut self, group: &str, member: &str) -> Result<(), Refused> {
        let known = self.users.iter().any(|user| user.id == member) || self.groups.iter().any(|group| group.planted.id == member);
        let group = self.groups.iter_mut().find(|known| known.planted.id == group).filter(|_| known).ok_or(Refused::Missing)?;
        if !matches!(group.planted.kind, Kind::Security | Kind::Roles) {
            return Err(Refused::Rule("The members of this group can't be changed here."));
        }
        if group.members.iter().any(|known| known == member) {
            return Err(Refused::Rule(ALREADY_THERE));
        }
        group.members.push(member.to_owned());
        Ok(())
    }

    /// Sessions end for users of this tenant; a guest's are kept at home, out of reach. Who may still sign in does so at once: a
    /// cookie in the browser is enough.
    pub(super) fn end_sessions(&mut self, id: &str) {
        self.change(id, |user| {
            if !user.guest {
                user.sessions_from = vendor::now();
                user.signed_in = user.enabled;
            }
        });
    }

    pub(super) fn new_password(&mut self, id: &str) {
        self.change(id, |user| user.password_changed = vendor::now());
    }

    /// The default goes last: others fall back on it.
    pub(super) fn forget_method(&mut self, user: &str, kind: &str, id: &str) -> Result<(), Refused> {
        let is = |method: &Method| method.user == user && method.kind == kind && method.id == id;
        let method = self.methods.iter().find(|method| is(method)).ok_or(Refused::Missing)?;
        let others = self.methods.iter().any(|other| other.user == user && other.id != id && other.kind != "password");
        if method.default && others {
            return Err(Refused::Rule("The default method can't be deleted while others are registered."));
        }
        shrink(&mut self.methods, is)
    }

    pub(super) fn drop_assignment(&mut self, id: &str) -> Result<(), Refused> {
        let global = |one: &&Assignment| one.role == GLOBAL_ADMINISTRATOR;
        let last = self.planted.assignments.iter().filter(global).count() == 1;
        if last && self.planted.assignments.iter().filter(global).any(|one| one.id == id) {
            return Err(Refused::Rule("Removing the last global administrator isn't allowed."));
        }
        shrink(&mut self.planted.assignments, |one| one.id == id)
    }

    /// Gives a role, for good or to be switched on, and returns its assignment.
    pub(super) fn assign(&mut self, principal: &str, role: &str, eligible: bool) -> Result<Value, Refused> {
        let role = self.planted.roles.iter().find(|known| known.id == role).ok_or(Refused::Missing)?.name.clone();
        let person = self.find(principal).map(|user| user.person.number.clone());
        let group = if person.is_none() { Some(principal.to_owned()) } else { None };
        let id = format!("ra-{:x}", planted::number_of(&format!("{principal}{role}{eligible}")));
        let given = Assignment { id, role, person, group };
        let shown = self.assignment(&given);
        if eligible { &mut self.planted.eligible } else { &mut self.planted.assignments }.push(given);
        Ok(shown)
    }

    /// Takes back what somebody may switch on.
    pub(super) fn drop_eligible(&mut self, principal: &str, role: &str) -> Result<(), Refused> {
        let role = self.planted.roles.iter().find(|known| known.id == role).ok_or(Refused::Missing)?;
        shrink(&mut self.planted.eligible, |one| one.principal() == principal && one.role == role.name)
    }

    pub(super) fn drop_grant(&mut self, id: &str) -> Result<(), Refused> {
        shrink(&mut self.planted.grants, |one| one.id == id)
    }

    /// What a group was given is not the member's to lose: under the user it can't be found.
    pub(super) fn drop_app_role(&mut self, user: &str, id: &str) -> Result<(), Refused> {
        shrink(&mut self.planted.app_roles, |one| one.id == id && one.principal() == user)
    }

    pub(super) fn drop_secret(&mut self, application: &str, key: &str) -> Result<(), Refused> {
        let application = self.planted.applications.iter_mut().find(|app| app.id == application).ok_or(Refused::Missing)?;
        shrink(&mut application.secrets, |secret| secret.key == key)
    }
}

impl Assignment {
    fn principal(&self) -> String {
        principal(self.person.as_deref(), self.group.as_deref())
    }
}

impl AppRole {
    fn principal(&self) -> String {
        principal(self.person.as_deref(), self.group.as_deref())
    }
}

fn principal(person: Option<&str>, group: Option<&str>) -> String {
    person.map(id_of).or_else(|| group.map(str::to_owned)).unwrap_or_default()
}

/// Takes out what fits, which must be there.
fn shrink<T>(all: &mut Vec<T>, fits: impl Fn(&T) -> bool) -> Result<(), Refused> {
    let before = all.len();
    all.retain(|one| !fits(one));
    if all.len() < before { Ok(()) } else { Err(Refused::Missing) }
}
