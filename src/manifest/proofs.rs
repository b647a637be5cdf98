//! Whether each proof earns its verdict, as the manifest's own examples show: it can say that the thing is still there, it can say that it is gone,
//! a person's task is not proved by what another action of the file changes, and a call whose proof reads nothing but the effect of another says
//! so (`effect_of`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::examples;
use super::express::outside_quotes;
use super::judge::Finding;
use super::load::{self, Problem};
use super::located::{self, Fault, Lines};
use super::raw::{Example, Manifest, Take, TakeKind};
use crate::model::{EdgeKind, Mode};

/// What to do where no read can show it.
const NO_READ: &str = "where no read can show it, say why in hand_off.no_proof and leave prove out: a person closes the task with a note";

/// What to do where no read shows what a call does.
const NO_OWN_READ: &str = "read what this call itself changes; where no read shows that, say so with prove.effect_of";

/// What is wrong with the proofs of a file that was read, each with its line.
pub fn problems(file: &str, text: &str, manifest: &Manifest) -> Vec<Problem> {
    let lines = located::parse(text).0.as_ref().map(Lines::of).unwrap_or_default();
    let faults = faults(manifest).into_iter().map(|(path, message)| Fault::new(lines.line(&path), path, message));
    load::problems(file, faults.collect())
}

/// Each proof that is refused: its key, and why.
fn faults(manifest: &Manifest) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    for (name, take) in manifest.take.iter().filter(|(_, take)| take.prove.is_some()) {
        let mut fault = |message: String| faults.push((format!("take.{name}.prove"), message));
        let says = |wanted: fn(&Finding) -> bool| said(manifest, name, take).any(|finding| wanted(&finding));
        if !says(|finding| matches!(finding, Finding::Still | Finding::Failed)) {
            fault(format!(
                "no example shows that it can fail: a proof that is true of every answer proves nothing; write an example with gone: false whose \
                 reply is the system's answer while the thing is still there, or read what the action changes; {NO_READ}"
            ));
        }
        if !says(|finding| *finding == Finding::Gone) {
            fault(format!("no example shows that it can succeed: write an example with gone: true; {NO_READ}"));
        }
        let declared = take.prove.as_ref().and_then(|prove| prove.effect_of.as_deref());
        let others = manifest.take.iter().filter(|(other, _)| other != name);
        if take.hand_off.is_some() {
            for (other, action) in others.filter(|(other, action)| may_prove(name, take, other, action)) {
                if proves(manifest, name, take, other, action) {
                    fault(format!(
                        "what {other} does proves the hand-off {name} as well, though nobody has done it: an example of {other} that says gone says gone \
                         here, too; read what the person's own work changes; {NO_READ}"
                    ));
                }
            }
        } else if let Some(effect_of) = declared {
            if let Some((other, action)) = others.clone().find(|(other, _)| other == effect_of)
                && !(read(take).is_some() && read(take) == read(action) && proves(manifest, name, take, other, action))
            {
                fault(format!(
                    "effect_of: {other}, but the effect of {other} does not prove it: read what the proof of {other} reads, so that its example that says \
                     gone says gone here, too"
                ));
            }
        } else {
            for (other, action) in
                others.filter(|(other, action)| may_prove_call(take, other, action) && may_prove(name, take, other, action))
            {
                if is_effect(manifest, name, take, other, action) {
                    fault(format!(
                        "the proof of {name} reads nothing of its own: wherever it says gone, the proof of {other} does, too, and what {other} does makes \
                         it true; {NO_OWN_READ}: {other}"
                    ));
                }
            }
        }
    }
    faults
}

/// What the proof of an action says of each of its examples.
fn said<'m>(manifest: &'m Manifest, name: &'m str, take: &'m Take) -> impl Iterator<Item = Finding> + 'm {
    let prove = take.prove.as_ref();
    let own = manifest.examples.iter().filter(move |example| example.prove.as_deref() == Some(name));
    own.filter_map(move |example| examples::proof(manifest, prove?, example, &example.given).ok())
}

/// Whether another action could prove this one: both may be in one plan, they read the same, and the other doesn't wait for this one's proof.
fn may_prove(name: &str, task: &Take, other: &str, action: &Take) -> bool {
    let waits = action.after.iter().any(|before| before == name) || task.before.iter().any(|after| after == other);
    let instead = |task: &Take, call: &str| task.hand_off.as_ref().is_some_and(|task| task.unless.iter().any(|known| known == call));
    let held = waits && must_be_proved_first(task, action);
    !(instead(task, other) || instead(action, name) || held || exclude(task, action))
        && read(task).is_some_and(|of_task| read(action) == Some(of_task))
}

/// Whether an action that waits for another is held back for as long as that one isn't proved: where it can't be taken back, and the other keeps
/// something safe, is a person's, or could never be proved afterwards.
pub fn must_be_proved_first(before: &Take, action: &Take) -> bool {
    action.irreversible && (before.kind != TakeKind::Revoke || before.hand_off.is_some() || same_absence(before, action))
}

/// Whether the same absence, and nothing else, proves both: once it is shown, it can't be told which of them did it.
pub fn same_absence(one: &Take, other: &Take) -> bool {
    let by_absence = |take: &Take| take.prove.as_ref().is_some_and(|prove| prove.gone.trim() == "absent");
    by_absence(one) && by_absence(other) && read(one).is_some_and(|reads| read(other) == Some(reads))
}

/// Whether a call could prove another: it is done to the same thing or to what holds it, there is a mode that has both, and its own proof is not
/// the effect of a third. What is only sent once the other is proved says by itself that it was gone already.
fn may_prove_call(call: &Take, other: &str, action: &Take) -> bool {
    let holds = |on: &str| on == "account" || on.parse::<EdgeKind>().is_ok();
    let modes = |take: &Take| take.modes.clone().unwrap_or_else(|| vec![Mode::Departure.word().to_owned()]);
    let together = modes(call).iter().any(|mode| modes(action).contains(mode));
    let effect = action.prove.as_ref().is_some_and(|prove| prove.effect_of.is_some());
    let after = call.after.iter().any(|before| before == other) && must_be_proved_first(action, call) && same_absence(action, call);
    together && !effect && !after && action.hand_off.is_none() && (call.on == action.on || holds(&action.on))
}

/// Whether the proof of a call shows only what another action does: that one makes it true where it wasn't, and it is true nowhere else.
fn is_effect(manifest: &Manifest, name: &str, call: &Take, other: &str, action: &Take) -> bool {
    let Some(prove) = &call.prove else { return false };
    let was_there = of(manifest, other, false).any(|example| {
        let given = given(of(manifest, name, true).next(), call, example, action);
        examples::proof(manifest, prove, example, &given) == Ok(Finding::Still)
    });
    let nothing_else = action.prove.as_ref().is_some_and(|proves_other| {
        of(manifest, name, true).all(|example| {
            let given = given(of(manifest, other, true).next(), action, example, call);
            examples::proof(manifest, proves_other, example, &given) == Ok(Finding::Gone)
        })
    });
    was_there && nothing_else && proves(manifest, name, call, other, action)
}

/// The examples of an action's proof that say gone, or that don't.
fn of<'m>(manifest: &'m Manifest, name: &'m str, gone: bool) -> impl Iterator<Item = &'m Example> {
    manifest.examples.iter().filter(move |example| example.prove.as_deref() == Some(name) && example.gone == Some(gone))
}

/// Whether a reply that proves the other action proves this one.
fn proves(manifest: &Manifest, name: &str, task: &Take, other: &str, action: &Take) -> bool {
    let Some(prove) = &task.prove else { return false };
    of(manifest, other, true).any(|example| {
        let given = given(of(manifest, name, true).next(), task, example, action);
        examples::proof(manifest, prove, example, &given) == Ok(Finding::Gone)
    })
}

/// What stands in scope when a reply to the read of another action is put before the proof of an action: what the other is done to, over what
/// the action's own example knows of it.
fn given(own: Option<&Example>, task: &Take, example: &Example, action: &Take) -> BTreeMap<String, Value> {
    let mut given = own.map(|own| own.given.clone()).unwrap_or_default();
    given.remove("seen");
    for (name, value) in &example.given {
        lay_over(given.entry(name.clone()).or_default(), value);
    }
    let (from, to) = (about(action), about(task));
    if let Some(thing) = example.given.get(from) {
        let here = given.entry(to.to_owned()).or_default();
        lay_over(here, thing);
        if let (Some(id), Some(Value::Object(here))) = (thing.get("id").cloned(), Some(here))
            && here.contains_key("user")
        {
            here.insert("user".to_owned(), id);
        }
    }
    given
}

fn lay_over(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => under.extend(over.clone()),
        (under, over) => *under = over.clone(),
    }
}

/// Which name the read of an action's proof asks about.
fn about(take: &Take) -> &'static str {
    let asks = format!("{:?}", take.prove);
    ["node", "from", "to"].into_iter().find(|name| asks.contains(&format!("{name}."))).unwrap_or("node")
}

/// Parameters that say how much of a record is answered, not which.
const PARTS: [&str; 8] = ["$select", "$expand", "fields", "opt_fields", "sysparm_fields", "projection", "section", "include"];

/// What the proof of an action reads: the same text for two actions whose proofs ask the same of the same thing.
fn read(take: &Take) -> Option<String> {
    let prove = take.prove.as_ref()?;
    if let Some(collection) = &prove.see {
        // Each kind of thing has keys of its own.
        return Some(format!("see {collection} for {}", take.on));
    }
    if let Some(search) = &prove.search {
        return Some(same_names(&format!("search {} {:?} {:?}", search.base, search.filter, search.scope)));
    }
    let (path, query) = prove.call.as_ref().map(|line| line.split_once('?').unwrap_or((line, "")))?;
    let whole = |part: &&str| !part.is_empty() && !PARTS.contains(&part.split('=').next().unwrap_or(part));
    let mut asks: Vec<&str> = query.split('&').filter(whole).collect();
    asks.sort_unstable();
    Some(same_names(&format!("{path} {asks:?} {:?} {:?} {:?}", prove.headers, prove.body, prove.form)))
}

/// A text whose templates call what an action is done to by one name: an edge's ends are nodes, and a credential's `user` is an account's id.
fn same_names(text: &str) -> String {
    let mut same = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, then) = after.split_once("}}").unwrap_or((after, ""));
        let ends = inside.replace(' ', "").replace("from.", "node.").replace("to.", "node.");
        let inside = if ends == "node.user" { "node.id" } else { ends.as_str() };
        same.extend([before, "{{", inside, "}}"]);
        rest = then;
    }
    same + rest
}

/// Whether no thing can have both actions in one plan, for the one's `when` is the opposite of the other's.
fn exclude(one: &Take, other: &Take) -> bool {
    let (Some(left), Some(right)) = (&one.when, &other.when) else { return false };
    // The same words mean another thing where the actions are done to another kind of it.
    let counts = |text: &&str| one.on == other.on || !["node.", "edge.", "from.", "to."].iter().any(|name| text.contains(name));
    let right = conditions(right);
    conditions(left).into_iter().filter(counts).any(|left| right.iter().any(|right| opposite(left, right)))
}

/// The conditions of which an expression wants every one.
fn conditions(source: &str) -> Vec<&str> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, c) in outside_quotes(source) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ' ' if depth == 0 && source[at..].starts_with(" or ") => return vec![source.trim()],
            ' ' if depth == 0 && source[at..].starts_with(" and ") => {
                found.push(source[from..at].trim());
                from = at + " and ".len();
            }
            _ => {}
        }
    }
    found.push(source.get(from..).unwrap_or_default().trim());
    found
}

fn opposite(one: &str, other: &str) -> bool {
    let negates = |one: &str, other: &str| {
        one.strip_prefix("not ").is_some_and(|rest| rest.trim() == other)
            || one.replacen(" == ", " != ", 1) == other && one.contains(" == ")
            || one.replacen(" not in ", " in ", 1) == other && one.contains(" not in ")
    };
    // One field with two values.
    let values = match (one.split_once(" == "), other.split_once(" == ")) {
        (Some((field, value)), Some((same, another))) => {
            field == same && value != another && [value, another].iter().all(|text| text.starts_with('\''))
        }
        _ => false,
    };
    values || negates(one, other) || negates(other, one)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_proof_of_ours_can_fail_can_succeed_and_is_its_actions_own() {
        let mut wrong = Vec::new();
        for (name, text) in load::builtin() {
            let faults = faults(&load::load(name, text).unwrap());
            wrong.extend(faults.into_iter().map(|(path, message)| format!("{name}: {path}: {message}")));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// What is wrong with a hand-off `ask` beside a call `off`, both with examples.
    fn told(ask: &str, off: &str, examples: &str) -> String {
        let text = format!(
            "{{scanner: x, title: X, category: sso, contract: c, settings: {{standing: {{help: h, example: e}}}}, credentials: {{read: {{kind: bearer}}, revoke: {{kind: bearer}}}}, \
             connect: {{http: 'https://x.example', paging: {{none: true}}, classes: {{gone: \"status == 404 and body.code == 'none'\"}}}}, see: {{users: {{call: GET /u, yields: [{{account: it.id, name: settings.standing}}]}}}}, \
             take: {{off: {{on: account, {off}}}, ask: {{on: account, hand_off: {{to: it, due: 4h, title: T}}, {ask}}}}}, examples: [{examples}]}}"
        );
        let manifest = load::load("x", &text).unwrap_or_else(|problems| panic!("{}", load::told(&problems)));
        faults(&manifest).into_iter().map(|(path, message)| format!("{path}: {message}\n")).collect()
    }

    const OFF: &str = "call: 'POST /u/{{ node.id }}/off', prove: {call: 'GET /u/{{ node.id }}?fields=id,state', gone: body.state == 'off'}";
    const OF_OFF: &str = "{prove: off, given: {node: {id: u1}}, reply: {id: u1, state: 'off'}, gone: true}, {prove: off, given: {node: {id: u1}}, reply: {id: u1, state: 'on'}, gone: false}";

    #[test]
    fn a_hand_off_that_another_action_proves_is_refused_with_both_names() {
        let same = "prove: {call: 'GET /u/{{ node.id }}', gone: body.state == 'off'}";
        let of_ask = "{prove: ask, given: {node: {id: u2}}, reply: {id: u2, state: 'off'}, gone: true}, {prove: ask, given: {node: {id: u2}}, reply: {id: u2, state: 'on'}, gone: false}";
        let refused = told(same, OFF, &format!("{OF_OFF}, {of_ask}"));
        assert!(
            refused.starts_with("take.ask.prove: what off does proves the hand-off ask as well") && refused.lines().count() == 1,
            "{refused}"
        );
        assert!(refused.contains("hand_off.no_proof"), "what to do: {refused}");

        // Its absence proves it, too.
        let deleted = OFF.replace("body.state == 'off'", "absent");
        let of_deleted = "{prove: off, given: {node: {id: u1}}, status: 404, reply: {code: none}, gone: true}, {prove: off, given: {node: {id: u1}}, reply: {id: u1}, gone: false}";
        let role = "prove: {call: 'GET /u/{{ node.id }}', gone: body.role and body.role != 'owner'}";
        let of_role = "{prove: ask, given: {node: {id: u2}}, reply: {id: u2, role: user}, gone: true}, {prove: ask, given: {node: {id: u2}}, reply: {id: u2, role: owner}, gone: false}";
        assert!(told(role, &deleted, &format!("{of_deleted}, {of_role}")).contains("what off does proves"));
        let strict = role.replace("gone: body", "classes: {refused: status == 404}, gone: body");
        assert_eq!(told(&strict, &deleted, &format!("{of_deleted}, {of_role}")), "");
        assert_eq!(told(role, OFF, &format!("{OF_OFF}, {of_role}")), "", "another field of the same read");
        assert!(
            told(&role.replace("body.role and ", ""), OFF, &format!("{OF_OFF}, {of_role}")).contains("what off does"),
            "a field left out"
        );

        // Only one of them is ever planned, or it waits for the hand-off.
        let only = |ask: &str, off: &str| {
            told(&format!("when: \"{ask}\", {same}"), &format!("when: \"{off}\", {OFF}"), &format!("{OF_OFF}, {of_ask}"))
        };
        assert_eq!(only("node.kind == 'a'", "node.name and node.kind != 'a'"), "");
        assert_eq!(only("not settings.standing", "settings.standing"), "");
        assert_eq!(only("node.kind == 'a'", "node.kind == 'b'"), "");
        assert!(only("node.kind == 'a'", "node.kind != 'b'").contains("what off does"));
        assert!(only("node.kind == 'a'", "node.kind != 'a' or node.name").contains("what off does"));
        let waits = |more: &str| told(same, &format!("after: [ask], {more} {OFF}"), &format!("{OF_OFF}, {of_ask}"));
        assert_eq!(waits("irreversible: true,"), "");
        assert!(waits("").contains("what off does"), "it goes ahead all the same");
    }

    #[test]
    fn a_proof_that_can_not_fail_or_not_succeed_is_refused() {
        let ask = |gone: &str, examples: &str| {
            told(
                &format!("prove: {{classes: {{refused: status == 404}}, call: 'GET /u/{{{{ node.id }}}}', {gone}}}"),
                OFF,
                &format!("{OF_OFF}, {examples}"),
            )
        };
        let there = "{prove: ask, given: {node: {id: u1}}, reply: {id: u1, held: true}, gone: true}";
        let elsewhere = "{prove: ask, given: {node: {id: u1}}, status: 404, reply: {code: none}, gone: false}";
        // Every answer about the account names it.
        let always = ask("gone: body.id == node.id", &format!("{there}, {elsewhere}"));
        assert!(always.contains("take.ask.prove: no example shows that it can fail"), "{always}");
        assert!(ask("gone: 'true'", &format!("{there}, {elsewhere}")).contains("can fail"));
        let never = ask("gone: 'false'", &format!("{}, {elsewhere}", there.replace("gone: true", "gone: false")));
        assert!(never.contains("take.ask.prove: no example shows that it can succeed"), "{never}");
        let free = "{prove: ask, given: {node: {id: u1}}, reply: {id: u1, held: false}, gone: false}";
        assert_eq!(ask("gone: body.held", &format!("{there}, {free}")), "");
    }
}
