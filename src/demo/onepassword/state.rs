//! What the simulated account holds: users, and what no call of this API takes back.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::Access;
use super::{ACCOUNT, Outcome, Refusal};

pub(super) struct Vaults {
    planted: Planted,
    users: Vec<User>,
    made: String,
    /// By the token itself.
    pub(super) tokens: HashMap<String, Access>,
}

struct User {
    number: String,
    id: String,
    name: String,
    email: String,
    state: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    owners: Vec<String>,
    managed_elsewhere: Vec<String>,
    suspended: Vec<String>,
    devices: Vec<Device>,
    vaults: Vec<Vault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    person: String,
    name: String,
}

/// A shared vault, and who has opened items in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vault {
    name: String,
    seen_by: Vec<String>,
}

/// 26 letters and digits, as the vendor's ids are.
fn user_id(number: &str) -> String {
    format!("{number:Z<26}")
}

impl Vaults {
    pub(super) fn new(company: &Company) -> anyhow::Result<Self> {
        let planted: Planted = planted::read("onepassword", include_str!("../../../fixtures/onepassword/state.yaml"))?;
        let today = company.today();
        // Everyone who works here has an account.
        let belongs = |person: &&Person| person.active(today) || planted.suspended.contains(&person.number);
        let users: Vec<User> = company
            .people
            .iter()
            .filter(belongs)
            .map(|person| User {
                number: person.number.clone(),
                id: user_id(&person.number),
                name: person.display(),
                email: person.work_email.clone(),
                state: if planted.suspended.contains(&person.number) { "SUSPENDED" } else { "ACTIVE" },
            })
            .collect();
        let devices = planted.devices.iter().map(|device| &device.person);
        let named = devices.chain(&planted.owners).chain(&planted.managed_elsewhere);
        for person in named.chain(planted.vaults.iter().flat_map(|vault| &vault.seen_by)) {
            anyhow::ensure!(
                users.iter().any(|user| user.number == *person),
                "fixtures/onepassword/state.yaml names {person}, who is no user"
            );
        }
        let made = company.days_ago(800).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Self { planted, users, made, tokens: HashMap::new() })
    }

    /// What a person can still do: sign in; and, whatever happens to the account, open the copy on a device that is offline, and remember.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let own = self.users.iter().find(|user| user.number == person.number);
        let account = own.filter(|user| user.state == "ACTIVE").map(|user| format!("the account {}", user.email));
        let devices = self.planted.devices.iter().filter(|device| device.person == person.number);
        let copies = devices.map(|device| format!("the copy on {}", device.name));
        let seen = self.planted.vaults.iter().filter(|vault| vault.seen_by.contains(&person.number));
        account.into_iter().chain(copies).chain(seen.map(|vault| format!("the secrets seen in {}", vault.name))).collect()
    }

    fn render(&self, user: &User) -> Value {
        json!({
            "id": user.id,
            "email": user.email,
            "display_name": user.name,
            "state": user.state,
            "create_time": self.made,
            "path": format!("accounts/{ACCOUNT}/users/{}", user.id),
        })
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(|user| self.render(user)).collect()
    }

    pub(super) fn user(&self, id: &str) -> Option<Value> {
        self.users.iter().find(|user| user.id == id).map(|user| self.render(user))
    }

    /// Once more changes nothing. The last owner stays, and so does an administrator who is managed from outside.
    pub(super) fn suspend(&mut self, id: &str) -> Outcome {
        let at = self.users.iter().position(|user| user.id == id).ok_or_else(Refusal::not_found)?;
        let is_owner = |user: &User| user.state == "ACTIVE" && self.planted.owners.contains(&user.number);
        if is_owner(&self.users[at]) && self.users.iter().filter(|user| is_owner(user)).count() < 2 {
            return Err(Refusal::precondition("the last owner of an account can't be suspended"));
        }
        if self.planted.managed_elsewhere.contains(&self.users[at].number) {
            return Err(Refusal::precondition("externally managed administrators can't be suspended"));
        }
        self.users[at].state = "SUSPENDED";
        Ok(self.render(&self.users[at]))
    }

    pub(super) fn reactivate(&mut self, id: &str) -> Outcome {
        let at = self.users.iter().position(|user| user.id == id).ok_or_else(Refusal::not_found)?;
        self.users[at].state = "ACTIVE";
        Ok(self.render(&self.users[at]))
    }
}
