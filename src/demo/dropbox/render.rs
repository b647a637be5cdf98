//! The shapes in which the simulated team shows what it holds.

use serde_json::{Value, json};

use super::state::{Group, Hold, Link, Member, Team};

/// The roles of administrators here: the fixture's word, the vendor's name, what it may do.
const ROLES: &[(&str, &str, &str)] = &[
    ("team", "Team admin", "Add, remove, and manage member accounts"),
    ("users", "User management admin", "Add, remove, unsuspend and manage member accounts"),
    ("billing", "Billing admin", "Manage billing and the team's plan"),
];

fn role_id(role: &str) -> String {
    format!("pid_dbtmr:northmoor-{role}")
}

/// The fixture's word for a role that is named by its id.
pub(super) fn role_named(id: &str) -> Option<String> {
    ROLES.iter().find(|(role, ..)| role_id(role) == id).map(|(role, ..)| (*role).to_owned())
}

pub(super) fn group_id(id: &str) -> String {
    format!("g:northmoor{id}")
}

/// Session ids say of which kind they are.
pub(super) fn session_id(kind: &str, id: &str) -> String {
    format!("db{kind}id:northmoor{id}")
}

impl Team {
    pub(super) fn roles(&self, member: &Member) -> Value {
        let known = ROLES.iter().filter(|(role, ..)| member.role.as_deref() == Some(role));
        known.map(|(role, name, what)| json!({ "role_id": role_id(role), "name": name, "description": what })).collect()
    }

    /// The profile, with the groups where the endpoint shows them.
    pub(super) fn profile(&self, member: &Member, with_groups: bool) -> Value {
        let status = match member.status {
            "removed" => json!({ ".tag": "removed", "is_recoverable": member.recoverable, "is_disconnected": !member.recoverable }),
            other => json!({ ".tag": other }),
        };
        let initials: String = [&member.first, &member.last].iter().filter_map(|name| name.chars().next()).collect();
        let emails: Vec<Value> = member.aliases.iter().map(|email| json!({ "email": email, "is_verified": true })).collect();
        let mut profile = json!({
            "team_member_id": member.id,
            "email": member.email,
            "email_verified": true,
            "status": status,
            "name": {
                "given_name": member.first,
                "surname": member.last,
                "familiar_name": member.first,
                "display_name": format!("{} {}", member.first, member.last),
                "abbreviated_name": initials,
            },
            "membership_type": { ".tag": "full" },
            "account_id": format!("dbid:{:0>35}", member.id.trim_start_matches("dbmid:AAD-")),
            "secondary_emails": emails,
            "joined_on": self.made,
        });
        if let Some(external) = &member.external {
            profile["external_id"] = external.as_str().into();
        }
        if member.status == "suspended" {
            profile["suspended_on"] = self.now.as_str().into();
        }
        if with_groups {
            let groups: Vec<String> =
                self.groups.iter().filter(|group| group.members.contains(&member.id)).map(|group| group_id(&group.id)).collect();
            profile["groups"] = groups.into();
            profile["member_folder_id"] = "20014".into();
            profile["root_folder_id"] = "20013".into();
        }
        profile
    }

    pub(super) fn group(&self, group: &Group) -> Value {
        json!({
            "group_name": group.name,
            "group_id": group_id(&group.id),
            "group_management_type": { ".tag": "company_managed" },
            "member_count": group.members.len(),
        })
    }

    pub(super) fn devices(&self, member: &str) -> Value {
        let web = self.web.iter().filter(|one| one.person == member).map(|one| {
            json!({
                "session_id": session_id("ws", &one.id),
                "user_agent": one.agent,
                "os": "Windows",
                "browser": one.agent,
                "ip_address": "192.0.2.17",
                "country": "Denmark",
                "created": self.made,
                "updated": self.used,
            })
        });
        let desktops = self.desktops.iter().filter(|one| one.person == member).map(|one| {
            json!({
                "session_id": session_id("dc", &one.id),
                "host_name": one.host,
                "client_type": { ".tag": one.kind },
                "client_version": "222.4.5046",
                "platform": one.kind,
                "is_delete_on_unlink_supported": true,
                "created": self.made,
                "updated": self.used,
            })
        });
        let mobiles = self.mobiles.iter().filter(|one| one.person == member).map(|one| {
            json!({
                "session_id": session_id("mc", &one.id),
                "device_name": one.device,
                "client_type": { ".tag": one.kind },
                "created": self.made,
                "updated": self.used,
            })
        });
        json!({
            "web_sessions": web.collect::<Vec<_>>(),
            "desktop_clients": desktops.collect::<Vec<_>>(),
            "mobile_clients": mobiles.collect::<Vec<_>>(),
        })
    }

    pub(super) fn apps(&self, member: &str) -> Vec<Value> {
        let own = self.apps.iter().filter(|app| app.person == member);
        own.map(|app| json!({ "app_id": app.id, "app_name": app.name, "is_app_folder": false, "linked": self.made })).collect()
    }

    pub(super) fn link(&self, link: &Link) -> Value {
        let mut shown = json!({
            ".tag": if link.folder { "folder" } else { "file" },
            "url": link.url(),
            "name": link.name,
            "id": format!("id:{}", link.key),
            "path_lower": format!("/{}", link.name.to_lowercase()),
            "link_permissions": {
                "can_revoke": true,
                "resolved_visibility": { ".tag": link.audience },
                "link_access_level": { ".tag": "viewer" },
                "visibility_policies": [],
                "can_set_expiry": true,
                "can_remove_expiry": false,
                "allow_download": true,
                "can_allow_download": true,
                "can_disallow_download": true,
                "allow_comments": true,
                "team_restricts_comments": false,
            },
        });
        if !link.folder {
            shown["client_modified"] = self.made.as_str().into();
            shown["server_modified"] = self.made.as_str().into();
            shown["rev"] = "a1c10ce0dd78".into();
            shown["size"] = 1_048_576.into();
        }
        shown
    }

    pub(super) fn hold(&self, hold: &Hold) -> Value {
        let mut shown = json!({
            "id": hold.id,
            "name": hold.name,
            "members": { "team_member_ids": hold.members, "permanently_deleted_users": 0 },
            "status": { ".tag": if hold.active { "active" } else { "activating" } },
            "start_date": hold.start,
        });
        if let Some(description) = &hold.description {
            shown["description"] = description.as_str().into();
        }
        shown
    }
}
