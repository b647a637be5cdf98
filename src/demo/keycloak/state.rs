//! What the simulated realm holds.

mod fixture;
mod render;

use jiff::Timestamp;

use self::fixture::{Client, Group, Planted, Role};
use super::super::company::{Company, Person};
use super::super::{planted, vendor};

pub(super) struct Realm {
    users: Vec<User>,
    clients: Vec<Client>,
    groups: Vec<Group>,
    roles: Vec<Role>,
    made: Timestamp,
}

struct User {
    id: String,
    name: String,
    first: String,
    last: String,
    email: String,
    /// Employee number; customers have none.
    number: Option<String>,
    mobile: Option<String>,
    enabled: bool,
    /// The directory on whose word the user stands; what stands there can't be changed here.
    federation: Option<String>,
    not_before: i64,
    sessions: Vec<Session>,
    offline: Vec<Session>,
    consents: Vec<Consent>,
    credentials: Vec<Credential>,
    federated: Vec<Federated>,
    groups: Vec<String>,
    /// Ids of roles given to the user itself.
    roles: Vec<String>,
}

struct Session {
    id: String,
    /// Id of the client that it began with.
    client: String,
    address: String,
    remembered: bool,
    began: Timestamp,
}

struct Consent {
    client: String,
    scopes: Vec<String>,
}

struct Credential {
    id: String,
    kind: String,
    label: Option<String>,
    made: Timestamp,
}

struct Federated {
    provider: String,
    id: String,
    name: String,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Missing(&'static str),
    Bad(&'static str),
}

const NO_USER: Refused = Refused::Missing("User not found");

impl Realm {
    pub(super) fn new(company: &Company) -> anyhow::Result<Realm> {
        let planted: Planted = planted::read("keycloak", include_str!("../../../fixtures/keycloak/state.yaml"))?;
        let today = company.today();
        let staff = |person: &Person| User {
            id: format!("e0000000-0000-4000-8000-{:012}", person.index()),
            name: person.login.clone(),
            first: person.first.clone(),
            last: person.last.clone(),
            email: person.work_email.clone(),
            number: Some(person.number.clone()),
            mobile: person.mobile.clone(),
            enabled: person.active(today),
            federation: planted.federated_users.contains(&person.number).then(|| planted.federation.clone()),
            not_before: 0,
            sessions: Vec::new(),
            offline: Vec::new(),
            consents: Vec::new(),
            credentials: vec![Credential {
                id: format!("e1000000-0000-4000-8000-{:012}", person.index()),
                kind: "password".to_owned(),
                label: None,
                made: company.days_ago(150),
            }],
            federated: Vec::new(),
            groups: Vec::new(),
            roles: Vec::new(),
        };
        let has = |person: &&Person| planted.departments.contains(&person.department) || planted.people.contains(&person.number);
        let mut users: Vec<User> = company.people.iter().filter(has).map(staff).collect();
        for user in &mut users {
            // A federated user's password is the directory's, and not shown.
            user.credentials.retain(|_| user.federation.is_none());
        }
        for (n, email) in planted.customers.iter().enumerate() {
            let (name, firm) = email.split_once('@').unwrap_or((email, ""));
            users.push(User {
                id: format!("e2000000-0000-4000-8000-{n:012}"),
                name: email.clone(),
                first: name.to_owned(),
                last: firm.to_owned(),
                email: email.clone(),
                number: None,
                mobile: None,
                enabled: true,
                federation: None,
                not_before: 0,
                sessions: Vec::new(),
                offline: Vec::new(),
                consents: Vec::new(),
                credentials: Vec::new(),
                federated: Vec::new(),
                groups: vec![planted.customer_group.clone()],
                roles: Vec::new(),
            });
        }
        let default: Vec<String> = planted.roles.iter().filter(|role| role.default).map(|role| role.id.clone()).collect();
        for user in &mut users {
            user.roles.clone_from(&default);
        }
        let mut realm =
            Realm { users, clients: planted.clients, groups: planted.groups, roles: planted.roles, made: company.days_ago(1100) };
        for has in planted.has {
            let clients = &realm.clients;
            let client = |name: &str| clients.iter().find(|client| client.client_id == name).map(|client| client.id.clone());
            let Some(user) = realm.users.iter_mut().find(|user| user.number.as_deref() == Some(&has.person)) else {
                anyhow::bail!("fixtures/keycloak/state.yaml gives something to {}, who has no account", has.person);
            };
            let session = |n: usize, kind: &str, name: &String, days: i64| {
                Some(Session {
                    id: format!("{kind}-{}-{n}", has.person),
                    client: client(name)?,
                    address: format!("192.0.2.{}", 10 + n),
                    remembered: n == 0,
                    began: company.days_ago(days),
                })
            };
            user.sessions.extend(has.sessions.iter().enumerate().filter_map(|(n, name)| session(n, "online", name, 1)));
            user.offline.extend(has.offline.iter().enumerate().filter_map(|(n, name)| session(n, "offline", name, 120)));
            let consents = has.consents.iter().map(|(client, scopes)| Consent { client: client.clone(), scopes: scopes.clone() });
            user.consents.extend(consents);
            for (n, (kind, label)) in has.factors.iter().enumerate() {
                let id = format!("e3000000-0000-4000-8000-{}{n}", &user.id[25..]);
                user.credentials.push(Credential { id, kind: kind.clone(), label: Some(label.clone()), made: company.days_ago(150) });
            }
            let linked = has.federated.iter().map(|(provider, name)| Federated {
                provider: provider.clone(),
                id: planted::number_of(name).to_string(),
                name: name.clone(),
            });
            user.federated.extend(linked);
            for name in &has.groups {
                let id = realm.groups.iter().find(|group| group.path == *name).map(|group| group.id.clone());
                user.groups.push(id.ok_or_else(|| anyhow::anyhow!("fixtures/keycloak/state.yaml has no group {name}"))?);
            }
            for name in &has.roles {
                let id = realm.roles.iter().find(|role| role.name == *name).map(|role| role.id.clone());
                user.roles.push(id.ok_or_else(|| anyhow::anyhow!("fixtures/keycloak/state.yaml has no role {name}"))?);
            }
        }
        Ok(realm)
    }

    fn find(&self, id: &str) -> Result<&User, Refused> {
        self.users.iter().find(|user| user.id == id).ok_or(NO_USER)
    }

    fn find_mut(&mut self, id: &str) -> Result<&mut User, Refused> {
        self.users.iter_mut().find(|user| user.id == id).ok_or(NO_USER)
    }

    fn client(&self, id: &str) -> Result<&Client, Refused> {
        self.clients.iter().find(|client| client.id == id).ok_or(Refused::Missing("Client not found"))
    }

    /// Offline sessions stay: they resume when the user is enabled again.
    pub(super) fn enable(&mut self, id: &str, enabled: bool) -> Result<(), Refused> {
        let user = self.find_mut(id)?;
        if user.federation.is_some() {
            return Err(Refused::Bad("User is read only!"));
        }
        user.enabled = enabled;
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), Refused> {
        self.find(id)?;
        self.users.retain(|user| user.id != id);
        Ok(())
    }

    /// Ends the sessions, those offline excepted, whose tokens grow stale by the mark alone.
    pub(super) fn logout(&mut self, id: &str) -> Result<(), Refused> {
        let user = self.find_mut(id)?;
        user.not_before = vendor::now().as_second();
        user.sessions.clear();
        Ok(())
    }

    pub(super) fn new_password(&mut self, id: &str) -> Result<(), Refused> {
        let user = self.find_mut(id)?;
        if user.federation.is_some() {
            return Err(Refused::Bad("Can't reset password as account is read only"));
        }
        user.credentials.retain(|credential| credential.kind != "password");
        let id = format!("e4000000-0000-4000-8000-{:012}", vendor::now().as_millisecond().rem_euclid(1_000_000_000_000));
        user.credentials.push(Credential { id, kind: "password".to_owned(), label: None, made: vendor::now() });
        Ok(())
    }

    /// The consent and the offline sessions of a client go together; there must have been one of the two.
    pub(super) fn withdraw(&mut self, id: &str, client: &str) -> Result<(), Refused> {
        self.find(id)?;
        let uuid = self.clients.iter().find(|known| known.client_id == client).map(|known| known.id.clone());
        let uuid = uuid.ok_or(Refused::Missing("Client not found"))?;
        let user = self.find_mut(id)?;
        let before = user.consents.len() + user.offline.len();
        user.consents.retain(|consent| consent.client != client);
        user.offline.retain(|session| session.client != uuid);
        if user.consents.len() + user.offline.len() == before {
            return Err(Refused::Missing("Consent nor offline token not found"));
        }
        Ok(())
    }

    pub(super) fn delete_credential(&mut self, id: &str, credential: &str) -> Result<(), Refused> {
        let user = self.find_mut(id)?;
        let before = user.credentials.len();
        user.credentials.retain(|known| known.id != credential);
        if user.credentials.len() == before { Err(Refused::Missing("Credential not found")) } else { Ok(()) }
    }

    pub(super) fn link(&mut self, id: &str, provider: &str, their_id: String, name: String) -> Result<(), Refused> {
        let user = self.find_mut(id)?;
        if user.federated.iter().any(|known| known.provider == provider) {
            return Err(Refused::Bad("User is already linked with provider"));
        }
        user.federated.push(Federated { provider: provider.to_owned(), id: their_id, name });
        Ok(())
    }

    pub(super) fn unlink(&mut self, id: &str, provider: &str) -> Result<(), Refused> {
        let user = self.find_mut(id)?;
        let before = user.federated.len();
        user.federated.retain(|known| known.provider != provider);
        if user.federated.len() == before { Err(Refused::Missing("Link not found")) } else { Ok(()) }
    }

    pub(super) fn set_member(&mut self, id: &str, group: &str, member: bool) -> Result<(), Refused> {
        if !self.groups.iter().any(|known| known.id == group) {
            return Err(Refused::Missing("Group not found"));
        }
        let user = self.find_mut(id)?;
        user.groups.retain(|known| known != group);
        if member {
            user.groups.push(group.to_owned());
        }
        Ok(())
    }

    /// What is taken may not have been there; what is given must be a role of the realm, or of that client.
    pub(super) fn set_role(&mut self, id: &str, client: Option<&str>, role: &str, held: bool) -> Result<(), Refused> {
        if !self.roles.iter().any(|known| known.id == role && known.client.as_deref() == client) {
            return Err(Refused::Missing("Role not found"));
        }
        let user = self.find_mut(id)?;
        user.roles.retain(|known| known != role);
        if held {
            user.roles.push(role.to_owned());
        }
        Ok(())
    }

    /// One line for each way in that is left.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        for user in self.users.iter().filter(|user| user.number.as_deref() == Some(&person.number)) {
            let name = &user.name;
            if user.enabled {
                left.push(format!("user {name} can sign in"));
            }
            let at =
                |session: &Session| self.client(&session.client).map_or_else(|_| session.client.clone(), |client| client.client_id.clone());
            left.extend(user.sessions.iter().map(|session| format!("{name} has a session at {}", at(session))));
            left.extend(user.offline.iter().map(|session| format!("{} has an offline session of {name}", at(session))));
            left.extend(user.consents.iter().map(|consent| format!("{name} consented to {}", consent.client)));
            left.extend(user.federated.iter().map(|link| format!("{} at {} signs in as {name}", link.name, link.provider)));
            let factors = user.credentials.iter().filter(|credential| credential.kind != "password");
            left.extend(factors.map(|factor| format!("{name} has a factor: {}", factor.kind)));
            let given = self.roles.iter().filter(|role| !role.default && user.roles.contains(&role.id));
            left.extend(given.map(|role| format!("{name} has the role {}", role.name)));
        }
        left
    }
}
