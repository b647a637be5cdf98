//! Rules for examples: what they name exists, and everything worth an example has one. `super::super::examples` runs them.

use super::super::express::NAMES;
use super::Checker;

pub(super) fn check(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    for (index, example) in manifest.examples.iter().enumerate() {
        let path = format!("examples[{index}]");
        match (&example.of, &example.prove) {
            (Some(name), None) => {
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
            (None, Some(name)) => {
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
            _ => checker.problem(&path, "exactly one of `of` (a collection) and `prove` (an action) is what an example is of"),
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
    for (name, take) in &manifest.take {
        if take.prove.is_some() && !manifest.examples.iter().any(|example| example.prove.as_ref() == Some(name)) {
            checker.warning(format!("take.{name}"), "no example tries its proof");
        }
    }
}
