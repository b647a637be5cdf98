//! Rules for examples: what they name exists, and everything worth an example has one. `super::super::examples` runs them.

use super::super::express::NAMES;
use super::super::raw;
use super::Checker;

pub(super) fn check(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    for (index, example) in manifest.examples.iter().enumerate() {
        let path = format!("examples[{index}]");
        if example.tell.is_none() && (example.says.is_some() || example.sends.is_some()) {
            checker.problem(&path, "says and sends belong to the example of a part of tell");
        }
        match (&example.of, &example.prove, &example.tell) {
            (None, None, Some(part)) => of_tell(checker, &path, part, example),
            (Some(name), None, None) => {
                if checker.collection(name).is_none() {
                    let hint = checker.near_collection(name);
                    checker.problem(format!("{path}.of"), format!("there is no collection {name:?}{hint}"));
                }
                if example.yields.is_none() {
                    checker.problem(&path, "an example of a collection needs yields: what must come of the reply");
                }
                if example.gone.is_some() {
                    checker.problem(format!("{path}.gone"), "gone belongs to the example of a proof");
                }
            }
            (None, Some(name), None) => {
                match manifest.take.iter().find(|(known, _)| known == name) {
                    None => {
                        let hint = checker.near_action(name);
                        checker.problem(format!("{path}.prove"), format!("there is no action {name:?}{hint}"));
                    }
                    Some((_, take)) if take.prove.is_none() => checker.problem(format!("{path}.prove"), format!("{name} has no prove")),
                    Some(_) => {}
                }
                if example.gone.is_none() {
                    checker.problem(&path, "an example of a proof needs gone: true or false");
                }
                if example.yields.is_some() {
                    checker.problem(format!("{path}.yields"), "yields belongs to the example of a collection");
                }
            }
            _ => checker.problem(
                &path,
                "exactly one of `of` (a collection), `prove` (an action) and `tell` (a part of it) is what an example is of",
            ),
        }
        for name in example.given.keys() {
            if !NAMES.contains(&name.as_str()) {
                let hint = super::did_you_mean(name, NAMES.iter().copied());
                checker.problem(format!("{path}.given.{name}"), format!("{name} is no name that an expression can use{hint}"));
            }
        }
    }
    for (name, collection) in &manifest.see {
        if !collection.yields.is_empty() && !manifest.examples.iter().any(|example| example.of.as_ref() == Some(name)) {
            checker.warning(format!("see.{name}"), "no example shows what comes of its replies");
        }
    }
    for part in parts(manifest) {
        if !manifest.examples.iter().any(|example| example.tell.as_deref() == Some(part)) {
            checker.warning("tell", format!("no example tries {part}"));
        }
    }
    for (name, take) in &manifest.take {
        if take.prove.is_some() && !manifest.examples.iter().any(|example| example.prove.as_ref() == Some(name)) {
            checker.warning(format!("take.{name}"), "no example tries its proof");
        }
    }
}

/// The parts of a manifest's `tell`, as examples name them.
fn parts(manifest: &raw::Manifest) -> Vec<&'static str> {
    let tell = manifest.tell.as_ref();
    let ticket = tell.is_some_and(|tell| tell.ticket.is_some());
    let notice = tell.and_then(|tell| tell.notice.as_ref());
    let all = [
        ("ticket.find", ticket),
        ("ticket.open", ticket),
        ("ticket.look", ticket),
        ("notice.find", notice.is_some_and(|notice| notice.find.is_some())),
        ("notice", notice.is_some()),
    ];
    all.into_iter().filter(|(_, there)| *there).map(|(part, _)| part).collect()
}

fn of_tell(checker: &mut Checker<'_>, path: &str, part: &str, example: &raw::Example) {
    let parts = parts(checker.manifest);
    if !parts.contains(&part) {
        let there = if parts.is_empty() { "there is no tell".to_owned() } else { format!("there are {}", parts.join(", ")) };
        checker.problem(format!("{path}.tell"), format!("there is no {part:?} in tell ({there})"));
    }
    if example.says.is_none() && example.sends.is_none() {
        checker.problem(path, "an example of tell needs says or sends: what the reply comes to, or what leaves");
    }
    if example.says.is_some() && part == "notice" {
        checker.problem(format!("{path}.says"), "a notice's reply comes to nothing; write sends");
    }
    for (key, known, given) in [
        ("says", &["id", "url", "done", "by", "files"][..], &example.says),
        ("sends", &["call", "body", "form", "headers", "mail"][..], &example.sends),
    ] {
        for name in given.iter().flat_map(|map| map.keys()) {
            if !known.contains(&name.as_str()) {
                let hint = super::did_you_mean(name, known.iter().copied());
                checker.problem(format!("{path}.{key}.{name}"), format!("{name} is not one of {}{hint}", known.join(", ")));
            }
        }
    }
    if example.yields.is_some() || example.gone.is_some() {
        checker.problem(path, "yields and gone belong to examples of collections and proofs");
    }
}
