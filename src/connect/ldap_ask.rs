//! One search request of a directory, within limits. A server that sends an entry now and then keeps no scan and no proof for ever, and one that
//! sends without end fills no memory: a request has as long as an HTTP request has (`connect.timeout_secs`), a page has as many entries as were
//! asked for, and what it takes in memory is bounded as a body's is.

use std::time::Duration;

use ldap3::{LdapError, LdapResult, Scope as Reach};

use super::ldap::{Connection, Directory, Failure, describe};
use super::ldap_entry::Entry;
use super::{CallError, cost, http};

/// Bytes in a page, and in all of what one call brings: as many as in an HTTP answer.
const LARGEST: u64 = if cfg!(test) { 16 << 20 } else { http::LARGEST as u64 };
/// What may come beside the entries that were asked for: references to other directories, and messages that a server sends in between.
pub(super) const MOST_BESIDE: usize = 1_000;
/// Of an address that a reference names no more is kept: a longer one leads nowhere that we know.
const LONGEST_ADDRESS: usize = 2_000;
/// Ranges read of one attribute before it is taken for a loop.
const MOST_RANGES: u32 = 10_000;
/// How many times as long as a request the ranges of one entry may take together.
const RANGES_TAKE: u32 = 10;

/// A search request.
pub(super) struct Asked<'a> {
    pub(super) base: &'a str,
    pub(super) reach: Reach,
    pub(super) filter: &'a str,
    pub(super) attributes: Vec<String>,
    /// How many entries may come.
    pub(super) most: usize,
}

/// What a request brought.
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    /// Where parts of the tree are that this server doesn't hold.
    pub(super) references: Vec<String>,
    pub(super) result: LdapResult,
}

/// What entries take in memory.
#[derive(Default)]
pub(super) struct Held {
    bytes: u64,
    values: u64,
}

impl Held {
    /// Takes an entry in.
    ///
    /// # Errors
    /// One line: it is too much.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), String> {
        let (bytes, values) = entry.size();
        self.bytes += bytes;
        self.values += values;
        if self.bytes > LARGEST {
            return Err(format!("the answer is larger than {} MiB", LARGEST >> 20));
        }
        cost::values(self.bytes, self.values).map(drop)
    }
}

impl Directory {
    /// Sends a search request, and reads what it brings to its end.
    pub(super) async fn ask(&self, connection: &mut Connection, asked: Asked<'_>, held: &mut Held) -> Result<Found, Failure> {
        let (base, mut came) = (asked.base.to_owned(), 0);
        match tokio::time::timeout(self.timeout, self.read(connection, asked, held, &mut came)).await {
            Ok(found) => found,
            Err(_) => Err(Failure::Other(CallError::Timeout(format!(
                "{}: search of {base}: the answer was not at its end after {} s ({came} entries had come)",
                self.system,
                self.timeout.as_secs()
            )))),
        }
    }

    async fn read(&self, connection: &mut Connection, asked: Asked<'_>, held: &mut Held, came: &mut usize) -> Result<Found, Failure> {
        let Connection { ldap, refused } = connection;
        let Asked { base, reach, filter, attributes, most } = asked;
        let failed = |error: LdapError| self.failure("search", &error, refused);
        // To ask again brings the same.
        let wrong = |why: String| Failure::Other(CallError::Shape(format!("{}: search of {base}: {why}", self.system)));
        let filter = if filter.is_empty() { "(objectClass=*)" } else { filter };
        // Until something comes; `ask` has an eye on the whole.
        let mut stream = ldap.with_timeout(self.timeout).streaming_search(base, reach, filter, attributes).await.map_err(failed)?;
        let (mut entries, mut references, mut beside) = (Vec::new(), Vec::new(), 0);
        while let Some(item) = stream.next().await.map_err(failed)? {
            if item.is_ref() || item.is_intermediate() {
                beside += 1;
                if beside > MOST_BESIDE {
                    return Err(wrong(format!("the directory sent more than {MOST_BESIDE} messages that are no entries")));
                }
                // Our credential must not go to another server.
                if item.is_ref() {
                    references.extend(uris(item));
                }
                continue;
            }
            let entry = Entry::read(item).ok_or_else(|| {
                Failure::Lost(CallError::Shape(format!("{}: the directory sent an entry that can't be read", self.system)))
            })?;
            if entries.len() >= most {
                let more = if reach == Reach::Base { "" } else { "; if it can't send pages, raise connect.page_size" };
                return Err(wrong(format!("the directory sent more than the {most} entries that were asked for{more}")));
            }
            held.take(&entry).map_err(wrong)?;
            entries.push(entry);
            *came += 1;
        }
        Ok(Found { entries, references, result: self.heard(stream.finish().await) })
    }

    /// Reads the rest of the attributes that came in ranges.
    pub(super) async fn complete(&self, connection: &mut Connection, entry: &mut Entry, held: &mut Held) -> Result<(), Failure> {
        let (dn, most): (_, Duration) = (entry.dn.clone(), self.timeout.saturating_mul(RANGES_TAKE));
        match tokio::time::timeout(most, self.read_ranges(connection, entry, held)).await {
            Ok(read) => read,
            Err(_) => Err(Failure::Other(CallError::Timeout(format!(
                "{}: the values of {dn} were not at their end after {} s",
                self.system,
                most.as_secs()
            )))),
        }
    }

    async fn read_ranges(&self, connection: &mut Connection, entry: &mut Entry, held: &mut Held) -> Result<(), Failure> {
        for cut in entry.cuts() {
            let (mut next, dn) = (cut.next, entry.dn.clone());
            for round in 0.. {
                let attributes = vec![format!("{};range={next}-*", cut.attribute)];
                let asked = Asked { base: &dn, reach: Reach::Base, filter: "", attributes, most: 1 };
                let Found { mut entries, result, .. } = self.ask(connection, asked, held).await?;
                let broken = |why: &str| Failure::Other(CallError::Shape(format!("{}: {} of {dn}: {why}", self.system, cut.attribute)));
                let (Some(more), 0) = (entries.pop(), result.rc) else {
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
}

/// The addresses that a reference names: one place, in the words of each server that has it.
fn uris(reference: ldap3::ResultEntry) -> Vec<String> {
    let parts = reference.0.match_id(19).and_then(|reference| reference.expect_constructed()).unwrap_or_default();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_ADDRESS)]).into_owned();
    let uris: Vec<String> = parts.into_iter().take(MOST_BESIDE).filter_map(|part| part.expect_primitive()).map(text).collect();
    // One that names nothing still says that something is elsewhere.
    if uris.is_empty() { vec!["an address that it doesn't name".to_owned()] } else { uris }
}
