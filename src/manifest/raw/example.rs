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
    /// Literal: the part of `tell` that is tried: `ticket.find`, `ticket.open`, `ticket.look`, `notice.find` or `notice`.
    #[serde(default)]
    pub tell: Option<String>,
    /// Literal: the reply's body (ldap: the entries; file: the records; a proof with `see`: that collection's reply).
    #[serde(default)]
    pub reply: Value,
    /// Literal: the reply's status; 200 when left out.
    #[serde(default)]
    pub status: Option<u16>,
    /// Literal: what stands in scope as `parent`, `node`, `person`, `settings`, `from`, `to`, `edge`, `job`, `seen`, `task`, `event`, `ticket`. Settings that are not given
    /// are their defaults or examples.
    #[serde(default)]
    pub given: BTreeMap<String, Value>,
    /// Literal: the observations that must come of it, no more and no fewer, as compact JSON objects. A node:
    /// `{account: KEY, name: …, type: …, aka: […], ATTRIBUTE: …}`; an edge, also one that `held_by` and its like make:
    /// `{edge: member_of, from: "account:KEY", to: "group:KEY", level: …, ATTRIBUTE: …}`. Which nodes and edges come must agree; of the rest
    /// only what is mentioned here is compared, and null says that it must be absent.
    #[serde(default)]
    pub yields: Option<Vec<Value>>,
    /// Literal (prove): whether it says gone.
    #[serde(default)]
    pub gone: Option<bool>,
    /// Literal (tell): what the reply comes to: `id`, `url`, `done`, `by`, `files` (their names). Only what is mentioned is compared.
    #[serde(default)]
    pub says: Option<BTreeMap<String, Value>>,
    /// Literal (tell): what leaves: `call`, `body`, `form`, `headers`, `mail` (`from`, `to`, `subject`, `text`). Only what is mentioned is compared.
    #[serde(default)]
    pub sends: Option<BTreeMap<String, Value>>,
}
