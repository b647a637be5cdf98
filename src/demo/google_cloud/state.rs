//! What the simulated organization holds: folders, projects, policies, service accounts and their keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Cloud {
    pub(super) planted: Planted,
    /// Policies by resource: `projects/1`, or a service account's name.
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) accounts: Vec<Account>,
    pub(super) made: String,
}

#[derive(Default)]
pub(super) struct Policy {
    pub(super) bindings: Vec<Binding>,
    /// Counts the changes: whoever writes must have seen the latest.
    pub(super) version: u32,
}

pub(super) struct Account {
    pub(super) email: String,
    pub(super) project: String,
    pub(super) disabled: bool,
    pub(super) keys: Vec<Key>,
}

pub(super) struct Key {
    pub(super) id: String,
    pub(super) created: String,
    pub(super) ends: Option<String>,
    pub(super) disabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) organization: Organization,
    pub(super) folders: Vec<Folder>,
    pub(super) projects: Vec<Project>,
    policies: BTreeMap<String, Vec<Binding>>,
    service_accounts: Vec<PlantedAccount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) number: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Folder {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) parent: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    pub(super) number: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) parent: String,
    #[serde(default)]
    pub(super) deleted: bool,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    pub(super) role: String,
    pub(super) members: Vec<String>,
    /// The title of the condition under which it holds.
    pub(super) condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedAccount {
    name: String,
    project: String,
    #[serde(default)]
    keys: Vec<PlantedKey>,
    #[serde(default)]
    policy: Vec<Binding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedKey {
    id: String,
    created: i64,
    ends: Option<i64>,
    #[serde(default)]
    disabled: bool,
}

impl Cloud {
    pub(super) fn new(company: &Company) -> anyhow::Result<Cloud> {
        let mut planted: Planted = planted::read("google-cloud", include_str!("../../../fixtures/google-cloud/state.yaml"))?;
        let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
        for (resource, bindings) in std::mem::take(&mut planted.policies) {
            policies.insert(resource, Policy { bindings, version: 1 });
        }
        let at = |days: i64| company.days_ago(days).to_string();
        let mut accounts = Vec::new();
        for one in std::mem::take(&mut planted.service_accounts) {
            anyhow::ensure!(
                planted.projects.iter().any(|project| project.id == one.project),
                "fixtures/google-cloud/state.yaml has no project {}",
                one.project
            );
            let email = format!("{}@{}.iam.gserviceaccount.com", one.name, one.project);
            policies.insert(email.clone(), Policy { bindings: one.policy, version: 1 });
            let key = |key: PlantedKey| Key { id: key.id, created: at(key.created), ends: key.ends.map(at), disabled: key.disabled };
            accounts.push(Account { email, project: one.project, disabled: false, keys: one.keys.into_iter().map(key).collect() });
        }
        Ok(Cloud { planted, policies, accounts, made: at(1000) })
    }

    /// What a person can still do here: a policy names an address of theirs. Whether the account behind it can sign in, another system knows.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let addresses = std::iter::once(&person.work_email).chain(&person.home_email);
        let members: Vec<String> = addresses.map(|address| format!("user:{address}")).collect();
        let mut left = Vec::new();
        for (resource, policy) in &self.policies {
            for binding in &policy.bindings {
                let named = binding.members.iter().filter(|member| members.contains(member));
                left.extend(named.map(|member| format!("{member} as {} of {resource}", binding.role)));
            }
        }
        left
    }

    /// Whether there is such a resource.
    pub(super) fn knows(&self, resource: &str) -> bool {
        resource == format!("organizations/{}", self.planted.organization.number)
            || self.planted.folders.iter().any(|folder| resource == format!("folders/{}", folder.number))
            || self.planted.projects.iter().any(|project| resource == format!("projects/{}", project.number))
            || self.accounts.iter().any(|account| account.email == resource)
    }

    pub(super) fn policy(&self, resource: &str) -> Value {
        let policy = self.policies.get(resource);
        let bindings = policy.map(|policy| policy.bindings.as_slice()).unwrap_or_default();
        let shown = bindings.iter().map(|binding| {
            let mut shown = json!({ "role": binding.role, "members": binding.members });
            if let Some(title) = &binding.condition {
                shown["condition"] = json!({ "title": title, "expression": "request.time.getHours() < 18" });
            }
            shown
        });
        let shown: Vec<Value> = shown.collect();
        let mut answer = json!({ "version": 1, "etag": etag(policy) });
        // An empty policy has no bindings at all.
        if !shown.is_empty() {
            answer["bindings"] = shown.into();
            answer["version"] = if bindings.iter().any(|binding| binding.condition.is_some()) { 3.into() } else { 1.into() };
        }
        answer
    }

    /// Writes a policy whole; whoever has not seen the latest is refused.
    pub(super) fn set_policy(&mut self, resource: &str, wanted: &Value) -> Result<(), &'static str> {
        let policy = self.policies.entry(resource.to_owned()).or_default();
        if wanted["etag"].as_str().is_some_and(|tag| tag != etag(Some(policy))) {
            return Err("There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.");
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let bindings = wanted["bindings"].as_array().into_iter().flatten().map(|binding| Binding {
            role: text(&binding["role"]),
            members: binding["members"].as_array().into_iter().flatten().map(text).collect(),
            condition: binding["condition"]["title"].as_str().map(str::to_owned),
        });
        policy.bindings = bindings.collect();
        policy.version = policy.version.saturating_add(1);
        Ok(())
    }
}

fn etag(policy: Option<&Policy>) -> String {
    format!("BwX{:04}A=", policy.map(|policy| policy.version).unwrap_or_default())
}
