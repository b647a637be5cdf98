//! What the simulated account holds: users with all that can hang on one, groups, roles, and sessions that nobody lists.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Account {
    pub(super) number: String,
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    pub(super) roles: Vec<Role>,
    pub(super) made: String,
}

#[derive(Default)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) id: String,
    /// Employee number, mail: none for machines.
    pub(super) person: Option<(String, String)>,
    /// Made when, and used when.
    pub(super) password: Option<(String, String)>,
    pub(super) keys: Vec<Held>,
    /// Serial numbers.
    pub(super) mfa: Vec<String>,
    pub(super) ssh_keys: Vec<Held>,
    pub(super) service_credentials: Vec<Held>,
    pub(super) certificates: Vec<Held>,
    pub(super) groups: Vec<String>,
    /// Managed policies, by ARN.
    pub(super) attached: Vec<String>,
    /// Inline policies: documents by name.
    pub(super) inline: BTreeMap<String, String>,
    sessions: Vec<Session>,
}

/// Something that hangs on a user and can be switched off.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) created: String,
    pub(super) used: Option<String>,
    pub(super) service: String,
}

pub(super) struct Group {
    pub(super) name: String,
    /// Managed policies, by ARN.
    pub(super) policies: Vec<String>,
}

pub(super) struct Role {
    pub(super) name: String,
    /// ARNs of who may assume it.
    pub(super) trusts: Vec<String>,
    pub(super) hours: u32,
    pub(super) inline: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    account: String,
    departments: Vec<String>,
    groups: Vec<PlantedGroup>,
    users: Vec<PlantedUser>,
    machines: Vec<PlantedUser>,
    roles: Vec<PlantedRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedGroup {
    name: String,
    policies: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PlantedUser {
    person: Option<String>,
    name: Option<String>,
    password: Option<PlantedPassword>,
    keys: Vec<PlantedHeld>,
    mfa: Vec<String>,
    ssh_keys: Vec<PlantedHeld>,
    service_credentials: Vec<PlantedHeld>,
    certificates: Vec<PlantedHeld>,
    groups: Vec<String>,
    policies: Vec<String>,
    inline: Vec<String>,
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedPassword {
    created: i64,
    used: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedHeld {
    id: String,
    created: i64,
    used: Option<i64>,
    #[serde(default)]
    service: String,
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

/// Temporary credentials that are out there: of a key, or of a role that was assumed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    of: Option<String>,
    role: Option<String>,
    hours: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedRole {
    name: String,
    trusts: Vec<String>,
    hours: u32,
}

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

impl Account {
    pub(super) fn new(company: &Company) -> anyhow::Result<Account> {
        let planted: Planted = planted::read("aws-iam", include_str!("../../../fixtures/aws-iam/state.yaml"))?;
        let mut users = Vec::new();
        for one in planted.users {
            let number = one.person.clone().context("fixtures/aws-iam/state.yaml has a user without a person")?;
            let person = company.person(&number).with_context(|| format!("fixtures/aws-iam/state.yaml names {number}, who is nobody"))?;
            users.push(user(company, &planted.account, Some(person), one));
        }
        let named: Vec<String> = users.iter().map(|user: &User| user.name.clone()).collect();
        let others = company.employed().filter(|person| planted.departments.contains(&person.department));
        for person in others.filter(|person| !person.executive && !named.contains(&person.login)) {
            let one = PlantedUser {
                password: Some(PlantedPassword { created: 250, used: i64::from(person.index() % 40) }),
                mfa: vec![format!("{}-phone", person.login)],
                groups: vec!["developers".into()],
                ..PlantedUser::default()
            };
            users.push(user(company, &planted.account, Some(person), one));
        }
        users.extend(planted.machines.into_iter().map(|one| user(company, &planted.account, None, one)));
        let groups =
            planted.groups.into_iter().map(|group| Group { policies: group.policies.iter().map(managed).collect(), name: group.name });
        let arn = |who: &String| {
            let user = users.iter().find(|user| user.name == *who || user.person.as_ref().is_some_and(|(number, _)| number == who));
            match user {
                Some(user) => format!("arn:aws:iam::{}:user/{}", planted.account, user.name),
                None => format!("arn:aws:iam::{}:root", planted.account),
            }
        };
        let roles = planted.roles.iter().map(|role| Role {
            name: role.name.clone(),
            trusts: role.trusts.iter().map(arn).collect(),
            hours: role.hours,
            inline: BTreeMap::new(),
        });
        Ok(Account {
            groups: groups.collect(),
            roles: roles.collect(),
            users,
            made: company.days_ago(1900).to_string(),
            number: planted.account,
        })
    }

    pub(super) fn arn(&self, user: &User) -> String {
        format!("arn:aws:iam::{}:user/{}", self.number, user.name)
    }

    /// What a person can still do: sign in, act by keys and certificates, go on with sessions, use rights. A policy that denies everything is
    /// read at each request, so with it neither rights nor the sessions of keys are worth anything; a role's sessions are the role's.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let Some(user) = self.users.iter().find(|user| user.person.as_ref().is_some_and(|(number, _)| *number == person.number)) else {
            return Vec::new();
        };
        let mut left = Vec::new();
        left.extend(user.password.as_ref().map(|_| format!("the console password of {}", user.name)));
        for (what, held) in [
            ("access key", &user.keys),
            ("SSH key", &user.ssh_keys),
            ("service credential", &user.service_credentials),
            ("certificate", &user.certificates),
        ] {
            left.extend(held.iter().filter(|held| held.status == "Active").map(|held| format!("the {what} {}", held.id)));
        }
        let denied = user.inline.values().any(|document| denies(document));
        if !denied {
            left.extend(user.groups.iter().map(|group| format!("rights of the group {group}")));
            left.extend(user.attached.iter().chain(user.inline.keys()).map(|policy| format!("rights by {policy}")));
            let arn = self.arn(user);
            left.extend(self.roles.iter().filter(|role| role.trusts.contains(&arn)).map(|role| format!("the role {}", role.name)));
        }
        for session in &user.sessions {
            if let (Some(key), false) = (&session.of, denied) {
                left.push(format!("a session of {key}, {} h old", session.hours));
            }
            let role = session.role.as_ref().and_then(|name| self.roles.iter().find(|role| role.name == *name));
            if let Some(role) = role.filter(|role| !role.inline.values().any(|document| document.contains("aws:TokenIssueTime"))) {
                left.push(format!("a session of the role {}, {} h old", role.name, session.hours));
            }
        }
        left
    }
}

fn denies(document: &str) -> bool {
    let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
    let statements = document["Statement"].as_array().into_iter().flatten();
    statements
        .into_iter()
        .any(|one| one["Effect"] == "Deny" && one["Action"] == "*" && one["Resource"] == "*" && one["Condition"].is_null())
}

/// The ARN of one of the vendor's own policies.
fn managed(name: &String) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

fn user(company: &Company, account: &str, person: Option<&Person>, one: PlantedUser) -> User {
    let at = |days: i64| company.days_ago(days).to_string();
    let held = |all: Vec<PlantedHeld>| -> Vec<Held> {
        let one = |held: PlantedHeld| Held {
            status: if held.active { "Active".into() } else { "Inactive".into() },
            created: at(held.created),
            used: held.used.map(at),
            service: held.service,
            id: held.id,
        };
        all.into_iter().map(one).collect()
    };
    let name = one.name.or_else(|| person.map(|person| person.login.clone())).unwrap_or_default();
    User {
        id: format!("AIDANM{:0>14}", planted::number_of(&name)),
        person: person.map(|person| (person.number.clone(), person.work_email.clone())),
        password: one.password.map(|password| (at(password.created), at(password.used))),
        keys: held(one.keys),
        mfa: one.mfa.iter().map(|device| format!("arn:aws:iam::{account}:mfa/{device}")).collect(),
        ssh_keys: held(one.ssh_keys),
        service_credentials: held(one.service_credentials),
        certificates: held(one.certificates),
        groups: one.groups,
        attached: one.policies.iter().map(managed).collect(),
        inline: one.inline.into_iter().map(|name| (name, ALLOW.to_owned())).collect(),
        sessions: one.sessions,
        name,
    }
}
