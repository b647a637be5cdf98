//! LDAP: searches in pages, attributes in ranges, changes. Each use has a connection to itself, because a server keeps the
//! place of one paged search per connection; connections are pooled by the credential they are bound with.

use std::collections::HashSet;
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

use super::ldap_entry::Entry;
use super::ldap_wire::{self, Refused};
use super::redact::Redactor;
use super::retry::Patience;
use super::sigv4::hex;
use super::{CallError, ChangeOp, Class, Ended, Lane, ModifyCall, Page, Reply, SearchCall, class, trust};
use crate::clock;
use crate::manifest::express::Scope;
use crate::manifest::judge;
use crate::manifest::raw::{self, Hand};
use crate::manifest::template::{Place, render};
use crate::model::SystemId;
use crate::secret::{Kept, expose};

/// Below this a page that is refused is not made smaller.
const SMALLEST_PAGE: u32 = 100;
/// Ranges read of one attribute before it is taken for a loop.
const MOST_RANGES: u32 = 10_000;

pub(super) struct Directory {
    system: SystemId,
    url: String,
    address: reqwest::Url,
    /// How it is encrypted; none for plain LDAP.
    tls: Option<Arc<rustls::ClientConfig>>,
    binds: [Option<(String, Kept)>; 2],
    pools: [Mutex<Vec<Connection>>; 2],
    page_size: AtomicU32,
    timeout: Duration,
    scans: Semaphore,
    classes: raw::Classes,
    settings: Value,
    redactor: Redactor,
}

/// A connection that is bound.
struct Connection {
    ldap: Ldap,
    refused: Refused,
}

/// What one search request brought.
struct Batch {
    entries: Vec<Entry>,
    result: LdapResult,
    cookie: Vec<u8>,
}

/// Why a request brought nothing: the connection is of no use any more, or it is.
enum Failure {
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
        let sent_at = Instant::now();
        let mut found = Vec::new();
        let mut restarted = false;
        let result = self
            .walk(hand, lane, call, &mut |entries, restart| {
                if restart && !restarted {
                    restarted = true;
                    found.clear();
                }
                found.extend(entries.iter().map(|entry| self.entry(entry, call)));
                ControlFlow::Continue(())
            })
            .await?;
        let code = result.as_ref().map_or(0, |result| result.rc as u16);
        let text = result.map(|result| result.text).unwrap_or_default();
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
            let walked = self
                .walk(hand, lane, call, &mut |entries, _| {
                    pages += 1;
                    entries_so_far += entries.len();
                    let body = entries.iter().map(|entry| self.entry(entry, call)).collect();
                    take(Page { body, headers: json!({}), status: 0, number: pages, checkpoint: None })
                })
                .await;
            let result = match walked {
                Ok(Some(result)) => result,
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
                (Class::Fine, _) => return Ended::Complete { pages },
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
        lane: Lane,
        call: &SearchCall,
        each: &mut (impl FnMut(&[Entry], bool) -> ControlFlow<()> + Send),
    ) -> Result<Option<LdapResult>, CallError> {
        let _scan = if lane == Lane::Scan { self.scans.acquire().await.ok() } else { None };
        let (mut fresh, mut cookie, mut first) = (false, Vec::new(), true);
        let mut cookies = HashSet::new();
        let mut connection = self.check_out(hand, fresh).await?;
        loop {
            let size = self.page_size.load(Ordering::Relaxed);
            let batch = async {
                let mut batch = self.batch(&mut connection, call, size, &cookie).await?;
                for entry in &mut batch.entries {
                    self.complete(&mut connection, entry).await?;
                }
                Ok(batch)
            };
            let batch = match batch.await {
                Ok(batch) => batch,
                Err(Failure::Lost(_)) if !fresh => {
                    (fresh, first) = (true, true);
                    cookie.clear();
                    cookies.clear();
                    connection = self.check_out(hand, fresh).await?;
                    continue;
                }
                Err(failure) => return Err(failure.error()),
            };
            let Batch { entries, result, cookie: next } = batch;
            // Some servers refuse a page of this size: adminLimitExceeded, sizeLimitExceeded, unwillingToPerform.
            if first && [4, 11, 53].contains(&result.rc) && size > SMALLEST_PAGE {
                self.page_size.store((size / 2).max(SMALLEST_PAGE), Ordering::Relaxed);
                continue;
            }
            if (result.rc == 0 || !entries.is_empty()) && each(&entries, fresh).is_break() {
                // The search is abandoned with its connection.
                return Ok(None);
            }
            if result.rc != 0 || next.is_empty() {
                self.check_in(hand, connection);
                return Ok(Some(result));
            }
            if !cookies.insert(next.clone()) && entries.is_empty() {
                return Err(CallError::Shape(format!("{}: the directory hands out the same page again: a loop", self.system)));
            }
            (first, cookie) = (false, next);
        }
    }

    /// One search request.
    async fn batch(&self, connection: &mut Connection, call: &SearchCall, size: u32, cookie: &[u8]) -> Result<Batch, Failure> {
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
        let (entries, result) = self.ask(connection, &call.base, reach, &call.filter, attributes).await?;
        tracing::debug!(system = %self.system, base = %call.base, code = result.rc, entries = entries.len(), ms = sent.elapsed().as_millis() as u64, "search");
        let paged = result.ctrls.iter().find(|control| matches!(control.0, Some(ControlType::PagedResults)));
        // A place that can't be read is no end.
        let unreadable = || Failure::Other(CallError::Shape(format!("{}: the directory doesn't say where its list goes on", self.system)));
        let cookie = match paged {
            None => Vec::new(),
            Some(control) => control.1.val.as_deref().and_then(ldap_wire::cookie).ok_or_else(unreadable)?,
        };
        Ok(Batch { entries, result, cookie })
    }

    /// Reads the rest of the attributes that came in ranges.
    async fn complete(&self, connection: &mut Connection, entry: &mut Entry) -> Result<(), Failure> {
        for cut in entry.cuts() {
            let (mut next, dn) = (cut.next, entry.dn.clone());
            for round in 0.. {
                let asked = vec![format!("{};range={next}-*", cut.attribute)];
                let (mut found, result) = self.ask(connection, &dn, Reach::Base, "(objectClass=*)", asked).await?;
                let broken = |why: &str| Failure::Other(CallError::Shape(format!("{}: {} of {dn}: {why}", self.system, cut.attribute)));
                let (Some(more), 0) = (found.pop(), result.rc) else {
                    return Err(broken(&format!("the range from {next} was not given ({})", describe(&result))));
                };
                let further =
                    more.cuts().into_iter().find(|more| more.attribute.eq_ignore_ascii_case(&cut.attribute)).map(|more| more.next);
                entry.extend(more);
                match further {
                    None => break,
                    Some(further) if further > next && round < MOST_RANGES => next = further,
                    Some(_) => return Err(broken("its ranges don't end")),
                }
            }
        }
        Ok(())
    }

    async fn ask(
        &self,
        connection: &mut Connection,
        base: &str,
        reach: Reach,
        filter: &str,
        attributes: Vec<String>,
    ) -> Result<(Vec<Entry>, LdapResult), Failure> {
        let Connection { ldap, refused } = connection;
        let failed = |error: LdapError| self.failure("search", &error, refused);
        let filter = if filter.is_empty() { "(objectClass=*)" } else { filter };
        let mut stream = ldap.with_timeout(self.timeout).streaming_search(base, reach, filter, attributes).await.map_err(failed)?;
        let mut entries = Vec::new();
        while let Some(item) = stream.next().await.map_err(failed)? {
            // Referrals lead to other servers, where our credential must not go.
            if item.is_ref() || item.is_intermediate() {
                continue;
            }
            let entry = Entry::read(item).ok_or_else(|| {
                Failure::Lost(CallError::Shape(format!("{}: the directory sent an entry that can't be read", self.system)))
            })?;
            entries.push(entry);
        }
        Ok((entries, self.heard(stream.finish().await)))
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
    fn heard(&self, mut result: LdapResult) -> LdapResult {
        result.text = self.redactor.text(&result.text);
        result.matched = self.redactor.text(&result.matched);
        result
    }

    fn failure(&self, what: &str, error: &LdapError, refused: &Refused) -> Failure {
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

fn index(hand: Hand) -> usize {
    usize::from(hand == Hand::Revoke)
}

fn describe(result: &LdapResult) -> String {
    let text = result.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.trim_end_matches('\0').chars().take(160).collect();
    if text.is_empty() { format!("code {}", result.rc) } else { format!("code {}: {text}", result.rc) }
}
