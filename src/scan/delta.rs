//! Reading only what changed: what a scope's read asks for, and which parents need no read.

use std::ops::ControlFlow;

use anyhow::Result;
use serde_json::Value;

use super::Scan;
use super::read::{Parent, scope_of};
use crate::clock;
use crate::connect::render::{self, Parts};
use crate::connect::{Call, Class, Ended, Page};
use crate::manifest::express::{Expr, Scope};
use crate::manifest::raw::{self, Hand};
use crate::model::{EdgeKind, ScopeId};
use crate::store::around::Teller;
use crate::store::graph;

/// What a scope's read asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Everything.
    Whole,
    /// What changed since this mark.
    Changes(String),
    /// Nothing: it is as it was.
    Nothing,
}

/// Days between complete reads where the manifest says none.
const FULL_EVERY: u32 = 7;

/// The collection's delta, where it is to be used: never when one person is read again, for that is done to be certain.
fn of<'c>(scan: &Scan<'_>, collection: &'c raw::Collection) -> Option<&'c raw::Delta> {
    usable(scan, collection).filter(|_| scan.person.is_none())
}

/// The collection's delta, if the settings don't speak against it.
fn usable<'c>(scan: &Scan<'_>, collection: &'c raw::Collection) -> Option<&'c raw::Delta> {
    let delta = collection.delta.as_ref()?;
    let scope = Scope::new().with("settings", scan.connection.settings());
    // A condition that can't be told is none: the whole is always right.
    let holds = delta.when.as_deref().is_none_or(|when| Expr::compile(when).and_then(|when| when.truth(&scope)).unwrap_or(false));
    holds.then_some(delta)
}

/// What is to be asked for a scope.
pub(super) fn ask(scan: &Scan<'_>, collection: &raw::Collection, scope: ScopeId, parent: &Parent<'_>) -> Result<Ask> {
    let Some(delta) = of(scan, collection).filter(|_| !scan.options.full) else { return Ok(Ask::Whole) };
    let (mark, full_at) = scan.store.read(|conn| graph::scope_mark(conn, scope))?;
    let oldest = clock::days_before(clock::now(), i64::from(delta.full_every.unwrap_or(FULL_EVERY)));
    if full_at.is_none_or(|at| at <= oldest) {
        return Ok(Ask::Whole);
    }
    if delta.names.is_some() {
        return Ok(Ask::Nothing);
    }
    let Some(mark) = mark else { return Ok(Ask::Whole) };
    match Expr::compile(&delta.mark) {
        Ok(expr) if expr.names().contains(&"parent") => {
            let now = expr.text(&scope_of(scan, parent)).ok().flatten();
            Ok(if now.as_deref() == Some(mark.as_str()) { Ask::Nothing } else { Ask::Whole })
        }
        _ => Ok(Ask::Changes(mark)),
    }
}

/// Where changes are counted from, asked before the whole is read; none where the reading itself will tell.
///
/// # Errors
/// One line: the system doesn't say.
pub(super) async fn start(scan: &Scan<'_>, collection: &raw::Collection, parent: &Parent<'_>) -> Result<Option<String>, String> {
    let Some((delta, start)) = of(scan, collection).and_then(|delta| Some((delta, delta.start.as_ref()?))) else { return Ok(None) };
    let mut scope = scope_of(scan, parent);
    // One call for all parents is nobody's.
    let act_as = collection.act_as.as_deref().filter(|_| delta.names.is_none());
    let call = render::http(&start.call, Parts { act_as, headers: Some(&collection.headers), ..Parts::default() }, &scope)?;
    let sent = scan.connection.send(Hand::Read, scan.lane(), &Call::Http(call), &collection.classes).await;
    let reply = sent.map_err(|error| error.to_string())?;
    if reply.class != Class::Fine {
        return Err(format!("where changes begin was answered with {}", reply.says()));
    }
    scope.set("body", &reply.body);
    Expr::compile(&start.mark)?.text(&scope)?.map(Some).ok_or_else(|| format!("{} is null", start.mark))
}

/// Asks once which parents of a collection changed: they, or all if that can't be told, will be read again.
///
/// # Errors
/// The store's.
pub(super) async fn note_changed_parents(scan: &Scan<'_>, name: &str, collection: &raw::Collection) -> Result<()> {
    let Some(delta) = of(scan, collection).filter(|delta| delta.names.is_some()) else { return Ok(()) };
    let nobody = Parent::default();
    let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, ""))?;
    let (known, _) = scan.store.read(|conn| graph::scope_mark(conn, scope))?;
    let told = match known.filter(|_| !scan.options.full) {
        None => None,
        Some(since) => match changed_parents(scan, collection, delta, since).await {
            Ok(told) => Some(told),
            Err(problem) => {
                tracing::warn!(system = scan.system, collection = name, problem, "what changed is not told: everything is read");
                None
            }
        },
    };
    let (mark, changed) = match told {
        Some((mark, changed)) => (mark, Some(changed)),
        // Before anything is read: what changes meanwhile is then asked for the next time.
        None => {
            let begins = start(scan, collection, &nobody).await;
            let by_itself = || Expr::compile(&delta.mark).and_then(|mark| mark.text(&scope_of(scan, &nobody)));
            (begins.and_then(|mark| mark.map_or_else(by_itself, |mark| Ok(Some(mark)))).unwrap_or_default(), None)
        }
    };
    scan.store.write(|tx| {
        graph::forget_full(tx, scan.row, name, changed.as_deref())?;
        graph::set_scope_mark(tx, scope, mark.as_deref(), None)
    })
}

/// The parents of a collection that changed since it was read as a whole. None where the system doesn't tell.
///
/// # Errors
/// The store's.
pub(super) async fn changed_since(scan: &Scan<'_>, name: &str, collection: &raw::Collection) -> Result<Option<Vec<String>>> {
    let Some(delta) = usable(scan, collection).filter(|delta| delta.names.is_some()) else { return Ok(None) };
    let scope = scan.store.write(|tx| graph::scope_row(tx, scan.row, name, ""))?;
    let (Some(since), _) = scan.store.read(|conn| graph::scope_mark(conn, scope))? else { return Ok(None) };
    match changed_parents(scan, collection, delta, since).await {
        Ok((_, changed)) => Ok(Some(changed)),
        Err(problem) => {
            tracing::warn!(system = scan.system, collection = name, problem, "who else has changed is not told");
            Ok(None)
        }
    }
}

/// The mark of the next time, and the parents that changed since this one.
async fn changed_parents(
    scan: &Scan<'_>,
    collection: &raw::Collection,
    delta: &raw::Delta,
    since: String,
) -> Result<(Option<String>, Vec<String>), String> {
    let nobody = Parent::default();
    let scope = scope_of(scan, &nobody).with_owned("since", Value::String(since));
    let call = delta.call.as_deref().unwrap_or_default();
    let call = Call::Http(render::http(call, Parts { headers: Some(&collection.headers), ..Parts::default() }, &scope)?);
    let names = delta.names.as_deref().map(Expr::compile).transpose()?.ok_or("names is missing")?;
    let mark = Expr::compile(&delta.mark)?;
    let (mut changed, mut next, mut wrong) = (Vec::new(), None, None);
    let mut take = |page: Page| {
        let scope = scope.clone().with("body", &page.body).with("headers", &page.headers);
        match names.eval(&scope).and_then(|names| Ok((names, mark.text(&scope)?))) {
            Ok((Value::Array(keys), mark)) => {
                changed.extend(keys.iter().map(crate::manifest::express::plain));
                next = mark.or(next.take());
                ControlFlow::Continue(())
            }
            Ok((other, _)) => {
                wrong = Some(format!("{} is no list but {other}", names.source()));
                ControlFlow::Break(())
            }
            Err(problem) => {
                wrong = Some(problem);
                ControlFlow::Break(())
            }
        }
    };
    let paging = collection.paging.as_ref().filter(|paging| !paging.none);
    let ended = scan.connection.pages(Hand::Read, scan.lane(), &call, &collection.classes, paging, None, &mut take).await;
    match (wrong, ended) {
        (Some(problem), _) => Err(problem),
        (None, Ended::Complete { .. }) => Ok((next, changed)),
        (None, Ended::Gap { reason, .. }) => Err(reason),
        (None, Ended::Absent | Ended::Stopped) => Err("there is no such list".to_owned()),
    }
}

/// At which end of an edge between two of its records the one stands that tells of it, as far as the yields show it: the end that is named by
/// the record's own key.
pub(super) fn tellers(collection: &raw::Collection) -> Vec<(EdgeKind, Teller)> {
    let Some((kind, key)) = collection.yields.iter().find_map(raw::Yield::node) else { return Vec::new() };
    let own = format!("{}({key})", kind.word());
    let is_own = |end: &Option<String>, inner: bool| {
        end.as_deref().is_some_and(|end| if inner { end.replace("outer.", "it.") == own && end != own } else { end == own })
    };
    let mut tellers = Vec::new();
    for item in &collection.yields {
        if let Some(Ok(edge)) = item.edge.as_deref().map(str::parse) {
            match (is_own(&item.from, item.each.is_some()), is_own(&item.to, item.each.is_some())) {
                (true, false) => tellers.push((edge, Teller::From)),
                (false, true) => tellers.push((edge, Teller::To)),
                _ => {}
            }
        } else if item.each.is_none() && item.node().is_some_and(|(of, own)| of == kind && own == key) {
            tellers.extend(item.owned_by.is_some().then_some((EdgeKind::Owns, Teller::To)));
            tellers.extend(item.member_of.is_some().then_some((EdgeKind::MemberOf, Teller::From)));
        }
    }
    tellers
}
