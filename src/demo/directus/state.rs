//! What the simulated content server holds.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::{Access, now};
use super::Refusal;

pub(super) struct Server {
    planted: Planted,
    users: Vec<User>,
    shares: Vec<Share>,
    flows: Vec<Flow>,
    made: Timestamp,
    used: Timestamp,
}

/// Who asks, and how much they may.
pub(super) struct Caller {
    pub(super) user: String,
    pub(super) access: Access,
}

struct User {
    id: String,
    first: String,
    last: String,
    email: String,
    status: String,
    role: Option<String>,
    token: Option<String>,
    second_factor: bool,
    local: bool,
    sessions: u32,
}

struct Share {
    id: String,
    by: Option<String>,
    planted: PlantedShare,
    ends: Option<Timestamp>,
    used: u64,
}

struct Flow {
    id: String,
    by: Option<String>,
    planted: PlantedFlow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    everybody_else: String,
    policies: Vec<Policy>,
    roles: Vec<Role>,
    direct: HashMap<String, String>,
    suspended: Vec<String>,
    invited: Vec<String>,
    own_password: Vec<String>,
    second_factor: Vec<String>,
    tokens: HashMap<String, String>,
    shares: Vec<PlantedShare>,
    flows: Vec<PlantedFlow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    id: String,
    name: String,
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    app: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    id: String,
    name: String,
    parent: Option<String>,
    policy: String,
    people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedShare {
    name: String,
    item: String,
    person: String,
    #[serde(default)]
    password: bool,
    /// In so many days; negative lies behind.
    ends: Option<i64>,
    max_uses: Option<u64>,
    #[serde(default)]
    used: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedFlow {
    name: String,
    trigger: String,
    person: String,
    status: String,
}

/// The id of somebody or something that the fixture names by letters and digits that are hexadecimal.
fn uuid(kind: &str, name: &str) -> String {
    format!("{kind}-0000-4000-8000-{:0>12}", name.to_lowercase())
}

fn user_id(number: &str) -> String {
    uuid("d1ec7000", number)
}

impl Server {
    pub(super) fn new(company: &Company) -> anyhow::Result<Self> {
        let mut planted: Planted = planted::read("directus", include_str!("../../../fixtures/directus/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            planted.suspended.contains(&person.number)
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let role_of = |number: &str| {
            let own = planted.roles.iter().find(|role| role.people.iter().any(|person| person == number));
            Some(own.map_or_else(|| planted.everybody_else.clone(), |role| role.id.clone()))
        };
        let service = |number: &str, token: &str| User {
            id: user_id(number),
            first: "exeunt".to_owned(),
            last: token.split('-').next().unwrap_or_default().to_owned(),
            email: format!("exeunt-{}@northmoor.example", token.split('-').next().unwrap_or_default()),
            status: "active".to_owned(),
            role: role_of(token),
            token: Some(token.to_owned()),
            second_factor: false,
            local: true,
            sessions: 0,
        };
        let mut users = vec![service("a1", "read-directus"), service("a2", "revoke-directus")];
        users.extend(company.people.iter().filter(belongs).map(|person| {
            let number = &person.number;
            let status = match number {
                number if planted.suspended.contains(number) => "suspended",
                number if planted.invited.contains(number) => "invited",
                _ => "active",
            };
            User {
                id: user_id(number),
                first: person.first.clone(),
                last: person.last.clone(),
                email: person.work_email.clone(),
                status: status.to_owned(),
                role: role_of(number),
                token: planted.tokens.get(number).cloned(),
                second_factor: planted.second_factor.contains(number),
                local: planted.own_password.contains(number),
                sessions: u32::from(status == "active" && person.executive),
            }
        }));
        let known = |number: &str| {
            let id = user_id(number);
            anyhow::ensure!(users.iter().any(|user| user.id == id), "fixtures/directus/state.yaml names {number}, who is no user");
            Ok(Some(id))
        };
        let mut shares = Vec::new();
        for share in std::mem::take(&mut planted.shares) {
            let (id, by) = (uuid("54a4e000", &(shares.len() + 1).to_string()), known(&share.person)?);
            shares.push(Share { id, by, ends: share.ends.map(|days| company.days_ago(-days)), used: share.used, planted: share });
        }
        let mut flows = Vec::new();
        for flow in std::mem::take(&mut planted.flows) {
            let (id, by) = (uuid("f1000000", &(flows.len() + 1).to_string()), known(&flow.person)?);
            flows.push(Flow { id, by, planted: flow });
        }
        Ok(Self { planted, users, shares, flows, made: company.days_ago(300), used: company.days_ago(1) })
    }

    /// What a person can still do: the account, its sessions and its static token are one; links and flows are everybody's who knows them.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let id = user_id(&person.number);
        let mut left = Vec::new();
        if let Some(user) = self.users.iter().find(|user| user.id == id) {
            left.extend(
                ["active", "invited"].contains(&user.status.as_str()).then(|| format!("the account {}, {}", user.email, user.status)),
            );
            left.extend((user.sessions > 0).then(|| "a session".to_owned()));
            left.extend((user.status == "active" && user.token.is_some()).then(|| "the static token".to_owned()));
        }
        let own = |by: &Option<String>| by.as_ref() == Some(&id);
        left.extend(
            self.shares.iter().filter(|share| own(&share.by) && share.opens()).map(|share| format!("the link {}", share.planted.name)),
        );
        let runs = |flow: &&Flow| own(&flow.by) && flow.planted.trigger == "webhook" && flow.planted.status == "active";
        left.extend(self.flows.iter().filter(runs).map(|flow| format!("the flow {}", flow.planted.name)));
        left
    }

    /// A static token is as good as its user.
    pub(super) fn caller(&self, token: &str) -> Option<Caller> {
        let user = self.users.iter().find(|user| user.token.as_deref() == Some(token) && user.status == "active")?;
        let access = match token {
            "read-directus" => Access::Read,
            "revoke-directus" => Access::Revoke,
            _ => Access::Nobody,
        };
        Some(Caller { user: user.id.clone(), access })
    }

    pub(super) fn rows(&self, collection: &str) -> Result<Vec<Value>, Refusal> {
        Ok(match collection {
            "users" => self.users.iter().map(|user| self.user(user)).collect(),
            "policies" => self.planted.policies.iter().map(policy).collect(),
            "roles" => self.planted.roles.iter().map(|role| json!({ "id": role.id, "name": role.name, "parent": role.parent })).collect(),
            "access" => self.access(),
            "shares" => self.shares.iter().map(|share| self.share(share)).collect(),
            "flows" => self.flows.iter().map(|flow| self.flow(flow)).collect(),
            other => return Err(Refusal(404, "ROUTE_NOT_FOUND", format!("Route /{other} doesn't exist."))),
        })
    }

    /// Secrets are masked, and only whether there is one can be told.
    fn user(&self, user: &User) -> Value {
        let masked = |there: bool| there.then_some("**********");
        json!({
            "id": user.id,
            "first_name": user.first,
            "last_name": user.last,
            "email": user.email,
            "status": user.status,
            "role": user.role,
            "token": masked(user.token.is_some()),
            "tfa_secret": masked(user.second_factor),
            "provider": if user.local { "default" } else { "keycloak" },
            "external_identifier": (!user.local).then_some(&user.email),
            "last_access": (user.status == "active").then(|| plain(self.used)),
        })
    }

    fn access(&self) -> Vec<Value> {
        let roles = self.planted.roles.iter().map(|role| (Some(&role.id), None, &role.policy));
        let mut direct: Vec<_> = self.planted.direct.iter().collect();
        direct.sort();
        let direct = direct.into_iter().map(|(number, policy)| (None, Some(user_id(number)), policy));
        let all = roles.chain(direct).enumerate();
        all.map(|(at, (role, user, policy))| json!({ "id": uuid("acce5500", &(at + 1).to_string()), "role": role, "user": user, "policy": policy }))
            .collect()
    }

    fn share(&self, share: &Share) -> Value {
        json!({
            "id": share.id,
            "name": share.planted.name,
            "collection": "pages",
            "item": share.planted.item,
            "role": self.planted.everybody_else,
            "password": share.planted.password.then_some("**********"),
            "user_created": share.by,
            "date_created": format!("{}.000Z", plain(self.made)),
            "date_start": null,
            "date_end": share.ends.map(plain),
            "times_used": share.used,
            "max_uses": share.planted.max_uses,
        })
    }

    fn flow(&self, flow: &Flow) -> Value {
        json!({
            "id": flow.id,
            "name": flow.planted.name,
            "status": flow.planted.status,
            "trigger": flow.planted.trigger,
            "user_created": flow.by,
            "date_created": plain(self.made),
        })
    }

    fn administers(&self, user: &User) -> bool {
        let role = self.planted.roles.iter().find(|role| Some(&role.id) == user.role.as_ref());
        let direct = self.planted.direct.iter().find(|(number, _)| user_id(number) == user.id).map(|(_, policy)| policy);
        let policies = role.map(|role| &role.policy).into_iter().chain(direct);
        let mut policies = policies.filter_map(|id| self.planted.policies.iter().find(|policy| policy.id == *id));
        user.status == "active" && policies.any(|policy| policy.admin)
    }

    fn is_last_admin(&self, id: &str) -> bool {
        let mut admins = self.users.iter().filter(|user| self.administers(user));
        admins.next().is_some_and(|user| user.id == id) && admins.next().is_none()
    }

    pub(super) fn change_user(&mut self, id: &str, body: &Value) -> Result<Option<Value>, Refusal> {
        let status = body["status"].as_str();
        if status.is_some_and(|status| status != "active") && self.is_last_admin(id) {
            return Err(Refusal::last_admin());
        }
        let Some(user) = self.users.iter_mut().find(|user| user.id == id) else { return Ok(None) };
        if let Some(status) = status {
            user.status = status.to_owned();
            if status != "active" {
                user.sessions = 0;
            }
        }
        match body.get("token") {
            None => {}
            Some(Value::String(token)) => user.token = Some(token.clone()),
            Some(_) => user.token = None,
        }
        Ok(self.users.iter().find(|user| user.id == id).map(|user| self.user(user)))
    }

    pub(super) fn change_flow(&mut self, id: &str, body: &Value) -> Result<Option<Value>, Refusal> {
        let Some(at) = self.flows.iter().position(|flow| flow.id == id) else { return Ok(None) };
        if let Some(status) = body["status"].as_str() {
            self.flows[at].planted.status = status.to_owned();
        }
        Ok(Some(self.flow(&self.flows[at])))
    }

    /// What they made stays, and is nobody's.
    pub(super) fn delete_user(&mut self, id: &str) -> Result<(), Refusal> {
        if self.is_last_admin(id) {
            return Err(Refusal::last_admin());
        }
        self.users.retain(|user| user.id != id);
        let made = self.shares.iter_mut().map(|share| &mut share.by).chain(self.flows.iter_mut().map(|flow| &mut flow.by));
        made.filter(|by| by.as_deref() == Some(id)).for_each(|by| *by = None);
        Ok(())
    }

    pub(super) fn delete_share(&mut self, id: &str) {
        self.shares.retain(|share| share.id != id);
    }

    /// What whoever has a link does with it.
    pub(super) fn open_share(&mut self, body: &Value) -> Result<Value, Refusal> {
        let share = self.shares.iter_mut().find(|share| body["share"] == share.id.as_str()).filter(|share| share.opens());
        let share = share.ok_or_else(Refusal::credentials)?;
        if share.planted.password && body["password"].as_str().is_none_or(str::is_empty) {
            return Err(Refusal::credentials());
        }
        share.used += 1;
        Ok(json!({ "expires": 900_000, "refresh_token": "northmoor-share", "access_token": format!("eyJ.{}.{}", share.id, share.used) }))
    }
}

impl Share {
    /// One that may be opened once opens twice: the count is held against the limit before it is raised.
    fn opens(&self) -> bool {
        self.ends.is_none_or(|end| end >= now()) && self.planted.max_uses.is_none_or(|most| most >= self.used)
    }
}

fn policy(policy: &Policy) -> Value {
    json!({ "id": policy.id, "name": policy.name, "admin_access": policy.admin, "app_access": policy.app, "enforce_tfa": false })
}

/// As the database keeps it: universal time that doesn't say so.
fn plain(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
