//! What is planted in the simulated org, as its fixture writes it.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) profiles: Profiles,
    pub(super) administrators: Vec<String>,
    pub(super) permission_sets: Vec<PermissionSet>,
    pub(super) groups: Vec<Group>,
    pub(super) tokens: Vec<Token>,
    pub(super) sessions: Vec<Session>,
    pub(super) social: Vec<Social>,
    pub(super) links: Vec<PublicLink>,
    pub(super) accounts: Vec<Owned>,
    pub(super) jobs: Vec<Owned>,
    pub(super) held_by_setup: Vec<Held>,
    pub(super) own_login: Vec<String>,
    pub(super) still_active: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profiles {
    pub(super) everyone: String,
    pub(super) sales: String,
    pub(super) admins: String,
    pub(super) integrations: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionSet {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) label: String,
    /// Modify all data, and with it manage users.
    #[serde(default)]
    pub(super) everything: bool,
    #[serde(default)]
    pub(super) views_all: bool,
    pub(super) people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) people: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) id: u64,
    pub(super) app: String,
    pub(super) person: String,
    pub(super) uses: u64,
    pub(super) days: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    pub(super) id: u64,
    pub(super) person: String,
    pub(super) kind: String,
    pub(super) parent: Option<u64>,
    pub(super) ip: String,
}

/// An account elsewhere that signs in here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Social {
    pub(super) id: u64,
    pub(super) person: String,
    pub(super) provider: String,
    pub(super) handle: String,
}

/// A file that anyone opens who has the address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublicLink {
    pub(super) id: u64,
    pub(super) file: String,
    pub(super) owner: String,
    pub(super) password: bool,
    /// Days since it was looked at.
    pub(super) viewed: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owned {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) owner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    pub(super) person: String,
    pub(super) why: String,
}
