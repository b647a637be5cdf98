//! What the simulated organization holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::{TEAM, TENANT};

pub(super) struct Organization {
    planted: Planted,
    members: Vec<Member>,
    /// Ids of whoever was removed, in that order: the log says so.
    removed: Vec<String>,
    started: Timestamp,
}

pub(super) struct Member {
    pub(super) id: String,
    pub(super) number: Option<String>,
    pub(super) name: String,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) email: String,
    pub(super) admin: bool,
    pub(super) guest: bool,
    pub(super) active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    admins: Vec<String>,
    former: Vec<String>,
    quiet: Vec<String>,
    guests: Vec<Guest>,
    tokens: Vec<Token>,
    folders: Vec<Folder>,
    webhooks: Vec<Webhook>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guest {
    id: String,
    name: String,
    email: String,
}

/// A personal access token: only its owner sees it, and it stops with the account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    person: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Folder {
    id: String,
    name: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: String,
    name: String,
    creator: String,
    link: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    id: String,
    endpoint: String,
    description: String,
}

type Refusal = (u16, &'static str);

fn user_id(number: &str) -> String {
    format!("11370541362{:0>8}", number.trim_start_matches('E'))
}

impl Organization {
    pub(super) fn new(company: &Company) -> anyhow::Result<Organization> {
        let planted: Planted = planted::read("figma", include_str!("../../../fixtures/figma/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen || planted.former.contains(&person.number)
        };
        let members = company.people.iter().filter(belongs).map(|person| Member {
            id: user_id(&person.number),
            number: Some(person.number.clone()),
            name: person.display(),
            first: person.first.clone(),
            last: person.last.clone(),
            email: person.work_email.clone(),
            admin: planted.admins.contains(&person.number),
            guest: false,
            active: true,
        });
        let guests = planted.guests.iter().map(|guest| Member {
            id: guest.id.clone(),
            number: None,
            name: guest.name.clone(),
            first: String::new(),
            last: String::new(),
            email: guest.email.clone(),
            admin: false,
            guest: true,
            active: true,
        });
        let members: Vec<Member> = members.chain(guests).collect();
        Ok(Organization { members, planted, removed: Vec::new(), started: company.started })
    }

    /// The membership with its tokens, a guest by a private address, files of their making that are open to anyone.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for member in self.members.iter().filter(|member| member.active) {
            if member.id == user_id(&person.number) {
                left.push(format!("the membership of {}", member.email));
                let tokens = self.planted.tokens.iter().filter(|token| token.person == person.number);
                left.extend(tokens.map(|token| format!("the token {}", token.name)));
            } else if person.home_email.as_ref() == Some(&member.email) {
                left.push(format!("the guest {}", member.email));
            }
        }
        let files = self.planted.folders.iter().flat_map(|folder| &folder.files);
        let open = files.filter(|file| file.creator == person.number && matches!(file.link.as_str(), "view" | "edit"));
        left.extend(open.map(|file| format!("the file {}, open to anyone", file.name)));
        left
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter()
    }

    /// Whoever is inactive is out of the organization, with tokens and sessions; the record stays. Somebody must administer.
    pub(super) fn set_active(&mut self, id: &str, active: bool) -> Result<(), Refusal> {
        let last = self.members.iter().filter(|member| member.admin && member.active && member.id != id).count() == 0;
        let member = self.members.iter_mut().find(|member| member.id == id && !member.guest).ok_or((404, "User not found"))?;
        if member.admin && last && !active {
            return Err((403, "The last admin of an organization can't be removed"));
        }
        if member.active && !active {
            self.removed.push(id.to_owned());
        }
        member.active = active;
        Ok(())
    }

    pub(super) fn forget(&mut self, id: &str) -> Result<(), Refusal> {
        self.set_active(id, false)?;
        self.members.retain(|member| member.id != id);
        Ok(())
    }

    /// Epoch seconds on the day the simulation starts.
    pub(super) fn now(&self) -> i64 {
        self.started.as_second()
    }

    /// What was done, oldest first: each member looked at a file some days ago, but for the quiet ones; then removals, by nobody in particular.
    pub(super) fn events(&self) -> Vec<Value> {
        let file = self.planted.folders.iter().flat_map(|folder| &folder.files).next();
        let looked = self.members.iter().enumerate().filter(|(_, member)| {
            // What somebody did stays in the log, whatever became of them.
            !member.number.as_ref().is_some_and(|number| self.planted.quiet.contains(number))
        });
        let mut events: Vec<Value> = looked
            .map(|(n, member)| {
                let days = i64::try_from(n % 40).unwrap_or_default() + 1;
                let actor = json!({ "type": "user", "id": member.id, "name": member.name, "email": member.email });
                let entity = json!({
                    "type": "file",
                    "key": file.map_or("", |file| file.key.as_str()),
                    "name": file.map_or("", |file| file.name.as_str()),
                    "editor_type": "figma",
                    "link_access": file.map_or("inherit", |file| file.link.as_str()),
                    "proto_link_access": "inherit",
                });
                self.event(&format!("evt{n:06}"), self.now() - days * 86_400, &actor, "fig_file_view", &entity)
            })
            .collect();
        let removed = self.removed.iter().enumerate().map(|(n, id)| {
            let member = self.members.iter().find(|member| member.id == *id);
            let (name, email) = member.map_or(("", ""), |member| (member.name.as_str(), member.email.as_str()));
            let entity = json!({ "type": "user", "id": id, "name": name, "email": email });
            let at = self.now() + i64::try_from(n).unwrap_or_default();
            self.event(&format!("evtr{n:06}"), at, &json!({ "name": "SCIM Provider" }), "org_user_delete", &entity)
        });
        events.extend(removed);
        events.sort_by_key(|event| event["timestamp"].as_i64());
        events
    }

    fn event(&self, id: &str, at: i64, actor: &Value, kind: &str, entity: &Value) -> Value {
        json!({
            "id": id,
            "timestamp": at,
            "actor": actor,
            "action": { "type": kind, "details": null },
            "entity": entity,
            "context": {
                "client_name": null,
                "ip_address": "192.0.2.10",
                "is_figma_support_team_action": false,
                "org_id": TENANT,
                "team_id": TEAM,
            },
        })
    }

    pub(super) fn folders(&self) -> Vec<Value> {
        self.planted.folders.iter().map(|folder| json!({ "id": folder.id, "name": folder.name, "parent_folder_id": null })).collect()
    }

    fn touched(&self) -> String {
        crate::clock::days_before(self.started, 12).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    pub(super) fn files(&self, folder: &str) -> Option<Value> {
        let folder = self.planted.folders.iter().find(|known| known.id == folder)?;
        let one = |file: &File| json!({ "key": file.key, "name": file.name, "last_modified": self.touched() });
        Some(json!({ "name": folder.name, "files": folder.files.iter().map(one).collect::<Vec<_>>() }))
    }

    pub(super) fn file(&self, key: &str) -> Option<Value> {
        let (folder, file) =
            self.planted.folders.iter().find_map(|folder| Some((folder, folder.files.iter().find(|file| file.key == key)?)))?;
        let id = user_id(&file.creator);
        let handle = self.members.iter().find(|member| member.id == id).map_or("", |member| member.name.as_str());
        Some(json!({
            "name": file.name,
            "folder_name": folder.name,
            "last_touched_at": self.touched(),
            "creator": { "id": id, "handle": handle, "img_url": "https://www.figma.com/avatar/none.png" },
            "editorType": "figma",
            "role": "viewer",
            "link_access": file.link,
            "url": format!("https://www.figma.com/design/{}", file.key),
            "version": "1",
        }))
    }

    pub(super) fn webhooks(&self) -> Vec<Value> {
        let one = |webhook: &Webhook| {
            json!({
                "id": webhook.id,
                "event_type": "FILE_UPDATE",
                "team_id": TEAM,
                "context": "team",
                "context_id": TEAM,
                "plan_api_id": format!("organization:{TENANT}"),
                "status": "ACTIVE",
                "client_id": null,
                "passcode": "",
                "endpoint": webhook.endpoint,
                "description": webhook.description,
            })
        };
        self.planted.webhooks.iter().map(one).collect()
    }
}
