//! What the simulated account holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Account {
    planted: Planted,
    users: Vec<User>,
    /// Who has an assistant, and who that is.
    links: Vec<(String, String)>,
    recordings: Vec<Recording>,
    made: Timestamp,
}

struct User {
    id: String,
    person: Person,
    active: bool,
    role: String,
    signed_in: bool,
    last_login: Timestamp,
}

struct Recording {
    planted: PlantedRecording,
    host: String,
    at: Timestamp,
}

/// Why something is not done.
pub(super) enum Refused {
    /// There is no such user, or the user has no such thing.
    Missing,
    /// The vendor's rules are against it, with its number for that.
    Rule(u32, &'static str),
}

/// What moves to whom when an account ends.
pub(super) struct Moves {
    pub(super) to: Option<String>,
    pub(super) recordings: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    account: String,
    departments: Vec<String>,
    admins: Vec<String>,
    owner: String,
    groups: Vec<Named>,
    roles: Vec<Named>,
    assistants: Vec<Assistant>,
    recordings: Vec<PlantedRecording>,
    devices: Vec<Device>,
    password_logins: Vec<String>,
    still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
    name: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assistant {
    of: String,
    assistant: String,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct PlantedRecording {
    id: u64,
    host: String,
    topic: String,
    days: i64,
    passcode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    id: String,
    name: String,
    person: String,
    os: String,
    model: String,
}

/// Each account has these, under these ids.
const STANDARD_ROLES: [(&str, &str); 3] = [("0", "Owner"), ("1", "Admin"), ("2", "Member")];
const OWNER: &str = "0";
const MEMBER: &str = "2";

/// The id of an account by its holder's number.
fn user_id(number: &str) -> String {
    format!("zm{number}nmAAAAAAAAAAAA")
}

impl Account {
    pub(super) fn new(company: &Company) -> anyhow::Result<Account> {
        let planted: Planted = planted::read("zoom", include_str!("../../../fixtures/zoom/state.yaml"))?;
        let today = company.today();
        let has = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            let helps = planted.assistants.iter().any(|link| link.assistant == person.number);
            person.active(today) && (chosen || helps) || planted.still_active.contains(&person.number)
        };
        let role = |person: &Person| {
            let custom = planted.roles.iter().find(|role| role.people.contains(&person.number));
            match custom {
                _ if planted.owner == person.number => OWNER.to_owned(),
                _ if planted.admins.contains(&person.number) => "1".to_owned(),
                Some(role) => role.id.clone(),
                None => MEMBER.to_owned(),
            }
        };
        let users = company.people.iter().filter(has).map(|person| User {
            id: user_id(&person.number),
            role: role(person),
            active: true,
            signed_in: true,
            last_login: company.days_ago(1),
            person: person.clone(),
        });
        let users = users.collect();
        let links = planted.assistants.iter().map(|link| (user_id(&link.of), user_id(&link.assistant))).collect();
        let recordings = planted
            .recordings
            .iter()
            .map(|one| Recording { host: user_id(&one.host), at: company.days_ago(one.days), planted: one.clone() })
            .collect();
        Ok(Account { planted, users, links, recordings, made: company.days_ago(2000) })
    }

    pub(super) fn id(&self) -> &str {
        &self.planted.account
    }

    /// Users answer to their id and to their address.
    fn find(&self, key: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == key || user.person.work_email.eq_ignore_ascii_case(key))
    }

    pub(super) fn id_of(&self, key: &str) -> Option<String> {
        self.find(key).map(|user| user.id.clone())
    }

    fn find_mut(&mut self, key: &str) -> Result<&mut User, Refused> {
        let found = self.users.iter_mut().find(|user| user.id == key || user.person.work_email.eq_ignore_ascii_case(key));
        found.ok_or(Refused::Missing)
    }

    pub(super) fn set_active(&mut self, key: &str, active: bool) -> Result<(), Refused> {
        let user = self.find_mut(key)?;
        if user.role == OWNER && !active {
            return Err(Refused::Rule(1110, "The account owner can't be deactivated."));
        }
        user.active = active;
        Ok(())
    }

    pub(super) fn sign_out(&mut self, key: &str) -> Result<(), Refused> {
        self.find_mut(key).map(|user| user.signed_in = false)
    }

    pub(super) fn remove(&mut self, key: &str, moves: &Moves) -> Result<(), Refused> {
        let user = self.find(key).ok_or(Refused::Missing)?;
        let id = user.id.clone();
        if user.role == OWNER {
            return Err(Refused::Rule(1110, "The account owner can't be removed."));
        }
        let heir = match &moves.to {
            None => None,
            Some(email) => match self.find(email).filter(|heir| heir.active && heir.id != id) {
                Some(heir) => Some(heir.id.clone()),
                None => return Err(Refused::Rule(1107, "The user to transfer to does not exist or is not active.")),
            },
        };
        if let Some(heir) = heir.filter(|_| moves.recordings) {
            for recording in self.recordings.iter_mut().filter(|one| one.host == id) {
                recording.host.clone_from(&heir);
            }
        }
        // Gone either way: deleted, or taken along into a free account that nobody here can see.
        self.recordings.retain(|one| one.host != id);
        self.links.retain(|(of, assistant)| *of != id && *assistant != id);
        self.planted.devices.retain(|device| user_id(&device.person) != id);
        for group in &mut self.planted.groups {
            group.people.retain(|number| user_id(number) != id);
        }
        self.users.retain(|user| user.id != id);
        Ok(())
    }

    /// Takes away assistants, or those somebody is the assistant of; all of them or one.
    pub(super) fn unlink(&mut self, key: &str, assistants: bool, other: Option<&str>) -> Result<(), Refused> {
        let id = self.id_of(key).ok_or(Refused::Missing)?;
        let other = match other {
            Some(other) => Some(self.id_of(other).ok_or(Refused::Missing)?),
            None => None,
        };
        self.links.retain(|(of, assistant)| {
            let (own, theirs) = if assistants { (of, assistant) } else { (assistant, of) };
            *own != id || other.as_ref().is_some_and(|other| other != theirs)
        });
        Ok(())
    }

    pub(super) fn unassign(&mut self, role: &str, key: &str) -> Result<(), Refused> {
        let user = self.find_mut(key)?;
        match user.role.as_str() {
            OWNER => Err(Refused::Rule(1110, "The owner role can't be unassigned.")),
            held if held != role || role == MEMBER => Err(Refused::Rule(300, "The user does not have this role.")),
            _ => {
                MEMBER.clone_into(&mut user.role);
                Ok(())
            }
        }
    }

    pub(super) fn leave(&mut self, group: &str, key: &str) -> Result<(), Refused> {
        let id = self.id_of(key).ok_or(Refused::Missing)?;
        let group = self.planted.groups.iter_mut().find(|known| known.id == group).ok_or(Refused::Missing)?;
        let before = group.people.len();
        group.people.retain(|number| user_id(number) != id);
        if group.people.len() < before { Ok(()) } else { Err(Refused::Missing) }
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.render(user)).collect()
    }

    /// One user, with how they sign in, which the list keeps to itself.
    pub(super) fn user(&self, key: &str) -> Option<Value> {
        let user = self.find(key)?;
        let mut value = self.render(user);
        // 101 is single sign-on, 100 a password of the vendor's.
        let own = self.planted.password_logins.contains(&user.person.number);
        value["login_types"] = if own { json!([100, 101]) } else { json!([101]) };
        value["account_id"] = self.planted.account.as_str().into();
        value["job_title"] = user.person.title.as_str().into();
        value["role_name"] = self.role_name(&user.role).into();
        Some(value)
    }

    fn role_name(&self, id: &str) -> &str {
        let standard = STANDARD_ROLES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name);
        standard.or_else(|| self.planted.roles.iter().find(|role| role.id == id).map(|role| role.name.as_str())).unwrap_or_default()
    }

    fn render(&self, user: &User) -> Value {
        let person = &user.person;
        let groups: Vec<&String> =
            self.planted.groups.iter().filter(|group| group.people.contains(&person.number)).map(|group| &group.id).collect();
        json!({
            "id": user.id,
            "created_at": moment(self.made),
            "user_created_at": moment(self.made),
            "dept": person.department,
            "display_name": person.display(),
            "email": person.work_email,
            "employee_unique_id": person.number,
            "first_name": person.first,
            "group_ids": groups,
            "last_client_version": if user.signed_in { "6.5.10" } else { "" },
            "last_login_time": moment(user.last_login),
            "last_name": person.last,
            "pmi": 4_000_000_000_u64 + u64::from(person.index()),
            "role_id": user.role,
            "status": if user.active { "active" } else { "inactive" },
            "timezone": "Europe/Copenhagen",
            "type": if person.executive { 2 } else { 1 },
            "verified": 1,
        })
    }

    fn short(user: &User) -> Value {
        let person = &user.person;
        json!({
            "id": user.id,
            "email": person.work_email,
            "first_name": person.first,
            "last_name": person.last,
            "type": if person.executive { 2 } else { 1 },
        })
    }

    pub(super) fn roles(&self) -> Vec<Value> {
        let custom = self.planted.roles.iter().map(|role| (role.id.as_str(), role.name.as_str()));
        let all = STANDARD_ROLES.into_iter().chain(custom).map(|(id, name)| {
            let members = self.users.iter().filter(|user| user.role == id).count();
            json!({ "id": id, "name": name, "description": name, "total_members": members })
        });
        all.collect()
    }

    pub(super) fn role_members(&self, role: &str) -> Option<Vec<Value>> {
        let known = STANDARD_ROLES.iter().any(|(id, _)| *id == role) || self.planted.roles.iter().any(|one| one.id == role);
        known.then(|| self.users.iter().filter(|user| user.role == role).map(Self::short).collect())
    }

    pub(super) fn groups(&self) -> Vec<Value> {
        let one = |group: &Named| json!({ "id": group.id, "name": group.name, "total_members": group.people.len() });
        self.planted.groups.iter().map(one).collect()
    }

    pub(super) fn group_members(&self, group: &str) -> Option<Vec<Value>> {
        let group = self.planted.groups.iter().find(|known| known.id == group)?;
        Some(self.users.iter().filter(|user| group.people.contains(&user.person.number)).map(Self::short).collect())
    }

    pub(super) fn assistants(&self, id: &str) -> Vec<Value> {
        self.linked(self.links.iter().filter(|(of, _)| of == id).map(|(_, assistant)| assistant))
    }

    pub(super) fn schedulers(&self, id: &str) -> Vec<Value> {
        self.linked(self.links.iter().filter(|(_, assistant)| assistant == id).map(|(of, _)| of))
    }

    fn linked<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<Value> {
        ids.filter_map(|id| self.find(id)).map(|user| json!({ "id": user.id, "email": user.person.work_email })).collect()
    }

    pub(super) fn recordings(&self, host: &str) -> Vec<Value> {
        let of_host = self.recordings.iter().filter(|one| one.host == host).map(|one| {
            json!({
                "uuid": format!("rec{}==", one.planted.id),
                "id": one.planted.id,
                "account_id": self.planted.account,
                "host_id": one.host,
                "topic": one.planted.topic,
                "type": "2",
                "start_time": moment(one.at),
                "duration": 55,
                "total_size": 310_000_000,
                "recording_count": 1,
                "recording_play_passcode": one.planted.passcode,
                "recording_files": [],
            })
        });
        of_host.collect()
    }

    pub(super) fn devices(&self) -> Vec<Value> {
        let one = |device: &Device| {
            let user = self.find(&user_id(&device.person));
            json!({
                "device_id": device.id,
                "device_name": device.name,
                "device_type": 0,
                "device_status": i32::from(user.is_some_and(|user| user.signed_in)),
                "enrolled_in_zdm": false,
                "model": device.model,
                "platform_os": device.os,
                "user_email": user.map(|user| user.person.work_email.as_str()).unwrap_or_default(),
            })
        };
        self.planted.devices.iter().map(one).collect()
    }
}

/// To the second, as the vendor writes it.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
