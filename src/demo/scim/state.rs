//! What the simulated board portal holds.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::now;
use super::wire::{Change, ENTERPRISE, GROUP, USER};

/// Accounts and committees.
pub(super) struct Portal {
    users: Vec<User>,
    groups: Vec<Group>,
    made: String,
}

struct User {
    id: String,
    active: bool,
    person: Person,
    changed: String,
}

struct Group {
    id: String,
    name: String,
    members: Vec<String>,
    changed: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    product: String,
    secretaries: usize,
    groups: Vec<PlantedGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedGroup {
    id: String,
    name: String,
    members: Vec<String>,
}

impl Portal {
    pub(super) fn new(company: &Company) -> anyhow::Result<Portal> {
        let planted: Planted = planted::read("scim", include_str!("../../../fixtures/scim/state.yaml"))?;
        let executives = company.employed().filter(|p| p.executive);
        let secretaries = company.employed().filter(|p| !p.executive && p.department == "Legal").take(planted.secretaries);
        let made = company.days_ago(400).to_string();
        let users = executives
            .chain(secretaries)
            .map(|person| User { id: id_of(&planted.product, &person.number), active: true, person: person.clone(), changed: made.clone() })
            .collect();
        let groups = planted
            .groups
            .into_iter()
            .map(|group| Group {
                members: group.members.iter().map(|number| id_of(&planted.product, number)).collect(),
                id: group.id,
                name: group.name,
                changed: made.clone(),
            })
            .collect();
        Ok(Portal { users, groups, made })
    }

    pub(super) fn all_users(&self, base: &str) -> Vec<Value> {
        self.users.iter().map(|user| self.render_user(user, base)).collect()
    }

    pub(super) fn user(&self, id: &str, base: &str) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render_user(user, base))
    }

    /// A person's account, as long as it is active.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mine = |user: &&User| user.person.number == person.number && user.active;
        self.users.iter().filter(mine).map(|user| format!("the account {}", user.id)).collect()
    }

    pub(super) fn set_active(&mut self, id: &str, active: bool) {
        if let Some(user) = self.users.iter_mut().find(|user| user.id == id) {
            user.active = active;
            user.changed = now().to_string();
        }
    }

    /// The account and its memberships go; false where there is none.
    pub(super) fn delete_user(&mut self, id: &str) -> bool {
        let before = self.users.len();
        self.users.retain(|user| user.id != id);
        for group in self.groups.iter_mut().filter(|group| group.members.iter().any(|member| member == id)) {
            group.members.retain(|member| member != id);
            group.changed = now().to_string();
        }
        self.users.len() < before
    }

    pub(super) fn all_groups(&self, base: &str) -> Vec<Value> {
        self.groups.iter().map(|group| self.render_group(group, base)).collect()
    }

    pub(super) fn group(&self, id: &str, base: &str) -> Option<Value> {
        self.groups.iter().find(|group| group.id == id).map(|group| self.render_group(group, base))
    }

    pub(super) fn delete_group(&mut self, id: &str) -> bool {
        let before = self.groups.len();
        self.groups.retain(|group| group.id != id);
        self.groups.len() < before
    }

    /// A change that leaves the members as they were, such as adding one who is there, moves no `lastModified` (RFC 7644, 3.5.2.1).
    pub(super) fn change_group(&mut self, id: &str, change: Change) -> Result<(), String> {
        let known: Vec<String> = self.users.iter().map(|user| user.id.clone()).collect();
        let Some(group) = self.groups.iter_mut().find(|group| group.id == id) else {
            return Err(format!("group {id} is gone"));
        };
        let before = group.members.clone();
        match change {
            Change::Active(_) => return Err("a group can't be active".to_owned()),
            Change::RemoveAllMembers => group.members.clear(),
            Change::RemoveMembers(ids) => group.members.retain(|member| !ids.contains(member)),
            Change::AddMembers(ids) => {
                if let Some(unknown) = ids.iter().find(|id| !known.contains(id)) {
                    return Err(format!("no user {unknown}"));
                }
                for id in ids {
                    if !group.members.contains(&id) {
                        group.members.push(id);
                    }
                }
            }
        }
        if group.members != before {
            group.changed = now().to_string();
        }
        Ok(())
    }

    fn render_user(&self, user: &User, base: &str) -> Value {
        let person = &user.person;
        let groups: Vec<Value> = self
            .groups
            .iter()
            .filter(|group| group.members.contains(&user.id))
            .map(|group| {
                json!({
                    "value": group.id,
                    "$ref": format!("{base}/Groups/{}", group.id),
                    "display": group.name,
                    "type": "direct",
                })
            })
            .collect();
        json!({
            "schemas": [USER, ENTERPRISE],
            "id": user.id,
            "externalId": person.number,
            "userName": person.work_email,
            "name": {
                "givenName": person.first,
                "familyName": person.last,
                "formatted": person.display(),
            },
            "displayName": person.display(),
            "title": person.title,
            "active": user.active,
            "emails": [{ "value": person.work_email, "type": "work", "primary": true }],
            "groups": groups,
            ENTERPRISE: { "employeeNumber": person.number, "department": person.department },
            "meta": {
                "resourceType": "User",
                "created": self.made,
                "lastModified": user.changed,
                "location": format!("{base}/Users/{}", user.id),
            },
        })
    }

    fn render_group(&self, group: &Group, base: &str) -> Value {
        let members: Vec<Value> = self
            .users
            .iter()
            .filter(|user| group.members.contains(&user.id))
            .map(|user| {
                json!({
                    "value": user.id,
                    "$ref": format!("{base}/Users/{}", user.id),
                    "type": "User",
                    "display": user.person.display(),
                })
            })
            .collect();
        json!({
            "schemas": [GROUP],
            "id": group.id,
            "displayName": group.name,
            "members": members,
            "meta": {
                "resourceType": "Group",
                "created": self.made,
                "lastModified": group.changed,
                "location": format!("{base}/Groups/{}", group.id),
            },
        })
    }
}

/// An opaque id, the same in each run.
fn id_of(product: &str, number: &str) -> String {
    let hash = planted::number_of(&format!("{product}/{number}"));
    format!("{hash:010x}")
}
