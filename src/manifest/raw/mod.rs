//! A manifest as it is written. Parsed strictly: an unknown key is an error with its line. `check` makes it valid.
//!
//! Every text is one of three things, and its doc comment says which: a *literal*, an *expression* (Jinja, evaluated to
//! a value: `it.profile.login`) or a *template* (text with `{{ expression }}` in it, escaped for where it stands).
//! Which names an expression can use where is the table in `places.rs`. A string leaf of a *body* is a template; a leaf that is nothing but one `{{ expression }}` keeps the value's type.

mod connect;
mod credentials;
mod example;
mod see;
mod take;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub use connect::{Bind, Budget, Classes, Connect, FileFormat, Paging};
pub use credentials::{BelongsTo, Credential, CredentialKind, Credentials, Hand, Login};
pub use example::Example;
pub use see::{Absent, BlindSpot, Collection, Delta, Empty, Preflight, Search, Sentinel, Yield};
pub use take::{Control, HandOff, Keep, Modify, Prove, Take, TakeKind};
pub use tell::{Close, Files, Find, Look, Mail, Notice, Open, Tell, Ticket};

/// Maps whose order matters to the reader keep it.
pub type Ordered<T> = Vec<(String, T)>;

/// A scanner: one file that says how to see a system's access, how to take it away, and how to prove it gone.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Literal. The scanner's name; the file is `scanners/<scanner>.yaml`.
    pub scanner: String,
    /// Literal. The product's name for people.
    pub title: String,
    /// What sort of system it is.
    pub category: Category,
    /// Literal. What this file was checked against: the vendor's description and version, a real server, or documentation.
    pub contract: String,
    /// Literals: the names of attributes that are this file's own: kept, shown and there in templates, but nothing else in exeunt reads them.
    #[serde(default)]
    pub own: Vec<String>,
    /// Literals: the names of fields, in requests and replies, that hold secrets although their names don't say so. A recording leaves them out.
    #[serde(default)]
    pub secret: Vec<String>,
    /// The names of the fields of replies that the expressions here read; a recording keeps their values.
    #[serde(skip)]
    pub reads: BTreeSet<String>,
    /// What the settings file must or may say about a system of this kind.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// How we sign in: `read` for scans, `revoke` for actions, `tell` for tickets and notices. Apart, so that the nightly scan can't revoke.
    pub credentials: Credentials,
    /// How the system is reached.
    pub connect: Connect,
    /// Calls that are tried before a scan relies on their rights.
    #[serde(default)]
    pub preflight: Vec<Preflight>,
    /// The collections that are read, by name, in reading order.
    #[serde(deserialize_with = "ordered::deserialize", default)]
    #[schemars(with = "BTreeMap<String, Collection>")]
    pub see: Ordered<Collection>,
    /// What this system's API can't show.
    #[serde(default)]
    pub blind_spots: Vec<BlindSpot>,
    /// The actions that take access away or lock it down, by name.
    #[serde(deserialize_with = "ordered::deserialize", default)]
    #[schemars(with = "BTreeMap<String, Take>")]
    pub take: Ordered<Take>,
    /// How this system carries tasks and events to people.
    #[serde(default)]
    pub tell: Option<Tell>,
    /// Replies and what must come of them, run offline by `exeunt scanners check`.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// What sort of system a scanner speaks to.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Category {
    Sso,
    Directory,
    Mdm,
    Saas,
    Sharing,
    Hris,
    Erp,
    Crm,
    Vpn,
    Badge,
    Vault,
    Cloud,
    Board,
    Notify,
    Ticket,
}

impl Category {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::Directory => "directory",
            Self::Mdm => "mdm",
            Self::Saas => "saas",
            Self::Sharing => "sharing",
            Self::Hris => "hris",
            Self::Erp => "erp",
            Self::Crm => "crm",
            Self::Vpn => "vpn",
            Self::Badge => "badge",
            Self::Vault => "vault",
            Self::Cloud => "cloud",
            Self::Board => "board",
            Self::Notify => "notify",
            Self::Ticket => "ticket",
        }
    }
}

/// One key of a system's settings.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Literal. What a value looks like; written into a new settings file.
    #[serde(default)]
    pub example: Option<Value>,
    /// Literal. Used when the settings file says nothing; a setting with neither default nor `optional` must be given.
    #[serde(default)]
    pub default: Option<Value>,
    /// May be left out; it is null then.
    #[serde(default)]
    pub optional: bool,
    /// Its value is a secret: the settings say where it is (`env:`, `file:`, `exec:`), as they do for credentials.
    #[serde(default)]
    pub secret: bool,
    /// Literal. What it is for.
    #[serde(default)]
    pub help: Option<String>,
}

mod ordered {
    //! A YAML map read in its order.
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<(String, T)>, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Vec<(String, T)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        from.deserialize_map(Pairs(PhantomData))
    }
}
