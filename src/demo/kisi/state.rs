//! What the simulated door system holds: members, what opens for them, cards, links.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

/// Ids of members, users and cards follow from the employee number, apart by these.
const MEMBER: u64 = 7_000_000;
const USER: u64 = 5_000_000;
const CARD: u64 = 8_000_000;

pub(super) struct Doors {
    planted: Planted,
    members: Vec<Member>,
    assignments: Vec<Assignment>,
    cards: Vec<Card>,
    links: Vec<Link>,
    dates: Dates,
}

struct Member {
    person: Person,
    enabled: bool,
}

struct Assignment {
    id: u64,
    user: u64,
    role: &'static str,
    /// The group, or the whole organisation.
    group: Option<u64>,
}

struct Card {
    number: u64,
    holder: Option<u64>,
}

struct Link {
    planted: PlantedLink,
    from: String,
    until: String,
}

struct Dates {
    made: String,
    used: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    organization: Organization,
    place: Place,
    locks: Vec<Lock>,
    groups: Vec<Group>,
    administrators: Vec<String>,
    still_enabled: Vec<String>,
    links: Vec<PlantedLink>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Organization {
    id: u64,
    name: String,
    domain: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    id: u64,
    name: String,
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    id: u64,
    name: String,
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: u64,
    key: String,
    name: String,
    departments: Vec<String>,
    #[serde(default)]
    executives: bool,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct PlantedLink {
    id: u64,
    name: String,
    group: String,
    issued_by: String,
    email: Option<String>,
    from: i64,
    until: i64,
}

impl Group {
    fn takes(&self, person: &Person) -> bool {
        match (self.executives, self.departments.is_empty()) {
            (true, _) => person.executive,
            (false, true) => true,
            (false, false) => self.departments.contains(&person.department),
        }
    }
}

impl Doors {
    pub(super) fn new(company: &Company) -> anyhow::Result<Doors> {
        let planted: Planted =
            planted::read("kisi", include_str!("../../../fixtures/kisi/state.yaml"))?;
        let today = company.today();
        let members: Vec<Member> = company
            .people
            .iter()
            .filter(|p| p.active(today) || planted.still_enabled.contains(&p.number))
            .map(|p| Member {
                person: p.clone(),
                enabled: true,
            })
            .collect();
        let mut assignments = Vec::new();
        for person in members.iter().map(|member| &member.person) {
            let user = user_id(person);
            for group in planted.groups.iter().filter(|group| group.takes(person)) {
                assignments.push((user, "group_basic", Some(group.id)));
            }
            if planted.administrators.contains(&person.number) {
                assignments.push((user, "organization_administrator", None));
            }
        }
        let links = planted
            .links
            .iter()
            .map(|link| Link {
                from: company.days_ago(-link.from).to_string(),
                until: company.days_ago(-link.until).to_string(),
                planted: link.clone(),
            })
            .collect();
        Ok(Doors {
            cards: members
                .iter()
                .map(|m| Card {
                    number: u64::from(m.person.index()),
                    holder: Some(user_id(&m.person)),
                })
                .collect(),
            assignments: assignments
                .into_iter()
                .zip(900_001..)
                .map(|((user, role, group), id)| Assignment {
                    id,
                    user,
                    role,
                    group,
                })
                .collect(),
            planted,
            members,
            links,
            dates: Dates {
                made: company.days_ago(300).to_string(),
                used: company.days_ago(1).to_string(),
            },
        })
    }

    pub(super) fn set_access(&mut self, id: u64, enabled: bool) -> bool {
        let member = self.members.iter_mut().find(|m| member_id(&m.person) == id);
        member.map(|member| member.enabled = enabled).is_some()
    }

    /// The member goes with all roles; the card stays in a drawer, assigned to nobody.
    pub(super) fn delete_member(&mut self, id: u64) -> bool {
        let Some(at) = self.members.iter().position(|m| member_id(&m.person) == id) else {
            return false;
        };
        let user = user_id(&self.members.remove(at).person);
        self.assignments
            .retain(|assignment| assignment.user != user);
        for card in self
            .cards
            .iter_mut()
            .filter(|card| card.holder == Some(user))
        {
            card.holder = None;
        }
        true
    }

    pub(super) fn delete_assignment(&mut self, id: u64) -> bool {
        let before = self.assignments.len();
        self.assignments.retain(|assignment| assignment.id != id);
        self.assignments.len() < before
    }

    pub(super) fn delete_link(&mut self, id: u64) -> bool {
        let before = self.links.len();
        self.links.retain(|link| link.planted.id != id);
        self.links.len() < before
    }

    pub(super) fn members(&self) -> Vec<Value> {
        self.members
            .iter()
            .map(|member| self.render_member(member))
            .collect()
    }

    pub(super) fn member(&self, id: u64) -> Option<Value> {
        let member = self.members.iter().find(|m| member_id(&m.person) == id)?;
        Some(self.render_member(member))
    }

    pub(super) fn assignments(&self) -> Vec<Value> {
        self.assignments
            .iter()
            .filter_map(|assignment| self.render_assignment(assignment))
            .collect()
    }

    pub(super) fn links(&self) -> Vec<Value> {
        self.links
            .iter()
            .filter_map(|link| self.render_link(link))
            .collect()
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        self.planted
            .groups
            .iter()
            .map(|group| self.render_group(group))
            .collect()
    }

    pub(super) fn locks(&self) -> Vec<Value> {
        self.planted
            .locks
            .iter()
            .map(|lock| self.render_lock(lock))
            .collect()
    }

    pub(super) fn cards(&self) -> Vec<Value> {
        self.cards
            .iter()
            .map(|card| self.render_card(card))
            .collect()
    }

    /// Phones with the vendor's app: each executive who is a member has one.
    pub(super) fn logins(&self) -> Vec<Value> {
        let with_app = self
            .members
            .iter()
            .filter(|m| m.person.executive && m.enabled);
        with_app
            .map(|member| self.render_login(&member.person))
            .collect()
    }

    fn render_member(&self, member: &Member) -> Value {
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

    fn render_assignment(&self, assignment: &Assignment) -> Option<Value> {
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

    fn render_link(&self, link: &Link) -> Option<Value> {
        let group = self
            .planted
            .groups
            .iter()
            .find(|group| group.key == link.planted.group)?;
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
        if let Some(member) = self
            .members
            .iter()
            .find(|m| m.person.number == link.planted.issued_by)
        {
            let user = user_reference(&member.person);
            value["created_by_type"] = "User".into();
            value["created_by_id"] = user["id"].clone();
            value["created_by"] = user.clone();
            value["issued_by_id"] = user["id"].clone();
            value["issued_by"] = user;
        }
        Some(value)
    }

    fn render_group(&self, group: &Group) -> Value {
        let members = self
            .assignments
            .iter()
            .filter(|a| a.group == Some(group.id))
            .count();
        let locks = self
            .planted
            .locks
            .iter()
            .filter(|lock| lock.groups.contains(&group.key))
            .count();
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

    fn render_lock(&self, lock: &Lock) -> Value {
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

    fn render_card(&self, card: &Card) -> Value {
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

    fn render_login(&self, person: &Person) -> Value {
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

    fn person_of(&self, user: u64) -> Option<&Person> {
        let member = self.members.iter().find(|m| user_id(&m.person) == user)?;
        Some(&member.person)
    }
}

fn member_id(person: &Person) -> u64 {
    MEMBER + u64::from(person.index())
}

fn user_id(person: &Person) -> u64 {
    USER + u64::from(person.index())
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
