//! Zero Trust: who signed in through Access, sessions, WARP devices, groups, policies, service tokens.

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::company::{Company, Person};
use super::super::vendor::now;
use super::account::id_of;
use super::{Asked, Outcome, Part, Refusal, listed, no_route};

pub(super) struct ZeroTrust {
    users: Vec<User>,
    devices: Vec<Device>,
    sessions: Vec<Session>,
    groups: Vec<Rule>,
    policies: Vec<Rule>,
    tokens: Vec<Token>,
    made: String,
    seen: String,
}

struct User {
    id: String,
    email: String,
    name: String,
    seat: bool,
}

struct Device {
    id: String,
    email: String,
    name: String,
    kind: String,
    model: String,
    revoked: Option<String>,
}

struct Session {
    email: String,
    app: String,
    /// Epoch seconds.
    began: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    devices: Vec<PlantedDevice>,
    sessions: Vec<PlantedSession>,
    groups: Vec<Rule>,
    policies: Vec<Rule>,
    service_tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedDevice {
    key: String,
    person: String,
    name: String,
    kind: String,
    model: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedSession {
    person: String,
    hours: i64,
    app: String,
}

/// A group or a policy: whom it lets in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    key: String,
    name: String,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    domain: Option<String>,
    decision: Option<String>,
    #[serde(default)]
    service: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    key: String,
    name: String,
}

fn uuid(what: &str) -> String {
    let id = id_of(what);
    format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..])
}

impl ZeroTrust {
    pub(super) fn new(company: &Company) -> anyhow::Result<ZeroTrust> {
        let text = include_str!("../../../fixtures/cloudflare-zero-trust/state.yaml");
        let planted: Planted = super::super::planted::read("cloudflare-zero-trust", text)?;
        let people: Vec<&Person> =
            company.employed().filter(|person| person.executive || planted.departments.contains(&person.department)).collect();
        let email = |number: &str| {
            let person = people.iter().find(|person| person.number == number);
            let missing = || format!("fixtures/cloudflare-zero-trust/state.yaml names {number}, who has not signed in");
            person.map(|person| person.work_email.clone()).with_context(missing)
        };
        let users = people.iter().map(|person| User {
            id: uuid(&person.number),
            email: person.work_email.clone(),
            name: person.display(),
            seat: true,
        });
        let mut devices: Vec<Device> = people
            .iter()
            .map(|person| Device {
                id: uuid(&format!("laptop {}", person.number)),
                email: person.work_email.clone(),
                name: format!("NM-LAPTOP-{}", person.index()),
                kind: "windows".into(),
                model: "laptop".into(),
                revoked: None,
            })
            .collect();
        for one in planted.devices {
            devices.push(Device {
                email: email(&one.person)?,
                id: one.key,
                name: one.name,
                kind: one.kind,
                model: one.model,
                revoked: None,
            });
        }
        let mut sessions = Vec::new();
        for one in planted.sessions {
            sessions.push(Session { email: email(&one.person)?, app: one.app, began: company.started.as_second() - one.hours * 3600 });
        }
        Ok(ZeroTrust {
            users: users.collect(),
            devices,
            sessions,
            groups: planted.groups,
            policies: planted.policies,
            tokens: planted.service_tokens,
            made: company.days_ago(400).to_string(),
            seen: company.days_ago(0).to_string(),
        })
    }

    /// What a person can still do: go on with a session, connect a device, be let in by a rule that names an address of theirs.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mine = |email: &str| email == person.work_email || Some(email) == person.home_email.as_deref();
        let sessions = self.sessions.iter().filter(|session| mine(&session.email)).map(|session| format!("a session of {}", session.app));
        let devices = self.devices.iter().filter(|device| mine(&device.email) && device.revoked.is_none());
        let devices = devices.map(|device| format!("the device {}", device.name));
        let rules = self.groups.iter().map(|rule| ("group", rule)).chain(self.policies.iter().map(|rule| ("policy", rule)));
        let rules = rules.flat_map(|(what, rule)| {
            rule.emails.iter().filter(|email| mine(email)).map(move |email| format!("{email} in the {what} {}", rule.name))
        });
        sessions.chain(devices).chain(rules).collect()
    }

    fn user(&self, user: &User) -> Value {
        let devices = self.devices.iter().filter(|device| device.email == user.email && device.revoked.is_none()).count();
        json!({
            "id": user.id, "uid": user.id, "seat_uid": uuid(&format!("seat {}", user.email)), "email": user.email, "name": user.name,
            "access_seat": user.seat, "gateway_seat": user.seat, "active_device_count": devices, "created_at": self.made,
            "updated_at": self.seen, "last_successful_login": self.seen,
        })
    }

    fn session(&self, session: &Session) -> Value {
        let nonce = id_of(&format!("{} {}", session.email, session.app));
        let app = uuid(&session.app);
        json!({
            "name": session.email,
            "expiration": session.began + 86_400,
            "metadata": {
                "apps": { &app: { "hostname": session.app, "name": session.app, "type": "self_hosted", "uid": app } },
                "expires": session.began + 86_400, "iat": session.began, "nonce": nonce[..16], "ttl": 86_400,
            },
        })
    }

    fn device(&self, device: &Device) -> Value {
        let user = self.users.iter().find(|user| user.email == device.email);
        let mut shown = json!({
            "id": device.id, "name": device.name, "device_type": device.kind, "model": device.model, "created": self.made,
            "updated": self.seen, "last_seen": self.seen, "deleted": false, "version": "2026.1.0", "os_version": "17.0",
            "ip": "203.0.113.9", "key": "simulated", "serial_number": format!("SN{}", &id_of(&device.id)[..8]),
            "user": { "id": id_of(&device.email), "email": device.email, "name": user.map(|user| user.name.as_str()) },
        });
        if let Some(revoked) = &device.revoked {
            shown["revoked_at"] = revoked.as_str().into();
        }
        shown
    }

    fn rule(&self, rule: &Rule, policy: bool) -> Value {
        let emails = rule.emails.iter().map(|email| json!({ "email": { "email": email } }));
        let groups = rule.groups.iter().filter_map(|name| self.groups.iter().find(|group| group.name == *name));
        let groups = groups.map(|group| json!({ "group": { "id": group.key } }));
        let domain = rule.domain.iter().map(|domain| json!({ "email_domain": { "domain": domain } }));
        let service = rule.service.then(|| json!({ "any_valid_service_token": {} }));
        let include: Vec<Value> = emails.chain(groups).chain(domain).chain(service).collect();
        let mut shown = json!({
            "id": rule.key, "name": rule.name, "include": include, "exclude": [], "require": [], "created_at": self.made, "updated_at": self.made,
        });
        if policy {
            shown["decision"] = rule.decision.as_deref().unwrap_or("allow").into();
        }
        shown
    }

    fn set_devices(&mut self, ids: &Value, revoked: bool) -> Result<Value, Refusal> {
        let ids: Vec<&str> = ids.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if ids.is_empty() || ids.iter().any(|id| !self.devices.iter().any(|device| device.id == *id)) {
            return Err((404, 2043, "device not found".into()));
        }
        for device in self.devices.iter_mut().filter(|device| ids.contains(&device.id.as_str())) {
            device.revoked = revoked.then(|| now().to_string());
        }
        Ok(json!({}))
    }

    /// Frees or takes seats; answers with what each was set to.
    fn seats(&mut self, asked: &Value) -> Outcome {
        let mut shown = Vec::new();
        for one in asked.as_array().into_iter().flatten() {
            let seat = one["seat_uid"].as_str().unwrap_or_default();
            let found = self.users.iter_mut().find(|user| uuid(&format!("seat {}", user.email)) == seat);
            let user = found.ok_or((404, 12_140, "access.api.error.user_not_found".to_owned()))?;
            user.seat = one["access_seat"] == true || one["gateway_seat"] == true;
            shown.push(json!({
                "seat_uid": seat, "access_seat": user.seat, "gateway_seat": user.seat, "created_at": self.made, "updated_at": now().to_string(),
            }));
        }
        Ok((shown.into(), None))
    }
}

fn found<T>(item: Option<T>, what: &str) -> Result<T, Refusal> {
    item.ok_or_else(|| (404, 12_130, format!("access.api.error.not_found: {what}")))
}

impl Part for ZeroTrust {
    const SYSTEM: &'static str = "cloudflare-zero-trust";

    fn answer(&mut self, asked: &Asked<'_>, path: &[&str]) -> Outcome {
        let all = |items: Vec<Value>| listed(asked, &items, 1000, 1000);
        match (asked.method, path) {
            ("GET", ["access", "organizations"]) => {
                let mut shown = Map::new();
                shown.insert("name".into(), "Northmoor Instruments".into());
                shown.insert("auth_domain".into(), "northmoor.cloudflareaccess.com".into());
                shown.insert("session_duration".into(), "24h".into());
                Ok((shown.into(), None))
            }
            ("GET", ["access", "users"]) => all(self.users.iter().map(|user| self.user(user)).collect()),
            ("GET", ["access", "users", id, "active_sessions"]) => {
                let user = found(self.users.iter().find(|user| user.id == **id), "user")?;
                let mine = self.sessions.iter().filter(|session| session.email == user.email);
                all(mine.map(|session| self.session(session)).collect())
            }
            ("POST", ["access", "organizations", "revoke_user"]) => {
                let email = asked.body["email"].as_str().ok_or((400, 12_001, "email is required".to_owned()))?;
                self.sessions.retain(|session| session.email != email);
                Ok((true.into(), None))
            }
            ("PATCH", ["access", "seats"]) => self.seats(asked.body),
            ("GET", ["access", "groups"]) => all(self.groups.iter().map(|rule| self.rule(rule, false)).collect()),
            ("GET", ["access", "groups", id]) => {
                Ok((self.rule(found(self.groups.iter().find(|rule| rule.key == **id), "group")?, false), None))
            }
            ("GET", ["access", "policies"]) => all(self.policies.iter().map(|rule| self.rule(rule, true)).collect()),
            ("GET", ["access", "policies", id]) => {
                Ok((self.rule(found(self.policies.iter().find(|rule| rule.key == **id), "policy")?, true), None))
            }
            ("GET", ["access", "service_tokens"]) => {
                let token = |token: &Token| {
                    json!({
                        "id": token.key, "name": token.name, "client_id": format!("{}.access", &id_of(&token.key)[..32]),
                        "duration": "8760h", "created_at": self.made, "updated_at": self.made,
                    })
                };
                all(self.tokens.iter().map(token).collect())
            }
            ("DELETE", ["access", "service_tokens", id]) => {
                found(self.tokens.iter().find(|token| token.key == **id), "service token")?;
                self.tokens.retain(|token| token.key != **id);
                Ok((json!({ "id": id }), None))
            }
            ("GET", ["devices"]) => all(self.devices.iter().map(|device| self.device(device)).collect()),
            ("GET", ["devices", id]) => {
                let device = self.devices.iter().find(|device| device.id == **id);
                Ok((self.device(device.ok_or((404, 2043, "device not found".to_owned()))?), None))
            }
            ("POST", ["devices", "revoke"]) => Ok((self.set_devices(asked.body, true)?, None)),
            ("POST", ["devices", "unrevoke"]) => Ok((self.set_devices(asked.body, false)?, None)),
            _ => Err(no_route()),
        }
    }
}
