//! How the help desk shows what it holds.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::state::{Desk, Group, IDENTITY, Ticket, User, user_id};

impl Desk {
    /// The list leaves out who is deleted; asked for by id, they are still shown.
    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().filter(|user| user.active).map(|user| self.render(user)).collect()
    }

    pub(super) fn user(&self, id: u64) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render(user))
    }

    fn render(&self, user: &User) -> Value {
        let two = user.number.as_ref().is_none_or(|number| !self.planted.without_second_factor.contains(number));
        json!({
            "id": user.id,
            "url": format!("https://northmoor.zendesk.com/api/v2/users/{}.json", user.id),
            "name": user.name,
            "email": user.email,
            "external_id": user.number,
            "role": user.role,
            "custom_role_id": user.custom_role,
            "active": user.active,
            "suspended": user.suspended,
            "verified": true,
            "created_at": moment(self.made),
            "updated_at": moment(self.started),
            "last_login_at": moment(self.ago(30)),
            "two_factor_auth_enabled": two,
        })
    }

    fn ago(&self, hours: i64) -> Timestamp {
        self.started.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(self.started)
    }

    pub(super) fn sessions(&self, user: Option<u64>) -> Vec<Value> {
        let of = self.planted.sessions.iter().filter(|one| user.is_none_or(|user| user_id(&one.person) == user)).map(|one| {
            let user = user_id(&one.person);
            json!({
                "id": one.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/users/{user}/sessions/{}.json", one.id),
                "user_id": user,
                "authenticated_at": moment(self.ago(one.since)),
                "last_seen_at": moment(self.ago(one.seen)),
            })
        });
        of.collect()
    }

    pub(super) fn identities(&self, user: u64) -> Vec<Value> {
        let one = |id: u64, value: &str, primary: bool| {
            json!({
                "id": id,
                "url": format!("https://northmoor.zendesk.com/api/v2/users/{user}/identities/{id}.json"),
                "user_id": user,
                "type": "email",
                "value": value,
                "primary": primary,
                "verified": true,
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
                "undeliverable_count": 0,
                "deliverable_state": "deliverable",
            })
        };
        let work = self.users.iter().filter(|known| known.id == user).map(|known| one(IDENTITY + user, &known.email, true));
        let more = self.planted.identities.iter().filter(|known| user_id(&known.person) == user);
        work.chain(more.map(|known| one(known.id, &known.value, false))).collect()
    }

    /// What people let other programs do; of the token itself only the beginning is shown.
    pub(super) fn grants(&self) -> Vec<Value> {
        let one = |grant: &super::state::Grant| {
            json!({
                "id": grant.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/oauth/tokens/{}.json", grant.id),
                "client_id": grant.client,
                "user_id": user_id(&grant.person),
                "scopes": grant.scopes,
                "token": format!("nm{:08}", grant.id),
                "refresh_token": null,
                "created_at": moment(self.made),
                "used_at": moment(self.ago(grant.used)),
                "expires_at": null,
            })
        };
        self.planted.grants.iter().map(one).collect()
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        let one = |group: &Group| {
            json!({
                "id": group.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/groups/{}.json", group.id),
                "name": group.name,
                "description": "",
                "default": group.id == 61_001,
                "deleted": false,
                "is_public": true,
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
            })
        };
        self.planted.groups.iter().map(one).collect()
    }

    pub(super) fn memberships(&self, user: Option<u64>) -> Vec<Value> {
        let of = self.memberships.iter().filter(|one| user.is_none_or(|user| one.user == user)).map(|one| {
            json!({
                "id": one.id,
                "url": format!("https://northmoor.zendesk.com/api/v2/group_memberships/{}.json", one.id),
                "user_id": one.user,
                "group_id": one.group,
                "default": one.group == 61_001,
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
            })
        });
        of.collect()
    }

    pub(super) fn roles(&self) -> Vec<Value> {
        let one = |role: &Group| {
            json!({
                "id": role.id,
                "name": role.name,
                "description": role.name,
                "role_type": 0,
                "team_member_count": self.users.iter().filter(|user| user.custom_role == Some(role.id)).count(),
                "created_at": moment(self.made),
                "updated_at": moment(self.made),
            })
        };
        self.planted.roles.iter().map(one).collect()
    }

    pub(super) fn tickets(&self) -> Vec<Value> {
        self.planted.tickets.iter().map(render_ticket).collect()
    }
}

pub(super) fn render_ticket(ticket: &Ticket) -> Value {
    json!({
        "id": ticket.id,
        "subject": ticket.subject,
        "status": "open",
        "requester_id": 9_900_001,
        "assignee_id": if ticket.assignee.is_empty() { None } else { Some(user_id(&ticket.assignee)) },
        "group_id": ticket.group,
    })
}

/// To the second, as the vendor writes it.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
