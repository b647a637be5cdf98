//! Examples: a reply, and what must come of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A reply, and what must come of it.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Literal: the collection.
    #[serde(default)]
    pub of: Option<String>,
    /// Literal: the action whose proof is tried.
    #[serde(default)]
    pub prove: Option<String>,
    /// Literal: the reply's body (ldap: the entries; file: the records).
    pub reply: Value,
    /// Literal: the reply's status; 200 when left out.
    #[serde(default)]
    pub status: Option<u16>,
    /// Literal: what stands in scope as `parent`, `node`, `person`, `settings`, `from`, `to`, `edge`.
    #[serde(default)]
    pub given: BTreeMap<String, Value>,
    /// Literal: the observations that must come of it, as compact JSON objects (`{account: "00u1", name: …}`, `{edge: member_of, from: account:00u1, to: group:00g1}`).
    #[serde(default)]
    pub yields: Option<Vec<Value>>,
    /// Literal (prove): whether it says gone.
    #[serde(default)]
    pub gone: Option<bool>,
}
