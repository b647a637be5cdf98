//! What the simulated account holds.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::{Outcome, Refusal, no_such};

/// The service user in whose name scans are made.
pub(super) const READ_USER: &str = "5e4e0000-0000-4000-8000-000000000001";
/// The service user in whose name actions are made: an administrator.
pub(super) const REVOKE_USER: &str = "5e4e0000-0000-4000-8000-000000000002";

pub(super) struct Account {
    planted: Planted,
    users: Vec<User>,
    rules: Vec<Rule>,
    made: String,
    used: String,
    /// Token to user.
    pub(super) tokens: HashMap<String, String>,
}

struct User {
    id: String,
    name: String,
    email: String,
    status: String,
    profile: String,
    signed_in: bool,
}

/// Whose envelopes go to whom.
struct Rule {
    id: String,
    from: String,
    to: String,
    event: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    everybody_else: String,
    profiles: Vec<Profile>,
    groups: Vec<Group>,
    feeds: Vec<Feed>,
    closed: Vec<String>,
    invited: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    id: String,
    name: String,
    #[serde(default)]
    administers: bool,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    name: String,
    kind: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feed {
    id: String,
    name: String,
    url: String,
    people: Vec<String>,
}

fn user_id(number: &str) -> String {
    format!("d0c50000-0000-4000-8000-{:0>12}", number.trim_start_matches('E'))
}

impl Account {
    pub(super) fn new(company: &Company) -> anyhow::Result<Self> {
        let mut planted: Planted = planted::read("docusign", include_str!("../../../fixtures/docusign/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            planted.closed.contains(&person.number)
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let profile_of = |number: &str| {
            let own = planted.profiles.iter().find(|profile| profile.people.iter().any(|person| person == number));
            own.map_or_else(|| planted.everybody_else.clone(), |profile| profile.id.clone())
        };
        let service = |id: &str, name: &str| User {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("{name}@northmoor.example"),
            status: "Active".to_owned(),
            profile: profile_of(name),
            signed_in: false,
        };
        let mut users = vec![service(READ_USER, "exeunt-read"), service(REVOKE_USER, "exeunt-revoke")];
        users.extend(company.people.iter().filter(belongs).map(|person| {
            let status = match &person.number {
                number if planted.closed.contains(number) => "Closed",
                number if planted.invited.contains(number) => "ActivationSent",
                _ => "Active",
            };
            User {
                id: user_id(&person.number),
                name: person.display(),
                email: person.work_email.clone(),
                status: status.to_owned(),
                profile: profile_of(&person.number),
                signed_in: status == "Active",
            }
        }));
        // The fixture speaks of people; from here on everything speaks of users.
        let named = planted.groups.iter_mut().flat_map(|group| &mut group.people);
        for person in named.chain(planted.feeds.iter_mut().flat_map(|feed| &mut feed.people)) {
            let id = user_id(person);
            anyhow::ensure!(users.iter().any(|user| user.id == id), "fixtures/docusign/state.yaml names {person}, who is no user");
            *person = id;
        }
        let at = |days: i64| company.days_ago(days).strftime("%Y-%m-%dT%H:%M:%S.0000000Z").to_string();
        Ok(Self { planted, users, rules: Vec::new(), made: at(700), used: at(2), tokens: HashMap::new() })
    }

    /// What a person can still do: a closed membership opens nothing, and neither do its tokens.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let open = self.users.iter().filter(|user| user.id == id && user.status != "Closed");
        open.map(|user| format!("the membership of {}, {}", user.email, user.status)).collect()
    }

    pub(super) fn is_active(&self, id: &str) -> bool {
        self.users.iter().any(|user| user.id == id && user.status == "Active")
    }

    fn profile(&self, id: &str) -> Option<&Profile> {
        self.planted.profiles.iter().find(|profile| profile.id == id)
    }

    pub(super) fn administers(&self, id: &str) -> bool {
        let user = self.users.iter().find(|user| user.id == id && user.status == "Active");
        user.and_then(|user| self.profile(&user.profile)).is_some_and(|profile| profile.administers)
    }

    pub(super) fn users(&self, full: bool) -> Vec<Value> {
        self.users.iter().map(|user| self.render(user, full)).collect()
    }

    pub(super) fn user(&self, id: &str) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render(user, true))
    }

    /// Flags and dates are text. Settings, profile and groups come only where they are asked for.
    fn render(&self, user: &User, full: bool) -> Value {
        let profile = self.profile(&user.profile);
        let administers = profile.is_some_and(|profile| profile.administers);
        let mut shown = json!({
            "userName": user.name,
            "userId": user.id,
            "userType": "CompanyUser",
            "isAdmin": if administers { "True" } else { "False" },
            "userStatus": user.status,
            "uri": format!("/users/{}", user.id),
            "email": user.email,
            "createdDateTime": self.made,
            "userAddedToAccountDateTime": self.made,
            "permissionProfileId": user.profile,
            "permissionProfileName": profile.map(|profile| profile.name.as_str()).unwrap_or_default(),
        });
        if user.signed_in {
            shown["lastLogin"] = self.used.as_str().into();
        }
        if full {
            let groups = self.planted.groups.iter().filter(|group| is_in(group, user));
            let groups: Vec<Value> = groups.map(group_named).collect();
            shown["groupList"] = groups.into();
            shown["enableConnectForUser"] = "false".into();
        }
        shown
    }

    fn mini(user: &User) -> Value {
        json!({ "userName": user.name, "userId": user.id, "email": user.email, "userType": "CompanyUser", "userStatus": user.status, "uri": format!("/users/{}", user.id) })
    }

    /// Closes one user, or says in the user's place why not. The last administrator stays.
    pub(super) fn close(&mut self, id: &str) -> Value {
        let refused = |code: &str, message: &str| json!({ "userId": id, "errorDetails": { "errorCode": code, "message": message } });
        let Some(at) = self.users.iter().position(|user| user.id == id) else {
            return refused("INVALID_USERID", "Invalid UserId.");
        };
        let administrators = self.users.iter().filter(|user| self.administers(&user.id)).count();
        if self.administers(id) && administrators < 2 {
            return refused("USER_CANNOT_BE_CLOSED", "The last administrator of the account cannot be closed.");
        }
        self.users[at].status = "Closed".to_owned();
        Self::mini(&self.users[at])
    }

    /// Whoever is opened again has to accept by mail.
    pub(super) fn update(&mut self, body: &Value) -> Outcome {
        let mut shown = Vec::new();
        for asked in body["users"].as_array().into_iter().flatten() {
            let user = self.users.iter_mut().find(|user| asked["userId"] == user.id.as_str()).ok_or_else(|| no_such("user"))?;
            if user.status == "Closed" && asked["userStatus"].is_string() {
                user.status = "ActivationSent".to_owned();
            }
            shown.push(Self::mini(user));
        }
        Ok(json!({ "users": shown }))
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        self.planted.groups.iter().map(group_named).collect()
    }

    pub(super) fn group_users(&self, id: &str) -> Result<Vec<Value>, Refusal> {
        let group = self.planted.groups.iter().find(|group| group.id == id).ok_or_else(|| no_such("group"))?;
        Ok(self.users.iter().filter(|user| is_in(group, user) && user.status != "Closed").map(Self::mini).collect())
    }

    /// Nobody leaves the group of everyone.
    pub(super) fn leave(&mut self, group: &str, id: &str) -> Outcome {
        self.regroup(group, id, |people| people.retain(|person| person != id))
    }

    pub(super) fn join(&mut self, group: &str, id: &str) -> Outcome {
        self.regroup(group, id, |people| people.push(id.to_owned()))
    }

    fn regroup(&mut self, group: &str, id: &str, change: impl FnOnce(&mut Vec<String>)) -> Outcome {
        let user = self.users.iter().find(|user| user.id == id).ok_or_else(|| no_such("user"))?;
        let group = self.planted.groups.iter_mut().find(|one| one.id == group).ok_or_else(|| no_such("group"))?;
        if group.kind == "everyoneGroup" {
            return Err(Refusal::bad("GROUP_CANNOT_BE_MODIFIED", "The group of everyone cannot be modified."));
        }
        change(&mut group.people);
        Ok(Self::mini(user))
    }

    pub(super) fn feeds(&self) -> Vec<Value> {
        let one = |feed: &Feed| {
            json!({
                "connectId": feed.id,
                "configurationType": "custom",
                "name": feed.name,
                "urlToPublishTo": feed.url,
                "allowEnvelopePublish": "true",
                "enableLog": "true",
                "allUsers": if feed.people.is_empty() { "true" } else { "false" },
                "userIds": feed.people,
                "envelopeEvents": ["Completed"],
                "requiresAcknowledgement": "true",
            })
        };
        self.planted.feeds.iter().map(one).collect()
    }

    pub(super) fn profiles(&self) -> Vec<Value> {
        let one = |profile: &Profile| json!({ "permissionProfileId": profile.id, "permissionProfileName": profile.name });
        self.planted.profiles.iter().map(one).collect()
    }

    pub(super) fn transfer_rules(&self) -> Vec<Value> {
        let user = |id: &str| self.users.iter().find(|user| user.id == id).map(Self::mini);
        let one = |rule: &Rule| {
            json!({
                "envelopeTransferRuleId": rule.id,
                "enabled": "true",
                "eventType": rule.event,
                "fromUser": user(&rule.from),
                "toUser": user(&rule.to),
                "carbonCopyOriginalOwner": "false",
            })
        };
        self.rules.iter().map(one).collect()
    }

    pub(super) fn new_transfer_rule(&mut self, body: &Value) -> Outcome {
        let known = |id: &Value| self.users.iter().find(|user| *id == user.id.as_str()).map(|user| user.id.clone());
        let to = known(&body["toUser"]["userId"]).filter(|id| self.is_active(id)).ok_or_else(|| no_such("receiving user"))?;
        let from: Option<Vec<String>> = body["fromUsers"].as_array().into_iter().flatten().map(|user| known(&user["userId"])).collect();
        let event = body["eventType"].as_str().unwrap_or("sent").to_owned();
        for from in from.ok_or_else(|| no_such("user"))? {
            let id = format!("74a10000-0000-4000-8000-{:0>12}", self.rules.len() + 1);
            self.rules.push(Rule { id, from, to: to.clone(), event: event.clone() });
        }
        Ok(json!({ "envelopeTransferRules": self.transfer_rules() }))
    }
}

fn is_in(group: &Group, user: &User) -> bool {
    group.kind == "everyoneGroup" || group.people.contains(&user.id)
}

fn group_named(group: &Group) -> Value {
    json!({ "groupId": group.id, "groupName": group.name, "groupType": group.kind })
}
