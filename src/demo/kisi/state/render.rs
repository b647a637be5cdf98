//! The shapes in which the simulated door system shows what it holds.

use serde_json::{Value, json};

use super::super::super::company::Person;
use super::super::super::planted;
use super::{Assignment, CARD, Card, Group, Link, Lock, Member, member_id, user_id};

impl super::Doors {
    pub(super) fn render_member(&self, member: &Member) -> Value {
        let person = &member.person;
        json!({
            "id": member_id(person),
            "resource_type": "Member",
            "name": person.display(),
            "image": null,
            "password_flow_enabled": false,
            "access_enabled": member.enabled,
            "scim_access_enabled": false,
            "last_accessed_at": self.dates.used,
            "created_at": self.dates.made,
            "updated_at": self.dates.made,
            "role_id": if self.planted.administrators.contains(&person.number) { "organization_administrator" } else { "organization_basic" },
            "notes": null,
            "metadata": {},
            "organization_id": self.planted.organization.id,
            "user_id": user_id(person),
            "user": {
                "id": user_id(person),
                "resource_type": "User",
                "email": person.work_email,
                "name": person.display(),
                "otp_required_for_login": false,
            },
            "place_id": null,
            "shares_count": self.assignments.iter().filter(|a| a.user == user_id(person)).count(),
            "confirmed": true,
        })
    }

    pub(super) fn render_assignment(&self, assignment: &Assignment) -> Option<Value> {
        let person = self.person_of(assignment.user)?;
        let user = user_reference(person);
        let organization = &self.planted.organization;
        let mut value = json!({
            "id": assignment.id,
            "resource_type": "RoleAssignment",
            "created_at": self.dates.made,
            "updated_at": self.dates.made,
            "role_id": assignment.role,
            "notify": false,
            "assignee_type": "User",
            "assignee_id": assignment.user,
            "assignee": user,
            "created_by_type": null,
            "created_by_id": null,
            "user_id": assignment.user,
            "user": user,
            "assignee_team_id": null,
            "guest_id": null,
            "issued_by_id": null,
            "organization_id": organization.id,
            "valid_from": null,
            "valid_until": null,
        });
        match assignment.group {
            Some(id) => {
                let group = self.planted.groups.iter().find(|group| group.id == id)?;
                value["type"] = "group".into();
                value["scope"] = "group".into();
                value["applies_to_type"] = "Group".into();
                value["applies_to_id"] = id.into();
                value["applies_to"] = group_reference(group);
                value["group_id"] = id.into();
                value["group"] = group_reference(group);
            }
            None => {
                value["type"] = "organization".into();
                value["scope"] = "organization".into();
                value["applies_to_type"] = "Organization".into();
                value["applies_to_id"] = organization.id.into();
                value["applies_to"] = json!({
                    "id": organization.id,
                    "resource_type": "Organization",
                    "name": organization.name,
                    "domain": organization.domain,
                });
            }
        }
        Some(value)
    }

    pub(super) fn render_link(&self, link: &Link) -> Option<Value> {
        let group = self.planted.groups.iter().find(|group| group.key == link.planted.group)?;
        let mut value = json!({
            "id": link.planted.id,
            "resource_type": "GroupLink",
            "name": link.planted.name,
            "email": link.planted.email,
            "phone": null,
            "last_used_at": self.dates.used,
            "link_enabled": true,
            "quick_response_code_type": null,
            "valid_from": link.from,
            "valid_until": link.until,
            "created_at": link.from,
            "updated_at": link.from,
            "group_id": group.id,
            "group": group_reference(group),
            "created_by_type": null,
            "created_by_id": null,
            "issued_by_id": null,
        });
        // Whoever made it may be gone while the link still opens the door.
        if let Some(member) = self.members.iter().find(|m| m.person.number == link.planted.issued_by) {
            let user = user_reference(&member.person);
            value["created_by_type"] = "User".into();
            value["created_by_id"] = user["id"].clone();
            value["created_by"] = user.clone();
            value["issued_by_id"] = user["id"].clone();
            value["issued_by"] = user;
        }
        Some(value)
    }

    pub(super) fn render_group(&self, group: &Group) -> Value {
        let members = self.assignments.iter().filter(|a| a.group == Some(group.id)).count();
        let locks = self.planted.locks.iter().filter(|lock| lock.groups.contains(&group.key)).count();
        json!({
            "id": group.id,
            "resource_type": "Group",
            "name": group.name,
            "description": null,
            "created_at": self.dates.made,
            "updated_at": self.dates.made,
            "geofence_restriction_enabled": false,
            "geofence_restriction_radius": 100,
            "primary_device_restriction_enabled": false,
            "managed_device_restriction_enabled": false,
            "reader_restriction_enabled": false,
            "time_restriction_enabled": false,
            "tap_to_access_restriction_enabled": false,
            "login_enabled": true,
            "users_count": members,
            "locks_count": locks,
            "elevator_stops_count": 0,
            "place_id": self.planted.place.id,
            "place": {
                "id": self.planted.place.id,
                "resource_type": "Place",
                "name": self.planted.place.name,
            },
            "time_restriction_time_zone": null,
            "members_count": members,
        })
    }

    pub(super) fn render_lock(&self, lock: &Lock) -> Value {
        let place = &self.planted.place;
        json!({
            "id": lock.id,
            "resource_type": "Lock",
            "created_at": self.dates.made,
            "updated_at": self.dates.made,
            "configured": true,
            "description": null,
            "first_to_arrive_required_until": null,
            "first_to_arrive_satisfied": true,
            "latitude": place.latitude,
            "locked_down": false,
            "locked_down_since": null,
            "longitude": place.longitude,
            "name": lock.name,
            "on_scheduled_unlock": false,
            "online": true,
            "open": false,
            "order_id": null,
            "unlocked": false,
            "geofence_restriction_enabled": false,
            "geofence_restriction_radius": 100,
            "reader_restriction_enabled": false,
            "time_restriction_enabled": false,
            "time_restriction_time_zone": null,
            "place_id": place.id,
            "place": {
                "id": place.id,
                "name": place.name,
                "latitude": place.latitude,
                "longitude": place.longitude,
            },
            "floor_id": null,
            "groups_count": lock.groups.len(),
            "unlocked_until": null,
        })
    }

    pub(super) fn render_card(&self, card: &Card) -> Value {
        let mut value = json!({
            "id": CARD + card.number,
            "last_used_at": self.dates.used,
            "created_at": self.dates.made,
            "updated_at": self.dates.made,
            "assigned": card.holder.is_some(),
            "assigned_at": card.holder.map(|_| &self.dates.made),
            "activated_at": card.holder.map(|_| &self.dates.made),
            "deactivated_at": null,
            "activated": card.holder.is_some(),
            "assigned_by_id": null,
            "user_id": card.holder,
            "uid": format!("04{:010x}", planted::number_of(&format!("card/{}", card.number))),
            "type": "high_frequency",
            "card_number": card.number,
            "facility_code": null,
        });
        if let Some(person) = card.holder.and_then(|user| self.person_of(user)) {
            value["user"] = user_reference(person);
        }
        value
    }

    pub(super) fn render_login(&self, person: &Person) -> Value {
        json!({
            "id": 6_000_000 + u64::from(person.index()),
            "created_at": self.dates.made,
            "updated_at": self.dates.made,
            "type": "device",
            "name": format!("{}'s phone", person.first),
            "primary": true,
            "expire": false,
            "last_used_at": self.dates.used,
            "device_brand": "Apple",
            "device_model": "iPhone",
            "os_name": "iOS",
            "user_id": user_id(person),
            "user": user_reference(person),
            "app": { "name": "Kisi", "version": "5.4.0" },
            "user_agent": { "name": null, "version": null },
            "device": { "brand": "Apple", "model": "iPhone" },
            "os": { "name": "iOS", "version": "19.1" },
        })
    }

    pub(super) fn person_of(&self, user: u64) -> Option<&Person> {
        let member = self.members.iter().find(|m| user_id(&m.person) == user)?;
        Some(&member.person)
    }
}

fn user_reference(person: &Person) -> Value {
    json!({
        "id": user_id(person),
        "resource_type": "User",
        "email": person.work_email,
        "name": person.display(),
    })
}

fn group_reference(group: &Group) -> Value {
    json!({ "id": group.id, "resource_type": "Group", "name": group.name })
}
