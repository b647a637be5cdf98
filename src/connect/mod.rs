//! Speaking to systems: HTTP, LDAP, files and mail, with credentials, budgets, retries, pages and recordings.
//!
//! A [`Connection`] is one configured system. It knows nothing of graphs or plans: a call goes out, a reply of some
//! [`Class`] comes back, and the caller judges it. Whatever keeps a list from being read to its end is a gap, never an end.

mod auth;
mod body;
mod budget;
mod class;
mod control;
mod cost;
pub mod decode;
mod file;
pub mod fleet;
mod forms;
mod http;
mod ldap;
mod ldap_ask;
mod ldap_elsewhere;
mod ldap_entry;
mod ldap_wire;
mod needles;
mod outline;
mod page;
mod plain;
mod record;
mod redact;
pub mod render;
mod retry;
mod sigv4;
mod smtp;
mod spelled;
mod trust;
mod webhook;
mod wire;
mod xml;

use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::manifest::Manifest;
use crate::manifest::raw::{self, Hand};
use crate::model::SystemId;
use crate::secret::Kept;

pub use crate::manifest::judge::Class;
pub use control::NoControl;
pub use record::Recorder;

/// What [`Connection::open`] needs; `settings` already holds the manifest's defaults.
pub struct Access {
    /// The system's name in the settings.
    pub system: SystemId,
    /// How it is spoken to.
    pub manifest: Manifest,
    /// Its settings.
    pub settings: Value,
    /// The secret that scans use.
    pub read: Option<Kept>,
    /// The secret that actions use.
    pub revoke: Option<Kept>,
    /// The secret that tickets and notices use.
    pub tell: Option<Kept>,
    /// Certificate authorities to trust beside the machine's own (PEM); for LDAP, instead of them.
    pub ca_file: Option<PathBuf>,
    /// What is sent may go unencrypted over a network.
    pub plain: bool,
    /// Where exchanges are recorded.
    pub recorder: Option<Recorder>,
}

type Boxed<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection to one system. Cheap to clone.
#[derive(Clone)]
pub struct Connection(Arc<(Manifest, wire::Wire)>);

impl Connection {
    /// Prepares a connection; nothing goes over the network yet.
    ///
    /// # Errors
    /// One line: a setting that is missing or no address, or a certificate file that can't be read.
    pub fn open(access: Access) -> Result<Self, String> {
        let Access { system, manifest, settings, read, revoke, tell, ca_file, plain, recorder } = access;
        let wire = wire::Wire::open(system, &manifest, settings, [read, revoke, tell], ca_file.as_deref(), plain, recorder)?;
        Ok(Self(Arc::new((manifest, wire))))
    }

    /// The manifest it was opened with.
    pub fn manifest(&self) -> &Manifest {
        &self.0.0
    }

    /// The system's settings.
    pub fn settings(&self) -> &Value {
        &self.0.1.settings
    }

    /// The system's settings, as they may be shown: of a secret nothing but that it is there.
    pub fn shown_settings(&self) -> Value {
        let mut settings = self.settings().clone();
        for (name, _) in self.manifest().settings.iter().filter(|(_, setting)| setting.secret) {
            if let Some(value) = settings.get_mut(name).filter(|value| !value.is_null()) {
                *value = Value::from(redact::MARK);
            }
        }
        settings
    }

    /// The system's name.
    pub fn system(&self) -> &SystemId {
        &self.0.1.system
    }

    /// One call, retried as its lane says. A reply of any class is `Ok`; the caller judges `reply.class`.
    ///
    /// # Errors
    /// There is no reply to judge: see [`CallError`].
    pub async fn send(&self, hand: Hand, lane: Lane, call: &Call, classes: &raw::Classes) -> Result<Reply, CallError> {
        // Boxed: callers' futures stay small, and the compiler can tell that they may move between threads.
        let sending: Boxed<'_, _> = Box::pin(self.0.1.send(hand, lane, call, classes));
        sending.await
    }

    /// All pages of a call. Each goes to `take` as it arrives; `paging` is the collection's, else `connect.paging` holds.
    /// A directory whose connection broke is read again from its first page, so a page may come twice.
    #[allow(clippy::too_many_arguments)]
    pub async fn pages(
        &self,
        hand: Hand,
        lane: Lane,
        call: &Call,
        classes: &raw::Classes,
        paging: Option<&raw::Paging>,
        from: Option<Checkpoint>,
        take: &mut (dyn FnMut(Page) -> ControlFlow<()> + Send),
    ) -> Ended {
        let paging = paging.or(self.0.0.connect.paging.as_ref());
        let reading: Boxed<'_, _> = Box::pin(self.0.1.pages(hand, lane, call, classes, paging, from, take));
        reading.await
    }

    /// Waits until nobody else in this process scans the whole system, and keeps it so until the answer is dropped.
    pub async fn whole_scan(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.1.whole_scan.lock().await
    }

    /// When scans are welcome again, where the system asked them to stay away for longer than they wait in place.
    pub fn comes_back(&self) -> Option<Timestamp> {
        self.0.1.comes_back()
    }

    /// Whether there is a credential to revoke with.
    pub fn can_revoke(&self) -> bool {
        self.0.1.can_revoke
    }

    /// Whether there is a credential to tell with.
    pub fn can_tell(&self) -> bool {
        self.0.1.can_tell
    }

    /// Opens the connections that a departure will need (TCP, TLS, tokens), so that all its calls leave at once.
    ///
    /// # Errors
    /// One line: the system can't be reached, or refuses the credential.
    pub async fn warm(&self, hand: Hand, act_as: &[String], connections: usize) -> Result<(), String> {
        self.0.1.warm(hand, act_as, connections).await.map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(self.system()).finish()
    }
}

/// The settings of a system that are secrets.
fn secret_settings(manifest: &raw::Manifest, settings: &Value) -> Vec<String> {
    let secret = manifest.settings.iter().filter(|(_, setting)| setting.secret);
    secret.filter_map(|(name, _)| settings.get(name)?.as_str().map(str::to_owned)).collect()
}

/// How urgent a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Leaves the emergency share of the budget free, waits patiently.
    Scan,
    /// A read that HR's word or a departure waits for: it passes before scans, into half of the emergency share, and waits as patiently as they do.
    Look,
    /// The whole budget; retries fast and never waits for scans.
    Revoke,
    /// As `Revoke`, past every cache.
    Prove,
    /// Sent once, and never again by itself: the caller knows what a second one would do. Leaves the emergency share free.
    Tell,
}

impl Lane {
    /// Whether its calls wait for as long as the system asks.
    fn is_patient(self) -> bool {
        matches!(self, Self::Scan | Self::Look)
    }
}

/// What to ask of a system.
#[derive(Clone, Debug)]
pub enum Call {
    /// An HTTP request.
    Http(HttpCall),
    /// An LDAP search.
    Search(SearchCall),
    /// A change to an LDAP entry.
    Modify(ModifyCall),
    /// The records of the system's file.
    File,
    /// A message.
    Mail(MailCall),
}

/// A message by mail.
#[derive(Clone, Debug)]
pub struct MailCall {
    /// What makes it the same message when it is sent again.
    pub id: String,
    /// The sender.
    pub from: String,
    /// The receivers, with commas between them.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// An HTTP request.
#[derive(Clone, Debug, Default)]
pub struct HttpCall {
    /// `GET`, `POST` …
    pub method: String,
    /// Absolute, or a path below the base address.
    pub url: String,
    /// Headers of this call.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Option<Body>,
    /// Whom the credential impersonates.
    pub act_as: Option<String>,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Body {
    /// A JSON document.
    Json(Value),
    /// A form.
    Form(Vec<(String, String)>),
}

/// An LDAP search.
#[derive(Clone, Debug)]
pub struct SearchCall {
    /// Where to begin.
    pub base: String,
    /// `base`, `one` or `sub`.
    pub scope: String,
    /// Which entries.
    pub filter: String,
    /// As in the manifest: `member[]` is a list.
    pub attributes: Vec<String>,
}

/// A change to an LDAP entry.
#[derive(Clone, Debug)]
pub struct ModifyCall {
    /// The entry.
    pub dn: String,
    /// What changes.
    pub changes: Vec<Change>,
    /// Send the relax-rules control.
    pub relax: bool,
}

/// One change of an attribute.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is done.
    pub op: ChangeOp,
    /// The attribute.
    pub attribute: String,
    /// Its values; none with `Delete` or `Replace` removes the attribute.
    pub values: Vec<Vec<u8>>,
}

/// What is done to an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOp {
    /// These are its values now.
    Replace,
    /// These are added.
    Add,
    /// These are taken away.
    Delete,
}

/// What a system answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status, or the LDAP result code.
    pub status: u16,
    /// What sort of answer it is.
    pub class: Class,
    /// An object; names in lower case.
    pub headers: Value,
    /// The body (LDAP: array of entries; file: the records).
    pub body: Value,
    /// `sha256:…` of the body as it came.
    pub digest: String,
    /// The body as it came, of calls that tell (a ticket's files); empty for all others.
    pub raw: Vec<u8>,
    /// When it had come.
    pub at: Timestamp,
    /// How long the last attempt took.
    pub took: Duration,
    /// How many times it was sent.
    pub attempts: u32,
    /// When the last attempt left.
    pub sent_at: Instant,
}

impl Reply {
    /// The answer in one short line: status, and the vendor's own error text if there is one.
    pub fn says(&self) -> String {
        match class::vendor_text(&self.body) {
            Some(text) => format!("{}: {text}", self.status),
            None => self.status.to_string(),
        }
    }

    /// How long it asks us to wait (`Retry-After`), if it does.
    pub fn asked_wait(&self) -> Option<Duration> {
        self.headers
            .get("retry-after")
            .and_then(Value::as_str)
            .and_then(|text| retry::retry_after(text, self.headers.get("date").and_then(Value::as_str), self.at))
    }
}

/// Why there is no reply to judge.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// No connection, or it broke; or the call must not be sent.
    #[error("{0}")]
    Unreachable(String),
    /// The credential was refused where tokens are handed out, or can't be used.
    #[error("{0}")]
    Auth(String),
    /// The certificate of whatever answers isn't believed. To ask again changes nothing.
    #[error("{0}")]
    Untrusted(String),
    /// No answer in time.
    #[error("{0}")]
    Timeout(String),
    /// The answer isn't what its content type says.
    #[error("{0}")]
    Shape(String),
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP: the reply's body; LDAP: array of entries; file: array of records.
    pub body: Value,
    /// The reply's headers.
    pub headers: Value,
    /// The reply's status.
    pub status: u16,
    /// 1, 2, 3 …
    pub number: u32,
    /// Where to go on after this page; none on the last, and where it can't be told.
    pub checkpoint: Option<Checkpoint>,
}

/// Where a list is to be read on: text that can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint(pub String);

/// How reading a list ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it was read.
    Complete {
        /// How many pages there were.
        pages: u32,
    },
    /// Not all of it was read.
    Gap {
        /// Why, in one line.
        reason: String,
        /// The class of the reply that ended it.
        class: Option<Class>,
        /// How many pages were read.
        pages: u32,
    },
    /// What was asked for doesn't exist.
    Absent,
    /// `take` had enough.
    Stopped,
}

#[cfg(test)]
mod tests;
