//! From a manifest's templates to calls: what an action sends, what its proof reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::connect::{Body, Call, Change, ChangeOp, HttpCall, ModifyCall, SearchCall};
use crate::manifest::Manifest;
use crate::manifest::express::{Scope, plain};
use crate::manifest::raw::{Collection, Keep, Modify, Prove, Search, Take};
use crate::manifest::template::{Place, fill, fill_form, render};

/// The call of an action.
pub(super) fn of_action(take: &Take, scope: &Scope<'_>) -> Result<Call, String> {
    if let Some(modify) = &take.modify {
        return of_modify(modify, scope).map(Call::Modify);
    }
    let line = take.call.as_deref().ok_or("the manifest gives this action no call")?;
    http(line, take.body.as_ref(), take.form.as_ref(), Some(&take.headers), take.act_as.as_deref(), scope)
}

/// The read that proves an action, unless it is a whole collection.
pub(super) fn of_proof(prove: &Prove, take: &Take, scope: &Scope<'_>) -> Result<Call, String> {
    if let Some(search) = &prove.search {
        return of_search(search, scope).map(Call::Search);
    }
    let line = prove.call.as_deref().ok_or("the manifest gives this action no proof")?;
    let act_as = prove.act_as.as_deref().or(take.act_as.as_deref());
    http(line, prove.body.as_ref(), prove.form.as_ref(), Some(&take.headers), act_as, scope)
}

/// The read of a collection, for a proof by what it shows.
pub(super) fn of_collection(manifest: &Manifest, collection: &Collection, scope: &Scope<'_>) -> Result<Call, String> {
    if manifest.connect.file.is_some() {
        return Ok(Call::File);
    }
    if let Some(search) = &collection.search {
        return of_search(search, scope).map(Call::Search);
    }
    let line = collection.call.as_deref().ok_or("the collection has no call")?;
    http(line, collection.body.as_ref(), collection.form.as_ref(), Some(&collection.headers), collection.act_as.as_deref(), scope)
}

/// The download that is kept as evidence, and its name.
pub(super) fn of_keep(keep: &Keep, take: &Take, scope: &Scope<'_>) -> Result<(Call, String), String> {
    let call = http(&keep.call, None, None, Some(&take.headers), take.act_as.as_deref(), scope)?;
    Ok((call, render(&keep.name, Place::Text, scope)?))
}

/// Whom an action and its proof impersonate.
pub(super) fn act_as(take: &Take, scope: &Scope<'_>) -> Vec<String> {
    let proof = take.prove.as_ref().and_then(|prove| prove.act_as.as_deref());
    [take.act_as.as_deref(), proof]
        .into_iter()
        .flatten()
        .filter_map(|source| render(source, Place::Text, scope).ok())
        .filter(|name| !name.is_empty())
        .collect()
}

fn http(
    line: &str,
    body: Option<&Value>,
    form: Option<&Value>,
    headers: Option<&BTreeMap<String, String>>,
    act_as: Option<&str>,
    scope: &Scope<'_>,
) -> Result<Call, String> {
    let (method, path) = line.trim().split_once(' ').ok_or_else(|| format!("{line:?} is no call: write METHOD path"))?;
    let mut call = HttpCall { method: method.to_owned(), url: render(path.trim(), Place::Url, scope)?, ..HttpCall::default() };
    for (name, value) in headers.into_iter().flatten() {
        call.headers.push((name.clone(), render(value, Place::Header, scope)?));
    }
    call.body = match (body, form) {
        (Some(body), _) => Some(Body::Json(fill(body, scope)?)),
        (None, Some(form)) => Some(Body::Form(fill_form(form, scope)?)),
        (None, None) => None,
    };
    if let Some(source) = act_as {
        let name = render(source, Place::Text, scope)?;
        if name.is_empty() {
            return Err(format!("{source:?} names nobody to act as"));
        }
        call.act_as = Some(name);
    }
    Ok(Call::Http(call))
}

fn of_search(search: &Search, scope: &Scope<'_>) -> Result<SearchCall, String> {
    Ok(SearchCall {
        base: render(&search.base, Place::Dn, scope)?,
        scope: search.scope.clone().unwrap_or_else(|| "sub".to_owned()),
        filter: search.filter.as_deref().map_or_else(|| Ok("(objectClass=*)".to_owned()), |filter| render(filter, Place::Filter, scope))?,
        attributes: search.attributes.clone(),
    })
}

fn of_modify(modify: &Modify, scope: &Scope<'_>) -> Result<ModifyCall, String> {
    let mut changes = Vec::new();
    for (op, attributes) in [(ChangeOp::Replace, &modify.replace), (ChangeOp::Add, &modify.add), (ChangeOp::Delete, &modify.delete)] {
        for (attribute, source) in attributes {
            let values = match fill(source, scope)? {
                Value::Null if !source.is_null() => return Err(format!("{attribute} is empty")),
                Value::Null => Vec::new(),
                Value::Array(list) => list.iter().map(|value| plain(value).into_bytes()).collect(),
                value => vec![plain(&value).into_bytes()],
            };
            changes.push(Change { op, attribute: attribute.clone(), values });
        }
    }
    Ok(ModifyCall { dn: render(&modify.dn, Place::Dn, scope)?, changes, relax: modify.relax })
}

/// The node that a collection's `parent` means for an action: the nearest of the kind that the parent collection yields.
pub(super) fn parent<'v>(
    manifest: &Manifest,
    collection: &Collection,
    near: &'v [Value],
    person: Option<&'v Value>,
) -> Result<Option<&'v Value>, String> {
    let Some(of) = collection.for_each.as_deref() else { return Ok(None) };
    if of == "people" {
        return Ok(person);
    }
    let yields = &manifest.collection(of).ok_or_else(|| format!("there is no collection {of}"))?.yields;
    let kinds: Vec<&str> = yields
        .iter()
        .flat_map(|seen| {
            [
                ("account", &seen.account),
                ("group", &seen.group),
                ("role", &seen.role),
                ("app", &seen.app),
                ("resource", &seen.resource),
                ("credential", &seen.credential),
                ("device", &seen.device),
                ("person", &seen.person),
            ]
        })
        .filter(|(_, key)| key.is_some())
        .map(|(kind, _)| kind)
        .collect();
    let found = near.iter().find(|value| value.get("kind").and_then(Value::as_str).is_some_and(|kind| kinds.contains(&kind)));
    found.map(Some).ok_or_else(|| format!("nothing here stands for a parent from {of}"))
}

/// The scope's plain values, for a closure that makes its own scope.
pub(super) fn value<'v>(scope: &'v Map<String, Value>, name: &str) -> &'v Value {
    scope.get(name).unwrap_or(&Value::Null)
}
