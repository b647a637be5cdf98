//! The shapes in which the simulated workspace shows accounts and sessions.

use serde_json::{Value, json};

use super::super::super::scim::wire::{ENTERPRISE, USER};
use super::{Channel, Session, User};

impl super::Workspace {
    pub(in super::super) fn channels(&self, types: &[&str]) -> Vec<Value> {
        let kind = |channel: &Channel| {
            if channel.private { "private_channel" } else { "public_channel" }
        };
        self.planted
            .channels
            .iter()
            .filter(|channel| types.contains(&kind(channel)))
            .map(|channel| {
                json!({
                    "id": channel.id,
                    "name": channel.name,
                    "name_normalized": channel.name,
                    "is_channel": !channel.private,
                    "is_group": false,
                    "is_im": false,
                    "is_mpim": false,
                    "is_private": channel.private,
                    "is_archived": false,
                    "is_general": channel.general,
                    "is_shared": channel.shared,
                    "is_ext_shared": channel.shared,
                    "is_org_shared": false,
                    "is_pending_ext_shared": false,
                    "is_member": false,
                    "created": self.started,
                    "creator": channel.creator,
                    "unlinked": 0,
                    "num_members": 12,
                    "topic": { "value": "", "creator": "", "last_set": 0 },
                    "purpose": { "value": "", "creator": "", "last_set": 0 },
                    "previous_names": [],
                })
            })
            .collect()
    }

    pub(in super::super) fn admin_users(&self, active: bool) -> Vec<Value> {
        self.users
            .iter()
            .filter(|user| user.active == active)
            .map(|user| {
                json!({
                    "id": user.id,
                    "username": user.name,
                    "full_name": user.real_name,
                    "email": user.email.clone().unwrap_or_default(),
                    "is_active": user.active,
                    "is_admin": user.admin,
                    "is_owner": user.owner,
                    "is_primary_owner": user.primary_owner,
                    "is_restricted": false,
                    "is_ultra_restricted": false,
                    "is_bot": user.bot,
                    "has_2fa": user.sso,
                    "has_sso": user.sso,
                    "date_created": self.started - 86_400 * 900,
                    "expiration_ts": 0,
                    "workspaces": [self.planted.team.id],
                })
            })
            .collect()
    }

    pub(super) fn render(&self, user: &User) -> Value {
        let person = user.person.as_ref();
        let mut profile = json!({
            "title": person.map_or("", |p| &p.title),
            // Staff don't enter a number.
            "phone": person.and_then(|p| p.mobile.clone()).unwrap_or_default(),
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.name,
            "display_name_normalized": user.name,
            "first_name": person.map_or(&*user.real_name, |p| &p.first),
            "last_name": person.map_or("", |p| &p.last),
            "team": self.planted.team.id,
        });
        if let Some(email) = &user.email {
            profile["email"] = email.as_str().into();
        }
        if user.bot {
            profile["bot_id"] = "B0EXEUNT".into();
        }
        let mut value = json!({
            "id": user.id,
            "team_id": self.planted.team.id,
            "name": user.name,
            "deleted": !user.active,
            "profile": profile,
            "is_bot": user.bot,
            "is_app_user": false,
            "updated": user.updated,
        });
        // The vendor tells names and roles only while an account is in use.
        if user.active {
            for (name, is) in [
                ("is_admin", user.admin),
                ("is_owner", user.owner),
                ("is_primary_owner", user.primary_owner),
                ("is_restricted", false),
                ("is_ultra_restricted", false),
                ("is_email_confirmed", user.email.is_some()),
                ("has_2fa", false),
            ] {
                value[name] = is.into();
            }
            value["real_name"] = user.real_name.as_str().into();
            value["tz"] = "Europe/Copenhagen".into();
            value["tz_label"] = "Central European Time".into();
            value["tz_offset"] = 3600.into();
        }
        value
    }

    pub(super) fn render_session(&self, session: &Session) -> Value {
        let device = json!({
            "device_hardware": if session.mobile { "iPhone17,1" } else { "Dell Inc. Latitude 7450" },
            "os": if session.mobile { "iOS" } else { "Windows" },
            "os_version": if session.mobile { "19.1" } else { "11" },
            "slack_client_version": "26.01.10",
            "ip": "192.0.2.17",
        });
        json!({
            "user_id": session.user,
            "session_id": session.id,
            "team_id": self.planted.team.id,
            "created": device,
            "recent": device,
        })
    }

    pub(super) fn render_scim(&self, user: &User, base: &str) -> Value {
        let made = "2019-05-02T09:00:00Z";
        let email = user.email.clone().unwrap_or_default();
        let mut value = json!({
            "schemas": [USER],
            "id": user.id,
            "userName": user.name,
            "displayName": user.real_name,
            "name": {
                "givenName": user.person.as_ref().map_or(&*user.real_name, |p| &p.first),
                "familyName": user.person.as_ref().map_or("", |p| &p.last),
            },
            "active": user.active,
            "emails": [{ "value": email, "type": "work", "primary": true }],
            "groups": [],
            "meta": {
                "resourceType": "User",
                "created": made,
                "location": format!("{base}/Users/{}", user.id),
            },
        });
        // Only what the identity provider made carries the number it knows the person by.
        if let Some(person) = user.person.as_ref().filter(|_| user.sso) {
            value["schemas"] = json!([USER, ENTERPRISE]);
            value["externalId"] = person.number.as_str().into();
            value["title"] = person.title.as_str().into();
            value[ENTERPRISE] = json!({ "employeeNumber": person.number, "department": person.department });
        }
        value
    }
}
