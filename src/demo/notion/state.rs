//! What the simulated workspace holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::Refusal;

pub(super) struct Workspace {
    planted: Planted,
    members: Vec<Member>,
    /// Who made integrations, shown even when gone.
    makers: Vec<(u8, Value)>,
    started: Timestamp,
}

struct Member {
    id: String,
    name: String,
    first: String,
    last: String,
    email: String,
    owner: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    workspace: Place,
    departments: Vec<String>,
    owners: Vec<String>,
    former: Vec<String>,
    groups: Vec<Group>,
    bots: Vec<Bot>,
    pages: Vec<Page>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    name: String,
    members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bot {
    key: u8,
    name: String,
    /// The workspace's own, if nobody's.
    owner: Option<String>,
}

/// A page that the integration was connected to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    key: u8,
    title: String,
    maker: String,
    /// On the web, for anyone.
    #[serde(default)]
    public: bool,
}

fn member_id(index: u32) -> String {
    format!("3f1c8a40-0000-4000-8000-{index:012}")
}

fn id_of(number: &str) -> String {
    member_id(number.trim_start_matches('E').parse().unwrap_or_default())
}

fn shown(member: &Member) -> Value {
    json!({
        "object": "user",
        "id": member.id,
        "type": "person",
        "name": member.name,
        "avatar_url": null,
        "person": { "email": member.email },
    })
}

impl Workspace {
    pub(super) fn new(company: &Company) -> anyhow::Result<Workspace> {
        let mut planted: Planted = planted::read("notion", include_str!("../../../fixtures/notion/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            planted.former.contains(&person.number)
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let members = company.people.iter().filter(belongs).map(|person| Member {
            id: member_id(person.index()),
            name: person.display(),
            first: person.first.clone(),
            last: person.last.clone(),
            email: person.work_email.clone(),
            owner: planted.owners.contains(&person.number),
        });
        let members: Vec<Member> = members.collect();
        for number in planted.groups.iter_mut().flat_map(|group| &mut group.members) {
            *number = id_of(number);
        }
        let mut makers = Vec::new();
        for bot in &planted.bots {
            if let Some(owner) = &bot.owner {
                let member = members.iter().find(|member| member.id == id_of(owner));
                let member = member.ok_or_else(|| anyhow::anyhow!("fixtures/notion/state.yaml names {owner}, who is no member"))?;
                makers.push((bot.key, shown(member)));
            }
        }
        for page in &mut planted.pages {
            page.maker = id_of(&page.maker);
        }
        Ok(Workspace { planted, members, makers, started: company.started })
    }

    /// The membership, integrations of their making, which work on without them, and pages of their making on the web.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = id_of(&person.number);
        let member = self.members.iter().filter(|member| member.id == id).map(|member| format!("the membership of {}", member.email));
        let bots = self.planted.bots.iter().filter(|bot| bot.owner.as_ref() == Some(&person.number));
        let pages = self.planted.pages.iter().filter(|page| page.maker == id && page.public);
        let pages = pages.map(|page| format!("the page {}, on the web for anyone", page.title));
        member.chain(bots.map(|bot| format!("the integration {}", bot.name))).chain(pages).collect()
    }

    /// The workspace keeps one owner; integrations stay, whoever made them.
    pub(super) fn remove(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.members.iter().position(|member| member.id == id).ok_or((404, "User not found"))?;
        if self.members[at].owner && self.members.iter().filter(|member| member.owner).count() < 2 {
            return Err((403, "The last workspace owner can't be removed"));
        }
        self.members.remove(at);
        for group in &mut self.planted.groups {
            group.members.retain(|member| member != id);
        }
        Ok(())
    }

    pub(super) fn users(&self) -> Vec<Value> {
        let bots = self.planted.bots.iter().map(|bot| self.bot(bot));
        self.members.iter().map(shown).chain(bots).collect()
    }

    /// The integration behind our own tokens is the first one.
    pub(super) fn ourselves(&self) -> Option<Value> {
        self.planted.bots.first().map(|bot| self.bot(bot))
    }

    fn bot(&self, bot: &Bot) -> Value {
        let maker = self.makers.iter().find(|(key, _)| *key == bot.key);
        let owner = match maker {
            Some((_, user)) => json!({ "type": "user", "user": user }),
            None => json!({ "type": "workspace", "workspace": true }),
        };
        json!({
            "object": "user",
            "id": format!("7c9e2b60-0000-4000-8000-{:012}", bot.key),
            "type": "bot",
            "name": bot.name,
            "avatar_url": null,
            "bot": {
                "owner": owner,
                "workspace_id": self.planted.workspace.id,
                "workspace_name": self.planted.workspace.name,
                "workspace_limits": { "max_file_upload_size_in_bytes": 5_368_709_120_u64 },
            },
        })
    }

    pub(super) fn pages(&self) -> Vec<Value> {
        self.planted.pages.iter().map(|page| self.render_page(page)).collect()
    }

    pub(super) fn page(&self, id: &str) -> Option<Value> {
        self.pages().into_iter().find(|page| page["id"] == id)
    }

    fn render_page(&self, page: &Page) -> Value {
        let text = json!({
            "type": "text",
            "text": { "content": page.title, "link": null },
            "annotations": {
                "bold": false, "italic": false, "strikethrough": false, "underline": false, "code": false, "color": "default",
            },
            "plain_text": page.title,
            "href": null,
        });
        let plain = format!("{:032x}", 0x1f00_0000_u64 + u64::from(page.key));
        let at = crate::clock::days_before(self.started, 30).strftime("%Y-%m-%dT%H:%M:00.000Z").to_string();
        json!({
            "object": "page",
            "id": format!("1f000000-0000-4000-8000-{:012}", page.key),
            "created_time": at,
            "last_edited_time": at,
            "in_trash": false,
            "archived": false,
            "is_archived": false,
            "is_locked": false,
            "url": format!("https://www.notion.so/{plain}"),
            "public_url": page.public.then(|| format!("https://northmoor.notion.site/{plain}")),
            "parent": { "type": "workspace", "workspace": true },
            "properties": { "title": { "id": "title", "type": "title", "title": [text] } },
            "icon": null,
            "cover": null,
            "created_by": { "object": "user", "id": page.maker },
            "last_edited_by": { "object": "user", "id": page.maker },
        })
    }

    pub(super) fn provisioned(&self) -> Vec<Value> {
        let shown = self.members.iter().map(|member| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "id": member.id,
                "userName": member.email,
                "name": { "formatted": member.name, "givenName": member.first, "familyName": member.last },
                "emails": [{ "primary": true, "value": member.email, "type": "work" }],
                "active": true,
                "roles": [{ "value": if member.owner { "owner" } else { "member" } }],
                "meta": { "resourceType": "User" },
            })
        });
        shown.collect()
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        let shown = self.planted.groups.iter().map(|group| {
            let members: Vec<Value> = group.members.iter().map(|id| json!({ "value": id, "type": "User" })).collect();
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "id": group.id,
                "displayName": group.name,
                "members": members,
                "meta": { "resourceType": "Group" },
            })
        });
        shown.collect()
    }
}
