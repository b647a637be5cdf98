//! How a system is reached: transport, paging, budget, and how replies are classed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How the system is reached: exactly one of `http`, `ldap`, `file`, `smtp`.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// Template: the base URL that paths are appended to.
    #[serde(default)]
    pub http: Option<String>,
    /// Template: `ldap://host:port` or `ldaps://…`.
    #[serde(default)]
    pub ldap: Option<String>,
    /// Template: a file, or a folder whose newest file counts.
    #[serde(default)]
    pub file: Option<String>,
    /// Template: `smtps://host:port` (TLS from the first byte) or `smtp://host:port` (STARTTLS, without which nothing is sent; only on this
    /// machine itself may it be missing). For notices only.
    #[serde(default)]
    pub smtp: Option<String>,
    /// Templates (http): headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// (http) How lists are paged, unless a collection says otherwise.
    #[serde(default)]
    pub paging: Option<Paging>,
    /// (http) What the vendor allows.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// Literal (http): the share of the budget that scans leave free for a departure (`40%`); 20% when left out.
    #[serde(default)]
    pub emergency: Option<String>,
    /// Expressions (http) over `status`, `headers`, `body` that class a reply, tried in this order before the usual classes.
    #[serde(default)]
    pub classes: Classes,
    /// Literal: seconds to wait for a reply; 30 when left out.
    #[serde(default)]
    pub timeout_secs: Option<u64>,
    /// Literal: calls under way at once; 8 when left out.
    #[serde(default)]
    pub parallel: Option<usize>,
    /// (ldap) Entries in a page; 500 when left out.
    #[serde(default)]
    pub page_size: Option<u32>,
    /// Expression (ldap) over `settings`: the names (DN) of the parts of the tree that another system of ours reads: a list that
    /// leaves them out is whole. Any other part that the directory says is elsewhere makes a gap.
    #[serde(default)]
    pub elsewhere: Option<String>,
    /// (ldap) As whom to bind.
    #[serde(default)]
    pub bind: Option<Bind>,
    /// (ldap) Begin TLS on a plain connection before binding.
    #[serde(default)]
    pub starttls: bool,
    /// (file) How the file is written.
    #[serde(default)]
    pub format: Option<FileFormat>,
    /// (file) Literals: the columns that the file must have; without one, or with one twice, the whole file is a gap. Those that the yields
    /// read, when left out.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// (file) Literal: a file older than so many hours is a gap; 26 when left out.
    #[serde(default)]
    pub max_age_hours: Option<u64>,
}

/// Expressions that class a reply. The first that is true decides; none true: by status (2xx fine, 401 and 403 forbidden,
/// 429 throttled, 408 and 5xx transient, other refused). No class means "ignore".
///
/// A 404 is nobody's answer until `gone` says how the system's own looks: a gateway answers 404 too. What is neither an object nor a list (a web
/// page, text, nothing) is never an answer to a read, whatever its status, nor is an error object under a good status.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// Too many requests: wait and try again.
    #[serde(default)]
    pub throttled: Option<String>,
    /// Our credential lacks a right.
    #[serde(default)]
    pub forbidden: Option<String>,
    /// What was asked for doesn't exist.
    #[serde(default)]
    pub gone: Option<String>,
    /// Broken for the moment: try again.
    #[serde(default)]
    pub transient: Option<String>,
    /// The system says no.
    #[serde(default)]
    pub refused: Option<String>,
}

/// As whom to bind to a directory.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    /// Template: the DN (or user principal name) that scans bind as.
    pub read: String,
    /// Template: the one that actions bind as.
    #[serde(default)]
    pub revoke: Option<String>,
}

/// How a file is written.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// A head line, then records; every value is text.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON document.
    Json,
}

/// How a list is paged: exactly one of `link`, `next`, `cursor`, `page`, `offset`, `scim`, `none`.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// Literal: follow the `Link` header with this relation (`next`).
    #[serde(default)]
    pub link: Option<String>,
    /// Expression over `body`, `headers`: the next page's address (absolute, or a path); null ends.
    #[serde(default)]
    pub next: Option<String>,
    /// Expression over `body`, `headers`: a token for the next page; null, false or empty ends.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Literal (cursor): the query parameter, form field or top-level body key that carries the token: the query of a GET, else the form or the body; the query always where
    /// the call names the parameter there already.
    #[serde(default)]
    pub into: Option<String>,
    /// Template (cursor): another route for further pages, `METHOD path`; the body then is only the token.
    #[serde(default)]
    pub continue_at: Option<String>,
    /// Literal: the parameter that counts pages; it stands where `into` would.
    #[serde(default)]
    pub page: Option<String>,
    /// Literal: the parameter that counts records; it stands where `into` would.
    #[serde(default)]
    pub offset: Option<String>,
    /// SCIM: `startIndex` and `count`, up to `totalResults`.
    #[serde(default)]
    pub scim: bool,
    /// Not paged: one reply holds everything.
    #[serde(default)]
    pub none: bool,
    /// Literal (page, offset, scim): the number of the first page or record; 1 when left out (0 for offset).
    #[serde(default)]
    pub start: Option<u64>,
    /// Literal (page, offset, scim): records that are asked for in a page. A page with fewer is not the last: an empty one is, or what `last` says.
    #[serde(default)]
    pub size: Option<u64>,
    /// Literal (page, offset): the parameter that carries the size; it stands where `into` would.
    #[serde(default)]
    pub size_into: Option<String>,
    /// Expression (page, offset, cursor): true on the last page, where the vendor says so; null where a reply doesn't say, and then an empty page is
    /// the last.
    #[serde(default)]
    pub last: Option<String>,
    /// Expression over `body`, `headers` (page, offset, cursor, link, next): how many records the whole list has, where the vendor says so. Fewer
    /// distinct records than that are a gap.
    #[serde(default)]
    pub total: Option<String>,
    /// Literal: the cap. Reaching it is a gap, never a quiet end.
    #[serde(default)]
    pub max_pages: Option<u64>,
}

/// What the vendor allows, and where its replies say how much is left.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Literal: so many requests …
    pub requests: u64,
    /// Literal: … in such a time (`60s`, `1h`).
    pub per: String,
    /// Literal: the header that says how many are left.
    #[serde(default)]
    pub remaining: Option<String>,
    /// Literal: the header that says when the count starts anew (epoch seconds, or seconds from now).
    #[serde(default)]
    pub reset: Option<String>,
}
