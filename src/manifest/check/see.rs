//! Rules for collections and what their records mean.

use serde_json::Value;

use super::super::attributes;
use super::super::express::{Expr, Scope};
use super::super::places::{Extra, ForEach, Spot};
use super::super::raw;
use super::super::structure::did_you_mean;
use super::super::template::Template;
use super::order::{circles, told};
use super::{Checker, Purpose, Transport, connect};
use crate::model::{EdgeKind, Level};

/// The keys of a yield that mean something to the language; anything else is an attribute.
const YIELD_KEYS: [&str; 20] = [
    "each",
    "when",
    "person",
    "account",
    "group",
    "role",
    "app",
    "resource",
    "credential",
    "device",
    "type",
    "aka",
    "edge",
    "from",
    "to",
    "level",
    "held_by",
    "owned_by",
    "opens",
    "member_of",
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    for (name, collection) in &manifest.see {
        let path = format!("see.{name}");
        if name == "people" {
            checker.problem(&path, "people are the people we watch; call the collection something else");
        }
        one(checker, name, &path, collection);
    }
    let names: Vec<&str> = manifest.see.iter().map(|(name, _)| name.as_str()).collect();
    let waits: Vec<(&str, &str)> =
        manifest.see.iter().filter_map(|(name, collection)| Some((name.as_str(), collection.for_each.as_deref()?))).collect();
    for circle in circles(&names, &waits) {
        checker.problem(format!("see.{}.for", circle[0]), format!("collections that are read for each other: {}", told(&circle)));
    }
    own_attributes(checker);
    for (index, spot) in manifest.blind_spots.iter().enumerate() {
        for (key, text) in [("what", &spot.what), ("why", &spot.why)] {
            if text.trim().is_empty() {
                checker.problem(format!("blind_spots[{index}].{key}"), format!("{key} is empty"));
            }
        }
    }
}

fn one(checker: &mut Checker<'_>, name: &str, path: &str, collection: &raw::Collection) {
    let for_each = collection.for_each.as_deref().map(|of| if of == "people" { ForEach::People } else { ForEach::Nodes });
    let extra = Extra { for_each, ..Extra::default() };
    if let Some(of) = collection.for_each.as_deref().filter(|of| *of != "people")
        && checker.collection(of).is_none()
    {
        let hint = checker.near_collection(of);
        checker.problem(format!("{path}.for"), format!("there is no collection {of:?}{hint}"));
    }
    if collection.watched && collection.for_each.is_none() {
        checker.problem(format!("{path}.watched"), "only nodes of people we watch, but of which collection? it needs `for`");
    }
    checker.maybe_expr(&format!("{path}.when"), collection.when.as_ref(), Spot::Collection, extra);
    checker.act_as(path, collection.act_as.as_ref(), raw::Hand::Read, Spot::Collection, extra);
    source(checker, path, collection, extra);
    checker.maybe_expr(&format!("{path}.each"), collection.each.as_ref(), Spot::Each, extra);
    checker.maybe_expr(&format!("{path}.of"), collection.of.as_ref(), Spot::Each, extra);
    if collection.absent.is_some() && collection.each.is_none() {
        checker.problem(format!("{path}.absent"), "absent says what a missing `each` means, and there is no each");
    }
    if let Some(own) = &collection.control {
        control(checker, &format!("{path}.control"), own, Spot::Collection, Spot::Each, extra);
    }
    checker.classes(path, &collection.classes);
    if let Some(sentinel) = &collection.sentinel {
        let path = format!("{path}.sentinel");
        if let Some(call) = &sentinel.call {
            checker.call(&format!("{path}.call"), call, Purpose::Read, Spot::Collection, extra);
        }
        checker.expr(&format!("{path}.key"), &sentinel.key, Spot::Sentinel, extra);
        if collection.yields.is_empty() {
            checker.problem(&path, "a sentinel is a node that the collection yields, and it yields nothing");
        }
    }
    if let Some(delta) = &collection.delta {
        changes(checker, &format!("{path}.delta"), delta, collection, extra);
    }
    if let Some(call) = &collection.one {
        checker.call(&format!("{path}.one"), call, Purpose::Read, Spot::One, Extra::default());
        if collection.for_each.is_some() {
            checker.problem(format!("{path}.one"), "a collection with `for` is read for one parent already");
        }
    }
    if is_another_s(checker.manifest, collection) {
        checker.problem(
            path,
            "one record is read for one parent, and its own key says whose it is: hold it to the parent (of: body.id == parent.id), for another's record is no answer",
        );
    }
    let is_parent = checker.manifest.see.iter().any(|(_, other)| other.for_each.as_deref() == Some(name));
    if collection.yields.is_empty() && !is_parent {
        checker.problem(path, "yields nothing, and no collection is read for it");
    }
    for (index, means) in collection.yields.iter().enumerate() {
        meaning(checker, &format!("{path}.yields[{index}]"), means, extra);
    }
}

/// Whether a collection reads one more record of each parent, and takes whatever record comes for the parent's.
fn is_another_s(manifest: &raw::Manifest, collection: &raw::Collection) -> bool {
    let node =
        |collection: &raw::Collection| collection.yields.iter().find_map(|means| means.node().map(|(kind, key)| (kind, key.to_owned())));
    let parent = manifest.see.iter().find(|(name, _)| Some(name) == collection.for_each.as_ref()).and_then(|(_, parent)| node(parent));
    let (Some((listed, _)), Some((kind, key))) = (parent, node(collection)) else { return false };
    let held = collection.of.as_deref().is_some_and(|of| of.contains("parent."));
    collection.each.as_deref() == Some("body") && kind == listed && key.starts_with("it.") && !held
}

/// Something that is known to be there.
pub(super) fn control(checker: &mut Checker<'_>, path: &str, control: &raw::Control, call: Spot, answer: Spot, extra: Extra) {
    checker.call(&format!("{path}.call"), &control.call, Purpose::Read, call, extra);
    checker.headers(path, &control.headers, call, extra);
    if let Some(body) = &control.body {
        checker.body(&format!("{path}.body"), body, call, extra);
    }
    checker.expr(&format!("{path}.there"), &control.there, answer, extra);
}

/// Where the records come from, and how they are paged.
fn source(checker: &mut Checker<'_>, path: &str, collection: &raw::Collection, extra: Extra) {
    let given = [("call", collection.call.is_some()), ("search", collection.search.is_some()), ("file", collection.file.is_some())];
    let given: Vec<&str> = given.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect();
    // A file manifest reads one file: saying so again is allowed, not needed.
    let may_be_none = checker.transport == Some(Transport::File);
    if given.len() > 1 || (given.is_empty() && !may_be_none) {
        let here = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
        checker.problem(path, format!("exactly one of call, search, file says where the records come from; here is {here}"));
    }
    if collection.file.is_some() && checker.transport.is_some_and(|transport| transport != Transport::File) {
        checker.problem(format!("{path}.file"), "file needs connect.file");
    }
    if collection.file == Some(false) {
        checker.problem(format!("{path}.file"), "file: false reads nothing; write true, or leave it out");
    }
    if let Some(call) = &collection.call {
        checker.call(&format!("{path}.call"), call, Purpose::Read, Spot::Collection, extra);
    }
    if let Some(search) = &collection.search {
        checker.search(&format!("{path}.search"), search, Spot::Collection, extra);
    }
    checker.bodies(path, collection.call.is_some(), collection.body.as_ref(), collection.form.as_ref(), Spot::Collection, extra);
    checker.headers(path, &collection.headers, Spot::Collection, extra);
    if let Some(paging) = &collection.paging {
        if collection.call.is_none() {
            checker.problem(format!("{path}.paging"), "paging without a call");
        }
        connect::paging(checker, &format!("{path}.paging"), paging, extra);
    }
    if collection.call.is_none() || checker.transport != Some(Transport::Http) {
        return;
    }
    let usual = checker.manifest.connect.paging.as_ref();
    match collection.paging.as_ref().or(usual) {
        None => checker.warning(
            path,
            "nothing says how this list is paged, so one reply is all that is read; write paging: { none: true } if that is so",
        ),
        Some(paging) if paging.none => {}
        Some(paging) => {
            if paging.max_pages.or(usual.and_then(|usual| usual.max_pages)).is_none() {
                let place = if collection.paging.is_some() { format!("{path}.paging") } else { path.to_owned() };
                checker.problem(
                    place,
                    "no page cap: put max_pages into its paging or connect.paging (reaching it is a gap, never a quiet end)",
                );
            }
        }
    }
}

fn changes(checker: &mut Checker<'_>, path: &str, delta: &raw::Delta, collection: &raw::Collection, extra: Extra) {
    // One call names the parents that changed: it is made for all of them, so none of them is in scope.
    let feed = if delta.names.is_some() { Extra::default() } else { extra };
    if delta.call.is_some() && delta.filter.is_some() {
        checker.problem(path, "either call or filter says how to ask for changes");
    }
    checker.maybe_expr(&format!("{path}.when"), delta.when.as_ref(), Spot::DeltaStart, Extra::default());
    if let Some(start) = &delta.start {
        checker.call(&format!("{path}.start.call"), &start.call, Purpose::Read, Spot::DeltaStart, feed);
        checker.expr(&format!("{path}.start.mark"), &start.mark, Spot::DeltaAnswer, feed);
    }
    if let Some(call) = &delta.call {
        checker.call(&format!("{path}.call"), call, Purpose::Read, Spot::Delta, feed);
    }
    if delta.filter.is_some() && collection.search.is_none() {
        checker.problem(format!("{path}.filter"), "a filter is added to a search, and there is none");
    }
    checker.maybe_template(&format!("{path}.filter"), delta.filter.as_ref(), Spot::Delta, feed);
    for (key, source, spot) in [
        ("each", &delta.each, Spot::DeltaAnswer),
        ("names", &delta.names, Spot::DeltaAnswer),
        ("record", &delta.record, Spot::Change),
        ("removed", &delta.removed, Spot::Change),
    ] {
        checker.maybe_expr(&format!("{path}.{key}"), source.as_ref(), spot, feed);
    }
    checker.expr(&format!("{path}.mark"), &delta.mark, Spot::Mark, feed);
    let of_parent = Expr::compile(&delta.mark).is_ok_and(|mark| mark.names().contains(&"parent"));
    if delta.names.is_some() && (collection.for_each.is_none() || delta.call.is_none()) {
        checker.problem(format!("{path}.names"), "names parents that changed, and needs `for` and a call that tells them");
    }
    if of_parent && (delta.call.is_some() || delta.filter.is_some()) {
        checker.problem(path, "a mark of the parent says that nothing changed; then there is nothing to call");
    }
    for (key, there) in [("each", delta.each.is_some()), ("record", delta.record.is_some()), ("removed", delta.removed.is_some())] {
        if there && (of_parent || delta.names.is_some()) {
            checker.problem(format!("{path}.{key}"), "only whether something changed is asked, so there are no records");
        }
    }
    let about = collection.yields.iter().find(|means| means.node().is_some());
    if !of_parent && delta.names.is_none() && about.is_some_and(|means| means.each.as_deref().is_some_and(|each| !each.starts_with('['))) {
        checker.problem(path, "a change replaces what its record gave, so the first node that is yielded must be the record's own");
    }
    if delta.full_every == Some(0) {
        checker.problem(format!("{path}.full_every"), "must be above zero");
    }
}

/// The kinds that a yield names, with their key expressions.
pub(super) fn kinds(means: &raw::Yield) -> Vec<(&'static str, &str)> {
    means.nodes().map(|(kind, key)| (kind.word(), key)).collect()
}

fn meaning(checker: &mut Checker<'_>, path: &str, means: &raw::Yield, collection: Extra) {
    let inside = Extra { inner: means.each.is_some(), ..collection };
    checker.maybe_expr(&format!("{path}.each"), means.each.as_ref(), Spot::Yield, collection);
    checker.maybe_expr(&format!("{path}.when"), means.when.as_ref(), Spot::Yield, inside);
    let kinds = kinds(means);
    let mut what: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    what.extend(means.edge.is_some().then_some("edge"));
    match what.len() {
        0 => checker.problem(path, "yields neither a node nor an edge; name one kind (account, group …) or an edge"),
        1 => {}
        _ => checker.problem(path, format!("{} in one yield; write one yield for each", what.join(" and "))),
    }
    for (kind, key) in &kinds {
        checker.expr(&format!("{path}.{kind}"), key, Spot::Yield, inside);
    }
    if let Some(edge) = &means.edge {
        match edge.parse::<EdgeKind>() {
            Err(error) => checker.problem(format!("{path}.edge"), format!("unknown edge kind: {error}")),
            Ok(EdgeKind::HasAccount) => {
                checker.problem(
                    format!("{path}.edge"),
                    "whose account it is, is found by comparing evidence; yield emails, employee_number instead",
                );
            }
            Ok(_) => {}
        }
        for (key, end) in [("from", &means.from), ("to", &means.to)] {
            if end.is_none() {
                checker.problem(path, format!("an edge needs {key}"));
            }
        }
    }
    let kind = kinds.first().map(|(kind, _)| *kind);
    let of_nodes: [(&str, &Option<String>, &[&str]); 4] = [
        ("held_by", &means.held_by, &["credential", "device"]),
        ("owned_by", &means.owned_by, &[]),
        ("opens", &means.opens, &["credential"]),
        ("member_of", &means.member_of, &["account", "group"]),
    ];
    for (key, source, of) in of_nodes {
        let Some(source) = source else { continue };
        let path = format!("{path}.{key}");
        match kind {
            None => checker.problem(&path, format!("{key} without a node")),
            Some(kind) if !of.is_empty() && !of.contains(&kind) => {
                checker.problem(&path, format!("{key} belongs to {}, not to {kind}; write an edge instead", of.join(" and ")));
            }
            Some(_) => {}
        }
        checker.reference(&path, source, Spot::Yield, inside);
    }
    for (key, source) in [("from", &means.from), ("to", &means.to)] {
        let Some(source) = source else { continue };
        if means.edge.is_none() {
            checker.problem(format!("{path}.{key}"), format!("{key} without an edge"));
        }
        checker.reference(&format!("{path}.{key}"), source, Spot::Yield, inside);
    }
    typed(checker, path, means, kind, inside);
    for (index, source) in means.aka.iter().enumerate() {
        checker.expr(&format!("{path}.aka[{index}]"), source, Spot::Yield, inside);
    }
    if let Some(source) = &means.level {
        level(checker, &format!("{path}.level"), source, inside);
    }
    let at = kind.unwrap_or("edge");
    for (name, value) in &means.attrs {
        let path = format!("{path}.{name}");
        if !what.is_empty() && attributes::find(name, at).is_none() && !checker.manifest.own.contains(name) {
            checker.problem(&path, unknown_attribute(name, at));
        }
        if let (Some(words), Value::String(source)) = (attributes::words(name, at), value) {
            for word in written_out(source).iter().filter(|word| !words.contains(&word.as_str()) && (at != "person" || *word != "unknown"))
            {
                checker.problem(&path, format!("{word:?} is not one of {}", words.join(", ")));
            }
        }
        attribute(checker, &path, value, inside);
    }
    if at == "person" && checker.manifest.category == raw::Category::Hris && !means.attrs.contains_key("state") {
        checker.problem(path, "nothing says whether the person still works here: it needs state");
    }
}

/// What is wrong with an attribute that nobody knows.
fn unknown_attribute(name: &str, at: &str) -> String {
    let here = attributes::ATTRIBUTES.iter().filter(|known| attributes::find(known.name, at).is_some()).map(|known| known.name);
    let hint = did_you_mean(name, here.chain(YIELD_KEYS));
    let a = if at.starts_with(['a', 'e']) { "an" } else { "a" };
    if hint.is_empty() {
        format!("exeunt reads no attribute {name:?} of {a} {at}; if it is this file's own, name it under own: [{name}]")
    } else {
        format!("unknown key {name:?}{hint} If it is an attribute of this file's own, name it under own: [{name}]")
    }
}

/// The attributes that are a file's own: each is in some yield.
fn own_attributes(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    for (index, name) in manifest.own.iter().enumerate() {
        let mut yields = manifest.see.iter().flat_map(|(_, collection)| &collection.yields);
        if !yields.any(|means| means.attrs.contains_key(name)) {
            checker.problem(format!("own[{index}]"), format!("{name:?} is declared, but no yield has it"));
        }
        if name == attributes::UNKNOWN {
            checker.problem(format!("own[{index}]"), format!("{name:?} has a meaning of its own; choose another name"));
        }
    }
}

fn typed(checker: &mut Checker<'_>, path: &str, means: &raw::Yield, kind: Option<&str>, extra: Extra) {
    let carries = matches!(kind, Some("credential" | "resource"));
    match &means.type_ {
        None if carries => checker.problem(path, format!("a {} needs a type (api_token, file …)", kind.unwrap_or_default())),
        None => {}
        Some(_) if !carries => checker.problem(format!("{path}.type"), "a type belongs to a credential or a resource"),
        Some(source) => {
            let path = format!("{path}.type");
            checker.template(&path, source, Spot::Yield, extra);
            let is_word = source.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && !source.is_empty();
            if Template::compile(source).is_ok_and(|template| template.expressions().next().is_none()) && !is_word {
                checker.problem(
                    &path,
                    format!("{source:?} is no type's name; write lower-case letters, digits and _, or {{{{ expression }}}}"),
                );
            }
        }
    }
}

/// A level that is written out must be one.
fn level(checker: &mut Checker<'_>, path: &str, source: &str, extra: Extra) {
    let before = checker.complaints.len();
    checker.expr(path, source, Spot::Yield, extra);
    if checker.complaints.len() > before {
        return;
    }
    let words = written_out(source);
    for word in words {
        if let Err(error) = word.parse::<Level>() {
            checker.problem(path, format!("unknown level: {error}"));
        }
    }
}

/// The words that an expression writes out as what it comes to: `'admin' if it.x else 'read'`.
fn written_out(source: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let inner = text
            .strip_prefix('\'')
            .and_then(|t| t.strip_suffix('\''))
            .or_else(|| text.strip_prefix('"').and_then(|t| t.strip_suffix('"')))?;
        (!inner.contains(['\'', '"'])).then(|| inner.to_owned())
    };
    // What stands around the conditions.
    let mut words: Vec<String> = Vec::new();
    for part in source.split(" else ") {
        words.extend(quoted(part.split(" if ").next().unwrap_or(part)));
    }
    if let Ok(expr) = Expr::compile(source)
        && expr.names().is_empty()
        && let Ok(Some(word)) = expr.text(&Scope::new())
        && !words.contains(&word)
    {
        words.push(word);
    }
    words
}

/// An attribute: an expression, or a list or map of them.
fn attribute(checker: &mut Checker<'_>, path: &str, value: &Value, extra: Extra) {
    match value {
        Value::String(source) => checker.expr(path, source, Spot::Yield, extra),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                attribute(checker, &format!("{path}[{index}]"), item, extra);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                attribute(checker, &format!("{path}.{key}"), value, extra);
            }
        }
        _ => {}
    }
}
