//! The settings file (`exeunt.toml`): which systems there are, who counts as an executive, and what policy allows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clean;
use crate::model::LastDay;
use crate::secret::SecretRef;

mod judge;

/// The settings file, checked.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the store is; beside the settings file when left out.
    #[serde(default)]
    pub store: Option<PathBuf>,
    /// A folder of manifests that go before the built-in ones.
    #[serde(default)]
    pub scanners: Option<PathBuf>,
    /// The company.
    pub company: Company,
    /// Who is who.
    #[serde(default)]
    pub people: People,
    /// The systems, by the name you give them.
    #[serde(default)]
    pub systems: BTreeMap<String, System>,
    /// What the shadow checks shall let pass.
    #[serde(default)]
    pub policy: Policy,
    /// How departures run.
    #[serde(default)]
    pub departure: Departure,
    /// The audit log.
    #[serde(default)]
    pub audit: Audit,
    /// `exeunt serve`.
    #[serde(default)]
    pub serve: Serve,
    /// The folder of the settings file; paths in it are relative to this.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The company.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Company {
    /// Its name, for reports.
    pub name: String,
    /// Its mail domains: an address outside them is outside the company.
    pub domains: Vec<String>,
}

/// Who is who.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// An expression over `person` that is true for executives, e.g. `person.title | matches('chief', 'vp ')`.
    #[serde(default)]
    pub executive: Option<String>,
    /// Employee numbers or addresses of people who count as executives whatever the rule says.
    #[serde(default)]
    pub executives: Vec<String>,
    /// People whose departure always needs an approval: employee number, address or name, as HR has it or once had it. An entry that means nobody lets
    /// every departure wait.
    #[serde(default)]
    pub protected: Vec<String>,
    /// Employee number to employee number: who takes over.
    #[serde(default)]
    pub successors: BTreeMap<String, String>,
}

/// One system.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
pub struct System {
    /// The manifest that speaks to it.
    pub scanner: String,
    /// Where the reading secret is: `env:NAME`, `file:PATH`, `exec:COMMAND`.
    #[serde(default)]
    pub read: Option<String>,
    /// Where the revoking secret is.
    #[serde(default)]
    pub revoke: Option<String>,
    /// Where the secret of tickets and notices is.
    #[serde(default)]
    pub tell: Option<String>,
    /// A PEM file of certification authorities to trust beside the system's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// What is sent to it, the credential too, may go unencrypted, for the network on the way is trusted. Every report says so.
    #[serde(default)]
    pub plain: bool,
    /// When it is scanned, in cron syntax (`0 2 * * *`, UTC); `serve.schedule` when left out.
    #[serde(default)]
    pub schedule: Option<String>,
    /// The app, in an SSO system, through which people sign in here.
    #[serde(default)]
    pub signs_in_through: Option<SignIn>,
    /// Everything else: what the manifest's `settings` ask for; and in every system `own_account`, the key or address of the account that the revoking
    /// credential belongs to, or `none` for a client that is nobody's.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub settings: Map<String, Value>,
}

/// What can't be seen of a system with `plain = true`, and why; in every report.
pub const IN_CLEAR: (&str, &str) =
    ("who else reads what is sent to it, the credential too", "plain = true in the settings lets it go unencrypted over the network");

/// The app, in an SSO system, through which people sign in somewhere.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The SSO system's name in this file.
    pub system: String,
    /// The app's name or key there.
    pub app: String,
}

/// What the shadow checks shall let pass.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Names of apps that may hold grants (the company's mail client …).
    #[serde(default)]
    pub approved_apps: Vec<String>,
    /// Addresses or logins of accounts that may hold administrator roles, or be local (break-glass accounts).
    #[serde(default)]
    pub approved_admins: Vec<String>,
    /// Names of files that may be open to anyone; `*` stands for anything.
    #[serde(default)]
    pub public_by_design: Vec<String>,
    /// Names of files that people may share with themselves (receipts …); `*` stands for anything.
    #[serde(default)]
    pub own_files: Vec<String>,
    /// Days without a sign of life after which a device record counts as stale; 90 when left out.
    #[serde(default)]
    pub stale_device_days: Option<i64>,
    /// Apps without a scanner whose leavers somebody takes out by hand, by a rule that is written down.
    #[serde(default)]
    pub handed_off_apps: Vec<HandedOffApp>,
    /// Single findings that somebody has accepted, for a time.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// An app without a scanner whose leavers somebody takes out by hand.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct HandedOffApp {
    /// The app's key or name in the SSO system; `*` stands for anything.
    pub app: String,
    /// The role that does it (`it`, `legal`, `facilities` …; see `departure.roles`).
    pub role: String,
    /// Why there is no scanner, or where the rule is written.
    pub reason: String,
}

/// A finding that somebody has accepted, for a time.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The check's name.
    pub check: String,
    /// The subject's key or name; `*` stands for anything.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub decided_by: String,
    /// The last day it holds (`2027-01-31`).
    #[schemars(with = "String")]
    pub until: jiff::civil::Date,
}

/// How departures run.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields, default)]
pub struct Departure {
    /// When more people than this leave within `mass_window` of one another, their departures stop and ask.
    pub mass_limit: u32,
    /// How near to one another departures are due that are counted together (`1h`).
    pub mass_window: String,
    /// Every departure waits for a second person's approval of its exact plan.
    pub approval: bool,
    /// Actions that manifests keep out of plans (`okta.deactivate`: scanner, dot, action) and that yours shall hold.
    pub allow: Vec<String>,
    /// Actions that yours shall not hold, likewise.
    pub deny: Vec<String>,
    /// Access that a leaver keeps, each a named person's decision with an end.
    pub keep: Vec<Keep>,
    /// What was proved gone and comes back waits for a person, instead of being taken away again by itself.
    pub ask_when_back: bool,
    /// The time of the last day at which a departure takes effect (`17:00`); the end of that day when left out. Who HR says has left is taken
    /// out at once, whatever the time.
    pub time: Option<String>,
    /// The company's time zone (`America/Los_Angeles`), in which a last day ends; UTC when left out.
    pub zone: Option<String>,
    /// The time zones of places, as HR names them: place to zone.
    pub zones: BTreeMap<String, String>,
    /// Who gets the tasks of a role: role to address.
    pub roles: BTreeMap<String, String>,
    /// Which systems carry tasks and events to people. Nobody is told anything when left out.
    pub tell: Tell,
}

impl Default for Departure {
    fn default() -> Self {
        Self {
            mass_limit: 3,
            mass_window: "1h".to_owned(),
            approval: false,
            allow: Vec::new(),
            deny: Vec::new(),
            keep: Vec::new(),
            ask_when_back: false,
            time: None,
            zone: None,
            zones: BTreeMap::new(),
            roles: BTreeMap::new(),
            tell: Tell::default(),
        }
    }
}

impl Departure {
    /// How a last day is read.
    ///
    /// # Errors
    /// One line: `time` is no time of day, or a zone is none.
    pub fn last_day(&self) -> Result<LastDay, String> {
        let zone = |name: &String, place: String| {
            let zone = jiff::tz::TimeZone::get(name);
            zone.map_err(|_| format!("{place}: {name:?} is no time zone; write one such as America/Los_Angeles or Europe/Oslo"))
        };
        let time = self.time.as_ref().map(|text| {
            // No date before it, and no second that a clock doesn't show.
            let digits = |part: &str| part.len() == 2 && part.parse::<u8>().is_ok_and(|number| number < 60);
            let is_time = text.matches(':').count() <= 2 && text.contains(':') && text.split(':').all(digits);
            let time = text.parse::<jiff::civil::Time>().ok().filter(|_| is_time);
            time.ok_or_else(|| format!("time: {text:?} is no time of day; write one such as 17:00"))
        });
        let places = self.zones.iter().map(|(place, name)| Ok((place.clone(), zone(name, format!("zones.{place:?}"))?)));
        Ok(LastDay {
            time: time.transpose()?,
            zone: self.zone.as_ref().map(|name| zone(name, "zone".to_owned())).transpose()?,
            zones: places.collect::<Result<_, String>>()?,
        })
    }
}

/// Which systems carry tasks and events to people.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields, default)]
pub struct Tell {
    /// The system that carries tasks: as tickets, or as messages to the role's address (`departure.roles`) where it has no tickets.
    pub tasks: Option<String>,
    /// Roles whose tasks another system carries: role to system.
    pub roles: BTreeMap<String, String>,
    /// Who hears of what.
    pub notices: Vec<Notice>,
    /// When `exeunt serve` looks at open tickets, in cron syntax, UTC.
    pub look: String,
}

impl Default for Tell {
    fn default() -> Self {
        Self { tasks: None, roles: BTreeMap::new(), notices: Vec::new(), look: "*/5 * * * *".to_owned() }
    }
}

/// Somebody who hears of events.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The system that carries the message.
    pub system: String,
    /// Whom it goes to, as that system knows them: a channel, an address, a role of `departure.roles`; for a webhook, any name.
    pub to: String,
    /// What they hear of: task, opened, approval, stuck, overdue, ended, closed, trouble. `trouble` is of exeunt's own (HR can't be heard, the log can't be signed). `overdue` is the escalation: each overdue task is told once.
    pub events: Vec<String>,
}

impl Tell {
    /// Whether anything is told to anybody.
    pub fn is_on(&self) -> bool {
        self.tasks.is_some() || !self.roles.is_empty() || !self.notices.is_empty()
    }

    /// The system that carries a role's tasks, if one does.
    pub fn carrier(&self, role: &str) -> Option<&str> {
        self.roles.get(role).or(self.tasks.as_ref()).map(String::as_str)
    }
}

/// Access that a leaver keeps.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Employee number or address; `*` for everyone (payroll self-service).
    pub person: String,
    /// The system.
    pub system: String,
    /// The node's key or name there; `*` for everything in that system.
    #[serde(default = "everything")]
    pub node: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub decided_by: String,
    /// The last day it holds.
    #[schemars(with = "String")]
    pub until: jiff::civil::Date,
}

impl Keep {
    /// Whether it is about this node: its system, its key there and its name.
    pub fn is_about(&self, system: &str, key: &str, label: &str) -> bool {
        self.system == system && (is_like(key, &self.node) || is_like(label, &self.node))
    }
}

fn everything() -> String {
    "*".to_owned()
}

/// The audit log.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// The log's name, in every checkpoint: `exeunt.example/audit/acme`.
    pub origin: String,
    /// The signing key's file. It is made when something is signed for the first time; a lost one is replaced by `exeunt audit new-key` alone.
    pub key: PathBuf,
}

impl Default for Audit {
    fn default() -> Self {
        Self { origin: "exeunt/audit".to_owned(), key: PathBuf::from("exeunt-audit.key") }
    }
}

/// `exeunt serve`.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Where to listen.
    pub listen: String,
    /// When systems are scanned that don't say otherwise, in cron syntax, UTC.
    pub schedule: String,
    /// How often HR is asked for departures, in cron syntax, UTC; empty for never.
    pub poll: String,
    /// HR's webhooks, by the path's last part (`/hooks/<name>`).
    pub hooks: BTreeMap<String, Hook>,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8470".to_owned(),
            schedule: "0 2 * * *".to_owned(),
            poll: "*/15 * * * *".to_owned(),
            hooks: BTreeMap::new(),
        }
    }
}

/// One HR webhook.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// How it is signed.
    pub kind: HookKind,
    /// The HR system it speaks for.
    pub system: String,
    /// Where the signing secret is.
    pub secret: String,
}

/// How a webhook is signed.
#[derive(Deserialize, schemars::JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum HookKind {
    /// BambooHR: hex HMAC-SHA-256 of body and time stamp, in `X-BambooHR-Signature` and `X-BambooHR-Timestamp`.
    Bamboohr,
}

impl Config {
    /// The systems whose calls may go unencrypted (`plain = true`).
    pub fn in_clear(&self) -> impl Iterator<Item = &str> {
        self.systems.iter().filter(|(_, system)| system.plain).map(|(name, _)| name.as_str())
    }

    /// Reads and checks a settings file.
    ///
    /// # Errors
    /// One line: the file can't be read, or what is wrong in which line of it.
    pub fn load(path: &Path) -> Result<Self> {
        let text = read_whole(path).map_err(|error| {
            anyhow!("settings file {} can't be read: {error}; `exeunt init` writes a new one, --config names another", path.display())
        })?;
        let mut config = Self::parse(&text).map_err(|problem| anyhow!("{}: {problem}", path.display()))?;
        config.folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Ok(config)
    }

    /// Reads and checks settings from their text.
    ///
    /// # Errors
    /// One line: all that is wrong; in which line, where it is no settings file at all.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = clean::line(&error.message().lines().collect::<Vec<_>>().join(" "));
            line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"))
        })?;
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(clean::line(&problems.join("; "))) }
    }

    /// A path of the settings, relative to the settings file's folder.
    pub fn at(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// A secret's place; a file's is relative to the settings file's folder.
    ///
    /// # Errors
    /// As [`SecretRef::parse`].
    pub fn secret(&self, text: &str) -> Result<SecretRef, String> {
        Ok(match SecretRef::parse(text)? {
            SecretRef::File(path) => SecretRef::File(self.at(Path::new(&path)).display().to_string()),
            other => other,
        })
    }

    /// Where the store is.
    pub fn store_path(&self) -> PathBuf {
        self.at(self.store.as_deref().unwrap_or(Path::new("exeunt.db")))
    }

    /// Whether an address belongs to the company (a subdomain counts).
    pub fn is_company_address(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_lowercase();
        self.company.domains.iter().any(|own| domain == own.to_lowercase() || domain.ends_with(&format!(".{}", own.to_lowercase())))
    }
}

/// A settings file or manifest larger than this is none.
const LARGEST: u64 = 4 << 20;

/// The text of a settings file or a manifest.
///
/// # Errors
/// It can't be read, or is larger than any is.
pub(crate) fn read_whole(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    Ok(text)
}

/// Whether `text` is like `pattern`, in which `*` stands for anything. Case doesn't matter.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let text = text.to_lowercase();
    let pattern = pattern.to_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = r#"
[company]
name = "Acme"
domains = ["acme.example"]

[systems.okta]
scanner = "okta"
domain = "acme.okta.example"
read = "env:OKTA_READ"
"#;

    #[test]
    fn a_mistake_is_one_line_that_says_where() {
        assert_eq!(Config::parse(GOOD).unwrap().systems["okta"].settings["domain"], "acme.okta.example");
        let unknown = Config::parse(&GOOD.replace("name = \"Acme\"", "name = \"Acme\"\ncolour = 1")).unwrap_err();
        assert!(unknown.contains("line 4") && unknown.contains("colour") && !unknown.contains('\n'), "{unknown}");
        let several = Config::parse(&format!("{GOOD}[departure]\nmass_limit = 0\nmass_window = \"1 hour\"\n")).unwrap_err();
        assert!(several.contains("mass_limit") && several.contains("mass_window") && !several.contains('\n'), "{several}");
        let pasted = Config::parse(&GOOD.replace("env:OKTA_READ", "00aBcSecret")).unwrap_err();
        assert!(pasted.contains("systems.okta.read") && !pasted.contains("00aBc"), "{pasted}");
        let named = Config::parse(&GOOD.replace("systems.okta", r#"systems."a\nb\u001b[31m""#).replace("env:", "")).unwrap_err();
        assert!(named.contains("a<U+000A>b<U+001B>[31m") && !named.contains(char::is_control), "{named}");
    }

    #[test]
    fn patterns() {
        assert!(is_like("Press kit 2026.zip", "press kit*"));
        assert!(is_like("a-b-c", "a*b*c") && is_like("abc", "*") && is_like("abc", "abc"));
        assert!(!is_like("abc", "ab") && !is_like("abc", "*d") && !is_like("ab", "ab*b"));
    }
}
