//! What the plant's sign-on holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::{planted, vendor};

pub(super) struct Plant {
    users: Vec<User>,
    clients: Vec<Client>,
    /// Cookies of administrators: cookie and user.
    signed_in: Vec<(String, String)>,
    now: Timestamp,
}

struct User {
    name: String,
    display: String,
    email: String,
    number: Option<String>,
    scopes: Vec<String>,
    enabled: bool,
    otp: bool,
    sessions: Vec<Session>,
    grants: Vec<Grant>,
    tokens: Vec<Token>,
}

struct Session {
    hash: String,
    agent: String,
    enabled: bool,
}

struct Grant {
    client: String,
    scopes: Vec<String>,
}

/// A refresh token of an app.
struct Token {
    hash: String,
    client: String,
    agent: String,
    made: Timestamp,
    ends: Timestamp,
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    people: Vec<String>,
    scopes: Vec<String>,
    clients: Vec<Client>,
    has: Vec<Has>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Has {
    person: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    otp: bool,
    /// Browsers.
    #[serde(default)]
    sessions: Vec<String>,
    /// Browsers whose session was ended.
    #[serde(default)]
    ended: Vec<String>,
    #[serde(default)]
    grants: Vec<PlantedGrant>,
    #[serde(default)]
    tokens: Vec<PlantedToken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedGrant {
    client: String,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedToken {
    client: String,
    agent: String,
    /// Days until it ends, unless it is used: it rolls.
    ends: i64,
}

/// The two administrators that scan and revoke.
const OURS: [(&str, &str); 2] = [("exeunt-read", "read-glewlwyd"), ("exeunt-revoke", "revoke-glewlwyd")];

/// How a hash is written; base64 of the web, with the algorithm before it.
fn hash(text: &str) -> String {
    format!("{{SHA512}}{:010x}-_{:010x}", planted::number_of(text), planted::number_of(&text.chars().rev().collect::<String>()))
}

impl Plant {
    pub(super) fn new(company: &Company) -> anyhow::Result<Plant> {
        let planted: Planted = planted::read("glewlwyd", include_str!("../../../fixtures/glewlwyd/state.yaml"))?;
        let today = company.today();
        let has = |person: &&Person| planted.departments.contains(&person.department) || planted.people.contains(&person.number);
        let mut users: Vec<User> = company
            .people
            .iter()
            .filter(has)
            .map(|person| User {
                name: person.login.clone(),
                display: person.display(),
                email: person.work_email.clone(),
                number: Some(person.number.clone()),
                scopes: planted.scopes.clone(),
                enabled: person.active(today),
                otp: false,
                sessions: Vec::new(),
                grants: Vec::new(),
                tokens: Vec::new(),
            })
            .collect();
        for has in planted.has {
            let Some(user) = users.iter_mut().find(|user| user.number.as_deref() == Some(&has.person)) else {
                anyhow::bail!("fixtures/glewlwyd/state.yaml gives something to {}, who has no account", has.person);
            };
            user.scopes.extend(has.scopes);
            user.otp = has.otp;
            let session = |agent: String, enabled| Session { hash: hash(&format!("{}{agent}", has.person)), agent, enabled };
            user.sessions.extend(has.sessions.into_iter().map(|agent| session(agent, true)));
            user.sessions.extend(has.ended.into_iter().map(|agent| session(agent, false)));
            user.grants.extend(has.grants.into_iter().map(|grant| Grant { client: grant.client, scopes: grant.scopes }));
            user.tokens.extend(has.tokens.into_iter().map(|token| Token {
                hash: hash(&format!("{}{}{}", has.person, token.client, token.agent)),
                client: token.client,
                agent: token.agent,
                made: company.days_ago(90),
                ends: company.days_ago(-token.ends),
                enabled: true,
            }));
        }
        let ours = OURS.iter().map(|(name, _)| User {
            name: (*name).to_owned(),
            display: (*name).to_owned(),
            email: String::new(),
            number: None,
            scopes: vec!["g_admin".to_owned(), "g_profile".to_owned()],
            enabled: true,
            otp: false,
            sessions: Vec::new(),
            grants: Vec::new(),
            tokens: Vec::new(),
        });
        users.extend(ours);
        Ok(Plant { users, clients: planted.clients, signed_in: Vec::new(), now: company.started })
    }

    /// A cookie for who knows the password.
    pub(super) fn sign_in(&mut self, name: &str, password: &str) -> Option<String> {
        OURS.iter().find(|known| **known == (name, password))?;
        let cookie = format!("simulated{}{:x}", self.signed_in.len() + 1, vendor::now().as_millisecond());
        self.signed_in.push((cookie.clone(), name.to_owned()));
        Some(cookie)
    }

    /// Whose cookie it is, if they administer.
    pub(super) fn administrator(&self, cookie: &str) -> Option<String> {
        let (_, name) = self.signed_in.iter().find(|(known, _)| known == cookie)?;
        let user = self.find(name)?;
        (user.enabled && user.scopes.iter().any(|scope| scope == "g_admin")).then(|| name.clone())
    }

    fn find(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.name == name)
    }

    pub(super) fn users(&self) -> Vec<Value> {
        self.users.iter().map(shown).collect()
    }

    pub(super) fn user(&self, name: &str) -> Option<Value> {
        self.find(name).map(shown)
    }

    /// Sessions and refresh tokens are not looked at.
    pub(super) fn enable(&mut self, name: &str, enabled: bool) -> bool {
        self.find_mut(name).map(|user| user.enabled = enabled).is_some()
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.users.len();
        self.users.retain(|user| user.name != name);
        self.users.len() < before
    }

    pub(super) fn clients(&self) -> Vec<Value> {
        let one = |client: &Client| {
            json!({
                "client_id": client.id,
                "name": client.name,
                "description": "",
                "scope": [],
                "enabled": true,
                "confidential": true,
                "redirect_uri": [format!("https://{}.plant.northmoor.example/cb", client.id)],
                "authorization_type": ["code", "refresh_token"],
                "source": "database",
            })
        };
        self.clients.iter().map(one).collect()
    }

    pub(super) fn sessions(&self, name: &str) -> Option<Vec<Value>> {
        let now = self.now.as_second();
        let one = |session: &Session| {
            json!({
                "user_agent": session.agent,
                "issued_for": "192.0.2.33 - 192.0.2.33",
                "expiration": now + 2_419_200,
                "last_login": now - 3600,
                "enabled": session.enabled,
                "session_hash": session.hash,
            })
        };
        Some(self.find(name)?.sessions.iter().map(one).collect())
    }

    /// An ended session stays in the list.
    pub(super) fn end_session(&mut self, name: &str, hash: &str) -> bool {
        let session = self.find_mut(name).and_then(|user| user.sessions.iter_mut().find(|session| session.hash == hash));
        session.map(|session| session.enabled = false).is_some()
    }

    pub(super) fn grants(&self, name: &str) -> Option<Vec<Value>> {
        let one = |grant: &Grant| {
            let scopes: Vec<Value> =
                grant.scopes.iter().map(|scope| json!({ "name": scope, "display_name": scope, "description": null })).collect();
            let client = self.clients.iter().find(|client| client.id == grant.client).map_or("", |client| &client.name);
            json!({ "client_id": grant.client, "name": client, "description": "", "scope": scopes })
        };
        Some(self.find(name)?.grants.iter().map(one).collect())
    }

    pub(super) fn set_grant(&mut self, name: &str, client: &str, scope: &str) -> bool {
        if !self.clients.iter().any(|known| known.id == client) {
            return false;
        }
        let Some(user) = self.find_mut(name) else { return false };
        user.grants.retain(|grant| grant.client != client);
        if !scope.trim().is_empty() {
            user.grants.push(Grant { client: client.to_owned(), scopes: scope.split_whitespace().map(str::to_owned).collect() });
        }
        true
    }

    pub(super) fn schemes(&self, name: &str) -> Option<Vec<Value>> {
        let user = self.find(name)?;
        Some(if user.otp { vec![json!({ "module": "otp", "name": "otp", "display_name": "One-time password" })] } else { Vec::new() })
    }

    pub(super) fn refresh_tokens(&self, name: &str) -> Option<Vec<Value>> {
        let one = |token: &Token| {
            json!({
                "client_id": token.client,
                "issued_at": token.made.as_second(),
                "expires_at": token.ends.as_second(),
                "last_seen": self.now.as_second() - 7200,
                "issued_for": "192.0.2.34 - 192.0.2.34",
                "user_agent": token.agent,
                "rolling_expiration": true,
                "enabled": token.enabled,
                "token_hash": token.hash,
                "authorization_type": "code",
            })
        };
        Some(self.find(name)?.tokens.iter().map(one).collect())
    }

    pub(super) fn end_refresh_token(&mut self, name: &str, hash: &str) -> bool {
        let token = self.find_mut(name).and_then(|user| user.tokens.iter_mut().find(|token| token.hash == hash));
        token.map(|token| token.enabled = false).is_some()
    }

    /// One line for each way in that is left; a refresh token is one whether or not the account is on.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for user in self.users.iter().filter(|user| user.number.as_deref() == Some(&person.number)) {
            let name = &user.name;
            if user.enabled {
                left.push(format!("user {name} can sign in"));
            }
            let live = user.sessions.iter().filter(|session| session.enabled);
            left.extend(live.map(|session| format!("{name} has a session in {}", session.agent)));
            left.extend(user.grants.iter().map(|grant| format!("{name} consented to {}", grant.client)));
            let live = user.tokens.iter().filter(|token| token.enabled && token.ends > self.now);
            left.extend(live.map(|token| format!("a refresh token of {} yields access for {name}", token.client)));
        }
        left
    }
}

fn shown(user: &User) -> Value {
    json!({ "username": user.name, "name": user.display, "email": user.email, "scope": user.scopes, "enabled": user.enabled, "source": "database" })
}
