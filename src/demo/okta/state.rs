//! What the simulated Okta organisation holds, built from the company and `fixtures/okta/state.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::planted::{FactorKind, Planted, ServiceAccount};
use crate::demo::company::{Company, Person};

/// The organisation as it stands.
pub(super) struct State {
    pub(super) me: String,
    pub(super) users: BTreeMap<String, User>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) apps: BTreeMap<String, App>,
    pub(super) factors: BTreeMap<String, Vec<Factor>>,
    pub(super) devices: BTreeMap<String, Vec<Device>>,
    pub(super) clients: BTreeMap<String, String>,
    pub(super) grants: Vec<Grant>,
    pub(super) refresh_tokens: Vec<RefreshToken>,
    pub(super) api_tokens: BTreeMap<String, ApiToken>,
    pub(super) roles: BTreeMap<String, Vec<Role>>,
    pub(super) log: Vec<Value>,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) status: &'static str,
    pub(super) created: Timestamp,
    pub(super) status_changed: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) last_login: Option<Timestamp>,
    pub(super) profile: Value,
}

impl User {
    pub(super) fn text(&self, field: &str) -> &str {
        self.profile[field].as_str().unwrap_or_default()
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.text("firstName"), self.text("lastName"))
    }
}

pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) members: BTreeSet<String>,
}

pub(super) struct App {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) mode: String,
    pub(super) created: Timestamp,
    pub(super) groups: BTreeSet<String>,
    /// User id to the role given by hand.
    pub(super) direct: BTreeMap<String, String>,
}

pub(super) struct Factor {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) provider: &'static str,
    pub(super) created: Timestamp,
    pub(super) profile: Value,
}

pub(super) struct Device {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) serial: String,
    pub(super) created: Timestamp,
}

pub(super) struct Grant {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) created: Timestamp,
}

pub(super) struct RefreshToken {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) created: Timestamp,
}

pub(super) struct ApiToken {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) created: Timestamp,
    pub(super) used: Timestamp,
}

pub(super) struct Role {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) created: Timestamp,
}

/// The Okta id of a person: `00uE1002000000000000`.
pub fn user_id(number: &str) -> String {
    id("00u", number)
}

/// The Okta id of a group or an app by its name: `0oaSpendline000000000`.
pub(super) fn id(prefix: &str, name: &str) -> String {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).take(17).collect();
    format!("{prefix}{plain:0<17}")
}

impl State {
    /// The organisation on the day the simulation starts.
    pub(super) fn build(company: &Company) -> anyhow::Result<State> {
        let planted = Planted::load()?;
        let mut state = State {
            me: planted.service_account.id.clone(),
            users: users(company, &planted.service_account),
            groups: BTreeMap::new(),
            apps: BTreeMap::new(),
            factors: BTreeMap::new(),
            devices: BTreeMap::new(),
            clients: BTreeMap::new(),
            grants: Vec::new(),
            refresh_tokens: Vec::new(),
            api_tokens: BTreeMap::new(),
            roles: BTreeMap::new(),
            log: Vec::new(),
        };
        for group in &planted.groups {
            let id = id("00g", &group.name);
            let group = Group {
                id: id.clone(),
                name: group.name.clone(),
                kind: group.kind.clone().unwrap_or("OKTA_GROUP".to_owned()),
                created: company.days_ago(1800),
                changed: company.days_ago(3),
                members: group.members.ids(company, &state.me),
            };
            state.groups.insert(id, group);
        }
        for app in planted.apps {
            let app = App {
                id: id("0oa", &app.label),
                name: app.name,
                label: app.label,
                mode: app.mode,
                created: company.days_ago(1500),
                groups: app.groups.iter().map(|name| id("00g", name)).collect(),
                direct: app.direct.into_iter().map(|d| (user_id(&d.person), d.role)).collect(),
            };
            state.apps.insert(app.id.clone(), app);
        }
        let today = company.today();
        for person in company.executives().filter(|p| p.active(today)) {
            let user = user_id(&person.number);
            let kinds = planted.factors.get(&person.number);
            let kinds = kinds.cloned().unwrap_or(vec![FactorKind::Push]);
            let factors = kinds.iter().map(|k| factor(*k, person, company)).collect();
            state.factors.insert(user.clone(), factors);
            let laptop = Device {
                id: id("guo", &format!("{}laptop", person.number)),
                name: format!("NM-LAPTOP-{:04}", person.index() % 1000),
                serial: format!("NM{:08}", person.index()),
                created: company.days_ago(500),
            };
            state.devices.insert(user, vec![laptop]);
        }
        for (i, grant) in planted.oauth.into_iter().enumerate() {
            let client = id("0oa", &grant.client);
            let user = user_id(&grant.person);
            let created = company.days_ago(grant.days);
            for scope in &grant.scopes {
                state.grants.push(Grant {
                    id: id("oag", &format!("{i}{scope}{}", grant.person)),
                    user: user.clone(),
                    client: client.clone(),
                    scope: scope.clone(),
                    created,
                });
            }
            state.refresh_tokens.push(RefreshToken {
                id: id("oar", &format!("{i}{}", grant.client)),
                user,
                client: client.clone(),
                scopes: grant.scopes,
                created,
            });
            state.clients.insert(client, grant.client);
        }
        for token in planted.api_tokens {
            state.add_api_token(&token.name, user_id(&token.person), company, token.days);
        }
        // Ours: whoever revokes these, or deactivates their owner, locks us out.
        for name in ["exeunt-read", "exeunt-revoke"] {
            state.add_api_token(name, planted.service_account.id.clone(), company, 90);
        }
        state.add_role(&planted.service_account.id, "ORG_ADMIN", "Organization Administrator", company.days_ago(90));
        for role in planted.roles {
            state.add_role(&user_id(&role.person), &role.kind, &role.label, company.days_ago(role.days));
        }
        Ok(state)
    }

    fn add_api_token(&mut self, name: &str, user: String, company: &Company, days: i64) {
        let token =
            ApiToken { id: id("00T", name), name: name.to_owned(), user, created: company.days_ago(days), used: company.days_ago(1) };
        self.api_tokens.insert(token.id.clone(), token);
    }

    fn add_role(&mut self, user: &str, kind: &str, label: &str, created: Timestamp) {
        self.roles.entry(user.to_owned()).or_default().push(Role {
            id: id("ra1", &format!("{}{kind}", &user[3..8.min(user.len())])),
            kind: kind.to_owned(),
            label: label.to_owned(),
            created,
        });
    }

    /// The user of a path: an id, `me`, a login or its unambiguous short form.
    pub(super) fn find(&self, key: &str) -> Option<&User> {
        let key = if key == "me" { self.me.as_str() } else { key };
        self.users.get(key).or_else(|| {
            self.users.values().find(|user| {
                let login = user.text("login");
                login == key || login.split('@').next() == Some(key)
            })
        })
    }

    /// How a user came by an app: by hand (which wins), through which group, or not at all.
    pub(super) fn assignment<'a>(&'a self, app: &'a App, user: &str) -> Option<Assignment<'a>> {
        if let Some(role) = app.direct.get(user) {
            return Some(Assignment::Direct(role));
        }
        app.groups.iter().filter_map(|id| self.groups.get(id)).find(|group| group.members.contains(user)).map(Assignment::Group)
    }

    /// What a person can still do: sign in, and act by what was issued to them.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let Some(user) = self.users.get(&id) else { return Vec::new() };
        let mut left = Vec::new();
        if !matches!(user.status, "SUSPENDED" | "DEPROVISIONED") {
            left.push(format!("the account {} ({})", user.text("login"), user.status));
            left.extend(self.factors.get(&id).into_iter().flatten().map(|factor| format!("a factor: {}", factor.kind)));
        }
        left.extend(self.api_tokens.values().filter(|token| token.user == id).map(|token| format!("the API token {}", token.name)));
        left.extend(
            self.refresh_tokens.iter().filter(|token| token.user == id).map(|token| format!("a refresh token of {}", token.client)),
        );
        left.extend(self.roles.get(&id).into_iter().flatten().map(|role| format!("the role {}", role.label)));
        left
    }

    /// Takes everything off a user that a deactivation takes off.
    pub(super) fn strip(&mut self, user: &str) {
        for app in self.apps.values_mut() {
            app.direct.remove(user);
        }
        for group in self.groups.values_mut() {
            group.members.remove(user);
        }
        self.api_tokens.retain(|_, token| token.user != user);
        self.refresh_tokens.retain(|token| token.user != user);
    }
}

pub(super) enum Assignment<'a> {
    Direct(&'a str),
    Group(&'a Group),
}

fn users(company: &Company, service: &ServiceAccount) -> BTreeMap<String, User> {
    let today = company.today();
    let mut users: BTreeMap<_, _> = company
        .people
        .iter()
        .map(|person| {
            let left = !person.active(today);
            let user = User {
                id: user_id(&person.number),
                status: if left { "DEPROVISIONED" } else { "ACTIVE" },
                created: company.days_ago(i64::from((today - person.hired).get_days())),
                status_changed: company.days_ago(if left { 24 } else { 700 }),
                updated: company.days_ago(2 + i64::from(person.index() % 90)),
                last_login: Some(company.days_ago(if left { 25 } else { 1 + i64::from(person.index() % 6) })),
                profile: json!({
                    "firstName": person.first,
                    "lastName": person.last,
                    "displayName": person.display(),
                    "login": person.work_email,
                    "email": person.work_email,
                    "secondEmail": person.home_email,
                    "mobilePhone": person.mobile,
                    "title": person.title,
                    "department": person.department,
                    "employeeNumber": person.number,
                    "managerId": person.manager,
                    "userType": "Employee",
                }),
            };
            (user.id.clone(), user)
        })
        .collect();
    users.insert(
        service.id.clone(),
        User {
            id: service.id.clone(),
            status: "ACTIVE",
            created: company.days_ago(90),
            status_changed: company.days_ago(90),
            updated: company.days_ago(90),
            last_login: Some(company.days_ago(0)),
            profile: json!({
                "firstName": service.first,
                "lastName": service.last,
                "login": service.login,
                "email": service.login,
                "secondEmail": null,
                "mobilePhone": null,
                "userType": "Service",
            }),
        },
    );
    users
}

fn factor(kind: FactorKind, person: &Person, company: &Company) -> Factor {
    let created = company.days_ago(420);
    let number = &person.number;
    match kind {
        FactorKind::Sms => {
            Factor { id: id("sms", number), kind: "sms", provider: "OKTA", created, profile: json!({ "phoneNumber": person.mobile }) }
        }
        FactorKind::Webauthn => Factor {
            id: id("fwf", number),
            kind: "webauthn",
            provider: "FIDO",
            created,
            profile: json!({
                "credentialId": format!("cred-{number}"),
                "authenticatorName": "Security key",
            }),
        },
        FactorKind::Push => Factor {
            id: id("opf", number),
            kind: "push",
            provider: "OKTA",
            created,
            profile: json!({
                "credentialId": person.work_email,
                "deviceType": "SmartPhone_IPhone",
                "name": format!("{}'s phone", person.first),
                "platform": "IOS",
                "version": "18.6",
            }),
        },
    }
}
