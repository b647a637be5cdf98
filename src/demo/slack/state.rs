//! What the simulated workspace holds.

use std::collections::BTreeMap;

mod render;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Workspace {
    planted: Planted,
    /// Epoch seconds at which the simulation started.
    pub started: i64,
    users: Vec<User>,
    sessions: Vec<Session>,
    /// Channel and message, in the order in which they were posted.
    messages: Vec<(String, Value)>,
}

struct User {
    id: String,
    name: String,
    real_name: String,
    email: Option<String>,
    person: Option<Person>,
    active: bool,
    /// Made and signed in by the identity provider.
    sso: bool,
    bot: bool,
    admin: bool,
    owner: bool,
    primary_owner: bool,
    updated: i64,
}

pub(super) struct Session {
    pub id: u64,
    pub user: String,
    pub mobile: bool,
}

/// Why an account stays as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Unknown,
    PrimaryOwner,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    team: Team,
    accounts: Vec<Account>,
    admins: Vec<String>,
    usergroups: Vec<Usergroup>,
    channels: Vec<Channel>,
    apps: Vec<App>,
    tokens: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    id: String,
    name: String,
    domain: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    id: String,
    name: String,
    real_name: Option<String>,
    person: Option<String>,
    email: Option<String>,
    #[serde(default)]
    owner: bool,
    #[serde(default)]
    primary_owner: bool,
    #[serde(default)]
    bot: bool,
    #[serde(default)]
    sessions: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Usergroup {
    id: String,
    handle: String,
    name: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {
    id: String,
    name: String,
    creator: String,
    #[serde(default)]
    general: bool,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    shared: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    id: String,
    name: String,
    internal: bool,
    scopes: Vec<String>,
    added_by: Option<String>,
    days: Option<i64>,
    #[serde(skip)]
    removed: bool,
}

impl Workspace {
    pub(super) fn new(company: &Company) -> anyhow::Result<Workspace> {
        let mut planted: Planted = planted::read("slack", include_str!("../../../fixtures/slack/state.yaml"))?;
        for group in &mut planted.usergroups {
            for person in &mut group.people {
                *person = format!("U0{person}");
            }
        }
        let today = company.today();
        let mut users: Vec<User> = company
            .people
            .iter()
            .map(|person| User {
                id: format!("U0{}", person.number),
                name: person.login.clone(),
                real_name: person.display(),
                email: Some(person.work_email.clone()),
                active: person.active(today),
                sso: true,
                bot: false,
                admin: planted.admins.contains(&person.number),
                owner: false,
                primary_owner: false,
                updated: company.days_ago(40).as_second(),
                person: Some(person.clone()),
            })
            .collect();
        let mut of_user: Vec<(String, usize)> = users
            .iter()
            .filter(|user| user.active)
            .map(|user| {
                let executive = user.person.as_ref().is_some_and(|person| person.executive);
                (user.id.clone(), if executive { 2 } else { 1 })
            })
            .collect();
        for account in &planted.accounts {
            let person = account.person.as_deref().and_then(|number| company.person(number));
            let real_name = account.real_name.clone().or_else(|| person.map(Person::display));
            of_user.push((account.id.clone(), account.sessions));
            users.push(User {
                id: account.id.clone(),
                name: account.name.clone(),
                real_name: real_name.unwrap_or_else(|| account.name.clone()),
                email: account.email.clone(),
                person: person.cloned(),
                active: true,
                sso: false,
                bot: account.bot,
                admin: account.owner || account.primary_owner,
                owner: account.owner || account.primary_owner,
                primary_owner: account.primary_owner,
                updated: company.days_ago(2000).as_second(),
            });
        }
        let sessions = of_user
            .into_iter()
            .flat_map(|(user, count)| (0..count).map(move |n| (user.clone(), n == 1)))
            .zip(2_100_001..)
            .map(|((user, mobile), id)| Session { id, user, mobile })
            .collect();
        Ok(Workspace { planted, started: company.started.as_second(), users, sessions, messages: Vec::new() })
    }

    pub(super) fn scopes(&self, token: &str) -> Option<Vec<String>> {
        self.planted.tokens.get(token).cloned()
    }

    pub(super) fn has_channel(&self, id: &str) -> bool {
        self.planted.channels.iter().any(|channel| channel.id == id)
    }

    pub(super) fn post(&mut self, channel: &str, text: &str, metadata: Value) -> Value {
        let at = super::super::vendor::now();
        // A message's time is its name in the channel: no two have the same.
        let ts = format!("{}.{:06}", at.as_second(), 100_000 + self.messages.len());
        let mut message = json!({
            "type": "message", "subtype": "bot_message", "text": text, "ts": ts, "user": "U0EXEUNT", "bot_id": "B0EXEUNT", "app_id": "A0EXEUNT",
            "team": self.planted.team.id,
        });
        if !metadata.is_null() {
            message["metadata"] = metadata;
        }
        self.messages.push((channel.to_owned(), message.clone()));
        message
    }

    /// A channel's messages, the latest first.
    pub(super) fn history(&self, channel: &str, metadata: bool) -> Vec<Value> {
        let of_channel = self.messages.iter().rev().filter(|(known, _)| known == channel).map(|(_, message)| message.clone());
        of_channel
            .map(|mut message| {
                if let Some(fields) = message.as_object_mut().filter(|_| !metadata) {
                    fields.shift_remove("metadata");
                }
                message
            })
            .collect()
    }

    pub(super) fn team_id(&self) -> &str {
        &self.planted.team.id
    }

    pub(super) fn ourselves(&self) -> Value {
        let team = &self.planted.team;
        json!({
            "url": format!("https://{}.slack.com/", team.domain),
            "team": team.name,
            "team_id": team.id,
            "user": "exeunt",
            "user_id": "U0EXEUNT",
            "bot_id": "B0EXEUNT",
            "is_enterprise_install": false,
        })
    }

    pub(super) fn members(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.render(user)).collect()
    }

    pub(super) fn member(&self, id: &str) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render(user))
    }

    /// Out of use, an account has no sessions, no roles and no group; back in use, it has only itself.
    pub(super) fn set_active(&mut self, id: &str, active: bool) -> Result<(), Gone> {
        let user = self.users.iter_mut().find(|user| user.id == id).ok_or(Gone::Unknown)?;
        if user.primary_owner && !active {
            return Err(Gone::PrimaryOwner);
        }
        user.active = active;
        user.updated = self.started;
        if !active {
            user.admin = false;
            user.owner = false;
            self.sessions.retain(|session| session.user != id);
            for group in &mut self.planted.usergroups {
                group.people.retain(|member| member != id);
            }
        }
        Ok(())
    }

    /// A person's accounts, those that SSO made and those that it didn't, their sessions, and the apps that they added.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mine: Vec<&User> =
            self.users.iter().filter(|user| user.person.as_ref().is_some_and(|one| one.number == person.number)).collect();
        let accounts = mine.iter().filter(|user| user.active).map(|user| format!("the account {}", user.id));
        let sessions = self.sessions.iter().filter(|session| mine.iter().any(|user| user.id == session.user));
        let apps = self.planted.apps.iter().filter(|app| !app.removed && app.added_by.as_ref() == Some(&person.number));
        let sessions = sessions.map(|session| format!("the session {}", session.id));
        accounts.chain(sessions).chain(apps.map(|app| format!("the app {}", app.name))).collect()
    }

    pub(super) fn sessions(&self, user: Option<&str>) -> Vec<Value> {
        let of_user = |session: &&Session| user.is_none_or(|id| session.user == id);
        self.sessions.iter().filter(of_user).map(|session| self.render_session(session)).collect()
    }

    pub(super) fn end_sessions(&mut self, ends: impl Fn(&Session) -> bool) -> usize {
        let before = self.sessions.len();
        self.sessions.retain(|session| !ends(session));
        before - self.sessions.len()
    }

    pub(super) fn usergroups(&self, users: bool, count: bool) -> Vec<Value> {
        self.planted
            .usergroups
            .iter()
            .map(|group| {
                let mut value = json!({
                    "id": group.id,
                    "team_id": self.planted.team.id,
                    "is_usergroup": true,
                    "is_subteam": true,
                    "is_external": false,
                    "name": group.name,
                    "handle": group.handle,
                    "description": "",
                    "date_create": self.started,
                    "date_update": self.started,
                    "date_delete": 0,
                    "created_by": "U0PRIMARY",
                    "updated_by": "U0PRIMARY",
                    "prefs": { "channels": [], "groups": [] },
                });
                if users {
                    value["users"] = json!(group.people);
                }
                if count {
                    value["user_count"] = group.people.len().into();
                }
                value
            })
            .collect()
    }

    pub(super) fn users_of_group(&self, id: &str) -> Option<&[String]> {
        let group = self.planted.usergroups.iter().find(|group| group.id == id)?;
        Some(&group.people)
    }

    pub(super) fn apps(&self) -> Vec<Value> {
        let scope = |name: &String| json!({ "name": name, "description": "", "is_sensitive": false, "token_type": "bot" });
        self.planted
            .apps
            .iter()
            .filter(|app| !app.removed)
            .map(|app| {
                json!({
                    "app": {
                        "id": app.id,
                        "name": app.name,
                        "description": "",
                        "is_internal": app.internal,
                        "is_app_directory_approved": !app.internal,
                        "additional_info": "",
                    },
                    "scopes": app.scopes.iter().map(scope).collect::<Vec<_>>(),
                    "date_updated": self.started - 86_400 * app.days.unwrap_or(90),
                    "last_resolved_by": { "actor_id": "U0PRIMARY", "actor_type": "user" },
                })
            })
            .collect()
    }

    pub(super) fn uninstall(&mut self, id: &str) -> bool {
        let mut apps = self.planted.apps.iter_mut();
        let app = apps.find(|app| app.id == id && !app.removed);
        app.map(|app| app.removed = true).is_some()
    }

    /// Who added and removed which app; the log keeps what is no longer there.
    pub(super) fn integration_logs(&self) -> Vec<Value> {
        let entry = |app: &App, user: &str, change: &str, at: i64| {
            let name = &self.users.iter().find(|one| one.id == user)?.name;
            Some(json!({
                "app_id": app.id,
                "app_type": app.name,
                "user_id": user,
                "user_name": name,
                "date": at.to_string(),
                "change_type": change,
                "scope": app.scopes.join(","),
            }))
        };
        let mut logs = Vec::new();
        for app in &self.planted.apps {
            let added = app.added_by.as_ref().and_then(|number| {
                let at = self.started - 86_400 * app.days.unwrap_or(90);
                entry(app, &format!("U0{number}"), "added", at)
            });
            let removed = app.removed.then(|| entry(app, "U0PRIMARY", "removed", self.started));
            logs.extend(added.into_iter().chain(removed.flatten()));
        }
        logs
    }

    pub(super) fn provisioned(&self, base: &str) -> Vec<Value> {
        let people = self.users.iter().filter(|user| !user.bot);
        people.map(|user| self.render_scim(user, base)).collect()
    }

    pub(super) fn provisioned_one(&self, id: &str, base: &str) -> Option<Value> {
        let user = self.users.iter().find(|user| user.id == id && !user.bot)?;
        Some(self.render_scim(user, base))
    }
}
