//! What is planted in the simulated realm, as `fixtures/keycloak/state.yaml` writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) departments: Vec<String>,
    pub(super) people: Vec<String>,
    /// Id of the user federation.
    pub(super) federation: String,
    pub(super) federated_users: Vec<String>,
    pub(super) customers: Vec<String>,
    pub(super) customer_group: String,
    pub(super) clients: Vec<Client>,
    pub(super) groups: Vec<Group>,
    pub(super) roles: Vec<Role>,
    pub(super) has: Vec<Has>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) public: bool,
    #[serde(default)]
    pub(super) bearer_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) parent: Option<String>,
}

/// A role of the realm, or of a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    /// Id of the client.
    pub(super) client: Option<String>,
    /// Everyone has it.
    #[serde(default)]
    pub(super) default: bool,
    /// Ids of roles that come with it.
    #[serde(default)]
    pub(super) brings: Vec<String>,
}

/// What a person has beside an account and a password. Clients by client id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Has {
    pub(super) person: String,
    #[serde(default)]
    pub(super) sessions: Vec<String>,
    #[serde(default)]
    pub(super) offline: Vec<String>,
    #[serde(default)]
    pub(super) consents: BTreeMap<String, Vec<String>>,
    /// Kind to label.
    #[serde(default)]
    pub(super) factors: BTreeMap<String, String>,
    /// Provider to the name there.
    #[serde(default)]
    pub(super) federated: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}
