//! A manifest as it is written. Parsed strictly: an unknown key is an error with its line. `check.rs` makes it valid.
//!
//! Every text is one of three things, and its doc comment says which: a *literal*, an *expression* (Jinja, evaluated to
//! a value: `it.profile.login`) or a *template* (text with `{{ expression }}` in it, escaped for where it stands).
//! A string leaf of a *body* is a template; a leaf that is nothing but one `{{ expression }}` keeps the value's type.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

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
    /// What the settings file must or may say about a system of this kind.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// How we sign in: `read` for scans, `revoke` for actions. Apart, so that the nightly scan can't revoke.
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
    /// Literal. What it is for.
    #[serde(default)]
    pub help: Option<String>,
}

/// How we sign in.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// For scans, proofs and preflight.
    pub read: Credential,
    /// For actions. Left out by systems whose every action is a hand-off.
    #[serde(default)]
    pub revoke: Option<Credential>,
}

/// One credential: its kind, and what else that kind needs. The secret itself is named in the settings file
/// (`read = "env:OKTA_READ"`); it is `secret` in the templates here.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// How it is presented.
    pub kind: CredentialKind,
    /// Literal. The rights that it needs, in the vendor's words; shown by `init` and `check`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Template (basic, oauth_client, sigv4: user, client id or access key id; the secret is the password).
    #[serde(default)]
    pub user: Option<String>,
    /// Literal (header): the header's name. Templates with `secret` in scope: see `value`.
    #[serde(default)]
    pub header: Option<String>,
    /// Template (header): the header's value; `{{ secret }}` when left out.
    #[serde(default)]
    pub value: Option<String>,
    /// Template (oauth_client, jwt_bearer, private_key_jwt): the token endpoint.
    #[serde(default)]
    pub token_url: Option<String>,
    /// Literal (jwt_bearer): claims beside `iat` and `exp`, templates in their leaves; `act_as` is whom to impersonate.
    #[serde(default)]
    pub claims: Option<Value>,
    /// Literal body (oauth_client …): further form fields of the token request, templates in their leaves.
    #[serde(default)]
    pub form: Option<Value>,
    /// (login) The call that answers with a token.
    #[serde(default)]
    pub login: Option<Login>,
    /// (login) Headers sent with every request afterwards; templates with `token` in scope.
    #[serde(default)]
    pub send: BTreeMap<String, String>,
    /// Template (sigv4): the region.
    #[serde(default)]
    pub region: Option<String>,
    /// Literal (sigv4): the service's name in the signature.
    #[serde(default)]
    pub service: Option<String>,
}

/// How a credential is presented.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Nothing is presented (files).
    None,
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// HTTP basic: `user` and the secret.
    Basic,
    /// A header of its own: `header` and `value`.
    Header,
    /// OAuth 2.0 client credentials: `user` is the client id.
    OauthClient,
    /// OAuth 2.0 JWT bearer grant (RFC 7523): the secret is a PEM key or a Google key file; may impersonate.
    JwtBearer,
    /// OAuth 2.0 client credentials with a signed assertion: `user` is the client id, the secret a PEM key.
    PrivateKeyJwt,
    /// A call that answers with a token: `login` and `send`.
    Login,
    /// AWS Signature Version 4: `user` is the access key id.
    Sigv4,
    /// LDAP simple bind: `connect.bind` says as whom.
    Bind,
}

/// The call of a `login` credential.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Template: `METHOD path`.
    pub call: String,
    /// Body, with `secret` in scope.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body sent as a form, with `secret` in scope.
    #[serde(default)]
    pub form: Option<Value>,
    /// Templates: headers of the login call, with `secret` in scope.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Expression over `body` and `headers`: the token.
    pub token: String,
    /// Expression: when it ends, as a time or in seconds from now; 10 minutes when left out.
    #[serde(default)]
    pub expires: Option<String>,
}

/// How the system is reached: exactly one of `http`, `ldap`, `file`.
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
    /// (ldap) As whom to bind.
    #[serde(default)]
    pub bind: Option<Bind>,
    /// (ldap) Begin TLS on a plain connection before binding.
    #[serde(default)]
    pub starttls: bool,
    /// (file) How the file is written.
    #[serde(default)]
    pub format: Option<FileFormat>,
    /// (file) Literal: a file older than so many hours is a gap; 26 when left out.
    #[serde(default)]
    pub max_age_hours: Option<u64>,
}

/// Expressions that class a reply. The first that is true decides; none true: by status (2xx fine, 401 and 403 forbidden,
/// 404 and 410 gone, 429 throttled, 408 and 5xx transient, other refused). No class means "ignore".
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
    /// Literal (cursor): the query parameter, form field or top-level body key that carries the token; which of them, the call decides.
    #[serde(default)]
    pub into: Option<String>,
    /// Template (cursor): another route for further pages, `METHOD path`; the body then is only the token.
    #[serde(default)]
    pub continue_at: Option<String>,
    /// Literal: the query parameter that counts pages.
    #[serde(default)]
    pub page: Option<String>,
    /// Literal: the query parameter that counts records.
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
    /// Literal (page, offset, scim): records in a page. A page with fewer is the last.
    #[serde(default)]
    pub size: Option<u64>,
    /// Literal (page, offset): the query parameter that carries the size.
    #[serde(default)]
    pub size_into: Option<String>,
    /// Expression (page, offset, cursor): true on the last page, where the vendor says so.
    #[serde(default)]
    pub last: Option<String>,
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
    /// Template: whom the credential impersonates for this call.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Literal: the right that a good answer proves.
    #[serde(default)]
    pub proves: Option<String>,
    /// Expression over the answer: the key of the account that our own credential belongs to. It is the branch we sit on.
    #[serde(default)]
    pub own_account: Option<String>,
    /// Literal: which credential is tried (`read` when left out).
    #[serde(default)]
    pub with: Option<Hand>,
}

/// Which of the two credentials.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[serde(rename_all = "lowercase")]
pub enum Hand {
    /// The one that scans.
    #[default]
    Read,
    /// The one that revokes.
    Revoke,
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
    /// (file) The records of the file: which of its documents or `all`.
    #[serde(default)]
    pub file: Option<bool>,
    /// Expression over `body`: the records; the body itself when left out (one record, if it is no list).
    #[serde(default)]
    pub each: Option<String>,
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

/// Reading only what changed.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    /// Template: the call for changes, `since` in scope (the mark). The full call is used when there is no mark, and every
    /// `full_every` days.
    #[serde(default)]
    pub call: Option<String>,
    /// Template (ldap): a filter that is added to the search, `since` in scope.
    #[serde(default)]
    pub filter: Option<String>,
    /// Expression: the mark to remember: over the last page's `body`, or over each `it` (the greatest counts).
    pub mark: String,
    /// Expression over `it`: this record says that its node is gone.
    #[serde(default)]
    pub removed: Option<String>,
    /// Literal: days between complete reads; 7 when left out.
    #[serde(default)]
    pub full_every: Option<u32>,
}

/// What one record means: a node (one of the kinds as key), an edge, or both; or an inner list.
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
    /// Expression (or list of expressions, or map): any other attribute. Those that checks and resolution know: `name`, `emails`,
    /// `employee_number`, `phones`, `state` (active, disabled), `auth` (sso, local), `admin` (tier 0 to 3), `created`, `last_used`, `expires`,
    /// `scopes`, `ownership` (corporate, personal), `shared`.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub attrs: BTreeMap<String, Value>,
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

/// An action: what it is done to, the call, and the read that proves it.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Literal: a node kind (`account`), a node kind with type (`credential.ssh_key`), or an edge kind (`member_of`).
    /// For an edge, `from` and `to` are its nodes and `edge` its attributes; for a node it is `node`.
    pub on: String,
    /// Expression: only for such nodes or edges.
    #[serde(default)]
    pub when: Option<String>,
    /// Literal: what sort of action it is; `revoke` when left out.
    #[serde(default)]
    pub kind: TakeKind,
    /// Literal: in which modes it belongs to the plan; `[departure]` when left out.
    #[serde(default)]
    pub modes: Option<Vec<String>>,
    /// Literal: false keeps it out of plans unless the settings name it.
    #[serde(default)]
    pub default: Option<bool>,
    /// Template: whom the credential impersonates.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Template: `METHOD path`.
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
    /// (ldap) The change.
    #[serde(default)]
    pub modify: Option<Modify>,
    /// A task for a person instead of a call.
    #[serde(default)]
    pub hand_off: Option<HandOff>,
    /// How replies to this call are classed, when not as usual.
    #[serde(default)]
    pub classes: Classes,
    /// Expression over `status`, `body`, `headers` (ldap: `code`): the thing had been done before. `gone` counts as done already by itself.
    #[serde(default)]
    pub done_already: Option<String>,
    /// Expression over a refused reply: the reason is one that a person must solve first (last owner …); text for the task.
    #[serde(default)]
    pub blocked: Option<String>,
    /// The read that proves it. Required.
    #[serde(default)]
    pub prove: Option<Prove>,
    /// Literal: actions of this file that must have been proved first, or be proved only after this one: the vendor forces it.
    #[serde(default)]
    pub after: Vec<String>,
    /// Literal: actions that must wait until this one is proved.
    #[serde(default)]
    pub before: Vec<String>,
    /// Literal: fired once more when these are proved (a cookie can mint a new session in between).
    #[serde(default)]
    pub again_after: Vec<String>,
    /// Literal: edge kinds out of the node that fall with this action (`member_of`, `holds.session`); for the proof that the plan is a cut.
    #[serde(default)]
    pub also_removes: Vec<String>,
    /// Literal: collections that can't be read any more once this is done; what they showed must be taken before.
    #[serde(default)]
    pub blinds: Vec<String>,
    /// Template: the call that gives it back.
    #[serde(default)]
    pub undo: Option<String>,
    /// Body of the undo call.
    #[serde(default)]
    pub undo_body: Option<Value>,
    /// Can't be taken back.
    #[serde(default)]
    pub irreversible: bool,
    /// Expression over the reply's `body`: the job's id, for proofs of asynchronous work; `job` in later templates.
    #[serde(default)]
    pub job: Option<String>,
    /// A download that is kept as evidence once proved (export).
    #[serde(default)]
    pub keep: Option<Keep>,
}

/// What sort of action.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
pub enum TakeKind {
    /// Takes access away.
    #[default]
    Revoke,
    /// Moves ownership to the successor (`successor` is in scope).
    Transfer,
    /// Keeps data from being deleted.
    Hold,
    /// Stops changes or copies.
    Freeze,
    /// Draws a copy that is kept as evidence.
    Export,
}

/// A change to an LDAP entry.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Modify {
    /// Template (DN-escaped): the entry. `{{ node.dn }}` puts a whole DN in unescaped, for it is one already.
    pub dn: String,
    /// Attribute to template, or list of templates: replaced values.
    #[serde(default)]
    pub replace: BTreeMap<String, Value>,
    /// Added values.
    #[serde(default)]
    pub add: BTreeMap<String, Value>,
    /// Deleted values; null deletes the whole attribute.
    #[serde(default)]
    pub delete: BTreeMap<String, Value>,
    /// Literal: send the relax-rules control (OpenLDAP needs it to set pwdAccountLockedTime).
    #[serde(default)]
    pub relax: bool,
}

/// A task for a person.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    /// Literal: the role it goes to: hr, it, legal, security, facilities, finance.
    pub to: String,
    /// Literal: how long they have (`4h`).
    pub due: String,
    /// Template: the task's title.
    pub title: String,
    /// Template: how to do it.
    #[serde(default)]
    pub steps: Option<String>,
    /// Literal: what must be attached when it is done (`receipt`).
    #[serde(default)]
    pub attach: Option<String>,
}

/// The read that proves an action.
#[derive(Deserialize, JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// Template: `METHOD path`.
    #[serde(default)]
    pub call: Option<String>,
    /// Body of the call.
    #[serde(default)]
    pub body: Option<Value>,
    /// Form body of the call.
    #[serde(default)]
    pub form: Option<Value>,
    /// (ldap) The search; `it` is the first entry, `entries` all of them.
    #[serde(default)]
    pub search: Option<Search>,
    /// Literal: re-read this collection; `seen` holds the keys it yields (for its parent, where it has one).
    #[serde(default)]
    pub see: Option<String>,
    /// Template: whom the credential impersonates, when not as the action.
    #[serde(default, rename = "as")]
    pub act_as: Option<String>,
    /// Expression over the answer: it is gone. A reply of class `gone` proves it by itself, unless this says otherwise (`gone_is: present`).
    pub gone: String,
    /// How replies to this read are classed, when not as usual.
    #[serde(default)]
    pub classes: Classes,
    /// Literal: how long the vendor may take to show it (`30s`); 10s when left out. The verdict is `claimed` until then, `present` after.
    #[serde(default)]
    pub within: Option<String>,
    /// Literal: how long what was issued before lives on although this proves the source gone (`1h`): said in the verdict.
    #[serde(default)]
    pub lives_on: Option<String>,
}

/// A download that is kept as evidence.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Template: `METHOD path`, read with the revoke credential after the proof.
    pub call: String,
    /// Template: the file's name in the evidence.
    pub name: String,
}

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
