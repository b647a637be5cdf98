//! What the simulated instance holds: users, groups and who is in them, permission sets and to whom they are assigned.

use anyhow::Context;
use serde::Deserialize;

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Instance {
    pub(super) planted: Planted,
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    pub(super) memberships: Vec<Membership>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) applications: Vec<Application>,
    pub(super) jobs: Vec<Job>,
    /// Epoch seconds.
    pub(super) made: i64,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) person: Person,
    pub(super) enabled: bool,
}

pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
}

pub(super) struct Membership {
    pub(super) id: String,
    pub(super) group: String,
    pub(super) user: String,
}

/// A permission set in an account, for a user or a group.
pub(super) struct Assignment {
    pub(super) account: String,
    pub(super) set: String,
    pub(super) principal: String,
    pub(super) group: bool,
    /// Why the job that deletes it fails.
    pub(super) fails: Option<String>,
}

/// An application that is assigned to a user or a group.
pub(super) struct Application {
    pub(super) arn: String,
    pub(super) principal: String,
    pub(super) group: bool,
}

/// An assignment's deletion, which is done on the second look.
pub(super) struct Job {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) set: String,
    pub(super) principal: String,
    pub(super) looks: u8,
    pub(super) failed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    instance: String,
    pub(super) store: String,
    departments: Vec<String>,
    disabled: Vec<String>,
    pub(super) accounts: Vec<String>,
    pub(super) permission_sets: Vec<PermissionSet>,
    groups: Vec<PlantedGroup>,
    assignments: Vec<PlantedAssignment>,
    applications: Vec<PlantedApplication>,
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionSet {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) session: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedGroup {
    name: String,
    #[serde(default)]
    departments: Vec<String>,
    #[serde(default)]
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedAssignment {
    group: Option<String>,
    person: Option<String>,
    set: String,
    account: String,
    fails: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedApplication {
    key: String,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    person: String,
    set: String,
    account: String,
    hours: u32,
}

/// An id as the vendor makes them: the store's own ten digits, then a UUID.
pub(super) fn id_of(what: &str) -> String {
    format!("9367a1b2c3-{:08x}-4c1d-4000-8000-{:012x}", planted::number_of(what) & 0xffff_ffff, planted::number_of(what))
}

impl Instance {
    pub(super) fn new(company: &Company) -> anyhow::Result<Instance> {
        let planted: Planted = planted::read("aws-identity-center", include_str!("../../../fixtures/aws-identity-center/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            planted.disabled.contains(&person.number)
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let people: Vec<&Person> = company.people.iter().filter(belongs).collect();
        let users = people.iter().map(|person| User {
            id: id_of(&person.number),
            person: (*person).clone(),
            enabled: !planted.disabled.contains(&person.number),
        });
        let groups: Vec<Group> = planted.groups.iter().map(|group| Group { id: id_of(&group.name), name: group.name.clone() }).collect();
        let mut memberships = Vec::new();
        for group in &planted.groups {
            let inside = |person: &&&Person| {
                group.people.contains(&person.number) || !person.executive && group.departments.contains(&person.department)
            };
            memberships.extend(people.iter().filter(inside).map(|person| Membership {
                id: id_of(&format!("{} in {}", person.number, group.name)),
                group: id_of(&group.name),
                user: id_of(&person.number),
            }));
        }
        let known = |name: &str| groups.iter().any(|group| group.name == name) || people.iter().any(|person| person.number == name);
        let mut assignments = Vec::new();
        for one in &planted.assignments {
            let principal = one.group.as_deref().or(one.person.as_deref()).unwrap_or_default();
            anyhow::ensure!(known(principal), "fixtures/aws-identity-center/state.yaml assigns to {principal}, who isn't there");
            let set = planted.permission_sets.iter().find(|set| set.name == one.set);
            let set = set.with_context(|| format!("fixtures/aws-identity-center/state.yaml has no permission set {}", one.set))?;
            assignments.push(Assignment {
                account: one.account.clone(),
                set: planted.arn(set),
                principal: id_of(principal),
                group: one.group.is_some(),
                fails: one.fails.clone(),
            });
        }
        let mut applications = Vec::new();
        for one in &planted.applications {
            let arn = format!("arn:aws:sso::{}:application/{}/{}", planted.accounts[0], planted.instance, one.key);
            let all = one.people.iter().map(|name| (name, false)).chain(one.groups.iter().map(|name| (name, true)));
            applications.extend(all.map(|(name, group)| Application { arn: arn.clone(), principal: id_of(name), group }));
        }
        Ok(Instance {
            users: users.collect(),
            groups,
            memberships,
            assignments,
            applications,
            jobs: Vec::new(),
            made: company.days_ago(500).as_second(),
            planted,
        })
    }

    /// What a person can still do: sign in, enter accounts and applications, and go on with what they began.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        let Some(user) = self.users.iter().find(|user| user.person.number == person.number) else {
            return left;
        };
        if user.enabled {
            left.push(format!("the user {}", person.work_email));
        }
        let groups = self.memberships.iter().filter(|one| one.user == user.id);
        left.extend(groups.map(|one| {
            let group = self.groups.iter().find(|group| group.id == one.group);
            format!("a membership in {}", group.map(|group| group.name.as_str()).unwrap_or_default())
        }));
        let assigned = self.assignments.iter().filter(|one| one.principal == user.id);
        left.extend(assigned.map(|one| format!("{} in the account {}", self.planted.name_of(&one.set), one.account)));
        left.extend(self.applications.iter().filter(|one| one.principal == user.id).map(|one| format!("the application {}", one.arn)));
        let sessions = self.planted.sessions.iter().filter(|session| session.person == person.number && user.enabled);
        left.extend(sessions.map(|one| format!("a session of {} in {}, {} h old", one.set, one.account, one.hours)));
        left
    }

    /// Looks at the jobs that concern a principal or have an id; on the second look they are done.
    pub(super) fn look(&mut self, concerns: impl Fn(&Job) -> bool) {
        for job in self.jobs.iter_mut().filter(|job| concerns(job)) {
            job.looks = job.looks.saturating_add(1);
            if job.looks == 2 && job.failed.is_none() {
                let fits = |one: &Assignment| one.account == job.account && one.set == job.set && one.principal == job.principal;
                self.assignments.retain(|one| !fits(one));
            }
        }
    }
}

impl Planted {
    pub(super) fn instance(&self) -> String {
        format!("arn:aws:sso:::instance/{}", self.instance)
    }

    pub(super) fn arn(&self, set: &PermissionSet) -> String {
        format!("arn:aws:sso:::permissionSet/{}/{}", self.instance, set.key)
    }

    pub(super) fn set(&self, arn: &str) -> Option<&PermissionSet> {
        self.permission_sets.iter().find(|set| self.arn(set) == arn)
    }

    fn name_of(&self, arn: &str) -> &str {
        self.set(arn).map(|set| set.name.as_str()).unwrap_or_default()
    }
}
