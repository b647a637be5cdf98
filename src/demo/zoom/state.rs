//! What the simulated account holds.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Account {
    pub(super) planted: Planted,
    pub(super) users: Vec<User>,
    /// Who has an assistant, and who that is.
    pub(super) links: Vec<(String, String)>,
    pub(super) recordings: Vec<Recording>,
    pub(super) made: Timestamp,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) person: Person,
    pub(super) active: bool,
    pub(super) role: String,
    pub(super) signed_in: bool,
    pub(super) last_login: Timestamp,
}

pub(super) struct Recording {
    pub(super) planted: PlantedRecording,
    pub(super) host: String,
    pub(super) at: Timestamp,
    /// `publicly`, `internally` or `none`.
    pub(super) shared: String,
    pub(super) download: bool,
    pub(super) auto_delete: bool,
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
pub(super) struct Planted {
    pub(super) account: String,
    pub(super) departments: Vec<String>,
    pub(super) admins: Vec<String>,
    pub(super) owner: String,
    pub(super) groups: Vec<Named>,
    pub(super) roles: Vec<Named>,
    pub(super) assistants: Vec<Assistant>,
    pub(super) recordings: Vec<PlantedRecording>,
    pub(super) devices: Vec<Device>,
    pub(super) invitations: Vec<String>,
    pub(super) password_logins: Vec<String>,
    pub(super) still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assistant {
    pub(super) of: String,
    pub(super) assistant: String,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedRecording {
    pub(super) id: u64,
    pub(super) host: String,
    pub(super) topic: String,
    pub(super) days: i64,
    pub(super) passcode: String,
    #[serde(default)]
    pub(super) shared: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) person: String,
    pub(super) os: String,
    pub(super) model: String,
}

/// Each account has these, under these ids.
pub(super) const STANDARD_ROLES: [(&str, &str); 3] = [("0", "Owner"), ("1", "Admin"), ("2", "Member")];
pub(super) const OWNER: &str = "0";
pub(super) const MEMBER: &str = "2";

/// The id of an account by its holder's number.
pub(super) fn user_id(number: &str) -> String {
    format!("zm{number}nmAAAAAAAAAAAA")
}

/// Two of them hold a slash, as some do.
pub(super) fn uuid(recording: &PlantedRecording) -> String {
    if recording.id.is_multiple_of(2) { format!("/rec{}==", recording.id) } else { format!("rec{}==", recording.id) }
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
            .map(|one| Recording {
                host: user_id(&one.host),
                at: company.days_ago(one.days),
                shared: one.shared.clone().unwrap_or_else(|| "internally".to_owned()),
                download: true,
                auto_delete: true,
                planted: one.clone(),
            })
            .collect();
        Ok(Account { planted, users, links, recordings, made: company.days_ago(2000) })
    }

    /// The account and what is signed in to it, the role, for whom they act, invitations to an address of theirs, recordings open to anyone.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let mut left = Vec::new();
        for user in self.users.iter().filter(|user| user.id == id) {
            let email = &user.person.work_email;
            if user.active {
                left.push(format!("the account {email}"));
            }
            if user.signed_in {
                left.push(format!("the sign-in of {email}"));
            }
            if user.role != MEMBER {
                left.push(format!("the role {}", self.role_name(&user.role)));
            }
        }
        let email = |id: &String| self.find(id).map_or_else(|| id.clone(), |user| user.person.work_email.clone());
        left.extend(self.links.iter().filter(|(_, assistant)| *assistant == id).map(|(of, _)| format!("schedules for {}", email(of))));
        let invited = self.planted.invitations.iter().filter(|address| person.home_email.as_ref() == Some(address));
        left.extend(invited.map(|address| format!("the invitation of {address}")));
        let open = self.recordings.iter().filter(|one| one.host == id && one.shared == "publicly");
        left.extend(open.map(|one| format!("the recording {}, open to anyone", one.planted.topic)));
        left
    }

    pub(super) fn id(&self) -> &str {
        &self.planted.account
    }

    /// Users answer to their id and to their address.
    pub(super) fn find(&self, key: &str) -> Option<&User> {
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

    /// Also ends what is signed in with the old one.
    pub(super) fn set_password(&mut self, key: &str, password: &str) -> Result<(), Refused> {
        if password.len() < 8 {
            return Err(Refused::Rule(300, "The password must have at least 8 characters."));
        }
        self.sign_out(key)
    }

    /// Who is invited has no account yet, only an address.
    pub(super) fn uninvite(&mut self, key: &str) -> bool {
        let before = self.planted.invitations.len();
        self.planted.invitations.retain(|address| !address.eq_ignore_ascii_case(key));
        self.planted.invitations.len() < before
    }

    pub(super) fn recording_mut(&mut self, key: &str) -> Option<&mut Recording> {
        self.recordings.iter_mut().find(|one| uuid(&one.planted) == key || one.planted.id.to_string() == key)
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

    /// Whoever may schedule must have an account here.
    pub(super) fn link(&mut self, key: &str, assistant: &str) -> Result<(), Refused> {
        let pair = (self.id_of(key).ok_or(Refused::Missing)?, self.id_of(assistant).ok_or(Refused::Missing)?);
        if !self.links.contains(&pair) {
            self.links.push(pair);
        }
        Ok(())
    }

    pub(super) fn assign(&mut self, role: &str, key: &str) -> Result<(), Refused> {
        let known = STANDARD_ROLES.iter().any(|(id, _)| *id == role) || self.planted.roles.iter().any(|one| one.id == role);
        let user = self.find_mut(key)?;
        if !known || role == OWNER || user.role == OWNER {
            return Err(Refused::Rule(300, "The role can't be assigned to this user."));
        }
        role.clone_into(&mut user.role);
        Ok(())
    }

    pub(super) fn join(&mut self, group: &str, key: &str) -> Result<(), Refused> {
        let number = self.find(key).ok_or(Refused::Missing)?.person.number.clone();
        let group = self.planted.groups.iter_mut().find(|known| known.id == group).ok_or(Refused::Missing)?;
        if !group.people.contains(&number) {
            group.people.push(number);
        }
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
}
