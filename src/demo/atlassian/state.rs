//! What the simulated organisation holds.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Organisation {
    planted: Planted,
    accounts: Vec<Account>,
    /// Each API token's moments, in the order of the fixture: made, last used, expires.
    moments: Vec<[Option<Timestamp>; 3]>,
    seen: Timestamp,
}

struct Account {
    id: String,
    number: Option<String>,
    name: String,
    email: Option<String>,
    active: bool,
    products: BTreeSet<String>,
}

/// Why a request does nothing.
pub(super) enum Refusal {
    /// There is no such account, token or address.
    Unknown,
    /// A cursor that nobody gave out.
    Cursor,
    /// The key may only read.
    Scope,
    /// The account is somebody else's to manage.
    NotOurs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    former: Vec<String>,
    disabled: Vec<String>,
    synced: Vec<String>,
    products: Vec<Product>,
    api_tokens: Vec<Token>,
    bots: Vec<Bot>,
    grants: Vec<Grant>,
    guests: Vec<Guest>,
    public_links: Vec<PublicLink>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    key: String,
    name: String,
    url: String,
    #[serde(default)]
    everyone: bool,
    #[serde(default)]
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    id: String,
    person: String,
    label: String,
    made: i64,
    used: Option<i64>,
    expires: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bot {
    id: String,
    name: String,
}

/// An app that acts for somebody, in the vendor's own pages only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    person: String,
    app: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guest {
    person: Option<String>,
    address: String,
    product: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicLink {
    person: String,
    page: String,
}

fn id_of(number: &str) -> String {
    format!("712020:a7100000-0000-4000-8000-{:0>12}", number.trim_start_matches('E'))
}

impl Organisation {
    pub(super) fn new(company: &Company) -> anyhow::Result<Organisation> {
        let planted: Planted = planted::read("atlassian", include_str!("../../../fixtures/atlassian/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            let chosen = person.executive || person.number.starts_with("E2") || planted.departments.contains(&person.department);
            person.active(today) && chosen || planted.former.contains(&person.number)
        };
        let has = |product: &&Product, number: &String| product.everyone || product.people.contains(number);
        let people = company.people.iter().filter(belongs).map(|person| Account {
            id: id_of(&person.number),
            number: Some(person.number.clone()),
            name: person.display(),
            email: Some(person.work_email.clone()),
            active: !planted.disabled.contains(&person.number),
            products: planted.products.iter().filter(|one| has(one, &person.number)).map(|one| one.key.clone()).collect(),
        });
        let bots = planted.bots.iter().map(|bot| Account {
            id: bot.id.clone(),
            number: None,
            name: bot.name.clone(),
            email: None,
            active: true,
            products: BTreeSet::new(),
        });
        let accounts: Vec<Account> = people.chain(bots).collect();
        let stranger = planted.api_tokens.iter().find(|token| !accounts.iter().any(|account| account.id == id_of(&token.person)));
        anyhow::ensure!(stranger.is_none(), "fixtures/atlassian/state.yaml has a token of somebody without an account");
        let moments = planted.api_tokens.iter().map(|token| {
            [Some(token.made), token.used, token.expires.map(|days| -days)].map(|days| days.map(|days| company.days_ago(days)))
        });
        Ok(Organisation { moments: moments.collect(), seen: company.days_ago(1), accounts, planted })
    }

    /// The account and what acts with it; tokens even while it is disabled, for they come back with it; and what the organisation doesn't list.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        if let Some(account) = self.accounts.iter().find(|account| account.number.as_ref() == Some(&person.number) && account.active) {
            left.push(format!("the account {}", person.work_email));
            left.extend(account.products.iter().map(|key| format!("the product {key}")));
            let grants = self.planted.grants.iter().filter(|grant| grant.person == person.number);
            left.extend(grants.map(|grant| format!("the app {}", grant.app)));
        }
        let tokens = self.planted.api_tokens.iter().filter(|token| token.person == person.number);
        left.extend(tokens.map(|token| format!("the API token {}", token.label)));
        let guests = self.planted.guests.iter().filter(|guest| guest.person.as_ref() == Some(&person.number));
        left.extend(guests.map(|guest| format!("the guest {} of {}", guest.address, guest.product)));
        let links = self.planted.public_links.iter().filter(|link| link.person == person.number);
        left.extend(links.map(|link| format!("the public link of {}", link.page)));
        left
    }

    fn find(&self, id: &str) -> Result<&Account, Refusal> {
        let known = decoded(id);
        self.accounts.iter().find(|account| account.id == known).ok_or(Refusal::Unknown)
    }

    /// Neither an app's account nor one that a directory owns is ours to manage.
    fn ours(&self, account: &Account) -> bool {
        account.number.as_ref().is_some_and(|number| !self.planted.synced.contains(number))
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.accounts.iter().map(|account| self.render(account)).collect()
    }

    fn render(&self, account: &Account) -> Value {
        let used = self.planted.products.iter().filter(|product| account.products.contains(&product.key));
        let products =
            used.map(|product| json!({ "key": product.key, "name": product.name, "url": product.url, "last_active": self.seen }));
        let mut shown = json!({
            "account_id": account.id,
            "account_type": if account.number.is_some() { "atlassian" } else { "app" },
            "account_status": status(account),
            "name": account.name,
            "picture": "https://avatar.atlassian.example/default.png",
            "access_billable": account.active && account.number.is_some(),
            "last_active": self.seen,
            "product_access": products.collect::<Vec<_>>(),
            "links": { "self": format!("https://api.atlassian.com/users/{}/manage/profile", account.id) },
        });
        if let Some(email) = &account.email {
            shown["email"] = email.as_str().into();
        }
        shown
    }

    /// What may be done to the account, as <https://developer.atlassian.com/cloud/admin/user-management/rest/api-group-manage/> lists it.
    pub(super) fn manage(&self, id: &str) -> Result<Value, Refusal> {
        let account = self.find(id)?;
        if account.number.is_none() {
            return Err(Refusal::NotOurs);
        }
        let allowed = json!({ "allowed": true });
        let refused = json!({ "allowed": false, "reason": { "key": "externalDirectory.present" } });
        let by_us = if self.ours(account) { &allowed } else { &refused };
        Ok(json!({
            "profile": { "name": by_us, "nickname": by_us, "zoneinfo": by_us, "locale": by_us },
            "profile.write": { "name": by_us, "nickname": by_us, "zoneinfo": by_us, "locale": by_us },
            "profile.read": allowed,
            "email.set": by_us,
            "lifecycle.enablement": by_us,
            "lifecycle.delete": by_us,
            "apiToken.read": allowed,
            "apiToken.delete": allowed,
        }))
    }

    pub(super) fn profile(&self, id: &str) -> Result<Value, Refusal> {
        let account = self.find(id)?;
        if account.number.is_none() {
            return Err(Refusal::NotOurs);
        }
        Ok(json!({
            "account_id": account.id,
            "account_type": "atlassian",
            "account_status": status(account),
            "name": account.name,
            "email": account.email,
            "email_verified": true,
            "nickname": account.name,
            "picture": "https://avatar.atlassian.example/default.png",
            "locale": "en-GB",
        }))
    }

    /// Whoever is disabled is signed out, and keeps API tokens that answer 401 until the account is enabled again.
    pub(super) fn set_active(&mut self, id: &str, active: bool) -> Result<(), Refusal> {
        let account = self.find(id)?;
        if !self.ours(account) {
            return Err(Refusal::NotOurs);
        }
        let id = account.id.clone();
        for account in self.accounts.iter_mut().filter(|account| account.id == id) {
            account.active = active;
        }
        Ok(())
    }

    pub(super) fn tokens(&self, id: &str) -> Result<Value, Refusal> {
        let account = self.find(id)?;
        let number = account.number.as_ref().ok_or(Refusal::NotOurs)?;
        let of = self.planted.api_tokens.iter().zip(&self.moments).filter(|(token, _)| token.person == *number);
        let shown = of.map(|(token, [made, used, expires])| {
            let mut shown = json!({ "id": token.id, "label": token.label, "createdAt": made, "lastAccess": used });
            if let Some(expires) = expires {
                shown["expiry"] = json!(expires);
            }
            shown
        });
        Ok(shown.collect())
    }

    pub(super) fn delete_token(&mut self, id: &str, token: &str) -> Result<(), Refusal> {
        let account = self.find(id)?;
        let number = account.number.clone().ok_or(Refusal::NotOurs)?;
        let found = self.planted.api_tokens.iter().position(|known| known.person == number && known.id == token);
        let at = found.ok_or(Refusal::Unknown)?;
        self.planted.api_tokens.remove(at);
        self.moments.remove(at);
        Ok(())
    }
}

fn status(account: &Account) -> &'static str {
    if account.active { "active" } else { "inactive" }
}

/// Ids hold a colon, which callers may write as `%3A`.
fn decoded(id: &str) -> String {
    id.replace("%3A", ":").replace("%3a", ":")
}
