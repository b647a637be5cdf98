//! What the simulated server of second factors holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::{planted, vendor};
use super::REALM;

/// Where the people come from.
const RESOLVER: &str = "northmoor-ad";

pub(super) struct Factors {
    people: Vec<Person>,
    tokens: Vec<Token>,
    attached: Vec<Attached>,
}

struct Token {
    serial: String,
    kind: String,
    name: String,
    /// Nobody's, where there is none.
    owner: Option<Person>,
    active: bool,
    revoked: bool,
    made: Timestamp,
    ends: Option<Timestamp>,
    phone: Option<String>,
}

/// A machine on which a token works.
struct Attached {
    serial: String,
    machine: String,
    host: String,
    resolver: String,
    application: String,
}

/// Which tokens are asked for.
pub(super) struct Wanted {
    pub(super) serial: Option<String>,
    pub(super) user: Option<String>,
    pub(super) active: Option<bool>,
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    Missing(String),
    /// A revoked token stays revoked.
    Locked,
    Several,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    tokens: Vec<PlantedToken>,
    machines: Vec<PlantedMachine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedToken {
    serial: String,
    kind: String,
    name: String,
    person: Option<String>,
    #[serde(default)]
    off: bool,
    #[serde(default)]
    revoked: bool,
    /// Days until it ends; negative ones are past.
    ends: Option<i64>,
    #[serde(default)]
    phone: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedMachine {
    serial: String,
    machine: String,
    host: String,
    resolver: String,
    application: String,
}

impl Factors {
    pub(super) fn new(company: &Company) -> anyhow::Result<Factors> {
        let planted: Planted = planted::read("privacyidea", include_str!("../../../fixtures/privacyidea/state.yaml"))?;
        let today = company.today();
        let has = |person: &&Person| person.executive || planted.departments.contains(&person.department);
        let people: Vec<Person> = company.people.iter().filter(has).cloned().collect();
        let made = company.days_ago(320);
        let phone = |person: &Person| Token {
            serial: format!("TOTP{:08X}", 0x1000 + person.index()),
            kind: "totp".to_owned(),
            name: "VPN, authenticator app".to_owned(),
            owner: Some(person.clone()),
            active: true,
            revoked: false,
            made,
            ends: None,
            phone: None,
        };
        let mut tokens: Vec<Token> = people.iter().map(phone).collect();
        for token in planted.tokens {
            let owner = token.person.as_deref().and_then(|number| company.person(number)).cloned();
            let mobile = owner.as_ref().and_then(|person| person.mobile.clone()).filter(|_| token.phone);
            tokens.push(Token {
                serial: token.serial,
                kind: token.kind,
                name: token.name,
                owner,
                active: !token.off && !token.revoked,
                revoked: token.revoked,
                made,
                ends: token.ends.map(|days| company.days_ago(-days)),
                phone: mobile,
            });
        }
        let attached = planted.machines.into_iter().map(|one| Attached {
            serial: one.serial,
            machine: one.machine,
            host: one.host,
            resolver: one.resolver,
            application: one.application,
        });
        // Who left is no longer in the directory, and so in no list of people; the tokens are.
        let people = people.into_iter().filter(|person| person.active(today)).collect();
        Ok(Factors { people, tokens, attached: attached.collect() })
    }

    pub(super) fn users(&self, in_realm: bool) -> Vec<Value> {
        let shown = self.people.iter().filter(|_| in_realm).map(|person| {
            json!({
                "description": "",
                "editable": false,
                "email": person.work_email,
                "givenname": person.first,
                "mobile": person.mobile.as_deref().unwrap_or_default(),
                "phone": "",
                "realm": REALM,
                "resolver": RESOLVER,
                "surname": person.last,
                "userid": user_id(person),
                "username": person.login,
            })
        });
        shown.collect()
    }

    pub(super) fn tokens(&self, wanted: &Wanted) -> Vec<Value> {
        let shown = self.tokens.iter().filter(|token| wanted.serial.as_ref().is_none_or(|serial| *serial == token.serial));
        let shown = shown.filter(|token| wanted.active.is_none_or(|active| active == token.active));
        shown
            .map(|token| self.token(token))
            .filter(|token| wanted.user.as_ref().is_none_or(|user| token["username"] == user.as_str()))
            .collect()
    }

    fn token(&self, token: &Token) -> Value {
        let mut info = json!({ "assignment_date": moment(token.made), "creation_date": moment(token.made), "tokenkind": "software" });
        if let Some(ends) = token.ends {
            info["validity_period_end"] = ends.strftime("%Y-%m-%dT%H:%M+0000").to_string().into();
        }
        if let Some(phone) = &token.phone {
            info["phone"] = phone.as_str().into();
        }
        // Somebody who has vanished keeps an id, and loses the name.
        let known = token.owner.as_ref().filter(|owner| self.people.iter().any(|person| person.number == owner.number));
        json!({
            "active": token.active,
            "container_serial": "",
            "count": 0,
            "count_window": 10,
            "description": token.name,
            "failcount": 0,
            "id": planted::number_of(&token.serial),
            "info": info,
            "locked": token.revoked,
            "maxfail": 10,
            "otplen": 6,
            "realms": if token.owner.is_some() { vec![REALM] } else { Vec::new() },
            "resolver": if token.owner.is_some() { RESOLVER } else { "" },
            "revoked": token.revoked,
            "rollout_state": "enrolled",
            "serial": token.serial,
            "sync_window": 1000,
            "tokengroup": [],
            "tokentype": token.kind,
            "user_id": token.owner.as_ref().map(user_id).unwrap_or_default(),
            "user_realm": if token.owner.is_some() { REALM } else { "" },
            "username": known.map(|person| person.login.as_str()).unwrap_or_default(),
        })
    }

    fn find(&mut self, serial: &str) -> Result<&mut Token, Refused> {
        self.tokens.iter_mut().find(|token| token.serial == serial).ok_or_else(|| Refused::Missing(serial.to_owned()))
    }

    /// How many tokens changed: none, where one was so already, as a revoked one is off; but it can't be switched on.
    pub(super) fn enable(&mut self, serial: &str, active: bool) -> Result<u32, Refused> {
        let token = self.find(serial)?;
        if token.revoked && active {
            return Err(Refused::Locked);
        }
        let changed = token.active != active;
        token.active = active;
        Ok(changed.into())
    }

    /// All of a person's at once is refused where there are several.
    pub(super) fn disable_all_of(&mut self, user: &str) -> Result<u32, Refused> {
        let theirs = |token: &&mut Token| token.owner.as_ref().is_some_and(|owner| owner.login == user);
        let mut theirs: Vec<&mut Token> = self.tokens.iter_mut().filter(theirs).collect();
        match theirs.as_mut_slice() {
            [] => Ok(0),
            [token] => {
                let changed = token.active;
                token.active = false;
                Ok(changed.into())
            }
            _ => Err(Refused::Several),
        }
    }

    /// For good; revoking once more says so again.
    pub(super) fn revoke(&mut self, serial: &str) -> Result<u32, Refused> {
        let token = self.find(serial)?;
        (token.active, token.revoked) = (false, true);
        Ok(1)
    }

    pub(super) fn remove(&mut self, serial: &str) -> Result<u32, Refused> {
        self.find(serial)?;
        self.tokens.retain(|token| token.serial != serial);
        self.attached.retain(|one| one.serial != serial);
        Ok(1)
    }

    pub(super) fn machines(&self, serial: Option<&str>) -> Vec<Value> {
        let shown = self.attached.iter().filter(|one| serial.is_none_or(|serial| one.serial == serial)).enumerate().map(|(n, one)| {
            json!({
                "id": n + 1,
                "application": one.application,
                "hostname": one.host,
                "machine_id": one.machine,
                "options": { "count": "100" },
                "resolver": one.resolver,
                "serial": one.serial,
            })
        });
        shown.collect()
    }

    pub(super) fn detach(&mut self, serial: &str, machine: &str, resolver: &str, application: &str) -> u32 {
        let before = self.attached.len();
        self.attached
            .retain(|one| (&*one.serial, &*one.machine, &*one.resolver, &*one.application) != (serial, machine, resolver, application));
        u32::from(self.attached.len() < before)
    }

    /// One line for each way in that is left. A factor of somebody who vanished from the directory opens nothing; one-time passwords that a
    /// machine was given work there without this server.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        let now = vendor::now();
        let known = self.people.iter().any(|known| known.number == person.number);
        let theirs = |token: &&Token| token.owner.as_ref().is_some_and(|owner| owner.number == person.number);
        for token in self.tokens.iter().filter(theirs).filter(|_| known) {
            if token.active && token.ends.is_none_or(|ends| ends > now) {
                left.push(format!("token {} ({}) works", token.serial, token.name));
            }
            for one in self.attached.iter().filter(|one| one.serial == token.serial && one.application == "offline") {
                left.push(format!("{} takes passwords of {} offline", one.host, token.serial));
            }
        }
        left
    }
}

fn user_id(person: &Person) -> String {
    format!("S-1-5-21-1004336348-1177238915-682003330-{}", person.index())
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
