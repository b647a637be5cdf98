//! What the simulated doors know.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::{self, Access};
use super::Refusal;

pub(super) struct Doors {
    planted: Planted,
    members: Vec<Member>,
    tokens: HashMap<String, Access>,
}

/// A person who opens doors.
struct Member {
    id: String,
    person: Person,
    groups: Vec<String>,
    cards: Vec<Card>,
    plate: Option<(String, bool)>,
    phone: bool,
    remote: bool,
    code: Option<String>,
    end: Option<i64>,
}

struct Card {
    id: String,
    number: String,
    active: bool,
}

/// What is switched on and off.
pub(super) enum Way {
    Card(String),
    Plate(String),
    Phone,
    Remote,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    people: Vec<String>,
    former: Vec<String>,
    groups: Vec<Group>,
    phones: Vec<String>,
    remote: Vec<String>,
    codes: BTreeMap<String, String>,
    plates: BTreeMap<String, String>,
    lost_cards: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    name: String,
    #[serde(default)]
    everyone: bool,
    #[serde(default)]
    people: Vec<String>,
}

impl Doors {
    pub(super) fn new(company: &Company) -> anyhow::Result<Doors> {
        let planted: Planted = planted::read("verkada", include_str!("../../../fixtures/verkada/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            let chosen = planted.departments.contains(&person.department) || planted.people.contains(&person.number);
            person.active(today) && chosen || planted.former.contains(&person.number)
        };
        let members = company.people.iter().filter(belongs).map(|person| {
            let number = &person.number;
            let card = |n: u32, active| Card {
                id: format!("5c000000-0000-4000-8000-{n:04}{:08}", person.index()),
                number: format!("{}", 40_000 * n + person.index()),
                active,
            };
            let lost = planted.lost_cards.contains(number).then(|| card(2, false));
            let takes = |group: &&Group| group.everyone || group.people.contains(number);
            Member {
                id: format!("5a000000-0000-4000-8000-{:012}", person.index()),
                groups: planted.groups.iter().filter(takes).map(|group| group.id.clone()).collect(),
                cards: [card(1, true)].into_iter().chain(lost).collect(),
                plate: planted.plates.get(number).map(|plate| (plate.clone(), true)),
                phone: planted.phones.contains(number),
                remote: planted.remote.contains(number),
                code: planted.codes.get(number).cloned(),
                end: None,
                person: person.clone(),
            }
        });
        Ok(Doors { members: members.collect(), tokens: HashMap::new(), planted })
    }

    pub(super) fn issue(&mut self, access: Access) -> String {
        let token = format!("v2_simulated{}", self.tokens.len() + 1);
        self.tokens.insert(token.clone(), access);
        token
    }

    pub(super) fn access(&self, token: &str) -> Access {
        self.tokens.get(token).copied().unwrap_or(Access::Nobody)
    }

    /// Every way in that is switched on, whether or not the person's time is over: a new end date would give it back.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let Some(member) = self.members.iter().find(|member| member.person.number == person.number) else {
            return Vec::new();
        };
        let mut left = Vec::new();
        if member.end.is_none_or(|end| end > vendor::now().as_second()) {
            left.push(format!("the person {}", person.work_email));
        }
        left.extend(member.cards.iter().filter(|card| card.active).map(|card| format!("the card {}", card.number)));
        left.extend(member.plate.iter().filter(|(_, active)| *active).map(|(plate, _)| format!("the plate {plate}")));
        left.extend(member.phone.then(|| "the phone".to_owned()));
        left.extend(member.remote.then(|| "remote unlock".to_owned()));
        left.extend(member.code.iter().map(|_| "the entry code".to_owned()));
        left
    }

    pub(super) fn find(&self, name: &str, value: &str) -> Option<String> {
        let is = |member: &&Member| match name {
            "user_id" => member.id == value,
            "email" => member.person.work_email.eq_ignore_ascii_case(value),
            _ => member.person.number == value,
        };
        self.members.iter().find(is).map(|member| member.id.clone())
    }

    fn member(&mut self, id: &str) -> Result<&mut Member, Refusal> {
        self.members.iter_mut().find(|member| member.id == id).ok_or((400, "user not found"))
    }

    pub(super) fn set_end(&mut self, id: &str, seconds: i64) {
        if let Ok(member) = self.member(id) {
            member.end = Some(seconds);
        }
    }

    pub(super) fn switch(&mut self, id: &str, way: &Way, on: bool) -> Result<(), Refusal> {
        let member = self.member(id)?;
        match way {
            Way::Card(card) => {
                member.cards.iter_mut().find(|known| known.id == *card).ok_or((400, "card not found"))?.active = on;
            }
            Way::Plate(plate) => {
                member.plate.as_mut().filter(|known| known.0 == *plate).ok_or((400, "license plate not found"))?.1 = on;
            }
            Way::Phone => member.phone = on,
            Way::Remote => member.remote = on,
        }
        Ok(())
    }

    pub(super) fn remove_code(&mut self, id: &str) -> Result<(), Refusal> {
        self.member(id)?.code.take().map(|_| ()).ok_or((400, "the user has no entry code"))
    }

    pub(super) fn leave(&mut self, id: &str, group: &str) -> Result<(), Refusal> {
        let member = self.member(id)?;
        let before = member.groups.len();
        member.groups.retain(|known| known != group);
        if member.groups.len() < before { Ok(()) } else { Err((400, "the user is not in the group")) }
    }

    /// The list says who there is, and nothing of what they can do.
    pub(super) fn members(&self) -> Vec<Value> {
        let one = |member: &Member| {
            json!({
                "user_id": member.id,
                "external_id": member.person.number,
                "email": member.person.work_email,
                "full_name": member.person.display(),
                "employee_id": member.person.number,
            })
        };
        self.members.iter().map(one).collect()
    }

    /// The access information object: <https://apidocs.verkada.com/v1/reference/access-information-object>.
    pub(super) fn user(&self, id: &str) -> Option<Value> {
        let member = self.members.iter().find(|member| member.id == id)?;
        let groups = self.planted.groups.iter().filter(|group| member.groups.contains(&group.id));
        let cards = member.cards.iter().map(|card| {
            json!({
                "active": card.active,
                "card_id": card.id,
                "card_number": card.number,
                "card_number_hex": null,
                "facility_code": "77",
                "type": "HID 37-bit",
            })
        });
        let plates = member.plate.iter().map(|(plate, active)| json!({ "active": active, "license_plate_number": plate, "name": plate }));
        Some(json!({
            "access_groups": groups.map(|group| json!({ "group_id": group.id, "name": group.name })).collect::<Vec<_>>(),
            "ble_unlock": member.phone,
            "cards": cards.collect::<Vec<_>>(),
            "email": member.person.work_email,
            "employee_id": member.person.number,
            "end_date": member.end.map(|end| end.to_string()),
            "entry_code": member.code,
            "external_id": member.person.number,
            "full_name": member.person.display(),
            "license_plates": plates.collect::<Vec<_>>(),
            "remote_unlock": member.remote,
            "start_date": null,
            "user_id": member.id,
        }))
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        self.planted.groups.iter().map(|group| json!({ "group_id": group.id, "name": group.name })).collect()
    }
}
