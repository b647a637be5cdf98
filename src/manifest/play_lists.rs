//! Plays each example with something else in the place of each of its lists: nothing, null, an empty object or text, zero, false. What takes that
//! for an empty list would call access gone that is there.

use serde_json::{Value, json};

use super::examples;
use super::judge::Finding;
use super::raw;

/// What stands in a list's place; none: the key isn't there.
fn instead() -> [(&'static str, Option<Value>); 6] {
    [
        ("nothing", None),
        ("null", Some(Value::Null)),
        ("{}", Some(json!({}))),
        ("an empty text", Some(json!(""))),
        ("0", Some(json!(0))),
        ("false", Some(json!(false))),
    ]
}

/// What was played, and what was fooled: its key, and by what.
#[derive(Clone, Debug, Default)]
pub(super) struct Played {
    pub(super) replies: usize,
    pub(super) fooled: Vec<(String, String)>,
}

/// Plays every example of a collection that is read by HTTP, and every example of a proof that shows the thing still there.
pub(super) fn play(manifest: &raw::Manifest) -> Played {
    let mut played = Played::default();
    for (at, example) in manifest.examples.iter().enumerate() {
        if let Some((name, collection)) = manifest.see.iter().find(|(known, _)| example.of.as_ref() == Some(known))
            && collection.call.is_some()
        {
            let by = of_list(manifest, collection, example, &mut played.replies);
            played.fooled.extend(by.into_iter().map(|by| (format!("see.{name}"), format!("examples[{at}] with {by}"))));
        }
        if let Some((name, take)) = manifest.take.iter().find(|(known, _)| example.prove.as_ref() == Some(known))
            && let Some(prove) = take.prove.as_ref().filter(|prove| prove.call.is_some())
            && example.gone == Some(false)
        {
            let by = of_proof(manifest, prove, example, &mut played.replies);
            played.fooled.extend(by.into_iter().map(|by| (format!("take.{name}.prove"), format!("examples[{at}] with {by}"))));
        }
    }
    played
}

/// What a collection takes for an empty list: in the place of its records, or of a list within one. A list within a record that isn't there or is
/// null is left to the scan, which sees whether any record has it.
fn of_list(manifest: &raw::Manifest, collection: &raw::Collection, example: &raw::Example, replies: &mut usize) -> Vec<String> {
    let seen = |reply: Value| examples::observed(manifest, collection, &raw::Example { reply, ..example.clone() });
    let Ok((records, whole)) = seen(example.reply.clone()) else { return Vec::new() };
    let mut fooled = Vec::new();
    for place in lists(&example.reply) {
        // A list that nothing is made of may be anything.
        let Some(Ok((left, came))) = with(&example.reply, &place, Some(json!([]))).map(seen) else { continue };
        if came >= whole {
            continue;
        }
        let said = collection.absent.is_some() || left == records;
        for (name, what) in instead().into_iter().filter(|(_, what)| !(said && what.as_ref().is_none_or(Value::is_null))) {
            let Some(reply) = with(&example.reply, &place, what) else { continue };
            *replies += 1;
            if seen(reply).is_ok_and(|(_, came)| came < whole) {
                fooled.push(format!("{name} at {place:?}"));
            }
        }
    }
    fooled
}

/// What a proof takes for a list without the thing.
fn of_proof(manifest: &raw::Manifest, prove: &raw::Prove, example: &raw::Example, replies: &mut usize) -> Vec<String> {
    let mut fooled = Vec::new();
    for place in lists(&example.reply) {
        for (name, what) in instead().into_iter().filter(|(_, what)| what.as_ref().is_some_and(|what| !what.is_null())) {
            let Some(reply) = with(&example.reply, &place, what) else { continue };
            *replies += 1;
            let example = raw::Example { reply, ..example.clone() };
            if examples::judged(manifest, prove, &example, &example.given).is_ok_and(|(finding, _)| finding == Finding::Gone) {
                fooled.push(format!("{name} at {place:?}"));
            }
        }
    }
    fooled
}

/// A reply with something else at a place of it.
fn with(reply: &Value, place: &str, what: Option<Value>) -> Option<Value> {
    let mut reply = reply.clone();
    match what {
        Some(what) => *reply.pointer_mut(place)? = what,
        None => {
            let (above, name) = place.rsplit_once('/')?;
            reply.pointer_mut(above)?.as_object_mut()?.remove(&name.replace("~1", "/").replace("~0", "~"))?;
        }
    }
    Some(reply)
}

/// The places of the lists of a value that hold something, from the outermost on.
fn lists(value: &Value) -> Vec<String> {
    let mut places = Vec::new();
    lists_below(value, "", &mut places);
    places
}

fn lists_below(value: &Value, at: &str, into: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(place, item)| (place.to_string(), item)).collect(),
        Value::Object(map) => map.iter().map(|(name, item)| (name.replace('~', "~0").replace('/', "~1"), item)).collect(),
        _ => return,
    };
    if value.as_array().is_some_and(|items| !items.is_empty()) {
        into.push(at.to_owned());
    }
    inner.into_iter().for_each(|(name, item)| lists_below(item, &format!("{at}/{name}"), into));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::load;
    use super::*;

    // Trust: What counts as an answer.
    #[test]
    fn no_manifest_of_ours_takes_a_list_that_is_none_for_an_empty_one() {
        let (mut tried, mut fooled) = (0, Vec::new());
        for (name, text) in load::builtin() {
            let manifest = load::load(name, text).unwrap();
            let played = play(&manifest);
            tried += played.replies;
            fooled.extend(played.fooled.into_iter().map(|(path, by)| format!("{name}: {path}: {by}")));
        }
        assert!(fooled.is_empty(), "{} of {tried}:\n{}", fooled.len(), fooled.join("\n"));
        assert!(tried > 200, "{tried} replies");
    }
    // Trust: What counts as an answer.
    #[test]
    fn what_stands_in_a_list_s_place_is_no_empty_list() {
        let by = |see: &str, gone: &str| {
            let text = format!(
                "{{scanner: x, title: X, category: sso, contract: c, credentials: {{read: {{kind: bearer}}, revoke: {{kind: bearer}}}}, connect: {{http: 'https://x.example', \
                 paging: {{none: true}}}}, see: {{users: {{call: GET /u, {see}}}}}, take: {{off: {{on: account, call: 'POST /u/{{{{ node.id }}}}', \
                 prove: {{call: GET /u, gone: \"{gone}\"}}}}}}, examples: [{{of: users, reply: {{ok: 1, users: [{{id: u1, keys: [{{id: k1}}]}}]}}, yields: []}}, \
                 {{prove: off, given: {{node: {{id: u1}}}}, reply: {{users: [u1], more: []}}, gone: false}}]}}"
            );
            let played = play(&load::load("x", &text).unwrap_or_else(|problems| panic!("{}", load::told(&problems))));
            played.fooled.into_iter().map(|(path, by)| format!("{path}: {by}")).collect::<Vec<_>>()
        };
        let keys = "yields: [{account: it.id}, {each: it.keys, credential: it.id, type: api_token, held_by: account(outer.id)}]";
        let gone = "node.id not in (body.users | or_empty)";
        assert_eq!(by(&format!("each: body.users, {keys}"), gone), Vec::<String>::new());
        let left_out = ["nothing", "null"].map(|name| format!("see.users: examples[0] with {name} at \"/users\""));
        assert_eq!(by(&format!("each: body.users | or_empty, {keys}"), gone), left_out);
        assert_eq!(by(&format!("each: body.users, of: \"'ok' in body\", absent: empty, {keys}"), gone), Vec::<String>::new());
        let fooled = by(&format!("each: body.users, {keys}"), "node.id not in (body.users or [none])");
        assert_eq!(fooled.len(), 4, "an empty object, an empty text, 0 and false: {fooled:?}");
    }
}
