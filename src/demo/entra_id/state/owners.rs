//! Who owns what in the simulated directory: registered applications, service principals, groups.

use serde_json::Value;

use super::{ALREADY_THERE, Refused, Tenant, shrink};

/// What has owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Owned {
    Applications,
    ServicePrincipals,
    Groups,
}

impl Tenant {
    /// What a user owns, in all three kinds or in one.
    pub(in super::super) fn owned(&self, user: &str, of: Option<Owned>) -> Vec<Value> {
        let theirs = |owners: &[String], kind: Owned| of.is_none_or(|of| of == kind) && owners.iter().any(|owner| owner == user);
        let applications = self.planted.applications.iter().filter(|one| theirs(&one.owners, Owned::Applications));
        let apps = self.planted.apps.iter().filter(|one| theirs(&one.owners, Owned::ServicePrincipals));
        let groups = self.groups.iter().filter(|one| theirs(&one.planted.owners, Owned::Groups));
        let shown = applications.map(|one| self.application(one)).chain(apps.map(|one| self.service_principal(one)));
        shown.chain(groups.map(|one| self.group(one))).collect()
    }

    /// The owners of a thing, or nothing if there is no such thing.
    pub(in super::super) fn owners(&self, kind: Owned, id: &str) -> Option<Vec<Value>> {
        let owners = match kind {
            Owned::Applications => &self.planted.applications.iter().find(|one| one.id == id)?.owners,
            Owned::ServicePrincipals => &self.planted.apps.iter().find(|one| one.id == id)?.owners,
            Owned::Groups => &self.groups.iter().find(|one| one.planted.id == id)?.planted.owners,
        };
        Some(owners.iter().filter_map(|id| self.find(id)).map(|user| self.user(user)).collect())
    }

    pub(in super::super) fn add_owner(&mut self, kind: Owned, id: &str, owner: &str) -> Result<(), Refused> {
        if self.find(owner).is_none() {
            return Err(Refused::Missing);
        }
        let owners = self.owners_of(kind, id)?;
        if owners.iter().any(|known| known == owner) {
            return Err(Refused::Rule(ALREADY_THERE));
        }
        owners.push(owner.to_owned());
        Ok(())
    }

    /// A group that has owners keeps one; an application may lose its last.
    pub(in super::super) fn drop_owner(&mut self, kind: Owned, id: &str, owner: &str) -> Result<(), Refused> {
        let owners = self.owners_of(kind, id)?;
        if kind == Owned::Groups && owners.len() == 1 && owners.iter().any(|known| known == owner) {
            return Err(Refused::Rule("The group must have at least one owner, hence this owner cannot be removed."));
        }
        shrink(owners, |known| known == owner)
    }

    fn owners_of(&mut self, kind: Owned, id: &str) -> Result<&mut Vec<String>, Refused> {
        let owners = match kind {
            Owned::Applications => self.planted.applications.iter_mut().find(|one| one.id == id).map(|one| &mut one.owners),
            Owned::ServicePrincipals => self.planted.apps.iter_mut().find(|one| one.id == id).map(|one| &mut one.owners),
            Owned::Groups => self.groups.iter_mut().find(|one| one.planted.id == id).map(|one| &mut one.planted.owners),
        };
        owners.ok_or(Refused::Missing)
    }
}
