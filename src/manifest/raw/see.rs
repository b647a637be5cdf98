//! How access is seen: preflight, collections, searches, and what records mean.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Classes, Control, Hand, Paging};
use crate::model::NodeKind;

/// A call that is tried before its right is relied on.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// Template: `METHOD path`. Either this or `search`.
    #[serde(default)]
    pub call: Option<String>,
    /// (ldap) A search that must answer.
    #[serde(default)]
    pub search: Option<Search>,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Form body of the call.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Template: whom the credential impersonates for this call.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Literal: the right that a good answer proves.
    #[serde(default)]
    pub proves: Option<String>,
    /// Expression over the answer: the key of the account that our own credential belongs to. It is the branch we sit on.
    #[serde(default)]
    pub own_account: Option<String>,
    /// Expression over the answer: what is known to be there (the first user of the list); null, false or empty is no answer. The first call
    /// with it, or with `own_account`, is also asked before something that a list doesn't hold is believed to be gone.
    #[serde(default)]
    pub there: Option<String>,
    /// Literal: which credential is tried (`read` when left out).
    #[serde(default)]
    pub with: Option<Hand>,
}

/// One collection: a call, its pages, and what the records mean.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Literal: read once for each node that this collection (named) yielded, or for each watched person (`people`).
    #[serde(default, rename = "for")]
    pub for_each: Option<String>,
    /// Expression over `parent` (and `person`): only for such parents.
    #[serde(default)]
    pub when: Option<String>,
    /// Only for nodes of people we watch: executives, and whoever is leaving.
    #[serde(default)]
    pub watched: bool,
    /// Template: whom the credential impersonates.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Template: `METHOD path` below the base URL. Paths and query values are percent-encoded where a template puts in.
    #[serde(default)]
    pub call: Option<String>,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body of the call, sent as a form.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// (ldap) The search.
    #[serde(default)]
    pub search: Option<Search>,
    /// (file) The records of the file. True, or left out, for there is nothing else to read.
    #[serde(default)]
    pub file: Option<bool>,
    /// Expression over `body`: the records; the body itself when left out, which must be a list then. One record is `body` itself, or in brackets (`[body.user]`). What is no list, or isn't there, is a gap.
    #[serde(default)]
    pub each: Option<String>,
    /// Expression over `body`: this reply is the list that was asked for; one of which it isn't true is a gap.
    #[serde(default)]
    pub of: Option<String>,
    /// Literal: a list that isn't there is empty (`empty`), for the system leaves out what holds nothing. Needs `of`, which tells such a reply
    /// from one that says nothing, or `control`.
    #[serde(default)]
    pub absent: Option<Absent>,
    /// What is known to be there, and must answer before an empty list is believed where something was known; the first of `preflight` that has
    /// `there` or `own_account`, when left out.
    #[serde(default)]
    pub control: Option<Control>,
    /// How this list is paged, when not as `connect.paging` says.
    #[serde(default)]
    pub paging: Option<Paging>,
    /// How replies to this call are classed, when not as usual; takes precedence over `connect.classes`.
    #[serde(default)]
    pub classes: Classes,
    /// A record that must appear, else the scope is a gap.
    #[serde(default)]
    pub sentinel: Option<Sentinel>,
    /// Literal: an empty list is nothing strange (`expected`), or makes the scope a gap once it held something (`suspicious`, the rule for
    /// collections that are read once).
    #[serde(default)]
    pub empty: Option<Empty>,
    /// Reading only what changed since the last complete read.
    #[serde(default)]
    pub delta: Option<Delta>,
    /// Template, `node` in scope: the call that reads one record again, so that one person can be re-read without reading everybody. Its
    /// answer is one record of this collection (`each` isn't applied).
    #[serde(default)]
    pub one: Option<String>,
    /// What the records mean. May be left out by a collection whose records only serve as parents (`keep`).
    #[serde(default)]
    pub yields: Vec<Yield>,
}

/// What a list that isn't there means.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Absent {
    Empty,
}

/// Whether an empty list is believable.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Empty {
    Expected,
    Suspicious,
}

/// An LDAP search.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Template (DN-escaped): where to begin.
    pub base: String,
    /// Template (filter-escaped): which entries; `(objectClass=*)` when left out.
    #[serde(default)]
    pub filter: Option<String>,
    /// Literal: `base`, `one` or `sub` (when left out).
    #[serde(default)]
    pub scope: Option<String>,
    /// Literal: the attributes to read. `member[]` is always a list in expressions (also when it has one value or none), and read to its
    /// end when the server hands it out in ranges; other attributes are their first value, or null.
    #[serde(default)]
    pub attributes: Vec<String>,
}

/// A record that must appear.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Sentinel {
    /// Template: a call that names it; left out when `key` needs no call.
    #[serde(default)]
    pub call: Option<String>,
    /// Expression over that call's `body`, or over `settings`: the key of a node that the collection must yield.
    pub key: String,
}

/// Reading only what changed since the last time. The whole is read first, and again every `full_every` days, when the system doesn't know the
/// mark any more (or refuses it), with `scan --full`, and whenever one person is read again. Four ways to ask, as the system offers them:
///
/// - `call` or `filter`, with the mark as `since`: the records that changed;
/// - neither, and `mark` taken from the reply's body: it is the address of the changes (a delta link);
/// - neither, and `mark` taken from `parent` (with `for`): while it stays the same, that parent isn't read again;
/// - `call` and `names` (with `for`): one call for all parents, which names those that changed; the others aren't read again.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    /// Expression: only where the system was set up so that it can.
    #[serde(default)]
    pub when: Option<String>,
    /// Asked before the whole is read, where changes are counted from there.
    #[serde(default)]
    pub start: Option<Start>,
    /// Template: the call for changes, `since` in scope (the mark).
    #[serde(default)]
    pub call: Option<String>,
    /// Template (ldap): a filter that is added to the search, `since` in scope.
    #[serde(default)]
    pub filter: Option<String>,
    /// Expression over the `body` of the call: the changes, when they stand elsewhere than the records of the whole list.
    #[serde(default)]
    pub each: Option<String>,
    /// Expression over a change (`it`): the record, as the whole list would show it, when the change only holds it.
    #[serde(default)]
    pub record: Option<String>,
    /// Expression over the `body` of the call: the keys of the parents that changed.
    #[serde(default)]
    pub names: Option<String>,
    /// Expression: the mark to remember: over the last page's `body`, over each `it` (the greatest counts), over `parent`, or `now` (when
    /// the read began).
    pub mark: String,
    /// Expression over a change (`it`): its record is gone, or belongs to this list no more. It need not hold more than its key. Where the mark
    /// is a delta link, the whole list may hold such records too.
    #[serde(default)]
    pub removed: Option<String>,
    /// Literal: days between complete reads; 7 when left out.
    #[serde(default)]
    pub full_every: Option<u32>,
}

/// Where changes are counted from.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Template: the call.
    pub call: String,
    /// Expression over its `body`: the mark.
    pub mark: String,
}

/// What one record means: a node (one of the kinds as key) or an edge; with `each`, one for each item of an inner list.
///
/// Reference expressions name nodes: `account(KEY)`, `group(KEY)`, `role(KEY)`, `app(KEY)`, `resource(KEY)`, `credential(KEY)`,
/// `device(KEY)`, `person(KEY)` of this system, `address(MAIL)` (whoever has it, in any system), `aka(NAME)` (by a second name).
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Yield {
    /// Expression: an inner list; `it` is then its item and `outer` the record.
    #[serde(default)]
    pub each: Option<String>,
    /// Expression: only for such records.
    #[serde(default)]
    pub when: Option<String>,
    /// Expression: the key of a person.
    #[serde(default)]
    pub person: Option<String>,
    /// Expression: the key of an account. Likewise the other kinds.
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub role: Option<String>,
    #[serde(default)]
    pub app: Option<String>,
    #[serde(default)]
    pub resource: Option<String>,
    #[serde(default)]
    pub credential: Option<String>,
    #[serde(default)]
    pub device: Option<String>,
    /// Literal word or expression in braces: the credential's or resource's type.
    #[serde(default, rename = "type")]
    pub type_: Option<String>,
    /// Expressions: other names of the node within its system.
    #[serde(default)]
    pub aka: Vec<String>,
    /// Literal: the kind of an edge; `from` and `to` are reference expressions.
    #[serde(default)]
    pub edge: Option<String>,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    /// Expression: read, write, admin or owner (of the edge, or of the edges that `opens` and `owned_by` make).
    #[serde(default)]
    pub level: Option<String>,
    /// Reference expression (credential, device): who holds or uses it.
    #[serde(default)]
    pub held_by: Option<String>,
    /// Reference expression: who owns it.
    #[serde(default)]
    pub owned_by: Option<String>,
    /// Reference expression (credential): what it opens.
    #[serde(default)]
    pub opens: Option<String>,
    /// Reference expression (account, group): what it is a member of.
    #[serde(default)]
    pub member_of: Option<String>,
    /// Expression (or list of expressions, or map): an attribute that exeunt reads (docs/add-a-system.md has the list), or one that the file names
    /// under `own`.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub attrs: BTreeMap<String, Value>,
}

impl Yield {
    /// The node that it yields, if it is one: its kind, and the expression of its key.
    pub fn node(&self) -> Option<(NodeKind, &str)> {
        self.nodes().next()
    }

    /// Every expression over one record (or one item of `each`); what stands in a template's braces is left out.
    pub fn expressions(&self) -> impl Iterator<Item = &str> {
        fn of(value: &Value) -> Vec<&str> {
            match value {
                Value::String(source) => vec![source],
                Value::Array(items) => items.iter().flat_map(of).collect(),
                Value::Object(map) => map.values().flat_map(of).collect(),
                _ => Vec::new(),
            }
        }
        let ends = [&self.when, &self.from, &self.to, &self.level, &self.held_by, &self.owned_by, &self.opens, &self.member_of];
        let ends = ends.into_iter().flatten().map(String::as_str);
        ends.chain(self.nodes().map(|(_, key)| key)).chain(self.aka.iter().map(String::as_str)).chain(self.attrs.values().flat_map(of))
    }

    /// Every node that it names; more than one is a mistake.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeKind, &str)> {
        let kinds = [
            (NodeKind::Person, &self.person),
            (NodeKind::Account, &self.account),
            (NodeKind::Group, &self.group),
            (NodeKind::Role, &self.role),
            (NodeKind::App, &self.app),
            (NodeKind::Resource, &self.resource),
            (NodeKind::Credential, &self.credential),
            (NodeKind::Device, &self.device),
        ];
        kinds.into_iter().filter_map(|(kind, key)| Some((kind, key.as_deref()?)))
    }
}

/// Something that this system's API can't show.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct BlindSpot {
    /// Literal: what can't be seen.
    pub what: String,
    /// Literal: how long it lives when it is not renewed (`1h`, `until revoked`).
    #[serde(default)]
    pub lives: Option<String>,
    /// Literal: why, and what to do instead.
    pub why: String,
}
