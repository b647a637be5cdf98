//! What the simulated device management holds, and what devices were told.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::planted;
use super::super::vendor::{self, Access};

pub(super) struct Fleet {
    pub(super) devices: Vec<Device>,
    pub(super) admins: Vec<Admin>,
    orders: Vec<Order>,
    tokens: HashMap<String, Access>,
}

/// A Mac, a phone or a tablet.
pub(super) struct Device {
    pub(super) id: String,
    pub(super) mac: bool,
    pub(super) name: String,
    pub(super) management: String,
    pub(super) model: String,
    /// Whose it is, as its record says.
    pub(super) holder: Option<Person>,
    pub(super) institutional: bool,
    pub(super) supervised: bool,
    pub(super) enrolled: Timestamp,
    pub(super) seen: Timestamp,
    pub(super) lost: bool,
    locked: bool,
    erased: bool,
    offline: bool,
    fails: bool,
}

/// An account of Jamf Pro's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admin {
    pub(super) id: u64,
    pub(super) person: String,
    pub(super) username: String,
    pub(super) level: String,
    pub(super) privileges: String,
    #[serde(skip)]
    pub(super) who: Option<Person>,
}

/// A command in the queue of a device.
struct Order {
    id: String,
    management: String,
    command: String,
    sent: Timestamp,
    state: &'static str,
    /// A device answers the push between one question and the next.
    asked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    departments: Vec<String>,
    macs: Vec<String>,
    offline: Vec<String>,
    mobile: Vec<Mobile>,
    accounts: Vec<Admin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mobile {
    id: String,
    person: String,
    name: String,
    kind: String,
    model: String,
    ownership: String,
    supervised: bool,
    enrolled: i64,
    seen: i64,
    #[serde(default)]
    fails: bool,
}

impl Fleet {
    pub(super) fn new(company: &Company) -> anyhow::Result<Fleet> {
        let planted: Planted = planted::read("jamf-pro", include_str!("../../../fixtures/jamf-pro/state.yaml"))?;
        let has = |person: &&Person| planted.departments.contains(&person.department) || planted.macs.contains(&person.number);
        let macs = company.employed().filter(has).map(|person| Device {
            id: person.index().to_string(),
            mac: true,
            name: format!("NM-MAC-{:04}", person.index()),
            management: format!("3a000000-0000-4000-8000-{:012}", person.index()),
            model: "MacBook Pro (14-inch, 2024)".to_owned(),
            holder: Some(person.clone()),
            institutional: true,
            supervised: true,
            enrolled: company.days_ago(i64::from(person.index() % 700) + 20),
            seen: company.days_ago(1),
            lost: false,
            locked: false,
            erased: false,
            offline: planted.offline.contains(&person.number),
            fails: false,
        });
        let mobile = planted.mobile.iter().map(|device| Device {
            id: device.id.clone(),
            mac: false,
            name: device.name.clone(),
            management: format!("3b000000-0000-4000-8000-{:0>12}", device.id),
            model: format!("{} ({})", device.model, device.kind),
            holder: company.person(&device.person).cloned(),
            institutional: device.ownership == "Institutional",
            supervised: device.supervised,
            enrolled: company.days_ago(device.enrolled),
            seen: company.days_ago(device.seen),
            lost: false,
            locked: false,
            erased: false,
            offline: false,
            fails: device.fails,
        });
        let devices = macs.chain(mobile).collect();
        let mut admins = planted.accounts;
        for admin in &mut admins {
            admin.who = company.person(&admin.person).cloned();
        }
        Ok(Fleet { devices, admins, orders: Vec::new(), tokens: HashMap::new() })
    }

    pub(super) fn issue(&mut self, access: Access) -> String {
        let token = format!("simulated.jamf.{}", self.tokens.len() + 1);
        self.tokens.insert(token.clone(), access);
        token
    }

    pub(super) fn access(&self, token: &str) -> Access {
        self.tokens.get(token).copied().unwrap_or(Access::Nobody)
    }

    /// Devices under the person's name that still work, and accounts of Jamf Pro itself.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let theirs = |device: &&Device| device.holder.as_ref().is_some_and(|holder| holder.number == person.number);
        let works = |device: &&Device| !device.locked && !device.lost && !device.erased;
        let devices = self.devices.iter().filter(theirs).filter(works).map(|device| format!("the device {}", device.name));
        let admins = self.admins.iter().filter(|admin| admin.person == person.number);
        devices.chain(admins.map(|admin| format!("the account {}", admin.username))).collect()
    }

    /// Takes a name off a record, or puts another one there.
    pub(super) fn hand_in(&mut self, id: &str, mac: bool, email: &str) -> bool {
        let holder = self.devices.iter().filter_map(|device| device.holder.as_ref()).find(|holder| holder.work_email == email).cloned();
        let Some(device) = self.devices.iter_mut().find(|device| device.mac == mac && device.id == id) else {
            return false;
        };
        device.holder = holder;
        true
    }

    pub(super) fn delete_computer(&mut self, id: &str) -> bool {
        let before = self.devices.len();
        self.devices.retain(|device| !device.mac || device.id != id);
        self.devices.len() < before
    }

    /// Queues a command for each device; nothing happens until it answers.
    pub(super) fn command(&mut self, ids: &[&str], data: &Value) -> Result<Vec<Value>, (&'static str, &'static str)> {
        let command = data["commandType"].as_str().unwrap_or_default();
        if !matches!(command, "DEVICE_LOCK" | "ENABLE_LOST_MODE" | "ERASE_DEVICE" | "DEVICE_INFORMATION") {
            return Err(("commandType", "the command is not supported"));
        }
        let pin = data["pin"].as_str();
        if pin.is_some_and(|pin| pin.len() != 6 || !pin.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(("pin", "the PIN must be six digits"));
        }
        let devices: Vec<&Device> = self.devices.iter().filter(|device| ids.contains(&device.management.as_str())).collect();
        if devices.len() != ids.len() {
            return Err(("managementId", "no device is managed under this id"));
        }
        if command == "DEVICE_LOCK" && pin.is_none() && devices.iter().any(|device| device.mac) {
            return Err(("pin", "a computer is locked with a PIN"));
        }
        let mut queued = Vec::new();
        for id in ids {
            let uuid = format!("c0ffee00-0000-4000-8000-{:012}", self.orders.len() + 1);
            queued.push(json!({ "id": uuid, "href": format!("/api/v2/mdm/commands?filter=uuid=={uuid}") }));
            self.orders.push(Order {
                id: uuid,
                management: (*id).to_owned(),
                command: command.to_owned(),
                sent: vendor::now(),
                state: "PENDING",
                asked: false,
            });
        }
        Ok(queued)
    }

    pub(super) fn commands(&mut self, terms: &[(&str, &str)]) -> Vec<Value> {
        let fits = |order: &Order| {
            terms.iter().all(|(field, value)| match *field {
                "uuid" => order.id == *value,
                "clientManagementId" => order.management == *value,
                "command" => order.command == *value,
                _ => order.state.eq_ignore_ascii_case(value),
            })
        };
        let mut shown = Vec::new();
        for order in self.orders.iter_mut().filter(|order| fits(order)) {
            let device = self.devices.iter_mut().find(|device| device.management == order.management);
            if order.asked
                && let Some(device) = &device
                && order.state == "PENDING"
                && !device.offline
            {
                // Lost mode is for supervised devices only.
                let refused = device.fails || order.command == "ENABLE_LOST_MODE" && !device.supervised;
                order.state = if refused { "ERROR" } else { "ACKNOWLEDGED" };
            }
            order.asked = true;
            let mac = device.as_ref().is_none_or(|device| device.mac);
            if let Some(device) = device
                && order.state == "ACKNOWLEDGED"
            {
                device.locked |= order.command == "DEVICE_LOCK";
                device.lost |= order.command == "ENABLE_LOST_MODE";
                device.erased |= order.command == "ERASE_DEVICE";
            }
            shown.push(json!({
                "uuid": order.id,
                "dateSent": order.sent,
                "client": { "managementId": order.management, "clientType": if mac { "COMPUTER" } else { "MOBILE_DEVICE" } },
                "commandState": order.state,
                "commandType": order.command,
            }));
        }
        shown
    }
}
