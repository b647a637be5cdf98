//! Plays replies that are no answers against every proof and every list of a manifest: a sign-in page, an error object, nothing, a gateway's
//! 404. One that takes any of them for an answer would call access gone that is there, so it is refused.

use serde_json::{Map, Value, json};

use super::examples::{self, class_of, of_proof, seen, with_defaults};
use super::express::{Expr, Scope};
use super::judge::{self, Class, Finding};
use super::load::{self, Problem};
use super::located::{self, Fault, Lines};
use super::play_lists;
use super::raw;

/// A reply that is no answer.
struct Fake {
    name: &'static str,
    status: u16,
    body: Value,
}

fn fakes() -> Vec<Fake> {
    let page = json!("<!doctype html><html><title>Sign in</title></html>");
    let fake = |name, status, body| Fake { name, status, body };
    vec![
        fake("a sign-in page", 200, page.clone()),
        fake("an error object", 200, json!({"error": {"code": "unauthorized", "message": "sign in again"}})),
        fake("an error's words", 200, json!({"message": "sign in again"})),
        fake("null", 200, Value::Null),
        fake("{}", 200, json!({})),
        fake("[]", 200, json!([])),
        fake("an empty text", 200, json!("")),
        fake("a gateway's 404 page", 404, page),
        fake("a gateway's empty 404", 404, Value::Null),
        fake("a gateway's 404 object", 404, json!({"message": "no Route matched with those values"})),
        fake("a gateway's 404 {}", 404, json!({})),
    ]
}

/// What was played, and who was fooled.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// How many proofs were tried.
    pub proofs: usize,
    /// How many lists were tried.
    pub lists: usize,
    /// How many replies were played.
    pub replies: usize,
    /// Each that takes one of them for an answer: its key, and which.
    pub fooled: Vec<(String, String)>,
}

impl Played {
    /// Adds what was played against another manifest.
    pub fn add(&mut self, other: Self) {
        self.proofs += other.proofs;
        self.lists += other.lists;
        self.replies += other.replies;
        self.fooled.extend(other.fooled);
    }
}

/// Plays every reply against every proof and list that a manifest reads by HTTP. The reply comes to the read alone (what is known to be there
/// answers as it should), and to everything alike.
pub fn play(manifest: &raw::Manifest) -> Played {
    let mut played = Played::default();
    let settings = with_defaults(manifest, None);
    let fakes = fakes();
    for (name, collection) in manifest.see.iter().filter(|(_, collection)| collection.call.is_some()) {
        played.lists += 1;
        let taken = names_taken(&fakes, &mut played.replies, |fake| list(manifest, collection, fake, &settings));
        if let Some(taken) = taken {
            played.fooled.push((format!("see.{name}"), taken));
        }
    }
    for (name, names) in manifest.see.iter().filter_map(|(name, one)| Some((name, one.delta.as_ref()?.names.as_deref()?))) {
        played.lists += 1;
        let taken = names_taken(&fakes, &mut played.replies, |fake| tells_names(names, fake, &settings));
        if let Some(taken) = taken {
            played.fooled.push((format!("see.{name}.delta.names"), taken));
        }
    }
    for (name, take) in &manifest.take {
        let Some(prove) = take.prove.as_ref().filter(|prove| prove.call.is_some() || prove.see.is_some()) else { continue };
        if manifest.connect.http.is_none() {
            continue;
        }
        played.proofs += 1;
        let taken = names_taken(&fakes, &mut played.replies, |fake| proof(manifest, prove, fake, &settings));
        if let Some(taken) = taken.or_else(|| says_so_of_everybody(manifest, name, prove)) {
            played.fooled.push((format!("take.{name}.prove"), taken));
        }
    }
    let other = play_lists::play(manifest);
    played.replies += other.replies;
    played.fooled.extend(other.fooled);
    played
}

/// Plays against a file that was read; who is fooled, with its line.
pub fn problems(file: &str, text: &str, manifest: &raw::Manifest) -> (Played, Vec<Problem>) {
    let lines = located::parse(text).0.as_ref().map(Lines::of).unwrap_or_default();
    let played = play(manifest);
    let faults = played.fooled.iter().map(|(path, taken)| {
        let message =
            format!("takes for an answer what is none: {taken}; say what an answer holds (of), or what is known to be there (control)");
        Fault::new(lines.line(path), path.clone(), message)
    });
    let problems = load::problems(file, faults.collect());
    (played, problems)
}

fn names_taken(fakes: &[Fake], replies: &mut usize, mut fooled: impl FnMut(&Fake) -> bool) -> Option<String> {
    *replies += fakes.len();
    let taken: Vec<&str> = fakes.iter().filter(|fake| fooled(fake)).map(|fake| fake.name).collect();
    (!taken.is_empty()).then(|| taken.join(", "))
}

/// Whether a proof takes a reply for an answer.
fn proof(manifest: &raw::Manifest, prove: &raw::Prove, fake: &Fake, settings: &Value) -> bool {
    if let Some(name) = &prove.see {
        let collection = manifest.see.iter().find(|(known, _)| known == name).map(|(_, collection)| collection);
        return collection.is_none_or(|collection| list(manifest, collection, fake, settings));
    }
    let things = things(&format!("{prove:?}"));
    let headers = json!({});
    let scope = scope(&things, settings).with("headers", &headers).with("body", &fake.body).with("it", &fake.body);
    let scope = scope.with_owned("status", json!(fake.status));
    match of_proof(manifest, prove, fake.status, &fake.body, &scope) {
        // What can't be judged is no verdict.
        Err(_) | Ok((Finding::Nothing(_) | Finding::Forbidden, _)) => false,
        Ok((_, false)) => true,
        // An empty list is what the system itself may answer: only the control tells. Nothing else of these may pass for a list.
        Ok((_, true)) => fake.body != json!([]) || believed(manifest, prove.control.as_ref(), fake, &scope),
    }
}

/// The system's own word, in an example, that something is not there, where nothing is known to be there: it may say so of everybody.
fn says_so_of_everybody(manifest: &raw::Manifest, name: &str, prove: &raw::Prove) -> Option<String> {
    if prove.control.is_some() || judge::control(manifest).is_some() {
        return None;
    }
    let own = manifest.examples.iter().enumerate().filter(|(_, example)| example.prove.as_deref() == Some(name));
    let mut gone =
        own.filter(|(_, example)| matches!(examples::judged(manifest, prove, example, &example.given), Ok((Finding::Gone, true))));
    gone.next().map(|(at, _)| format!("what examples[{at}] answers, which whoever knows nobody answers of everybody"))
}

/// Whether a list takes a reply for an answer.
fn list(manifest: &raw::Manifest, collection: &raw::Collection, fake: &Fake, settings: &Value) -> bool {
    let things = things(&format!("{collection:?}"));
    let headers = json!({});
    let scope = scope(&things, settings).with("headers", &headers);
    let answer = scope.clone().with_owned("status", json!(fake.status)).with("body", &fake.body);
    match class_of(manifest, &collection.classes, fake.status, &fake.body, &answer) {
        Ok(Class::Fine) => {}
        Ok(Class::Gone) => return true,
        _ => return false,
    }
    match seen(collection, &fake.body, &answer, &scope) {
        // A record that says nothing of what it should is a gap.
        Err(_) => false,
        Ok(came) if !came.is_empty() => true,
        // The record that must be in it isn't.
        Ok(_) if collection.sentinel.is_some() => false,
        Ok(_) if collection.absent.is_some() && collection.of.is_none() && collection.control.is_none() => true,
        Ok(_) => believed(manifest, collection.control.as_ref(), fake, &answer) || !may_be_empty(collection, fake),
    }
}

/// Whether a reply passes for word of which parents changed: an empty one would say that none did.
fn tells_names(names: &str, fake: &Fake, settings: &Value) -> bool {
    // Only what came fine is looked at, and an empty list is what the system itself may answer.
    if fake.status != 200 || fake.body == json!([]) {
        return false;
    }
    let scope = Scope::new().with("settings", settings).with("body", &fake.body);
    Expr::compile(names).and_then(|names| names.eval(&scope)).is_ok_and(|names| names.is_array())
}

/// Whether a reply is what the system itself answers where there is nothing: then only the control tells.
fn may_be_empty(collection: &raw::Collection, fake: &Fake) -> bool {
    fake.body == json!([]) || collection.absent.is_some()
}

/// Whether a reply to everything alike passes for what is known to be there; or whether there is no such thing.
fn believed(manifest: &raw::Manifest, own: Option<&raw::Control>, fake: &Fake, scope: &Scope<'_>) -> bool {
    let there = own.map(|control| control.there.as_str()).or_else(|| judge::control(manifest).and_then(judge::there));
    let Some(there) = there else { return true };
    let scope = scope.clone().with("it", &fake.body);
    class_of(manifest, &raw::Classes::default(), fake.status, &fake.body, &scope)
        .is_ok_and(|class| judge::answers(there, class, &scope).is_ok())
}

/// Something for every field that a text names of what an action or a read is about.
fn things(text: &str) -> Map<String, Value> {
    let mut things = Map::new();
    for name in ["node", "from", "to", "edge", "person", "parent", "successor", "job"] {
        let mut fields = Map::new();
        for (at, _) in text.match_indices(&format!("{name}.")) {
            let field: String = text[at + name.len() + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if !field.is_empty() {
                fields.insert(field.clone(), json!(format!("played-{field}")));
            }
        }
        let value = if name == "job" { json!("played-job") } else { Value::Object(fields) };
        things.insert(name.to_owned(), value);
    }
    things
}

fn scope<'a>(things: &'a Map<String, Value>, settings: &'a Value) -> Scope<'a> {
    let mut scope = Scope::new().with("settings", settings).with_owned("now", json!(crate::clock::now().to_string()));
    for name in ["node", "from", "to", "edge", "person", "parent", "successor", "job"] {
        if let Some(value) = things.get(name) {
            scope.set(name, value);
        }
    }
    scope
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    // Trust: What counts as an answer.
    #[test]
    fn no_manifest_of_ours_takes_for_an_answer_what_is_none() {
        let (mut proofs, mut lists) = (0, 0);
        for (name, text) in load::builtin() {
            let played = play(&load::load(name, text).unwrap());
            assert_eq!(played.fooled, Vec::<(String, String)>::new(), "{name}");
            proofs += played.proofs;
            lists += played.lists;
        }
        assert!(proofs > 300 && lists > 200, "{proofs} proofs, {lists} lists");
    }

    /// The places of the lists of a value, from the outermost on.
    fn lists(value: &Value, at: &str, into: &mut Vec<String>) {
        let inner: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(place, item)| (place.to_string(), item)).collect(),
            Value::Object(map) => map.iter().map(|(name, item)| (name.replace('~', "~0").replace('/', "~1"), item)).collect(),
            _ => return,
        };
        if value.is_array() {
            into.push(at.to_owned());
        }
        inner.into_iter().for_each(|(name, item)| lists(item, &format!("{at}/{name}"), into));
    }

    // Trust: What counts as an answer.
    #[test]
    fn no_proof_of_ours_takes_for_a_list_what_is_none() {
        let (mut tried, mut fooled) = (0, Vec::new());
        for (name, text) in load::builtin() {
            let manifest = load::load(name, text).unwrap();
            for example in manifest.examples.iter().filter(|example| example.gone == Some(false)) {
                let Some((action, take)) = manifest.take.iter().find(|(action, _)| example.prove.as_ref() == Some(action)) else {
                    continue;
                };
                let Some(prove) = take.prove.as_ref().filter(|prove| prove.call.is_some()) else { continue };
                let mut places = Vec::new();
                lists(&example.reply, "", &mut places);
                for place in places {
                    let list = example.reply.pointer(&place).and_then(Value::as_array).cloned().unwrap();
                    if list.is_empty() {
                        continue;
                    }
                    let numbered: Map<String, Value> = list.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect();
                    // XML has no list of one: an object in its place is one record.
                    let object = Some(Value::Object(numbered)).filter(|_| !place.ends_with("/member"));
                    for instead in object.into_iter().chain([json!("busy")]) {
                        let mut other = example.clone();
                        *other.reply.pointer_mut(&place).unwrap() = instead.clone();
                        tried += 1;
                        if matches!(super::super::examples::proof(&manifest, prove, &other, &other.given), Ok(Finding::Gone)) {
                            fooled.push(format!("{name}: {action}: {instead} at {place:?}: {}", prove.gone));
                        }
                    }
                }
            }
        }
        assert!(fooled.is_empty(), "{} of {tried}:\n{}", fooled.len(), fooled.join("\n"));
        assert!(tried > 200, "{tried} replies");
    }

    // Trust: What counts as an answer.
    #[test]
    fn no_preflight_of_ours_takes_an_answer_that_names_nobody_for_our_account() {
        let (empty, mut asked) = (json!({}), 0);
        for (name, text) in load::builtin() {
            let manifest = load::load(name, text).unwrap();
            let settings = with_defaults(&manifest, None);
            for item in manifest.preflight.iter().filter(|item| item.own_account.is_some()) {
                let Some(there) = judge::there(item) else { continue };
                let scope = Scope::new().with("settings", &settings).with("body", &empty).with("it", &empty);
                assert!(judge::answers(there, Class::Fine, &scope).is_err(), "{name}: {:?}: {there}", item.own_account);
                asked += 1;
            }
        }
        assert!(asked > 40, "{asked}");
    }

    // Trust: What counts as an answer.
    #[test]
    fn who_is_fooled_is_named() {
        let manifest = |preflight: &str, see: &str, prove: &str| {
            let text = format!(
                "{{scanner: x, title: X, category: sso, contract: c, credentials: {{read: {{kind: bearer}}, revoke: {{kind: bearer}}}}, connect: {{http: 'https://x.example', \
                 paging: {{none: true}}}}, preflight: [{preflight}], see: {{users: {{call: GET /u, {see}}}}}, take: {{off: {{on: account, call: 'POST /u/{{{{ node.id }}}}', \
                 prove: {{{prove}}}}}}}}}"
            );
            play(&load::load("x", &text).unwrap_or_else(|problems| panic!("{}", load::told(&problems))))
        };
        let fooled = |preflight: &str, see: &str, prove: &str| {
            manifest(preflight, see, prove).fooled.into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
        };
        let (there, users) = ("{call: GET /me, there: body.id}", "yields: [{account: it.id}]");
        let one = "call: 'GET /u/{{ node.id }}', gone: not body.active";
        let list = "call: GET /u, gone: node.id not in body.users";
        assert_eq!(fooled(there, users, one), "");
        assert_eq!(fooled(there, users, list), "");
        assert_eq!(fooled("", users, list), "see.users take.off.prove", "nothing that is known to be there");
        assert_eq!(fooled("{call: GET /me, own_account: \"'us'\"}", users, list), "see.users take.off.prove", "our own word is no answer");
        let echo = "call: 'GET /u/{{ node.id }}', gone: body.why == 'not_found'}}}, examples: [{prove: off, given: {node: {id: u1}}, reply: {id: u1, why: not_found}, gone: true}]} #";
        assert_eq!(fooled("", users, echo), "see.users take.off.prove", "nothing that is known to be there");
        assert_eq!(fooled(there, users, echo), "");
        assert_eq!(fooled(there, users, "call: 'GET /u', of: 'true', gone: not body.active"), "take.off.prove");
        assert_eq!(fooled(there, users, "call: 'GET /u', gone: 'true', classes: {gone: status == 404}"), "take.off.prove", "a gateway's");
        assert_eq!(fooled(there, "each: 'body.users | or_empty', yields: [{account: it.id}]", one), "see.users");
        assert_eq!(fooled(there, "each: body.users, absent: empty, yields: [{account: it.id}]", one), "see.users");
        assert_eq!(fooled(there, "each: body.users, of: \"'etag' in body\", absent: empty, yields: [{account: it.id}]", one), "");
        assert_eq!(fooled(there, "each: body, yields: [{when: it.x, account: it.id}]", one), "see.users");
        let keys = |names: &str| {
            let delta = format!("{{call: 'GET /changed?since={{{{ since }}}}', names: '{names}', mark: now}}");
            format!(
                "{users}}}, keys: {{for: users, call: 'GET /u/{{{{ parent.id }}}}/k', each: body.keys, delta: {delta}, yields: [{{account: it.id}}]"
            )
        };
        assert_eq!(fooled(there, &keys("body.changed"), one), "");
        assert_eq!(fooled(there, &keys("body.changed | list"), one), "see.keys.delta.names");
    }
}
