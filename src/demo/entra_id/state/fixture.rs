//! What is planted in the simulated directory, as `fixtures/entra-id/state.yaml` writes it.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) tenant: String,
    pub(super) groups: Vec<PlantedGroup>,
    pub(super) roles: Vec<Role>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) eligible: Vec<Assignment>,
    pub(super) apps: Vec<App>,
    pub(super) grants: Vec<Grant>,
    pub(super) app_roles: Vec<AppRole>,
    pub(super) methods: Vec<PlantedMethod>,
    pub(super) applications: Vec<Application>,
    pub(super) guests: Vec<Guest>,
    pub(super) devices: Vec<Device>,
    pub(super) rules: Vec<Rule>,
    pub(super) cases: Vec<Case>,
    pub(super) licence: String,
    pub(super) licensed: Vec<String>,
    pub(super) synced: Vec<String>,
    pub(super) still_enabled: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedGroup {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) everyone: bool,
    #[serde(default)]
    pub(super) departments: Vec<String>,
    #[serde(default)]
    pub(super) people: Vec<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// Numbers in the file, ids once it was read.
    #[serde(default)]
    pub(super) owners: Vec<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Security,
    Dynamic,
    Synced,
    Mail,
    Roles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) privileged: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment {
    pub(super) id: String,
    pub(super) role: String,
    pub(super) person: Option<String>,
    pub(super) group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) ours: bool,
    /// Numbers in the file, ids once it was read.
    #[serde(default)]
    pub(super) owners: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) app: String,
    pub(super) person: Option<String>,
    pub(super) scope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppRole {
    pub(super) id: String,
    pub(super) app: String,
    pub(super) person: Option<String>,
    pub(super) group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedMethod {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) kind: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) name: String,
    /// Numbers in the file, ids once it was read.
    pub(super) owners: Vec<String>,
    pub(super) secrets: Vec<Secret>,
    #[serde(default)]
    pub(super) certificates: Vec<Secret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) made: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Guest {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) mail: String,
}

/// A device that its holder signed in on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) name: String,
    pub(super) system: String,
    pub(super) version: String,
    /// `Company`, `Personal`, or nothing where nobody said.
    pub(super) ownership: Option<String>,
    pub(super) join: String,
    pub(super) managed: bool,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

/// A rule of a mailbox.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) forward: Vec<String>,
    #[serde(default)]
    pub(super) redirect: Vec<String>,
    #[serde(default)]
    pub(super) folder: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

/// An eDiscovery case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) custodians: Vec<Custodian>,
}

/// Somebody whose data a case is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Custodian {
    pub(super) id: String,
    pub(super) email: String,
    #[serde(default)]
    pub(super) held: bool,
}

fn yes() -> bool {
    true
}
