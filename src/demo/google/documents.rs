//! Files, shared drives and permissions, and the rules on who may see and share them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Refusal;
use super::state::{State, User, digits};

/// A file or folder.
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) mime: String,
    /// The shared drive it lives in; its people then reach it by inheritance.
    pub(super) drive: Option<String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// Whether viewers can't copy, print or download it.
    pub(super) copy_blocked: bool,
    pub(super) trashed: bool,
    /// None for the vendor's own document types and for folders.
    pub(super) size: Option<u64>,
    /// Given on the file itself.
    pub(super) permissions: Vec<Permission>,
}

/// A shared drive.
pub(super) struct Drive {
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) members: Vec<Permission>,
    /// Restrictions in force, by the vendor's names.
    pub(super) restrictions: Vec<String>,
}

/// Who may do what with a file or drive.
#[derive(Clone)]
pub(super) struct Permission {
    pub(super) id: String,
    pub(super) to: Grantee,
    pub(super) role: String,
    pub(super) expires: Option<String>,
}

#[derive(Clone, PartialEq)]
pub(super) enum Grantee {
    User(String),
    Group(String),
    Domain { domain: String, discoverable: bool },
    Anyone { discoverable: bool },
}

impl Permission {
    pub(super) fn new(to: Grantee, role: &str) -> Self {
        Self { id: permission_id(&to), to, role: role.to_owned(), expires: None }
    }

    pub(super) fn owner(address: &str) -> Self {
        Self::new(Grantee::User(address.to_owned()), "owner")
    }

    /// Does it name this account itself?
    pub(super) fn names(&self, user: &User) -> bool {
        matches!(&self.to, Grantee::User(address) if user.has_address(address))
    }

    /// Does it give the account anything, by whatever way?
    pub(super) fn reaches(&self, state: &State, user: &User) -> bool {
        match &self.to {
            Grantee::User(_) => self.names(user),
            Grantee::Group(address) => state.in_group(address, &user.id),
            Grantee::Domain { domain, .. } => *domain == state.domain,
            Grantee::Anyone { .. } => true,
        }
    }
}

/// Ids of permissions say who it is given to, and are the same on every file.
fn permission_id(to: &Grantee) -> String {
    match to {
        Grantee::User(address) | Grantee::Group(address) => digits(&address.to_ascii_lowercase(), 20),
        Grantee::Domain { domain, .. } => format!("{}k", digits(domain, 20)),
        Grantee::Anyone { discoverable: true } => "anyone".to_owned(),
        Grantee::Anyone { discoverable: false } => "anyoneWithLink".to_owned(),
    }
}

impl File {
    /// The owner's address; what lives in a shared drive has none.
    pub(super) fn owner(&self) -> Option<&str> {
        self.permissions.iter().find_map(|permission| match &permission.to {
            Grantee::User(address) if permission.role == "owner" => Some(address.as_str()),
            _ => None,
        })
    }

    pub(super) fn owned_by(&self, user: &User) -> bool {
        self.owner().is_some_and(|address| user.has_address(address))
    }

    pub(super) fn is_shared(&self) -> bool {
        self.drive.is_some() || self.permissions.len() > 1
    }

    pub(super) fn has_link(&self) -> bool {
        self.permissions.iter().any(|permission| permission.to == Grantee::Anyone { discoverable: false })
    }

    /// Its own permissions, and those of its drive.
    fn effective<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Permission> {
        let drive = self.drive.as_ref().and_then(|id| state.drives.get(id));
        self.permissions.iter().chain(drive.into_iter().flat_map(|drive| &drive.members))
    }

    /// Does the user see it in a list of their files: owned, given by name, or in one of their shared drives?
    pub(super) fn listed_for(&self, state: &State, user: &User) -> bool {
        self.effective(state).any(|permission| match &permission.to {
            Grantee::User(_) | Grantee::Group(_) => permission.reaches(state, user),
            // Whoever was never given it by name sees it only after opening it once.
            Grantee::Domain { .. } | Grantee::Anyone { .. } => false,
        })
    }

    pub(super) fn opens_for(&self, state: &State, user: &User) -> bool {
        self.effective(state).any(|permission| permission.reaches(state, user))
    }

    pub(super) fn shareable_by(&self, state: &State, user: &User) -> bool {
        self.effective(state).any(|permission| may_share(&permission.role) && permission.reaches(state, user))
    }

    /// Makes someone else the owner; the former owner stays as a writer.
    pub(super) fn give_to(&mut self, new_owner: &str) {
        for permission in &mut self.permissions {
            if permission.role == "owner" {
                "writer".clone_into(&mut permission.role);
            }
        }
        let owner = Permission::owner(new_owner);
        self.permissions.retain(|permission| permission.id != owner.id);
        self.permissions.insert(0, owner);
    }
}

pub(super) fn may_share(role: &str) -> bool {
    matches!(role, "owner" | "organizer" | "fileOrganizer" | "writer")
}

/// A permission as the vendor writes it.
pub(super) fn permission_body(state: &State, permission: &Permission) -> Value {
    let mut body = json!({
        "kind": "drive#permission",
        "id": permission.id,
        "role": permission.role,
    });
    match &permission.to {
        Grantee::User(address) => {
            let user = state.find(address);
            body["type"] = json!("user");
            body["emailAddress"] = json!(address);
            body["displayName"] = json!(user.map_or_else(|| address.clone(), User::full_name));
            body["deleted"] = json!(false);
            body["pendingOwner"] = json!(false);
        }
        Grantee::Group(address) => {
            let group = state.group(address);
            body["type"] = json!("group");
            body["emailAddress"] = json!(address);
            body["displayName"] = json!(group.map_or(address, |group| &group.name));
            body["deleted"] = json!(false);
        }
        Grantee::Domain { domain, discoverable } => {
            body["type"] = json!("domain");
            body["domain"] = json!(domain);
            body["displayName"] = json!(domain);
            body["allowFileDiscovery"] = json!(discoverable);
        }
        Grantee::Anyone { discoverable } => {
            body["type"] = json!("anyone");
            body["allowFileDiscovery"] = json!(discoverable);
        }
    }
    if let Some(time) = &permission.expires {
        body["expirationTime"] = json!(time);
    }
    body
}

/// A permission out of a request.
pub(super) fn permission_from(body: &Value, domain: &str) -> Result<Permission, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let role = text("role").ok_or_else(|| Refusal::invalid("The permission role field is required."))?;
    if !["owner", "organizer", "fileOrganizer", "writer", "commenter", "reader"].contains(&role) {
        return Err(Refusal::invalid("The specified role is invalid."));
    }
    let discoverable = body.get("allowFileDiscovery").and_then(Value::as_bool).unwrap_or_default();
    let address = || {
        text("emailAddress")
            .map(str::to_owned)
            .ok_or_else(|| Refusal::invalid("The specified emailAddress is invalid or not applicable for the given permission type."))
    };
    let to = match text("type") {
        Some("user") => Grantee::User(address()?),
        Some("group") => Grantee::Group(address()?),
        Some("domain") => Grantee::Domain { domain: text("domain").unwrap_or(domain).to_owned(), discoverable },
        Some("anyone") => Grantee::Anyone { discoverable },
        _ => return Err(Refusal::invalid("The permission type field is required.")),
    };
    let mut permission = Permission::new(to, role);
    permission.expires = text("expirationTime").map(str::to_owned);
    Ok(permission)
}
