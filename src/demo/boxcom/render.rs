//! The shapes in which the simulated content platform shows what it holds.

use serde_json::{Value, json};

use super::Refusal;
use super::state::{Collaboration, Content, Item, Membership, User};

impl Content {
    pub(super) fn render_user(&self, user: &User) -> Value {
        let owned = self.planted.items.iter().filter(|item| item.owner == user.id).count();
        json!({
            "type": "user",
            "id": user.id,
            "name": user.name,
            "login": user.login,
            "created_at": self.made,
            "modified_at": self.made,
            "language": "en",
            "timezone": "Europe/Copenhagen",
            "space_amount": 999_999_999_999_999_u64,
            "space_used": owned * 1_048_576,
            "max_upload_size": 53_687_091_200_u64,
            "status": user.status,
            "job_title": user.title,
            "phone": "",
            "address": "",
            "role": user.role,
            "is_sync_enabled": user.sync,
            "is_external_collab_restricted": user.external_collab_restricted,
            "is_exempt_from_login_verification": false,
            "notification_email": user.notified.as_ref().map(|email| json!({ "email": email, "is_confirmed": true })),
            "is_platform_access_only": user.service,
            "enterprise": { "type": "enterprise", "id": self.planted.enterprise.id, "name": self.planted.enterprise.name },
        })
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.render_user(user)).collect()
    }

    pub(super) fn user(&self, id: &str) -> Option<Value> {
        self.find(id).map(|user| self.render_user(user))
    }

    /// A user as others' records name one.
    pub(super) fn mini(&self, id: &str) -> Value {
        match self.find(id) {
            Some(user) => json!({ "type": "user", "id": user.id, "name": user.name, "login": user.login }),
            None => json!({ "type": "user", "id": id, "name": "", "login": "" }),
        }
    }

    pub(super) fn memberships(&self, wanted: impl Fn(&Membership) -> bool) -> Vec<Value> {
        let group = |id: &str| self.planted.groups.iter().find(|group| group.id == id);
        let shown = self.memberships.iter().filter(|membership| wanted(membership)).map(|membership| {
            json!({
                "type": "group_membership",
                "id": membership.id,
                "user": self.mini(&membership.user),
                "group": {
                    "type": "group",
                    "id": membership.group,
                    "name": group(&membership.group).map_or("", |group| group.name.as_str()),
                    "group_type": "managed_group",
                },
                "role": "member",
                "created_at": self.made,
                "modified_at": self.made,
            })
        });
        shown.collect()
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        let shown = self.planted.groups.iter().map(|group| {
            json!({
                "type": "group",
                "id": group.id,
                "name": group.name,
                "group_type": "managed_group",
                "created_at": self.made,
                "modified_at": self.made,
            })
        });
        shown.collect()
    }

    pub(super) fn aliases(&self, user: &str) -> Vec<Value> {
        let own = self.planted.aliases.iter().filter(|alias| alias.person == user);
        own.map(|alias| json!({ "type": "email_alias", "id": alias.id, "email": alias.email, "is_confirmed": true })).collect()
    }

    pub(super) fn pins(&self) -> Vec<Value> {
        let shown = self.planted.pins.iter();
        shown
            .map(|pin| json!({ "type": "device_pinner", "id": pin.id, "owned_by": self.mini(&pin.person), "product_name": pin.product }))
            .collect()
    }

    fn known(&self, id: &str, kind: &str, user: &str) -> Result<&Item, Refusal> {
        let item = self.planted.items.iter().find(|item| item.id == id && item.kind == kind);
        item.filter(|item| self.may_see(item, user)).ok_or_else(Refusal::not_found)
    }

    /// The root of a user is folder 0; whatever is shared with the user stands there too.
    pub(super) fn items_in(&self, id: &str, user: &str) -> Result<Vec<Value>, Refusal> {
        if id != "0" {
            self.known(id, "folder", user)?;
        }
        let faces = self.faces(user);
        let shared = |item: &Item| {
            self.planted.collaborations.iter().any(|one| !one.pending && one.item == item.id && faces.contains(&one.with.as_str()))
        };
        let inside = self.planted.items.iter().filter(|item| match id {
            "0" => item.parent.is_none() && item.owner == user || shared(item),
            _ => item.parent.as_deref() == Some(id),
        });
        Ok(inside.map(|item| self.render_item(item)).collect())
    }

    pub(super) fn item(&self, id: &str, kind: &str, user: &str) -> Result<Value, Refusal> {
        if (id, kind) == ("0", "folder") {
            return Ok(json!({
                "type": "folder",
                "id": "0",
                "etag": null,
                "name": "All Files",
                "owned_by": self.mini(user),
                "shared_link": null,
                "parent": null,
                "item_status": "active",
            }));
        }
        self.known(id, kind, user).map(|item| self.render_item(item))
    }

    pub(super) fn render_item(&self, item: &Item) -> Value {
        let above = item.parent.as_ref().and_then(|parent| self.planted.items.iter().find(|one| one.id == *parent));
        let root = json!({ "type": "folder", "id": "0", "sequence_id": null, "etag": null, "name": "All Files" });
        let mut value = json!({
            "type": item.kind,
            "id": item.id,
            "sequence_id": "0",
            "etag": "0",
            "name": item.name,
            "description": "",
            "size": 1_048_576,
            "created_at": self.made,
            "modified_at": self.made,
            "owned_by": self.mini(&item.owner),
            "shared_link": item.link.as_ref().map(|access| link(item, access)),
            "parent": match above {
                Some(above) => json!({ "type": "folder", "id": above.id, "sequence_id": "0", "etag": "0", "name": above.name }),
                None => root,
            },
            "item_status": "active",
            "is_externally_owned": false,
            "has_collaborations": self.planted.collaborations.iter().any(|one| one.item == item.id),
        });
        // The description has no null for the root's sequence.
        if let Some(parent) = value["parent"].as_object_mut()
            && parent["sequence_id"].is_null()
        {
            parent.shift_remove("sequence_id");
        }
        value
    }

    pub(super) fn render_collaboration(&self, one: &Collaboration) -> Value {
        let item = self.planted.items.iter().find(|item| item.id == one.item);
        let group = self.planted.groups.iter().find(|group| group.id == one.with);
        let accessible_by = match group {
            Some(group) => json!({ "type": "group", "id": group.id, "name": group.name, "group_type": "managed_group" }),
            None if one.pending => Value::Null,
            None => self.mini(&one.with),
        };
        let mut value = json!({
            "type": "collaboration",
            "id": one.id,
            "item": item.filter(|_| !one.pending).map(|item| self.render_item(item)),
            "accessible_by": accessible_by,
            "invite_email": one.pending.then_some(&one.with),
            "role": one.role,
            "expires_at": null,
            "status": if one.pending { "pending" } else { "accepted" },
            "created_by": self.mini(&one.by),
            "created_at": self.made,
            "modified_at": self.made,
        });
        if one.pending
            && let Some(fields) = value.as_object_mut()
        {
            fields.shift_remove("accessible_by");
        }
        value
    }

    pub(super) fn collaborations_on(&self, id: &str, kind: &str, user: &str) -> Result<Vec<Value>, Refusal> {
        self.known(id, kind, user)?;
        let on = self.planted.collaborations.iter().filter(|one| one.item == id);
        Ok(on.map(|one| self.render_collaboration(one)).collect())
    }

    /// What the user invited somebody to who hasn't answered; the service account sees everybody's.
    pub(super) fn pending(&self, user: &str) -> Vec<Value> {
        let pending = self.planted.collaborations.iter().filter(|one| one.pending && (one.by == user || user == self.service()));
        pending.map(|one| self.render_collaboration(one)).collect()
    }

    pub(super) fn collaboration(&self, id: &str, user: &str) -> Option<Value> {
        let one = self.planted.collaborations.iter().find(|one| one.id == id)?;
        let item = self.planted.items.iter().find(|item| item.id == one.item)?;
        self.may_see(item, user).then(|| self.render_collaboration(one))
    }

    /// Holds, which are active from the second look on.
    pub(super) fn holds(&mut self, prefix: Option<&str>) -> Vec<Value> {
        let prefix = prefix.unwrap_or("").to_lowercase();
        let shown = self.holds.iter().filter(|hold| hold.name.to_lowercase().starts_with(&prefix)).map(|hold| {
            let count = |kind: &str| self.assignments.iter().filter(|one| one.hold == hold.id && one.kind == kind).count();
            let mut value = json!({
                "type": "legal_hold_policy",
                "id": hold.id,
                "policy_name": hold.name,
                "description": hold.description,
                "status": if hold.active { "active" } else { "applying" },
                "assignment_counts": {
                    "user": count("user"),
                    "folder": count("folder"),
                    "file": count("file"),
                    "file_version": count("file_version"),
                    "ownership": count("ownership"),
                    "interactions": count("interactions"),
                },
                "created_by": self.mini(self.service()),
                "created_at": self.made,
                "modified_at": self.made,
            });
            for (name, date) in [("filter_started_at", &hold.from), ("filter_ended_at", &hold.until)] {
                if let Some(date) = date {
                    value[name] = date.as_str().into();
                }
            }
            value
        });
        let shown = shown.collect();
        for hold in &mut self.holds {
            hold.active = true;
        }
        shown
    }

    pub(super) fn assignments(&self) -> Vec<Value> {
        let shown = self.assignments.iter().map(|one| {
            json!({
                "type": "legal_hold_policy_assignment",
                "id": one.id,
                "legal_hold_policy": { "type": "legal_hold_policy", "id": one.hold },
                "assigned_to": { "type": one.kind, "id": one.target },
                "assigned_by": self.mini(self.service()),
                "assigned_at": self.made,
            })
        });
        shown.collect()
    }

    pub(super) fn events(&self) -> Vec<Value> {
        let shown = self.events.iter().enumerate().map(|(at, event)| {
            json!({
                "type": "event",
                "event_id": format!("b0e{at:08}"),
                "event_type": event.kind,
                "created_at": event.at,
                "created_by": self.mini(&event.user),
                "source": self.mini(&event.user),
            })
        });
        shown.collect()
    }
}

fn link(item: &Item, access: &str) -> Value {
    let folder = item.kind == "folder";
    json!({
        "url": format!("https://northmoor.app.box.com/s/shared{}", item.id),
        "download_url": (!folder).then(|| format!("https://northmoor.app.box.com/shared/static/{}", item.id)),
        "vanity_url": null,
        "vanity_name": null,
        "access": access,
        "effective_access": access,
        "effective_permission": "can_download",
        "unshared_at": null,
        "is_password_enabled": false,
        "permissions": { "can_download": true, "can_preview": true, "can_edit": false },
        "download_count": 3,
        "preview_count": 9,
    })
}
