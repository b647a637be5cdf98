//! From a manifest's templates to calls: what an action sends, what its proof reads.

use serde_json::{Map, Value};

use crate::connect::render::{self, Parts};
use crate::connect::{Call, Change, ChangeOp, ModifyCall};
use crate::manifest::Manifest;
use crate::manifest::express::{Scope, plain};
use crate::manifest::judge;
use crate::manifest::raw::{Collection, Keep, Modify, Prove, Search, Take};
use crate::manifest::template::{Place, fill, render as fill_in};

/// The call of an action.
pub(super) fn of_action(take: &Take, scope: &Scope<'_>) -> Result<Call, String> {
    if let Some(modify) = &take.modify {
        return of_modify(modify, scope).map(Call::Modify);
    }
    let line = take.call.as_deref().ok_or("the manifest gives this action no call")?;
    let parts = Parts { body: take.body.as_ref(), form: take.form.as_ref(), headers: Some(&take.headers), act_as: take.act_as.as_deref() };
    render::http(line, parts, scope).map(Call::Http)
}

/// The read that proves an action, unless it is a whole collection.
pub(super) fn of_proof(prove: &Prove, take: &Take, scope: &Scope<'_>) -> Result<Call, String> {
    if let Some(search) = &prove.search {
        return render::search(search, scope).map(Call::Search);
    }
    let line = prove.call.as_deref().ok_or("the manifest gives this action no proof")?;
    let act_as = prove.act_as.as_deref().or(take.act_as.as_deref());
    let headers = if prove.headers.is_empty() { &take.headers } else { &prove.headers };
    render::http(line, Parts { body: prove.body.as_ref(), form: prove.form.as_ref(), headers: Some(headers), act_as }, scope)
        .map(Call::Http)
}

/// The values that the read of a proof asks about.
pub(super) fn asked(prove: &Prove, scope: &Scope<'_>) -> Vec<String> {
    let Some(line) = prove.call.as_deref() else { return Vec::new() };
    judge::asked(line, [prove.body.as_ref(), prove.form.as_ref()], scope)
}

/// The download that is kept as evidence, and its name.
pub(super) fn of_keep(keep: &Keep, take: &Take, scope: &Scope<'_>) -> Result<(Call, String), String> {
    let parts = Parts { headers: Some(&take.headers), act_as: take.act_as.as_deref(), ..Parts::default() };
    let call = render::http(&keep.call, parts, scope).map(Call::Http)?;
    Ok((call, fill_in(&keep.name, Place::Text, scope)?))
}

/// Whom an action and its proof impersonate.
pub(super) fn act_as(take: &Take, scope: &Scope<'_>) -> Vec<String> {
    let proof = take.prove.as_ref().and_then(|prove| prove.act_as.as_deref());
    [take.act_as.as_deref(), proof]
        .into_iter()
        .flatten()
        .filter_map(|source| fill_in(source, Place::Text, scope).ok())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The read that must come right before a change, where the change is of a part of what is there.
pub(super) fn of_reading(take: &Take, scope: &Scope<'_>) -> Option<Result<Call, String>> {
    let modify = take.modify.as_ref().filter(|modify| !modify.read.is_empty())?;
    let search = Search { base: modify.dn.clone(), filter: None, scope: Some("base".to_owned()), attributes: modify.read.clone() };
    Some(render::search(&search, scope).map(Call::Search))
}

/// The attributes that were read for a change: all of them, or why the change can't be made.
pub(super) fn read_for(take: &Take, entry: Option<&Value>) -> Result<Value, String> {
    let entry = entry.filter(|entry| entry.is_object()).ok_or("the entry that it changes was not found")?;
    let unread = |name: &&String| entry.get(name.as_str()).is_none_or(Value::is_null);
    match take.modify.iter().flat_map(|modify| &modify.read).find(unread) {
        None => Ok(entry.clone()),
        Some(name) => Err(format!("its {name} can't be read, and only a part of it is to be changed: grant the right to read it")),
    }
}

fn of_modify(modify: &Modify, scope: &Scope<'_>) -> Result<ModifyCall, String> {
    let mut changes = Vec::new();
    for (op, attributes) in [(ChangeOp::Replace, &modify.replace), (ChangeOp::Add, &modify.add), (ChangeOp::Delete, &modify.delete)] {
        for (attribute, source) in attributes {
            let values = match fill(source, scope)? {
                Value::Null if !source.is_null() => return Err(format!("{attribute} is empty")),
                Value::Null => Vec::new(),
                Value::Array(list) => list.iter().map(|value| encoded(attribute, plain(value))).collect(),
                value => vec![encoded(attribute, plain(&value))],
            };
            changes.push(Change { op, attribute: attribute.clone(), values });
        }
    }
    Ok(ModifyCall { dn: fill_in(&modify.dn, Place::Dn, scope)?, changes, relax: modify.relax })
}

/// A value as the directory takes it. Active Directory wants a password in quotes, and in UTF-16 with the low byte first ([MS-ADTS] 3.1.1.3.1.5).
fn encoded(attribute: &str, text: String) -> Vec<u8> {
    match attribute.eq_ignore_ascii_case("unicodePwd") {
        true => format!("\"{text}\"").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        false => text.into_bytes(),
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    // Trust: What was done.
    #[test]
    fn a_part_of_a_value_is_changed_in_what_was_read_just_now_and_in_nothing_else() {
        let manifest = crate::manifest::load::find("active-directory", None).unwrap();
        let take = manifest.action("disable").unwrap();
        // The last scan saw 512; by now the password never expires.
        let node = json!({ "dn": "CN=Ada,DC=acme,DC=example", "userAccountControl": 512 });
        let scope = Scope::new().with("node", &node);
        let Some(Ok(Call::Search(reading))) = of_reading(take, &scope) else { unreachable!("it reads first") };
        assert_eq!(
            (reading.base.as_str(), reading.scope.as_str(), &reading.attributes[..]),
            ("CN=Ada,DC=acme,DC=example", "base", &["userAccountControl".to_owned()][..])
        );
        let entry = read_for(take, Some(&json!({ "dn": node["dn"], "userAccountControl": "66048" }))).unwrap();
        let Call::Modify(change) = of_action(take, &scope.clone().with("it", &entry)).unwrap() else { unreachable!("it is a change") };
        assert_eq!(change.changes[0].values, [b"66050".to_vec()]);
        // What may not be read is no zero.
        for unread in [json!({ "dn": node["dn"] }), json!({ "dn": node["dn"], "userAccountControl": null }), Value::Null] {
            assert!(read_for(take, Some(&unread)).is_err(), "{unread}");
        }
        assert!(read_for(take, None).is_err());
        let nothing = json!({});
        assert!(of_action(take, &scope.with("it", &nothing)).is_err(), "never written as 2");
    }
}
