//! LDAP: searches in pages, attributes in ranges, changes. Each use has a connection to itself, because a server keeps the
//! place of one paged search per connection; connections are pooled by the credential they are bound with.
//!
//! No page has a checkpoint. The cookie of a paged search is good on its own connection only, and for as long as that lives: on another one OpenLDAP
//! 2.5 calls it invalid, and Samba 4.17 refuses it (53). Nor is there a filter that cuts a list into parts which every directory can order. A scan that
//! is broken off in the middle of a list reads it again from its beginning; lists that were finished are taken over, as from any system.
//!
//! The requests themselves, and how much may come in answer to one, are `ldap_ask`; what another server holds is `ldap_elsewhere`.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ldap3::controls::{ControlType, MakeCritical, PagedResults, RawControl, RelaxRules};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope as Reach, StdStream};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::ldap_ask::{Asked, Found, Held, MOST_BESIDE};
use super::ldap_elsewhere;
use super::ldap_entry::Entry;
use super::ldap_wire::{self, Refused};
use super::redact::Redactor;
use super::retry::Patience;
use super::sigv4::hex;
use super::{CallError, ChangeOp, Class, Ended, Lane, ModifyCall, Page, Reply, SearchCall, class, trust};
use crate::clock;
use crate::manifest::express::{Expr, Scope, plain};
use crate::manifest::judge;
use crate::manifest::raw::{self, Hand};
use crate::manifest::template::{Place, render};
use crate::model::SystemId;
use crate::secret::{Kept, expose};

/// Below this a page that is refused is not made smaller.
const SMALLEST_PAGE: u32 = 100;
/// Pages read of one list before it is taken for one without end, as `max_pages` bounds an HTTP list.
const MOST_PAGES: u32 = if cfg!(test) { 20 } else { 10_000 };

pub(super) struct Directory {
    pub(super) system: SystemId,
    url: String,
    address: reqwest::Url,
    /// How it is encrypted; none for plain LDAP.
    tls: Option<Arc<rustls::ClientConfig>>,
    binds: [Option<(String, Kept)>; 2],
    pools: [Mutex<Vec<Connection>>; 2],
    page_size: AtomicU32,
    /// How long a request may take.
    pub(super) timeout: Duration,
    /// The names of the parts of the tree that are other systems'.
    pub(super) elsewhere: BTreeSet<String>,
    scans: Semaphore,
    classes: raw::Classes,
    settings: Value,
    redactor: Redactor,
}

/// A connection that is bound.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    pub(super) refused: Refused,
}

/// A page of a search.
struct Batch {
    found: Found,
    cookie: Vec<u8>,
}

/// How a search ended.
struct Walked {
    result: LdapResult,
    /// The addresses of what another directory holds, and was not read.
    missing: BTreeSet<String>,
}

/// Why a request brought nothing: the connection is of no use any more, or it is.
pub(super) enum Failure {
    Lost(CallError),
    Other(CallError),
}

impl Failure {
    fn error(self) -> CallError {
        match self {
            Self::Lost(error) | Self::Other(error) => error,
        }
    }
}

/// What is asked of a directory.
#[derive(Clone, Copy)]
enum Ask<'a> {
    Search(&'a SearchCall),
    Modify(&'a ModifyCall),
}

impl Directory {
    pub(super) fn open(
        system: &SystemId,
        manifest: &raw::Manifest,
        url: &str,
        settings: &Value,
        secrets: [Option<Kept>; 2],
        ca_file: Option<&Path>,
        plain: bool,
    ) -> Result<Self, String> {
        let connect = &manifest.connect;
        if !(url.starts_with("ldap://") || url.starts_with("ldaps://")) {
            return Err(format!("{system}: connect.ldap gives no ldap:// or ldaps:// address; check the system's settings"));
        }
        let address =
            reqwest::Url::parse(url).map_err(|_| format!("{system}: connect.ldap gives no address; check the system's settings"))?;
        let encrypted = address.scheme() == "ldaps" || connect.starttls;
        super::plain::refuse(&address, encrypted, plain)?;
        let bind = connect.bind.as_ref().ok_or_else(|| format!("{system}: the manifest says not as whom to bind (connect.bind)"))?;
        let scope = Scope::new().with("settings", settings);
        let name = |template: &String| render(template, Place::Text, &scope).map_err(|error| format!("{system}: {error}"));
        let names = [name(&bind.read)?, name(bind.revoke.as_ref().unwrap_or(&bind.read))?];
        let redactor = Redactor::default();
        let configured = secrets.iter().flatten().map(|secret| expose(&secret.get()).to_owned());
        configured.chain(super::secret_settings(manifest, settings)).for_each(|secret| redactor.add(&secret));
        let mut binds = names.into_iter().zip(secrets).map(|(name, secret)| secret.map(|secret| (name, secret)));
        let elsewhere = match &connect.elsewhere {
            None => BTreeSet::new(),
            Some(source) => names_of(source, &scope).map_err(|error| format!("{system}: connect.elsewhere: {error}"))?,
        };
        let tls = match ca_file {
            Some(path) => Some(trust::of_file(path)),
            None => encrypted.then(trust::of_the_machine),
        };
        let tls = tls.transpose().map_err(|error| format!("{system}: {error}"))?.filter(|_| encrypted).map(Arc::new);
        Ok(Self {
            system: system.clone(),
            url: url.to_owned(),
            address,
            tls,
            binds: [binds.next().flatten(), binds.next().flatten()],
            pools: [Mutex::default(), Mutex::default()],
            page_size: AtomicU32::new(connect.page_size.unwrap_or(500).clamp(1, 100_000)),
            timeout: Duration::from_secs(connect.timeout_secs.unwrap_or(30)),
            elsewhere,
            scans: Semaphore::new(connect.parallel.unwrap_or(8).max(1)),
            classes: connect.classes.clone(),
            settings: settings.clone(),
            redactor,
        })
    }

    /// A search, all of it in one reply.
    pub(super) async fn search(&self, hand: Hand, lane: Lane, call: &SearchCall, classes: &raw::Classes) -> Result<Reply, CallError> {
        self.patiently(hand, lane, Ask::Search(call), classes).await
    }

    /// A change to one entry.
    pub(super) async fn modify(&self, hand: Hand, lane: Lane, call: &ModifyCall, classes: &raw::Classes) -> Result<Reply, CallError> {
        self.patiently(hand, lane, Ask::Modify(call), classes).await
    }

    async fn search_once(&self, hand: Hand, lane: Lane, call: &SearchCall, classes: &raw::Classes) -> Result<Reply, CallError> {
        let _scan = if lane == Lane::Scan { self.scans.acquire().await.ok() } else { None };
        let sent_at = Instant::now();
        let (mut found, mut held, mut wrong) = (Vec::new(), Held::default(), None);
        let mut restarted = false;
        let mut take = |entries: &[Entry], restart: bool| {
            if restart && !restarted {
                restarted = true;
                found.clear();
                held = Held::default();
            }
            for entry in entries {
                if let Err(why) = held.take(entry) {
                    wrong = Some(CallError::Shape(format!("{}: search of {}: {why}", self.system, call.base)));
                    return ControlFlow::Break(());
                }
                found.push(self.entry(entry, call));
            }
            ControlFlow::Continue(())
        };
        // It is one call, and has a call's time.
        let walked = tokio::time::timeout(self.timeout, self.walk(hand, call, &mut take)).await;
        let late = || format!("{}: search of {}: no whole answer in {} s", self.system, call.base, self.timeout.as_secs());
        let walked = walked.unwrap_or_else(|_| Err(CallError::Timeout(late())))?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let (code, text) = match &walked {
            Some(walked) => (walked.result.rc as u16, walked.result.text.clone()),
            None => (0, String::new()),
        };
        let missing = walked.map(|walked| walked.missing).unwrap_or_default();
        // What a scan looks for and finds is there, whatever else there is.
        if !missing.is_empty() && (lane != Lane::Scan || found.is_empty()) {
            return Err(CallError::Shape(format!("{}: search of {}: {}", self.system, call.base, ldap_elsewhere::line(&missing))));
        }
        self.reply(code, &text, Value::Array(found), classes, sent_at)
    }

    async fn modify_once(&self, hand: Hand, lane: Lane, call: &ModifyCall, classes: &raw::Classes) -> Result<Reply, CallError> {
        let _scan = if lane == Lane::Scan { self.scans.acquire().await.ok() } else { None };
        let sent_at = Instant::now();
        let mut fresh = false;
        let result = loop {
            let Connection { mut ldap, refused } = self.check_out(hand, fresh).await?;
            let changes = call.changes.iter().map(|change| {
                let (name, values) = (change.attribute.clone().into_bytes(), change.values.iter().cloned().collect::<HashSet<_>>());
                match change.op {
                    ChangeOp::Replace => Mod::Replace(name, values),
                    ChangeOp::Add => Mod::Add(name, values),
                    ChangeOp::Delete => Mod::Delete(name, values),
                }
            });
            if call.relax {
                ldap.with_controls(vec![RawControl::from(RelaxRules.critical())]);
            }
            let modified = ldap.with_timeout(self.timeout).modify(&call.dn, changes.collect()).await;
            match modified.map_err(|error| self.failure("modify", &error, &refused)) {
                Ok(result) => {
                    self.check_in(hand, Connection { ldap, refused });
                    break self.heard(result);
                }
                // What was changed already is changed to the same once more.
                Err(Failure::Lost(_)) if !fresh => fresh = true,
                Err(failure) => return Err(failure.error()),
            }
        };
        let body = json!({ "message": result.text });
        self.reply(result.rc as u16, &result.text, body, classes, sent_at)
    }

    /// A search page by page. If the connection breaks, it begins once more from the first page.
    pub(super) async fn pages(
        &self,
        hand: Hand,
        lane: Lane,
        call: &SearchCall,
        classes: &raw::Classes,
        take: &mut (dyn FnMut(Page) -> ControlFlow<()> + Send),
    ) -> Ended {
        let (mut pages, mut entries_so_far, mut patience) = (0_u32, 0_usize, Patience::new(lane));
        loop {
            patience.tries += 1;
            let scan = if lane == Lane::Scan { self.scans.acquire().await.ok() } else { None };
            let walked = self
                .walk(hand, call, &mut |entries, _| {
                    pages += 1;
                    entries_so_far += entries.len();
                    let body = entries.iter().map(|entry| self.entry(entry, call)).collect();
                    take(Page { body, headers: json!({}), status: 0, number: pages, checkpoint: None })
                })
                .await;
            drop(scan);
            let Walked { result, missing } = match walked {
                Ok(Some(walked)) => walked,
                Ok(None) => return Ended::Stopped,
                Err(error @ (CallError::Unreachable(_) | CallError::Timeout(_))) if pages == 0 => match patience.next(None) {
                    Some(wait) => {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    None => return Ended::Gap { reason: error.to_string(), class: None, pages },
                },
                Err(error) => return Ended::Gap { reason: error.to_string(), class: None, pages },
            };
            let class = match self.class(result.rc as u16, &result.text, classes) {
                Ok(class) => class,
                Err(error) => return Ended::Gap { reason: error.to_string(), class: None, pages },
            };
            let reason = match (class, result.rc) {
                (Class::Fine, _) if missing.is_empty() => return Ended::Complete { pages },
                (Class::Fine, _) => return Ended::Gap { reason: ldap_elsewhere::line(&missing), class: None, pages },
                (Class::Gone, _) if entries_so_far == 0 => return Ended::Absent,
                (Class::Transient | Class::Throttled, _) if entries_so_far == 0 => match patience.next(None) {
                    Some(wait) => {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    None => format!("{} ({})", class.word(), describe(&result)),
                },
                (_, 4) => format!("size limit exceeded (4) after {entries_so_far} entries: raise the directory's limit for this account"),
                _ => format!("{} ({})", class.word(), describe(&result)),
            };
            return Ended::Gap { reason, class: Some(class), pages };
        }
    }

    /// Binds connections before they are needed.
    pub(super) async fn warm(&self, hand: Hand, connections: usize) -> Result<(), CallError> {
        let ready = self.pools[index(hand)].lock().map_or(0, |pool| pool.len());
        let opened = join_all((ready..connections.min(64)).map(|_| self.connect(hand))).await;
        for connection in opened {
            self.check_in(hand, connection?);
        }
        Ok(())
    }

    /// Reads a search to its end; the result is none when `each` had enough. `each` gets a page, and whether the search had to begin again.
    async fn walk(
        &self,
        hand: Hand,
        call: &SearchCall,
        each: &mut (impl FnMut(&[Entry], bool) -> ControlFlow<()> + Send),
    ) -> Result<Option<Walked>, CallError> {
        let (mut fresh, mut cookie, mut first, mut pages) = (false, Vec::new(), true, 0);
        let (mut cookies, mut references) = (HashSet::new(), BTreeSet::new());
        let mut connection = self.check_out(hand, fresh).await?;
        loop {
            let size = self.page_size.load(Ordering::Relaxed);
            let batch = async {
                let mut held = Held::default();
                let mut batch = self.batch(&mut connection, call, size, &cookie, &mut held).await?;
                for entry in &mut batch.found.entries {
                    self.complete(&mut connection, entry, &mut held).await?;
                }
                Ok(batch)
            };
            let batch = match batch.await {
                Ok(batch) => batch,
                Err(Failure::Lost(_)) if !fresh => {
                    (fresh, first, pages) = (true, true, 0);
                    cookie.clear();
                    cookies.clear();
                    references.clear();
                    connection = self.check_out(hand, fresh).await?;
                    continue;
                }
                Err(failure) => return Err(failure.error()),
            };
            let Batch { found: Found { entries, references: told, result }, cookie: next } = batch;
            // Some servers refuse a page of this size: adminLimitExceeded, sizeLimitExceeded, unwillingToPerform.
            if first && [4, 11, 53].contains(&result.rc) && size > SMALLEST_PAGE {
                self.page_size.store((size / 2).max(SMALLEST_PAGE), Ordering::Relaxed);
                continue;
            }
            if (result.rc == 0 || !entries.is_empty()) && each(&entries, fresh).is_break() {
                // The search is abandoned with its connection.
                return Ok(None);
            }
            references.extend(told);
            if references.len() > MOST_BESIDE {
                return Err(CallError::Shape(format!("{}: the directory names more than {MOST_BESIDE} other directories", self.system)));
            }
            if result.rc != 0 || next.is_empty() {
                let references = if result.rc == 0 { references } else { BTreeSet::new() };
                let missing = match self.missing(&mut connection, references).await {
                    Ok(missing) => {
                        self.check_in(hand, connection);
                        missing
                    }
                    Err(missing) => missing,
                };
                return Ok(Some(Walked { result, missing }));
            }
            pages += 1;
            if pages >= MOST_PAGES {
                return Err(CallError::Shape(format!("{}: the list was not at its end after {MOST_PAGES} pages", self.system)));
            }
            // Their digests: a cookie may be long.
            if !cookies.insert(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &next).as_ref().to_vec()) && entries.is_empty() {
                return Err(CallError::Shape(format!("{}: the directory hands out the same page again: a loop", self.system)));
            }
            (first, cookie) = (false, next);
        }
    }

    /// One search request.
    async fn batch(
        &self,
        connection: &mut Connection,
        call: &SearchCall,
        size: u32,
        cookie: &[u8],
        held: &mut Held,
    ) -> Result<Batch, Failure> {
        let reach = match call.scope.as_str() {
            "base" => Reach::Base,
            "one" => Reach::OneLevel,
            _ => Reach::Subtree,
        };
        let mut attributes: Vec<String> = call
            .attributes
            .iter()
            .map(|name| name.trim_end_matches("[]").to_owned())
            .filter(|name| !name.eq_ignore_ascii_case("dn"))
            .collect();
        if attributes.is_empty() {
            attributes.push("1.1".to_owned());
        }
        if reach != Reach::Base {
            connection.ldap.with_controls(PagedResults { size: size as i32, cookie: cookie.to_vec() });
        }
        let sent = Instant::now();
        let most = if reach == Reach::Base { 1 } else { size as usize };
        let asked = Asked { base: &call.base, reach, filter: &call.filter, attributes, most };
        let found = self.ask(connection, asked, held).await?;
        let result = &found.result;
        tracing::debug!(system = %self.system, base = %call.base, code = result.rc, entries = found.entries.len(), ms = sent.elapsed().as_millis() as u64, "search");
        let paged = result.ctrls.iter().find(|control| matches!(control.0, Some(ControlType::PagedResults)));
        // A place that can't be read is no end.
        let unreadable = || Failure::Other(CallError::Shape(format!("{}: the directory doesn't say where its list goes on", self.system)));
        let cookie = match paged {
            None => Vec::new(),
            Some(control) => control.1.val.as_deref().and_then(ldap_wire::cookie).ok_or_else(unreadable)?,
        };
        Ok(Batch { found, cookie })
    }

    /// A bound connection: a pooled one, or a new one (always when the last broke).
    async fn check_out(&self, hand: Hand, fresh: bool) -> Result<Connection, CallError> {
        if let Ok(mut pool) = self.pools[index(hand)].lock() {
            if fresh {
                pool.clear();
            }
            while let Some(mut connection) = pool.pop() {
                if !connection.ldap.is_closed() {
                    return Ok(connection);
                }
            }
        }
        self.connect(hand).await
    }

    fn check_in(&self, hand: Hand, connection: Connection) {
        if let Ok(mut pool) = self.pools[index(hand)].lock() {
            pool.push(connection);
        }
    }

    async fn connect(&self, hand: Hand) -> Result<Connection, CallError> {
        let word = hand.word();
        let Some((name, secret)) = self.binds[index(hand)].as_ref() else {
            return Err(CallError::Auth(format!(
                "{}: no {word} credential is configured; set systems.{}.{word} in the settings",
                self.system, self.system
            )));
        };
        // An empty password binds as nobody, and succeeds.
        let password = secret.get();
        if name.is_empty() || expose(&password).is_empty() {
            return Err(CallError::Auth(format!("{}: the {word} credential has no name or no password", self.system)));
        }
        let connected = tokio::time::timeout(self.timeout.min(Duration::from_secs(10)), async {
            let (stream, refused) = ldap_wire::connect(&self.address, self.tls.clone()).await?;
            let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(stream));
            LdapConnAsync::with_settings(settings, "ldapi:///").await.map(|(connection, ldap)| (connection, ldap, refused))
        });
        let connected = connected.await.unwrap_or_else(|elapsed| Err(elapsed.into()));
        let (connection, mut ldap, refused) = connected.map_err(|error| self.failure("connect", &error, &Refused::default()).error())?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "an LDAP connection ended");
            }
        });
        let bound = ldap.with_timeout(self.timeout).simple_bind(name, expose(&password)).await;
        let mut bound = self.heard(bound.map_err(|error| self.failure("bind", &error, &refused).error())?);
        // Refused (invalidCredentials): the password may have been replaced.
        if bound.rc == 49 && secret.again().await {
            let password = secret.get();
            self.redactor.add(expose(&password));
            let again = ldap.with_timeout(self.timeout).simple_bind(name, expose(&password)).await;
            bound = self.heard(again.map_err(|error| self.failure("bind", &error, &refused).error())?);
        }
        match bound.rc {
            0 => Ok(Connection { ldap, refused }),
            51 | 52 => Err(CallError::Unreachable(format!("{}: bind as {name}: {}", self.system, describe(&bound)))),
            8 | 13 => {
                Err(CallError::Auth(format!("{}: bind as {name} needs TLS ({}); use ldaps or starttls", self.system, describe(&bound))))
            }
            _ => Err(CallError::Auth(format!(
                "{}: bind as {name} was refused: {}; check the {word} credential",
                self.system,
                describe(&bound)
            ))),
        }
    }

    /// Tries again as the lane says while the directory is busy or away.
    async fn patiently(&self, hand: Hand, lane: Lane, ask: Ask<'_>, classes: &raw::Classes) -> Result<Reply, CallError> {
        let mut patience = Patience::new(lane);
        loop {
            patience.tries += 1;
            let tried = match ask {
                Ask::Search(call) => self.search_once(hand, lane, call, classes).await,
                Ask::Modify(call) => self.modify_once(hand, lane, call, classes).await,
            };
            let tried = tried.map(|reply| Reply { attempts: patience.tries, ..reply });
            match &tried {
                Ok(Reply { class: Class::Transient | Class::Throttled, .. }) | Err(CallError::Unreachable(_) | CallError::Timeout(_)) => {}
                _ => return tried,
            }
            match patience.next(None) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return tried,
            }
        }
    }

    fn class(&self, code: u16, text: &str, classes: &raw::Classes) -> Result<Class, CallError> {
        let body = json!({ "message": text });
        let headers = Value::Null;
        let scope = class::scope(code, &headers, &body, &self.settings).with_owned("code", json!(code));
        judge::class(classes, &self.classes, &scope, judge::usual_ldap(code))
            .map_err(|error| CallError::Shape(format!("{}: its reply can't be classed: {error}", self.system)))
    }

    fn reply(&self, code: u16, text: &str, body: Value, classes: &raw::Classes, sent_at: Instant) -> Result<Reply, CallError> {
        let class = self.class(code, text, classes)?;
        // An error's words are its body, so that they can be said.
        let body = if class == Class::Fine || text.is_empty() { body } else { json!({ "message": text }) };
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.to_string().as_bytes());
        Ok(Reply {
            status: code,
            class,
            headers: json!({}),
            digest: format!("sha256:{}", hex(digest.as_ref())),
            body,
            at: clock::now(),
            took: sent_at.elapsed(),
            raw: Vec::new(),
            attempts: 1,
            sent_at,
        })
    }

    /// An entry without our secrets.
    fn entry(&self, entry: &Entry, call: &SearchCall) -> Value {
        let mut entry = entry.json(&call.attributes);
        self.redactor.clean(&mut entry);
        entry
    }

    /// What the directory says, without our secrets: some repeat what was sent.
    pub(super) fn heard(&self, mut result: LdapResult) -> LdapResult {
        result.text = self.redactor.text(&result.text);
        result.matched = self.redactor.text(&result.matched);
        result
    }

    pub(super) fn failure(&self, what: &str, error: &LdapError, refused: &Refused) -> Failure {
        let why = match error {
            LdapError::Io { source } => ldap_wire::refused(source),
            _ => None,
        };
        if let Some(why) = why.as_ref().or(refused.get()) {
            return Failure::Lost(CallError::Shape(format!("{}: {what} at {}: {why}", self.system, self.url)));
        }
        let line = self.redactor.text(&format!("{}: {what} at {}: {error}", self.system, self.url));
        match error {
            LdapError::Timeout { .. } => {
                Failure::Other(CallError::Timeout(format!("{}: {what} at {}: no answer in time", self.system, self.url)))
            }
            LdapError::FilterParsing => Failure::Other(CallError::Shape(format!("{line}; check the search's filter"))),
            LdapError::AddNoValues => Failure::Other(CallError::Shape(format!("{line}; an addition needs values"))),
            LdapError::LdapResult { result } => Failure::Other(CallError::Auth(format!(
                "{}: {what} at {}: {}",
                self.system,
                self.url,
                describe(&self.heard(result.clone()))
            ))),
            LdapError::UrlParsing { .. } | LdapError::UnknownScheme(_) | LdapError::DNSName { .. } => Failure::Other(CallError::Auth(line)),
            error if trust::is_refused(error) => Failure::Other(CallError::Untrusted(trust::name_the_authority(&line))),
            _ => Failure::Lost(CallError::Unreachable(format!("{line}; check the address and the network"))),
        }
    }
}

/// The distinguished names that an expression gives, each in one spelling.
fn names_of(source: &str, scope: &Scope<'_>) -> Result<BTreeSet<String>, String> {
    let value = Expr::compile(source)?.eval(scope)?;
    let all = match &value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().map(plain).collect(),
        one => vec![plain(one)],
    };
    all.iter().map(|name| ldap_elsewhere::normal(name).ok_or_else(|| format!("{name:?} is no distinguished name"))).collect()
}

fn index(hand: Hand) -> usize {
    usize::from(hand == Hand::Revoke)
}

pub(super) fn describe(result: &LdapResult) -> String {
    let text = result.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.trim_end_matches('\0').chars().take(160).collect();
    if text.is_empty() { format!("code {}", result.rc) } else { format!("code {}: {text}", result.rc) }
}
