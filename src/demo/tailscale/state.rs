//! What the simulated private network holds, how it changes and how it is shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::now;
use super::{NOT_FOUND, Refusal};

const ROLES: [&str; 7] = ["owner", "member", "admin", "it-admin", "network-admin", "billing-admin", "auditor"];

pub(super) struct Tailnet {
    planted: Planted,
    users: Vec<User>,
    devices: Vec<Device>,
    keys: Vec<Key>,
    made: String,
    seen: String,
}

struct User {
    id: String,
    name: String,
    login: String,
    role: String,
    suspended: bool,
    shared: bool,
}

struct Device {
    id: u64,
    name: String,
    /// Who registered it, by login; the owner, unless it has tags.
    user: String,
    os: String,
    tags: Vec<String>,
    routes: Vec<String>,
    expiry_disabled: bool,
    expires: String,
}

struct Key {
    planted: PlantedKey,
    /// Whose it is, by login; nobody's, where an OAuth client made it for the tailnet.
    user: Option<String>,
    created: String,
    expires: String,
    expired: bool,
    revoked: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    tailnet: Network,
    departments: Vec<String>,
    owner: String,
    roles: BTreeMap<String, String>,
    suspended: Vec<String>,
    devices: Vec<PlantedDevice>,
    keys: Vec<PlantedKey>,
    shares: Vec<Share>,
    invites: Vec<Invite>,
    webhooks: Vec<Webhook>,
    outsiders: Vec<Outsider>,
    policy: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    id: u64,
    domain: String,
    dns: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedDevice {
    id: u64,
    name: String,
    person: String,
    os: String,
    #[serde(default)]
    expiry_disabled: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    routes: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct PlantedKey {
    id: String,
    person: Option<String>,
    description: String,
    created: i64,
    expires: i64,
    #[serde(default)]
    api: bool,
    #[serde(default)]
    reusable: bool,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    id: String,
    device: u64,
    sharer: String,
    email: String,
    accepted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    id: String,
    inviter: String,
    email: String,
    role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    id: String,
    url: String,
    creator: String,
    provider: String,
    subscriptions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outsider {
    id: String,
    name: String,
    login: String,
}

fn user_number(number: &str) -> u64 {
    700_000 + number.trim_start_matches('E').parse::<u64>().unwrap_or_default()
}

impl Tailnet {
    pub(super) fn new(company: &Company) -> anyhow::Result<Tailnet> {
        let planted: Planted = planted::read("tailscale", include_str!("../../../fixtures/tailscale/state.yaml"))?;
        let today = company.today();
        let belongs = |person: &&Person| {
            planted.suspended.contains(&person.number)
                || planted.roles.contains_key(&person.number)
                || person.active(today) && (person.executive || planted.departments.contains(&person.department))
        };
        let people: Vec<&Person> = company.people.iter().filter(belongs).collect();
        let role = |person: &Person| match person.number == planted.owner {
            true => "owner".to_owned(),
            false => planted.roles.get(&person.number).cloned().unwrap_or_else(|| "member".into()),
        };
        let users = people.iter().map(|person| User {
            id: user_number(&person.number).to_string(),
            name: person.display(),
            login: person.work_email.clone(),
            role: role(person),
            suspended: planted.suspended.contains(&person.number),
            shared: false,
        });
        let outsiders = planted.outsiders.iter().map(|one| User {
            id: one.id.clone(),
            name: one.name.clone(),
            login: one.login.clone(),
            role: "member".into(),
            suspended: false,
            shared: true,
        });
        let login = |number: &str| {
            let person = people.iter().find(|person| person.number == number);
            person
                .map(|person| person.work_email.clone())
                .ok_or_else(|| anyhow::anyhow!("fixtures/tailscale/state.yaml names {number}, who is no user"))
        };
        let ends = company.days_ago(-120).to_string();
        let laptops = people.iter().filter(|person| person.active(today)).map(|person| Device {
            id: 92_000 + u64::from(person.index()),
            name: format!("nm-laptop-{}", person.index()),
            user: person.work_email.clone(),
            os: "windows".into(),
            tags: Vec::new(),
            routes: Vec::new(),
            expiry_disabled: false,
            expires: ends.clone(),
        });
        let mut devices: Vec<Device> = laptops.collect();
        for one in &planted.devices {
            devices.push(Device {
                id: one.id,
                name: one.name.clone(),
                user: login(&one.person)?,
                os: one.os.clone(),
                tags: one.tags.clone(),
                routes: one.routes.clone(),
                expiry_disabled: one.expiry_disabled,
                expires: ends.clone(),
            });
        }
        let mut keys = Vec::new();
        for key in &planted.keys {
            keys.push(Key {
                user: key.person.as_deref().map(login).transpose()?,
                created: company.days_ago(-key.created).to_string(),
                expires: company.days_ago(-key.expires).to_string(),
                expired: key.expires < 0,
                revoked: None,
                planted: key.clone(),
            });
        }
        for webhook in &planted.webhooks {
            login(&webhook.creator)?;
        }
        Ok(Tailnet {
            users: users.chain(outsiders).collect(),
            planted,
            devices,
            keys,
            made: company.days_ago(400).to_string(),
            seen: company.days_ago(0).to_string(),
        })
    }

    /// `-` is the tailnet of whoever asks.
    pub(super) fn is(&self, name: &str) -> bool {
        name == "-" || name == self.planted.tailnet.domain
    }

    fn member(&mut self, id: &str) -> Result<&mut User, Refusal> {
        self.users.iter_mut().find(|user| user.id == id).ok_or((404, "user not found"))
    }

    /// The owner can't go before somebody else owns the network, and nobody is suspended twice.
    pub(super) fn suspend(&mut self, id: &str) -> Result<(), Refusal> {
        let user = self.member(id)?;
        if user.role == "owner" {
            return Err((403, "the tailnet owner cannot be suspended; transfer ownership first"));
        }
        if user.suspended {
            return Err((400, "user is already suspended"));
        }
        user.suspended = true;
        Ok(())
    }

    pub(super) fn restore(&mut self, id: &str) -> Result<(), Refusal> {
        let user = self.member(id)?;
        if !user.suspended {
            return Err((400, "user is not suspended"));
        }
        user.suspended = false;
        Ok(())
    }

    /// Devices and keys of the user go too. What has tags, shares, webhooks and the policy's entries stay.
    pub(super) fn delete_user(&mut self, id: &str) -> Result<(), Refusal> {
        let user = self.member(id)?;
        if user.role == "owner" {
            return Err((403, "the tailnet owner cannot be deleted; transfer ownership first"));
        }
        let login = user.login.clone();
        self.users.retain(|user| user.id != id);
        let gone = |device: &Device| device.user == login && device.tags.is_empty();
        let lost: Vec<u64> = self.devices.iter().filter(|device| gone(device)).map(|device| device.id).collect();
        self.devices.retain(|device| !lost.contains(&device.id));
        self.planted.shares.retain(|share| !lost.contains(&share.device));
        for key in self.keys.iter_mut().filter(|key| key.user.as_ref() == Some(&login) && key.revoked.is_none()) {
            key.revoked = Some(now().to_string());
        }
        Ok(())
    }

    /// Ownership is given, never dropped: whoever owned the network is an administrator afterwards.
    pub(super) fn set_role(&mut self, id: &str, role: &str) -> Result<(), Refusal> {
        if !ROLES.contains(&role) {
            return Err((400, "invalid role"));
        }
        let user = self.member(id)?;
        if user.role == "owner" && role != "owner" {
            return Err((400, "the owner's role changes only by transferring ownership"));
        }
        if user.shared {
            return Err((400, "only members have roles"));
        }
        if role == "owner" {
            for owner in self.users.iter_mut().filter(|user| user.role == "owner") {
                owner.role = "admin".into();
            }
        }
        self.member(id)?.role = role.to_owned();
        Ok(())
    }

    fn at(&self, id: &str) -> Result<usize, Refusal> {
        self.devices.iter().position(|device| device.id.to_string() == id || node_id(device.id) == id).ok_or(NOT_FOUND)
    }

    pub(super) fn delete_device(&mut self, id: &str) -> Result<(), Refusal> {
        let device = self.devices.remove(self.at(id)?).id;
        self.planted.shares.retain(|share| share.device != device);
        Ok(())
    }

    pub(super) fn expire(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.at(id)?;
        self.devices[at].expires = now().to_string();
        Ok(())
    }

    pub(super) fn set_expiry_disabled(&mut self, id: &str, disabled: bool) -> Result<(), Refusal> {
        let at = self.at(id)?;
        self.devices[at].expiry_disabled = disabled;
        Ok(())
    }

    pub(super) fn revoke_key(&mut self, id: &str) -> Result<(), Refusal> {
        let living = self.keys.iter_mut().find(|key| key.planted.id == id && key.user.is_none() && key.revoked.is_none());
        living.ok_or((404, "key not found"))?.revoked = Some(now().to_string());
        Ok(())
    }

    pub(super) fn delete_share(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.planted.shares.iter().position(|share| share.id == id).ok_or(NOT_FOUND)?;
        self.planted.shares.remove(at);
        Ok(())
    }

    pub(super) fn delete_invite(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.planted.invites.iter().position(|invite| invite.id == id).ok_or(NOT_FOUND)?;
        self.planted.invites.remove(at);
        Ok(())
    }

    pub(super) fn delete_webhook(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.planted.webhooks.iter().position(|webhook| webhook.id == id).ok_or(NOT_FOUND)?;
        self.planted.webhooks.remove(at);
        Ok(())
    }

    pub(super) fn users(&self) -> Vec<Value> {
        let shown = self.users.iter().map(|user| {
            let devices = self.devices.iter().filter(|device| device.user == user.login && device.tags.is_empty()).count();
            json!({
                "id": user.id,
                "displayName": user.name,
                "loginName": user.login,
                "profilePicUrl": "",
                "tailnetId": self.planted.tailnet.id.to_string(),
                "created": self.made,
                "type": if user.shared { "shared" } else { "member" },
                "role": user.role,
                "status": if user.suspended { "suspended" } else { "active" },
                "deviceCount": devices,
                "lastSeen": self.seen,
                "currentlyConnected": !user.suspended && devices > 0,
            })
        });
        shown.collect()
    }

    pub(super) fn devices(&self, all: bool) -> Vec<Value> {
        let shown = self.devices.iter().map(|device| {
            let mut shown = json!({
                "addresses": [format!("100.80.{}.{}", device.id / 250 % 250, device.id % 250)],
                "id": device.id.to_string(),
                "nodeId": node_id(device.id),
                "user": device.user,
                "name": format!("{}.{}", device.name, self.planted.tailnet.dns),
                "hostname": device.name,
                "clientVersion": "v1.96.2",
                "updateAvailable": false,
                "os": device.os,
                "created": self.made,
                "lastSeen": self.seen,
                "keyExpiryDisabled": device.expiry_disabled,
                "expires": device.expires,
                "authorized": true,
                "isExternal": false,
                "machineKey": "",
                "nodeKey": format!("nodekey:{:016x}", device.id),
                "blocksIncomingConnections": false,
            });
            if !device.tags.is_empty() {
                shown["tags"] = device.tags.clone().into();
            }
            if all {
                shown["enabledRoutes"] = device.routes.clone().into();
                shown["advertiseRoutes"] = device.routes.clone().into();
            }
            shown
        });
        shown.collect()
    }

    pub(super) fn device(&self, id: &str) -> Option<Value> {
        self.at(id).ok().and_then(|at| self.devices(false).into_iter().nth(at))
    }

    /// The tailnet's own active keys, of which the list tells no more than this. An OAuth client is shown nobody's personal keys.
    pub(super) fn keys(&self) -> Vec<Value> {
        let active = self.keys.iter().filter(|key| key.user.is_none() && key.revoked.is_none() && !key.expired);
        active.map(|key| json!({ "id": key.planted.id, "description": key.planted.description })).collect()
    }

    /// A key is never forgotten: what is revoked or expired is shown as invalid.
    pub(super) fn key(&self, id: &str) -> Option<Value> {
        let key = self.keys.iter().find(|key| key.planted.id == id && key.user.is_none())?;
        let create = json!({
            "reusable": key.planted.reusable,
            "ephemeral": false,
            "preauthorized": false,
            "tags": key.planted.tags,
        });
        let mut shown = json!({
            "id": key.planted.id,
            "description": key.planted.description,
            "created": key.created,
            "expires": key.expires,
            "capabilities": if key.planted.api { json!({}) } else { json!({ "devices": { "create": create } }) },
        });
        if let Some(revoked) = &key.revoked {
            shown["revoked"] = revoked.as_str().into();
        }
        if key.revoked.is_some() || key.expired {
            shown["invalid"] = true.into();
        }
        Some(shown)
    }

    pub(super) fn shares(&self) -> Vec<Value> {
        let shown = self.planted.shares.iter().map(|share| {
            let mut shown = json!({
                "id": share.id,
                "created": self.made,
                "tailnetId": self.planted.tailnet.id,
                "deviceId": share.device,
                "sharerId": user_number(&share.sharer),
                "multiUse": false,
                "allowExitNode": false,
                "inviteUrl": format!("https://login.tailscale.com/admin/invite/{}", share.id),
                "accepted": share.accepted,
            });
            if !share.email.is_empty() {
                shown["email"] = share.email.as_str().into();
                shown["lastEmailSentAt"] = self.made.as_str().into();
            }
            if let Some(outsider) = self.planted.outsiders.iter().find(|one| share.accepted && one.login == share.email) {
                let id: u64 = outsider.id.parse().unwrap_or_default();
                shown["acceptedBy"] = json!({ "id": id, "loginName": outsider.login, "profilePicUrl": "" });
            }
            shown
        });
        shown.collect()
    }

    pub(super) fn shares_of(&self, device: &str) -> Vec<Value> {
        let id = self.at(device).map(|at| self.devices[at].id).unwrap_or_default();
        self.shares().into_iter().filter(|share| share["deviceId"] == id).collect()
    }

    pub(super) fn invites(&self) -> Vec<Value> {
        let shown = self.planted.invites.iter().map(|invite| {
            json!({
                "id": invite.id,
                "role": invite.role,
                "tailnetId": self.planted.tailnet.id,
                "inviterId": user_number(&invite.inviter),
                "email": invite.email,
                "lastEmailSentAt": self.made,
                "inviteUrl": format!("https://login.tailscale.com/uinv/{}", invite.id),
            })
        });
        shown.collect()
    }

    pub(super) fn webhooks(&self) -> Vec<Value> {
        let login = |number: &str| {
            let id = user_number(number).to_string();
            let creator = self.users.iter().find(|user| user.id == id);
            creator.map(|user| user.login.clone()).unwrap_or_default()
        };
        let shown = self.planted.webhooks.iter().map(|webhook| {
            json!({
                "endpointId": webhook.id,
                "endpointUrl": webhook.url,
                "providerType": webhook.provider,
                "creatorLoginName": login(&webhook.creator),
                "created": self.made,
                "lastModified": self.made,
                "subscriptions": webhook.subscriptions,
            })
        });
        shown.collect()
    }

    /// What a person can still do: come in by an account of this network or of another one, by a device whose key is good, by what they made,
    /// and by a name in the policy. A suspended user's devices are cut off and their own keys stop
    /// (<https://tailscale.com/kb/1145/remove-team-members>).
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mut left = Vec::new();
        let mine = |login: &str| login == person.work_email || Some(login) == person.home_email.as_deref();
        let ended = |end: &str| end.parse().is_ok_and(|end: jiff::Timestamp| end <= now());
        for user in self.users.iter().filter(|user| !user.suspended && mine(&user.login)) {
            left.push(format!("the account {}, {}", user.login, user.role));
            let own = self.devices.iter().filter(|device| device.user == user.login && device.tags.is_empty());
            left.extend(
                own.filter(|device| device.expiry_disabled || !ended(&device.expires)).map(|one| format!("the device {}", one.name)),
            );
            let keys = self.keys.iter().filter(|key| key.user.as_ref() == Some(&user.login) && key.revoked.is_none() && !key.expired);
            left.extend(keys.map(|key| format!("the key {}", key.planted.description)));
        }
        let tagged = self.devices.iter().filter(|device| device.user == person.work_email && !device.tags.is_empty());
        left.extend(tagged.map(|device| format!("the tagged device {}", device.name)));
        let open = |share: &&Share| share.sharer == person.number && share.email.is_empty();
        let shares = self.planted.shares.iter().filter(|share| mine(&share.email) || open(share));
        left.extend(shares.map(|share| format!("a share of device {} with {:?}", share.device, share.email)));
        let invites = self.planted.invites.iter().filter(|invite| mine(&invite.email));
        left.extend(invites.map(|invite| format!("an invitation for {}", invite.email)));
        let webhooks = self.planted.webhooks.iter().filter(|webhook| webhook.creator == person.number);
        left.extend(webhooks.map(|webhook| format!("the webhook to {}", webhook.url)));
        let groups = self.planted.policy["groups"].as_object().into_iter().flatten();
        let named =
            groups.filter(|(_, members)| members.as_array().is_some_and(|all| all.iter().any(|one| one == person.work_email.as_str())));
        left.extend(named.map(|(group, _)| format!("a name in the policy's {group}")));
        left
    }

    pub(super) fn policy(&self) -> &Value {
        &self.planted.policy
    }

    pub(super) fn policy_tag(&self) -> String {
        format!("{:x}", planted::number_of(&self.planted.policy.to_string()))
    }

    pub(super) fn set_policy(&mut self, policy: Value) {
        self.planted.policy = policy;
    }
}

fn node_id(id: u64) -> String {
    format!("n{id}CNTRL")
}
