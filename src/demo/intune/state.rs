//! What the simulated device management holds.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::company::{Company, Person};
use super::super::{planted, vendor};

pub(super) struct Devices {
    company: String,
    tenant: String,
    made: Timestamp,
    people: Vec<Person>,
    devices: Vec<Device>,
}

struct Device {
    id: String,
    name: String,
    owner: &'static str,
    holder: Option<Person>,
    system: String,
    version: String,
    model: String,
    maker: String,
    enrolled: Timestamp,
    synced: Timestamp,
    offline: bool,
    state: &'static str,
    orders: Vec<Given>,
}

struct Given {
    order: Order,
    at: Timestamp,
    done: Option<Timestamp>,
}

/// What a device can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Retire,
    Wipe,
    Lock,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Order::Retire => "retire",
            Order::Wipe => "factoryReset",
            Order::Lock => "remoteLock",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    tenant: String,
    laptops: usize,
    phones: Vec<Phone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    id: String,
    name: String,
    person: String,
    system: String,
    version: String,
    model: String,
    maker: String,
    enrolled: i64,
    synced: i64,
    #[serde(default)]
    offline: bool,
}

impl Devices {
    pub(super) fn new(company: &Company) -> anyhow::Result<Devices> {
        let planted: Planted = planted::read("intune", include_str!("../../../fixtures/intune/state.yaml"))?;
        let today = company.today();
        let laptops = (1..=planted.laptops).map(|n| {
            // The laptop of someone who left has been handed in.
            let holder = company.people.get(n - 1).filter(|p| p.active(today));
            let ago = i64::try_from(n % 900).unwrap_or(0);
            Device {
                id: format!("10000000-0000-4000-8000-{n:012}"),
                name: format!("NM-LAPTOP-{n:04}"),
                owner: "company",
                holder: holder.cloned(),
                system: "Windows".to_owned(),
                version: "10.0.26100.6899".to_owned(),
                model: "Latitude 7450".to_owned(),
                maker: "Dell Inc.".to_owned(),
                enrolled: company.days_ago(30 + ago),
                synced: company.days_ago(i64::from(holder.is_none()) * 60),
                offline: holder.is_none(),
                state: "managed",
                orders: Vec::new(),
            }
        });
        let phones = planted.phones.iter().map(|phone| Device {
            id: phone.id.clone(),
            name: phone.name.clone(),
            owner: "personal",
            holder: company.person(&phone.person).cloned(),
            system: phone.system.clone(),
            version: phone.version.clone(),
            model: phone.model.clone(),
            maker: phone.maker.clone(),
            enrolled: company.days_ago(phone.enrolled),
            synced: company.days_ago(phone.synced),
            offline: phone.offline,
            state: "managed",
            orders: Vec::new(),
        });
        Ok(Devices {
            company: company.name.clone(),
            tenant: planted.tenant.clone(),
            made: company.days_ago(3650),
            people: company.people.clone(),
            devices: laptops.chain(phones).collect(),
        })
    }

    pub(super) fn knows_user(&self, user: &str) -> bool {
        self.people.iter().any(|p| p.work_email.eq_ignore_ascii_case(user) || user_id(p) == user)
    }

    pub(super) fn all(&self) -> Vec<Value> {
        self.devices.iter().map(render).collect()
    }

    pub(super) fn one(&self, id: &str) -> Option<Value> {
        self.devices.iter().find(|device| device.id == id).map(render)
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.devices.len();
        self.devices.retain(|device| device.id != id);
        self.devices.len() < before
    }

    /// A person's devices that still hold company data: managed ones that weren't told to lock, retire or wipe. One that is out of reach obeys
    /// when it checks in.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let mine = |device: &&Device| device.holder.as_ref().is_some_and(|holder| holder.number == person.number);
        let open = |device: &&Device| device.state == "managed" && device.orders.iter().all(|given| given.done.is_none());
        self.devices.iter().filter(mine).filter(open).map(|device| format!("the device {}", device.name)).collect()
    }

    /// Notes an order; says whether the device is within reach, or nothing if there is no such device.
    pub(super) fn order(&mut self, id: &str, order: Order) -> Option<bool> {
        let device = self.devices.iter_mut().find(|device| device.id == id)?;
        match order {
            Order::Retire => device.state = "retirePending",
            Order::Wipe => device.state = "wipePending",
            Order::Lock => {}
        }
        device.orders.retain(|given| given.order != order);
        device.orders.push(Given { order, at: vendor::now(), done: None });
        Some(!device.offline)
    }

    /// The device checks in and obeys; one that is retired or wiped is then no longer managed.
    pub(super) fn check_in(&mut self, id: &str, order: Order) {
        if matches!(order, Order::Retire | Order::Wipe) {
            self.remove(id);
            return;
        }
        let Some(device) = self.devices.iter_mut().find(|device| device.id == id) else {
            return;
        };
        device.synced = vendor::now();
        for given in device.orders.iter_mut().filter(|given| given.order == order) {
            given.done = Some(device.synced);
        }
    }

    pub(super) fn organization(&self) -> Value {
        json!({
            "id": self.tenant,
            "displayName": self.company,
            "createdDateTime": moment(self.made),
            "deletedDateTime": null,
            "tenantType": "AAD",
            "verifiedDomains": [{
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": true,
                "isInitial": false,
                "name": "northmoor.example",
                "type": "Managed",
            }],
        })
    }
}

fn render(device: &Device) -> Value {
    let holder = device.holder.as_ref();
    let number = planted::number_of(&device.id);
    let orders: Vec<Value> = device
        .orders
        .iter()
        .map(|given| {
            json!({
                "actionName": given.order.name(),
                "actionState": if given.done.is_some() { "done" } else { "pending" },
                "startDateTime": moment(given.at),
                "lastUpdatedDateTime": moment(given.done.unwrap_or(given.at)),
            })
        })
        .collect();
    json!({
        "id": device.id,
        "userId": holder.map(user_id),
        "deviceName": device.name,
        "managedDeviceOwnerType": device.owner,
        "enrolledDateTime": moment(device.enrolled),
        "lastSyncDateTime": moment(device.synced),
        "operatingSystem": device.system,
        "osVersion": device.version,
        "complianceState": "compliant",
        "jailBroken": "False",
        "managementAgent": "mdm",
        "managementState": device.state,
        "easActivated": false,
        "azureADRegistered": true,
        "azureADDeviceId": format!("20000000-0000-4000-8000-{number:012x}"),
        "deviceEnrollmentType": if device.owner == "personal" { "userEnrollment" } else { "windowsAzureADJoin" },
        "deviceRegistrationState": "registered",
        "emailAddress": holder.map(|p| &p.work_email),
        "userPrincipalName": holder.map(|p| &p.work_email),
        "userDisplayName": holder.map(Person::display),
        "isSupervised": false,
        "isEncrypted": true,
        "model": device.model,
        "manufacturer": device.maker,
        "serialNumber": format!("NM{number:010X}"),
        "imei": null,
        "phoneNumber": null,
        "managedDeviceName": format!("{}_{}", device.name, device.system),
        "partnerReportedThreatState": "unknown",
        "deviceActionResults": orders,
    })
}

/// The object id of the person's account, the same in each run.
pub(in crate::demo) fn user_id(person: &Person) -> String {
    format!("30000000-0000-4000-8000-{:012}", person.index())
}

/// To the second, as Graph writes it.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
