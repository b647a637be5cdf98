//! What the simulated drives hold.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil};
use serde::Deserialize;
use serde_json::Value;

use super::super::company::{Company, Person};
use super::super::{planted, vendor};
use super::delta::Feed;

pub(super) struct Drives {
    pub(super) domain: String,
    pub(super) drives: Vec<Drive>,
    pub(super) people: Vec<Person>,
    pub(super) today: civil::Date,
    next: u32,
    /// By drive.
    pub(super) feeds: BTreeMap<String, Feed>,
}

pub(super) struct Drive {
    pub(super) id: String,
    pub(super) owner: Person,
    pub(super) made: Timestamp,
    /// The site is locked: nothing can be read or changed.
    pub(super) locked: bool,
    /// The root first.
    pub(super) items: Vec<Item>,
}

pub(super) struct Item {
    pub(super) id: String,
    /// Id of the folder that it is in; only the root has none.
    pub(super) parent: Option<String>,
    pub(super) name: String,
    pub(super) folder: bool,
    pub(super) changed: Timestamp,
    pub(super) given: Vec<Given>,
}

/// A permission that was given on an item itself.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) id: String,
    pub(super) right: String,
    pub(super) how: How,
    pub(super) expires: Option<Timestamp>,
}

#[derive(Clone)]
pub(super) enum How {
    /// To one address, by name.
    Named(String),
    /// By a link for these addresses.
    Users(Vec<String>),
    /// By a link for everyone in the company.
    Organization,
    /// By a link for anyone who has it.
    Anonymous,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Missing,
    NoDrive,
    Locked,
    Inherited,
    Bad(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    /// Ordinary files in each drive.
    papers: Vec<String>,
    locked: Vec<String>,
    items: Vec<PlantedItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedItem {
    id: String,
    person: String,
    name: String,
    #[serde(default)]
    folder: bool,
    /// The folder that it is in, by id; the root where there is none.
    #[serde(rename = "in")]
    inside: Option<String>,
    #[serde(default)]
    shares: Vec<Share>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    /// `named`, `users`, `organization`, `anonymous`.
    by: String,
    /// Addresses, or numbers of people, who are meant by their work address then.
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    write: bool,
    /// Days until it ends; negative ones are past.
    expires: Option<i64>,
}

/// The id of a drive by its owner.
fn drive_id(person: &Person) -> String {
    format!("b!drive{:04}", person.index())
}

impl Drives {
    pub(super) fn new(company: &Company) -> anyhow::Result<Drives> {
        let planted: Planted = planted::read("onedrive-sharepoint", include_str!("../../../fixtures/onedrive-sharepoint/state.yaml"))?;
        let holds = |person: &&Person| person.executive || planted.departments.contains(&person.department);
        let mut next = 1;
        let mut drives = Vec::new();
        for person in company.people.iter().filter(holds) {
            let root = Item {
                id: format!("01ROOT{}", person.index()),
                parent: None,
                name: "root".to_owned(),
                folder: true,
                changed: company.days_ago(900),
                given: Vec::new(),
            };
            let mut items = vec![root];
            let inside = |id: &str| Some(id.to_owned());
            for (n, name) in planted.papers.iter().enumerate() {
                let id = format!("01PAPER{}-{n}", person.index());
                let parent = inside(&items[0].id);
                items.push(Item { id, parent, name: name.clone(), folder: false, changed: company.days_ago(40), given: Vec::new() });
            }
            for item in planted.items.iter().filter(|item| item.person == person.number) {
                let mut given = Vec::new();
                for share in &item.shares {
                    let who = |to: &String| company.person(to).map_or_else(|| to.clone(), |person| person.work_email.clone());
                    let to: Vec<String> = share.to.iter().map(who).collect();
                    let how = match share.by.as_str() {
                        "named" => How::Named(to.first().cloned().unwrap_or_default()),
                        "users" => How::Users(to),
                        "organization" => How::Organization,
                        "anonymous" => How::Anonymous,
                        other => anyhow::bail!("fixtures/onedrive-sharepoint/state.yaml shares by {other}"),
                    };
                    let right = if share.write { "write" } else { "read" }.to_owned();
                    given.push(Given { id: format!("perm{next}"), right, how, expires: share.expires.map(|days| company.days_ago(-days)) });
                    next += 1;
                }
                let parent = item.inside.clone().or_else(|| inside(&items[0].id));
                let (id, name) = (item.id.clone(), item.name.clone());
                items.push(Item { id, parent, name, folder: item.folder, changed: company.days_ago(12), given });
            }
            let locked = planted.locked.contains(&person.number);
            drives.push(Drive { id: drive_id(person), owner: person.clone(), made: company.days_ago(900), locked, items });
        }
        Ok(Drives {
            domain: company.domain.clone(),
            drives,
            people: company.people.clone(),
            today: company.today(),
            next,
            feeds: BTreeMap::new(),
        })
    }

    pub(super) fn opened(&self, drive: &str) -> Result<&Drive, Refused> {
        let drive = self.drives.iter().find(|known| known.id == drive).ok_or(Refused::Missing)?;
        if drive.locked { Err(Refused::Locked) } else { Ok(drive) }
    }

    fn item_mut(&mut self, drive: &str, item: &str) -> Result<&mut Item, Refused> {
        let drive = self.drives.iter_mut().find(|known| known.id == drive).ok_or(Refused::Missing)?;
        if drive.locked {
            return Err(Refused::Locked);
        }
        let id = drive.find(item)?.id.clone();
        drive.items.iter_mut().find(|known| known.id == id).ok_or(Refused::Missing)
    }

    /// What was given on the item itself goes; what comes from a folder above goes only there, and the owner's right never does.
    pub(super) fn delete_permission(&mut self, drive: &str, item: &str, id: &str) -> Result<(), Refused> {
        let shown = self.permissions(drive, item)?.into_iter().find(|one| one["id"] == id).ok_or(Refused::Missing)?;
        if shown.get("inheritedFrom").is_some_and(Value::is_object) {
            return Err(Refused::Inherited);
        }
        if shown["roles"][0] == "owner" {
            return Err(Refused::Bad("The owner's permission can't be removed."));
        }
        let item = self.item_mut(drive, item)?;
        item.given.retain(|given| given.id != id);
        item.changed = vendor::now();
        Ok(())
    }

    /// Moves an item to the recycle bin, with all that is in it.
    pub(super) fn delete_item(&mut self, drive: &str, item: &str) -> Result<(), Refused> {
        let target = self.item_mut(drive, item)?;
        if target.parent.is_none() {
            return Err(Refused::Bad("The root can't be deleted."));
        }
        let mut gone = vec![target.id.clone()];
        let drive = self.drives.iter_mut().find(|known| known.id == drive).ok_or(Refused::Missing)?;
        while let Some(id) = gone.pop() {
            drive.items.retain(|item| item.id != id);
            gone.extend(drive.items.iter().filter(|item| item.parent.as_ref() == Some(&id)).map(|item| item.id.clone()));
        }
        Ok(())
    }

    /// Shares by name. Who has it by name already keeps that permission, with the new right.
    pub(super) fn invite(&mut self, drive: &str, item: &str, recipients: &[&str], right: &str) -> Result<Vec<Value>, Refused> {
        let mut next = self.next;
        let target = self.item_mut(drive, item)?;
        let mut ids = Vec::new();
        for email in recipients {
            let named = |given: &&mut Given| matches!(&given.how, How::Named(to) if to.eq_ignore_ascii_case(email));
            if let Some(given) = target.given.iter_mut().find(named) {
                right.clone_into(&mut given.right);
                ids.push(given.id.clone());
            } else {
                let id = format!("perm{next}");
                next += 1;
                ids.push(id.clone());
                target.given.push(Given { id, right: right.to_owned(), how: How::Named((*email).to_owned()), expires: None });
            }
        }
        target.changed = vendor::now();
        self.next = next;
        let all = self.permissions(drive, item)?;
        Ok(all.into_iter().filter(|one| ids.iter().any(|id| one["id"] == id.as_str())).collect())
    }

    /// One line for each way in that is left: links of theirs that open to anyone, and what their private addresses were given. What
    /// their work account was given ends with that account, which is another system's.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        let now = vendor::now();
        for drive in self.drives.iter().filter(|drive| !drive.locked) {
            for item in &drive.items {
                for given in item.given.iter().filter(|given| given.expires.is_none_or(|ends| ends > now)) {
                    let theirs = |to: &String| person.home_email.as_ref().is_some_and(|home| home.eq_ignore_ascii_case(to));
                    match &given.how {
                        How::Anonymous if drive.owner.number == person.number => {
                            left.push(format!("{} is open to anyone who has the link", item.name));
                        }
                        How::Named(to) if theirs(to) => left.push(format!("{} is shared with {to}", item.name)),
                        How::Users(all) => {
                            left.extend(all.iter().filter(|to| theirs(to)).map(|to| format!("a link to {} works for {to}", item.name)));
                        }
                        _ => {}
                    }
                }
            }
        }
        left
    }
}

impl Drive {
    /// An item by its id; the root answers to `root` too.
    pub(super) fn find(&self, id: &str) -> Result<&Item, Refused> {
        self.items.iter().find(|item| item.id == id || id == "root" && item.parent.is_none()).ok_or(Refused::Missing)
    }
}
