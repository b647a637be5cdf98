//! Reading one scope: its call, all its pages, and what the records mean; or why it is a gap.

use std::ops::ControlFlow;

use anyhow::Result;
use serde_json::{Value, json};

use super::taken::{Part, Reading, Taken};
use super::{Scan, watch::Watched};
use crate::clock;
use crate::connect::render::{self, Parts};
use crate::connect::{Call, Checkpoint, Class, Ended, Lane, Page};
use crate::manifest::express::{Expr, Scope};
use crate::manifest::extract::{Extractor, extract};
use crate::manifest::raw::{self, Hand};
use crate::model::{Coverage, Extent, NodeKind, NodeRef, NodeSeen};
use crate::store::graph::Ready;
use crate::store::scans::{self, NewPage, StagedPage};

/// For whom a collection is read: once, or for one parent.
#[derive(Debug, Clone, Default)]
pub(super) struct Parent<'a> {
    /// The parent's key; empty for a collection that is read once.
    pub key: String,
    /// The parent node as expressions see it.
    pub node: Option<Value>,
    /// The watched person it belongs to.
    pub person: Option<&'a Watched>,
    /// When one person is read again: it was listed below something of theirs.
    pub below: bool,
}

/// What reading a scope gave.
#[derive(Debug)]
pub(super) struct ScopeRead {
    /// What was seen, in the store's own form: a large list is held until it is whole, and this is a fraction of what it was made from.
    pub seen: Vec<Ready>,
    /// The nodes of it that other collections may have as parents.
    pub nodes: Vec<NodeSeen>,
    /// How many records came.
    pub records: u64,
    /// How completely.
    pub coverage: Coverage,
    /// Only changes, or one record, were asked for: these nodes changed or went, everything else is as it was.
    pub changed: Option<Vec<NodeRef>>,
    /// One person's record was read, by a call of its own: the list was not.
    pub one: bool,
    /// What changed since that mark could not be asked, or was not told.
    pub refused: bool,
    /// Where the next delta read begins.
    pub mark: Option<String>,
    /// Attributes that no record filled.
    pub never_filled: Vec<String>,
    /// The fields that some record had.
    pub told: Vec<String>,
    /// Attributes that known nodes keep, for the system did not show them.
    pub keep: Vec<String>,
    /// Inner lists that no record had: their source, and the kind of what comes from them.
    pub never_listed: Vec<(String, &'static str)>,
}

impl ScopeRead {
    /// How much of the scope was asked for.
    pub fn extent(&self) -> Extent {
        match (self.one, &self.changed) {
            (true, _) => Extent::Person,
            (false, Some(_)) => Extent::Changes,
            (false, None) => Extent::Whole,
        }
    }

    /// Nothing was read, and why.
    pub fn gap(reason: impl Into<String>) -> Self {
        Self {
            seen: Vec::new(),
            nodes: Vec::new(),
            records: 0,
            coverage: Coverage::Gap(reason.into()),
            changed: None,
            one: false,
            refused: false,
            mark: None,
            never_filled: Vec::new(),
            never_listed: Vec::new(),
            told: Vec::new(),
            keep: Vec::new(),
        }
    }
}

/// Which of a collection's nodes are kept, beside their rows, as parents for other collections.
#[derive(Clone, Copy)]
pub(super) struct Keep<'a> {
    scan: &'a Scan<'a>,
    kind: Option<NodeKind>,
    which: Which,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// No collection has it as parent.
    None,
    /// Those of watched people.
    Watched,
    All,
}

impl<'a> Keep<'a> {
    /// What is kept of the collection of this name, whose own nodes are of this kind.
    pub fn new(scan: &'a Scan<'a>, name: &str, kind: Option<NodeKind>) -> Self {
        let children = || scan.connection.manifest().see.iter().filter(|(_, child)| child.for_each.as_deref() == Some(name));
        let which = if children().next().is_none() {
            Which::None
        } else if children().all(|(_, child)| child.watched) {
            Which::Watched
        } else {
            Which::All
        };
        Self { scan, kind, which }
    }

    /// Whether any is.
    pub fn any(&self) -> bool {
        self.which != Which::None
    }

    /// Whether this one is.
    pub fn wants(&self, node: &NodeSeen) -> bool {
        Some(node.node.kind) == self.kind
            && match self.which {
                Which::None => false,
                Which::Watched => self.scan.watchlist.owner(self.scan.system, node, None).is_some(),
                Which::All => true,
            }
    }
}

/// The names in scope for a collection's templates.
pub(super) fn scope_of<'s>(scan: &'s Scan<'_>, parent: &'s Parent<'_>) -> Scope<'s> {
    let mut scope = Scope::new().with("settings", scan.connection.settings()).with_owned("now", json!(clock::now().to_string()));
    if let Some(node) = &parent.node {
        scope.set("parent", node);
    }
    if let Some(person) = parent.person {
        scope.set("person", &person.value);
    }
    scope
}

/// Reads a collection, for one parent if it has one. Pages of a list that goes on are staged as they come; `resumed` are those that a cut-off
/// scan had staged.
pub(super) async fn read_scope(
    scan: &Scan<'_>,
    name: &str,
    collection: &raw::Collection,
    parent: &Parent<'_>,
    keep: Keep<'_>,
    since: Option<String>,
    resumed: Vec<StagedPage>,
) -> ScopeRead {
    let mut scope = scope_of(scan, parent);
    let delta = since.as_ref().and(collection.delta.as_ref());
    // The mark of a delta link is the address itself: read on from there, as from a page that named it as the next.
    let link = since.clone().filter(|_| delta.is_some_and(|delta| delta.call.is_none() && delta.filter.is_none()));
    if let Some(since) = since {
        scope = scope.with_owned("since", Value::String(since));
    }
    let call = match render::collection(collection, delta, &scope) {
        Ok(call) => call,
        Err(problem) => return ScopeRead::gap(problem),
    };
    let extractor = match Extractor::new(&collection.yields) {
        Ok(extractor) => extractor,
        Err(problem) => return ScopeRead::gap(problem),
    };
    let paging = collection.paging.as_ref().or(scan.connection.manifest().connect.paging.as_ref());
    let reading = Reading { collection, paging, delta, extractor: &extractor, scope: &scope };
    let reads = match reading.reads() {
        Ok(reads) => reads,
        Err(problem) => return ScopeRead::gap(problem),
    };
    let mut taken = Taken::new(keep);
    let (mut taken_over, all) = (0, resumed.len());
    let mut from = link.and_then(Checkpoint::at);
    for page in resumed {
        // What another version of the program kept is read anew.
        let Ok(kept) = serde_json::from_value(page.kept) else { break };
        taken.again(&reading, kept);
        from = Some(Checkpoint(page.checkpoint));
        taken_over += 1;
    }
    if taken_over < all
        && let Err(error) = scan.store.write(|tx| scans::forget_after(tx, scan.id, name, &parent.key, taken_over))
    {
        return ScopeRead::gap(format!("pages that were read before could not be forgotten: {error}"));
    }
    let stages = delta.is_none() && scan.person.is_none();
    let mut trouble = None;
    let ended = scan
        .connection
        .pages(Hand::Read, scan.lane(), &call, &collection.classes, collection.paging.as_ref(), from, &mut |page: Page| {
            // Extraction is work for all cores, and staging waits for the disk: the other tasks of this thread move elsewhere.
            let done = tokio::task::block_in_place(|| -> Result<()> {
                let came = taken.page(&reading, &page.body, &page.headers);
                if let (true, Some(came), Some(checkpoint)) = (stages, came, &page.checkpoint) {
                    let kept = serde_json::to_value(taken.kept(&reads, came))?;
                    scan.store.write(|tx| {
                        let (number, checkpoint) = (page.number, &checkpoint.0);
                        let page = NewPage { collection: name, parent: &parent.key, number, kept: &kept, checkpoint };
                        scans::stage(tx, scan.id, &page, clock::now())
                    })?;
                }
                Ok(())
            });
            scan.progress(name, taken.records);
            match done {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    trouble = Some(format!("a page could not be stored: {error}"));
                    ControlFlow::Break(())
                }
            }
        })
        .await;
    taken.settle();
    // Whatever keeps changes from being told at all: the whole list may be told all the same.
    let told_no = match &ended {
        Ended::Absent => true,
        Ended::Gap { class, pages, .. } => *pages == 0 || matches!(class, Some(Class::Gone | Class::Refused | Class::Forbidden)),
        Ended::Complete { .. } | Ended::Stopped => false,
    };
    let refused = delta.is_some() && told_no;
    let coverage = match (ended, trouble) {
        (_, Some(trouble)) => Coverage::Gap(trouble),
        (Ended::Complete { .. }, None) => taken.coverage(reading.paging),
        // What a parent doesn't have is nothing; what the whole system doesn't have is a blind spot.
        (Ended::Absent, None) if collection.for_each.is_some() => Coverage::Complete,
        (Ended::Absent, None) => Coverage::Gap("the system says that there is no such collection".to_owned()),
        (Ended::Gap { reason, .. }, None) => Coverage::Gap(reason),
        (Ended::Stopped, None) => Coverage::Gap("stopped".to_owned()),
    };
    // A few records may well lack what the whole list has.
    let never_filled_can_be_told = delta.is_none() && coverage.is_complete() && taken.records > 0;
    let never_filled =
        if never_filled_can_be_told { extractor.never_filled().into_iter().map(str::to_owned).collect() } else { Vec::new() };
    let never_listed = if never_filled_can_be_told { extractor.never_listed() } else { Vec::new() };
    let changed = delta.map(|_| taken.changed());
    ScopeRead {
        records: taken.records,
        coverage,
        changed,
        one: false,
        refused,
        mark: taken.mark,
        never_filled,
        never_listed,
        told: if collection.for_each.is_some() { extractor.told().map(str::to_owned).collect() } else { Vec::new() },
        keep: Vec::new(),
        seen: taken.seen,
        nodes: taken.nodes,
    }
}

/// Reads one record of a collection again.
pub(super) async fn read_one(
    scan: &Scan<'_>,
    collection: &raw::Collection,
    one: &str,
    node: &NodeSeen,
    person: &Watched,
    keep: Keep<'_>,
) -> ScopeRead {
    let value = node_value(scan.system, node);
    let scope = Scope::new().with("settings", scan.connection.settings()).with("node", &value).with("person", &person.value);
    let call = match render::http(
        one,
        Parts { headers: Some(&collection.headers), act_as: collection.act_as.as_deref(), ..Parts::default() },
        &scope,
    )
    .map(Call::Http)
    {
        Ok(call) => call,
        Err(problem) => return ScopeRead::gap(problem),
    };
    let reply = match scan.connection.send(Hand::Read, Lane::Prove, &call, &collection.classes).await {
        Ok(reply) => reply,
        Err(error) => return ScopeRead::gap(error.to_string()),
    };
    let mut observations = Vec::new();
    let mut problems = Vec::new();
    match reply.class {
        Class::Gone => {}
        Class::Fine => extract(&collection.yields, &reply.body, &scope, &mut observations, &mut problems),
        class => return ScopeRead::gap(format!("{class:?} ({})", reply.status)),
    }
    let mut part = Part::default();
    part.add(observations, keep);
    let coverage = problems.into_iter().chain(part.problems).next_back().map_or(Coverage::Complete, Coverage::Gap);
    let changed = Some(vec![node.node.clone()]);
    ScopeRead { records: 1, changed, seen: part.seen, nodes: part.nodes, coverage, ..ScopeRead::gap("") }
}

/// The key that a sentinel names.
pub(super) async fn sentinel_key(scan: &Scan<'_>, sentinel: &raw::Sentinel) -> Result<String, String> {
    let scope = Scope::new().with("settings", scan.connection.settings());
    let key = Expr::compile(&sentinel.key)?;
    let value = match &sentinel.call {
        None => key.text(&scope)?,
        Some(call) => {
            let call = render::http(call, Parts::default(), &scope).map(Call::Http)?;
            let reply =
                scan.connection.send(Hand::Read, scan.lane(), &call, &raw::Classes::default()).await.map_err(|error| error.to_string())?;
            if reply.class != Class::Fine {
                return Err(format!("the sentinel's call was answered with {}", reply.status));
            }
            key.text(&scope.with("body", &reply.body))?
        }
    };
    value.ok_or_else(|| format!("the sentinel's key {} is null", sentinel.key))
}

/// A node as `parent` or `node` in expressions.
pub(super) fn node_value(system: &str, node: &NodeSeen) -> Value {
    let mut map = node.attrs.clone();
    map.insert("id".into(), json!(node.node.key));
    map.insert("key".into(), json!(node.node.key));
    map.insert("name".into(), json!(node.name));
    map.insert("kind".into(), json!(node.node.kind.word()));
    map.insert("type".into(), json!(node.type_));
    map.insert("system".into(), json!(system));
    if let Some(email) = map.get("emails").and_then(|emails| emails.get(0)).cloned() {
        map.entry("email").or_insert(email);
    }
    Value::Object(map)
}
