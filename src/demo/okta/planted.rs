//! `fixtures/okta/state.yaml` as written.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::Deserialize;

use super::state::user_id;
use crate::demo::company::Company;

const PLANTED: &str = include_str!("../../../fixtures/okta/state.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    pub(super) service_account: ServiceAccount,
    pub(super) groups: Vec<PlantedGroup>,
    pub(super) apps: Vec<PlantedApp>,
    pub(super) factors: BTreeMap<String, Vec<FactorKind>>,
    pub(super) oauth: Vec<PlantedGrant>,
    pub(super) api_tokens: Vec<PlantedToken>,
    pub(super) roles: Vec<PlantedRole>,
}

impl Planted {
    pub(super) fn load() -> anyhow::Result<Planted> {
        serde_saphyr::from_str(PLANTED).context("fixtures/okta/state.yaml does not parse")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccount {
    pub(super) id: String,
    pub(super) login: String,
    pub(super) first: String,
    pub(super) last: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedGroup {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) members: Members,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    #[serde(default)]
    pub(super) everyone: bool,
    #[serde(default)]
    pub(super) executives: bool,
    pub(super) department: Option<String>,
    #[serde(default)]
    pub(super) people: Vec<String>,
}

impl Members {
    /// The ids of those it means; our own account is part of everyone.
    pub(super) fn ids(&self, company: &Company, service: &str) -> BTreeSet<String> {
        let mut ids: BTreeSet<_> = company
            .employed()
            .filter(|p| {
                self.everyone
                    || (self.executives && p.executive)
                    || self.department.as_ref() == Some(&p.department)
                    || self.people.contains(&p.number)
            })
            .map(|p| user_id(&p.number))
            .collect();
        if self.everyone {
            ids.insert(service.to_owned());
        }
        ids
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedApp {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) mode: String,
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) direct: Vec<Direct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Direct {
    pub(super) person: String,
    pub(super) role: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum FactorKind {
    Sms,
    Webauthn,
    Push,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedGrant {
    pub(super) client: String,
    pub(super) person: String,
    pub(super) scopes: Vec<String>,
    pub(super) days: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedToken {
    pub(super) name: String,
    pub(super) person: String,
    pub(super) days: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlantedRole {
    pub(super) person: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) days: i64,
}
