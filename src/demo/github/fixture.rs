//! `fixtures/github/state.yaml` as written.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub organization: Organization,
    pub members: Members,
    pub accounts: Vec<Account>,
    pub teams: Vec<Team>,
    pub repositories: Vec<Repository>,
    pub deploy_keys: Vec<DeployKey>,
    pub public_keys: Vec<PublicKey>,
    pub authorizations: Vec<Authorization>,
    pub tokens: Vec<Token>,
    pub token_requests: Vec<Token>,
    pub hooks: Vec<Hook>,
    pub invitations: Vec<Invitation>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    pub login: String,
    pub id: u64,
    pub enterprise: String,
    pub seats: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    pub departments: Vec<String>,
    pub always: Vec<String>,
    pub at_most: usize,
    pub owners: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub login: String,
    pub id: u64,
    pub name: String,
    pub person: Option<String>,
    /// What the public profile shows: an address, or `home` for the one that HR has.
    pub profile_email: Option<String>,
    /// The work address is confirmed, though nobody signs in with it.
    #[serde(default)]
    pub verified_email: bool,
    /// Name at the identity provider, where there is one.
    pub sso: Option<String>,
    pub made: i64,
    #[serde(default)]
    pub member: bool,
    #[serde(default)]
    pub owner: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    pub slug: String,
    pub name: String,
    pub description: String,
    #[serde(default)]
    pub departments: Vec<String>,
    #[serde(default)]
    pub people: Vec<String>,
    pub maintainers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repository {
    pub name: String,
    #[serde(default)]
    pub teams: BTreeMap<String, Permission>,
    #[serde(default)]
    pub people: BTreeMap<String, Permission>,
    #[serde(default)]
    pub public: bool,
}

/// What one may do with a repository, from least to most.
#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(super) enum Permission {
    Pull,
    Triage,
    Push,
    Maintain,
    Admin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeployKey {
    pub id: u64,
    pub repository: String,
    pub title: String,
    pub added_by: String,
    pub read_only: bool,
    pub made: i64,
    pub used: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublicKey {
    pub id: u64,
    pub account: String,
    pub made: i64,
    pub used: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authorization {
    pub id: u64,
    pub account: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub of: u64,
    pub fingerprint: Option<String>,
    pub last_eight: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    pub title: Option<String>,
    pub note: Option<String>,
    pub granted: i64,
    pub used: i64,
    pub expires: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub id: u64,
    pub token: u64,
    pub account: String,
    pub name: String,
    #[serde(default)]
    pub organization: BTreeMap<String, String>,
    #[serde(default)]
    pub repositories: BTreeMap<String, String>,
    /// The repositories it reaches; none named means all.
    #[serde(default)]
    pub on: Vec<String>,
    pub granted: i64,
    pub used: Option<i64>,
    pub expires: Option<i64>,
    pub reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    pub id: u64,
    pub email: String,
    pub role: String,
    /// The login of whoever asked.
    pub by: String,
    pub made: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hook {
    pub id: u64,
    pub url: String,
    pub events: Vec<String>,
    pub made: i64,
}
