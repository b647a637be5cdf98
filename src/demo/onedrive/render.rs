//! What the simulated drives say, in Graph's words.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::company::Person;
use super::state::{Drive, Drives, Given, How, Item, Refused};

impl Drives {
    pub(super) fn user(&self, key: &str) -> Result<Value, Refused> {
        let is = |person: &&Person| person.work_email.eq_ignore_ascii_case(key) || user_id(person.index()) == key;
        let person = self.people.iter().find(is).ok_or(Refused::Missing)?;
        Ok(json!({
            "id": user_id(person.index()),
            "accountEnabled": person.active(self.today),
            "displayName": person.display(),
            "mail": person.work_email,
            "userPrincipalName": person.work_email,
        }))
    }

    pub(super) fn drive_of(&self, user: &str) -> Result<Value, Refused> {
        let owned = self.drives.iter().find(|drive| drive.owner.work_email.eq_ignore_ascii_case(user)).ok_or(Refused::NoDrive)?;
        self.drive(&owned.id)
    }

    pub(super) fn drive(&self, id: &str) -> Result<Value, Refused> {
        let drive = self.opened(id)?;
        Ok(json!({
            "id": drive.id,
            "createdDateTime": moment(drive.made),
            "description": "",
            "driveType": "business",
            "name": "OneDrive",
            "owner": { "user": { "displayName": drive.owner.display(), "id": user_id(drive.owner.index()) } },
            "quota": { "deleted": 0, "remaining": 1_099_511_000_000_i64, "state": "normal", "total": 1_099_511_627_776_i64, "used": 627_776 },
            "webUrl": format!("https://northmoor-my.sharepoint.example/personal/{}", drive.owner.login.replace('.', "_")),
        }))
    }

    pub(super) fn item(&self, drive: &str, item: &str) -> Result<Value, Refused> {
        let drive = self.opened(drive)?;
        Ok(self.shown(drive, drive.find(item)?))
    }

    pub(super) fn children(&self, drive: &str, item: &str) -> Result<Vec<Value>, Refused> {
        let drive = self.opened(drive)?;
        let folder = drive.find(item)?;
        Ok(drive.items.iter().filter(|item| item.parent.as_ref() == Some(&folder.id)).map(|item| self.shown(drive, item)).collect())
    }

    pub(super) fn shown(&self, drive: &Drive, item: &Item) -> Value {
        let mut value = json!({
            "id": item.id,
            "createdDateTime": moment(drive.made),
            "lastModifiedDateTime": moment(item.changed),
            "name": item.name,
            "size": 51_200,
            "webUrl": format!("https://northmoor-my.sharepoint.example/personal/{}/Documents/{}", drive.owner.login.replace('.', "_"), item.name.replace(' ', "%20")),
        });
        match &item.parent {
            Some(parent) => value["parentReference"] = json!({ "driveId": drive.id, "driveType": "business", "id": parent }),
            None => value["root"] = json!({}),
        }
        if item.folder {
            value["folder"] = json!({ "childCount": drive.items.iter().filter(|other| other.parent.as_ref() == Some(&item.id)).count() });
        } else {
            value["file"] = json!({ "mimeType": "application/octet-stream" });
        }
        // The facet says how far it reaches, not to whom.
        let all = drive.reaching(item);
        let scope = |wanted: fn(&How) -> bool| all.iter().any(|(_, given)| wanted(&given.how));
        if scope(|how| matches!(how, How::Anonymous)) {
            value["shared"] = json!({ "scope": "anonymous" });
        } else if scope(|how| matches!(how, How::Organization)) {
            value["shared"] = json!({ "scope": "organization" });
        } else if !all.is_empty() {
            value["shared"] = json!({ "scope": "users" });
        }
        value
    }

    /// The permissions on an item: the owner's, those given on it, those that come from folders above.
    pub(super) fn permissions(&self, drive: &str, item: &str) -> Result<Vec<Value>, Refused> {
        let drive = self.opened(drive)?;
        let item = drive.find(item)?;
        let owner = json!({ "id": "owner", "roles": ["owner"], "grantedToV2": self.identity(&drive.owner.work_email) });
        let given = drive.reaching(item).into_iter().map(|(from, given)| {
            let mut value = self.permission(given);
            if from.id != item.id {
                value["inheritedFrom"] =
                    json!({ "driveId": drive.id, "id": from.id, "path": format!("/drives/{}/root:/{}", drive.id, from.name) });
            }
            value
        });
        Ok(std::iter::once(owner).chain(given).collect())
    }

    fn permission(&self, given: &Given) -> Value {
        let mut value = json!({ "id": given.id, "roles": [given.right] });
        let mut link = |scope: &str| {
            let kind = if given.right == "write" { "edit" } else { "view" };
            let address = format!("https://northmoor-my.sharepoint.example/:f:/{}", given.id);
            value["link"] = json!({ "preventsDownload": false, "scope": scope, "type": kind, "webUrl": address });
            value["hasPassword"] = false.into();
        };
        match &given.how {
            How::Anonymous => link("anonymous"),
            How::Organization => link("organization"),
            How::Users(all) => {
                link("users");
                value["grantedToIdentitiesV2"] = all.iter().map(|to| self.identity(to)).collect();
            }
            How::Named(to) => {
                value["grantedToV2"] = self.identity(to);
                if !self.inside(to) {
                    value["invitation"] = json!({ "email": to, "signInRequired": true });
                }
            }
        }
        if let Some(ends) = given.expires {
            value["expirationDateTime"] = moment(ends).into();
        }
        value
    }

    fn inside(&self, address: &str) -> bool {
        address.rsplit('@').next().is_some_and(|domain| domain.eq_ignore_ascii_case(&self.domain))
    }

    /// Who has an address. Only somebody of the company has an id in its directory; the others are known by the login name that
    /// SharePoint gives them, and an address stands nowhere else.
    fn identity(&self, address: &str) -> Value {
        let person = self.people.iter().find(|person| person.work_email.eq_ignore_ascii_case(address));
        let name = person.map_or_else(|| address.to_owned(), |person| person.display());
        let login = if self.inside(address) {
            format!("i:0#.f|membership|{address}")
        } else {
            format!("i:0#.f|membership|urn:spo:guest#{address}")
        };
        let mut value = json!({ "siteUser": { "displayName": name, "id": "11", "loginName": login } });
        if let Some(person) = person {
            value["user"] = json!({ "displayName": name, "id": user_id(person.index()) });
        }
        value
    }
}

impl Drive {
    /// What was given on an item or on a folder above it, and where.
    fn reaching<'a>(&'a self, item: &'a Item) -> Vec<(&'a Item, &'a Given)> {
        let mut found = Vec::new();
        let mut at = Some(item);
        while let Some(here) = at {
            found.extend(here.given.iter().map(|given| (here, given)));
            at = here.parent.as_ref().and_then(|parent| self.items.iter().find(|item| item.id == *parent));
        }
        found
    }
}

/// The directory's id of a person, as the simulated Entra ID has it.
fn user_id(index: u32) -> String {
    format!("30000000-0000-4000-8000-{index:012}")
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
