//! `fixtures/google-workspace/state.yaml` as written.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

const PLANTED: &str = include_str!("../../../fixtures/google-workspace/state.yaml");
const ACQUIRED: &str = include_str!("../../../fixtures/google-drive/state.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) customer: String,
    pub(super) service_accounts: Vec<ServiceAccount>,
    pub(super) roles: Vec<PlantedRole>,
    pub(super) apps: BTreeMap<String, App>,
    pub(super) people: BTreeMap<String, Extras>,
    pub(super) groups: Vec<PlantedGroup>,
    pub(super) shared_drives: Vec<SharedDrive>,
    pub(super) mobile_devices: Vec<PlantedDevice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccount {
    pub(super) number: u32,
    pub(super) address: String,
    pub(super) given: String,
    pub(super) family: String,
    pub(super) roles: Vec<String>,
    pub(super) created: i64,
    pub(super) last_login: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedRole {
    pub(super) name: String,
    pub(super) description: String,
    #[serde(default)]
    pub(super) super_admin: bool,
    pub(super) privileges: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) native: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Extras {
    pub(super) roles: Vec<String>,
    pub(super) grants: Vec<String>,
    pub(super) app_passwords: Vec<PlantedPassword>,
    pub(super) forwarding: Vec<String>,
    pub(super) auto_forwarding: Option<PlantedForwarding>,
    pub(super) filters: Vec<PlantedFilter>,
    pub(super) delegates: Vec<String>,
    pub(super) calendar: Vec<super::state::CalendarRule>,
    pub(super) imap: bool,
    pub(super) send_as: Vec<String>,
    pub(super) files: Vec<PlantedFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedPassword {
    pub(super) name: String,
    pub(super) created: i64,
    pub(super) last_used: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedForwarding {
    pub(super) to: String,
    pub(super) disposition: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedFilter {
    pub(super) id: String,
    pub(super) criteria: serde_json::Value,
    pub(super) action: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedFile {
    pub(super) name: String,
    pub(super) modified: i64,
    #[serde(default)]
    pub(super) shares: Vec<Share>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    pub(super) anyone: Option<Anyone>,
    pub(super) role: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Anyone {
    Link,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedGroup {
    pub(super) address: String,
    pub(super) name: String,
    pub(super) owners: Vec<String>,
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedDrive {
    pub(super) name: String,
    pub(super) created: i64,
    pub(super) members: Vec<Share>,
    pub(super) files: Vec<PlantedFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedDevice {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) model: String,
    pub(super) os: String,
    pub(super) kind: String,
    pub(super) serial: String,
    pub(super) first_sync: i64,
    pub(super) last_sync: i64,
}

/// Reads a tenant's fixture: the company's own, or that of the company it bought.
pub(super) fn load(system: &'static str) -> anyhow::Result<Planted> {
    let text = if system == "google-drive" { ACQUIRED } else { PLANTED };
    serde_saphyr::from_str(text).with_context(|| format!("fixtures/{system}/state.yaml does not parse"))
}
