//! How records look on the wire: a computer in sections, a phone or tablet in two shapes that know different things.

use serde_json::{Map, Value, json};

use super::state::{Device, Fleet};

/// The sections of a computer that there is something to say about.
pub(super) const SECTIONS: [&str; 5] = ["GENERAL", "HARDWARE", "OPERATING_SYSTEM", "USER_AND_LOCATION", "DISK_ENCRYPTION"];

impl Fleet {
    pub(super) fn accounts(&self) -> Vec<Value> {
        let one = |admin: &super::state::Admin| {
            json!({
                "id": admin.id,
                "username": admin.username,
                "realName": admin.who.as_ref().map(super::super::company::Person::display).unwrap_or_default(),
                "email": admin.who.as_ref().map(|person| person.work_email.clone()).unwrap_or_default(),
                "isMultiSiteAdmin": false,
                "accessLevel": admin.level,
                "privilegeSet": admin.privileges,
                "privilegesBySite": {},
                "groupIds": [],
                "currentSiteId": -1,
            })
        };
        self.admins.iter().map(one).collect()
    }

    pub(super) fn computers(&self, sections: &[String]) -> Vec<Value> {
        self.devices.iter().filter(|device| device.mac).map(|device| computer(device, sections)).collect()
    }

    pub(super) fn computer(&self, id: &str, sections: &[String]) -> Option<Value> {
        self.devices.iter().find(|device| device.mac && device.id == id).map(|device| computer(device, sections))
    }

    /// The short list: it knows the id that commands go to, and no owner's address.
    pub(super) fn mobile_devices(&self) -> Vec<Value> {
        let one = |device: &Device| {
            json!({
                "id": device.id,
                "name": device.name,
                "serialNumber": serial(device),
                "udid": device.management,
                "phoneNumber": device.holder.as_ref().and_then(|holder| holder.mobile.clone()).unwrap_or_default(),
                "model": device.model,
                "modelIdentifier": "iPhone17,3",
                "username": username(device),
                "type": "ios",
                "managementId": device.management,
            })
        };
        self.devices.iter().filter(|device| !device.mac).map(one).collect()
    }

    /// The long list: it knows whose the device is, and not the id that commands go to.
    pub(super) fn mobile_details(&self, sections: &[String]) -> Vec<Value> {
        let one = |device: &Device| {
            let mut shown = Map::new();
            shown.insert("mobileDeviceId".to_owned(), device.id.as_str().into());
            shown.insert("deviceType".to_owned(), "iOS".into());
            for section in sections {
                let (name, value) = match section.as_str() {
                    "GENERAL" => ("general", general(device)),
                    "HARDWARE" => ("hardware", json!({ "serialNumber": serial(device), "model": device.model })),
                    "USER_AND_LOCATION" => ("userAndLocation", user(device, "emailAddress")),
                    "SECURITY" => ("security", json!({ "passcodePresent": true, "lostModeEnabled": device.lost })),
                    _ => continue,
                };
                shown.insert(name.to_owned(), value);
            }
            Value::Object(shown)
        };
        self.devices.iter().filter(|device| !device.mac).map(one).collect()
    }

    pub(super) fn mobile_detail(&self, id: &str) -> Option<Value> {
        let device = self.devices.iter().find(|device| !device.mac && device.id == id)?;
        Some(json!({
            "id": device.id,
            "name": device.name,
            "osVersion": "19.1",
            "serialNumber": serial(device),
            "managed": true,
            "initialEntryTimestamp": device.enrolled,
            "lastEnrollmentTimestamp": device.enrolled,
            "lastInventoryUpdateTimestamp": device.seen,
            "deviceOwnershipLevel": if device.institutional { "institutional" } else { "personal" },
            "location": user(device, "emailAddress"),
            "type": "ios",
            "ios": { "model": device.model, "supervised": device.supervised },
        }))
    }
}

fn serial(device: &Device) -> String {
    format!("{}{:0>8}", if device.mac { "C02" } else { "F2L" }, device.id)
}

fn username(device: &Device) -> String {
    device.holder.as_ref().map(|holder| holder.login.clone()).unwrap_or_default()
}

/// Whose it is; the two kinds of record call the address by different names.
fn user(device: &Device, address: &str) -> Value {
    let email = device.holder.as_ref().map(|holder| holder.work_email.clone()).unwrap_or_default();
    let position = device.holder.as_ref().map(|holder| holder.title.clone()).unwrap_or_default();
    let mut shown = json!({ "username": username(device), "position": position });
    shown[address] = email.into();
    shown
}

fn general(device: &Device) -> Value {
    json!({
        "udid": device.management,
        "displayName": device.name,
        "lastInventoryUpdateDate": device.seen,
        "osVersion": "19.1",
        "managed": true,
        "supervised": device.supervised,
        "deviceOwnershipType": if device.institutional { "Institutional" } else { "UserEnrollment" },
        "lastEnrolledDate": device.enrolled,
    })
}

fn computer(device: &Device, sections: &[String]) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), device.id.as_str().into());
    shown.insert("udid".to_owned(), device.management.as_str().into());
    for section in sections {
        let (name, value) = match section.as_str() {
            "GENERAL" => (
                "general",
                json!({
                    "name": device.name,
                    "platform": "Mac",
                    "remoteManagement": { "managed": true, "managementUsername": "jamf-management" },
                    "supervised": device.supervised,
                    "mdmCapable": { "capable": true, "capableUsers": [username(device)] },
                    "lastContactTime": device.seen,
                    "lastEnrolledDate": device.enrolled,
                    "initialEntryDate": device.enrolled.strftime("%Y-%m-%d").to_string(),
                    "enrolledViaAutomatedDeviceEnrollment": true,
                    "managementId": device.management,
                }),
            ),
            "HARDWARE" => ("hardware", json!({ "make": "Apple", "model": device.model, "serialNumber": serial(device) })),
            "OPERATING_SYSTEM" => ("operatingSystem", json!({ "name": "macOS", "version": "16.1", "fileVault2Status": "BOOT_ENCRYPTED" })),
            "USER_AND_LOCATION" => ("userAndLocation", user(device, "email")),
            "DISK_ENCRYPTION" => (
                "diskEncryption",
                json!({
                    "bootPartitionEncryptionDetails": { "partitionName": "Macintosh HD", "partitionFileVault2State": "ENCRYPTED", "partitionFileVault2Percent": 100 },
                    "individualRecoveryKeyValidityStatus": "VALID",
                    "institutionalRecoveryKeyPresent": false,
                }),
            ),
            _ => continue,
        };
        shown.insert(name.to_owned(), value);
    }
    Value::Object(shown)
}
