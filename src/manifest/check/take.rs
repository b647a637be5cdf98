//! Rules for actions and their proofs.

use super::super::places::{Extra, On, Spot};
use super::super::raw::{self, Hand, TakeKind};
use super::order::{circles, told};
use super::{Checker, Purpose, Transport, see};
use crate::model::{EdgeKind, Mode, NodeKind};

const ROLES: [&str; 6] = ["hr", "it", "legal", "security", "facilities", "finance"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let manifest = checker.manifest;
    let mut needs_revoke = None;
    for (name, take) in &manifest.take {
        one(checker, &format!("take.{name}"), take);
        if take.call.is_some() || take.modify.is_some() {
            needs_revoke.get_or_insert(name);
        }
    }
    if let (Some(name), None) = (needs_revoke, &manifest.credentials.revoke) {
        checker.problem("credentials", format!("no credentials.revoke, and take.{name} calls: the credential that scans must not revoke"));
    }
    orders(checker);
}

fn orders(checker: &mut Checker<'_>) {
    let actions = &checker.manifest.take;
    let names: Vec<&str> = actions.iter().map(|(name, _)| name.as_str()).collect();
    let mut waits: Vec<(&str, &str)> = Vec::new();
    let mut again: Vec<(&str, &str)> = Vec::new();
    for (name, take) in actions {
        for (key, others) in [("before", &take.before), ("after", &take.after), ("again_after", &take.again_after)] {
            for (index, other) in others.iter().enumerate() {
                if !names.contains(&other.as_str()) {
                    let hint = checker.near_action(other);
                    checker.problem(format!("take.{name}.{key}[{index}]"), format!("there is no action {other:?}{hint}"));
                }
                match key {
                    "before" => waits.push((other, name)),
                    "after" => waits.push((name, other)),
                    _ => again.push((name, other)),
                }
            }
        }
    }
    // The read that proves it is made once the other is proved.
    waits.extend(effects(checker));
    for circle in circles(&names, &waits) {
        let path = order_path(checker, &circle);
        checker.problem(path, format!("actions that wait for each other: {}", told(&circle)));
    }
    for circle in circles(&names, &again) {
        checker
            .problem(format!("take.{}.again_after", circle[0]), format!("actions that would fire each other for ever: {}", told(&circle)));
    }
}

/// The actions that the effect of another proves, each with that other.
fn effects<'m>(checker: &mut Checker<'m>) -> Vec<(&'m str, &'m str)> {
    let manifest = checker.manifest;
    let mut found = Vec::new();
    for (name, take) in &manifest.take {
        let Some(other) = take.prove.as_ref().and_then(|prove| prove.effect_of.as_deref()) else { continue };
        let path = format!("take.{name}.prove.effect_of");
        let known = manifest.take.iter().find(|(known, _)| known == other).map(|(_, other)| other);
        match known {
            None => {
                let hint = checker.near_action(other);
                checker.problem(path, format!("there is no action {other:?}{hint}"));
            }
            Some(_) if take.hand_off.is_some() => checker.problem(
                path,
                "a person's task is not proved by what another action does; where no read can show it, say why in hand_off.no_proof and leave prove out",
            ),
            Some(known) if known.hand_off.is_some() || known.prove.as_ref().is_some_and(|prove| prove.effect_of.is_some()) => {
                checker.problem(path, format!("{other} has no proof of its own call; name the action whose effect the read shows"));
            }
            Some(_) => found.push((name.as_str(), other)),
        }
    }
    found
}

/// The key to blame for a circle: the first action's `after`, or else its `before`.
fn order_path(checker: &Checker<'_>, circle: &[&str]) -> String {
    let first = circle.first().copied().unwrap_or_default();
    let take = checker.manifest.take.iter().find(|(name, _)| name == first).map(|(_, take)| take);
    let key = if take.is_some_and(|take| take.after.iter().any(|other| circle.contains(&other.as_str()))) { "after" } else { "before" };
    format!("take.{first}.{key}")
}

/// What an action is done to.
fn on(checker: &mut Checker<'_>, path: &str, text: &str) -> Option<On> {
    let (kind, type_) = text.split_once('.').map_or((text, None), |(kind, type_)| (kind, Some(type_)));
    let path = format!("{path}.on");
    let made = |edge: &str, means: &raw::Yield| {
        let short = match edge {
            "holds" => means.held_by.is_some() && means.credential.is_some(),
            "uses" => means.held_by.is_some() && means.device.is_some(),
            "owns" => means.owned_by.is_some(),
            "opens" => means.opens.is_some(),
            "member_of" => means.member_of.is_some(),
            _ => false,
        };
        short || means.edge.as_deref() == Some(edge)
    };
    let yields = || checker.manifest.see.iter().flat_map(|(_, collection)| &collection.yields);
    let (what, yielded) = if kind.parse::<EdgeKind>().is_ok() {
        if type_.is_some() {
            checker.problem(path, format!("{text:?}: an edge has no type; tell them apart with `when`"));
            return Some(On::Edge);
        }
        (On::Edge, yields().any(|means| made(kind, means)))
    } else if kind.parse::<NodeKind>().is_ok_and(|kind| !matches!(kind, NodeKind::Address | NodeKind::Alias)) {
        if type_.is_some() && !["credential", "resource"].contains(&kind) {
            checker.problem(path, format!("{text:?}: only credentials and resources have a type"));
            return Some(On::Node);
        }
        let same = |means: &raw::Yield| match (&means.type_, type_) {
            (Some(known), Some(type_)) => known == type_ || known.contains("{{"),
            _ => true,
        };
        (On::Node, yields().any(|means| see::kinds(means).iter().any(|(known, _)| *known == kind) && same(means)))
    } else {
        let nodes = NodeKind::ALL[..8].iter().map(|kind| kind.word());
        let all: Vec<&str> = nodes.chain(EdgeKind::ALL.iter().map(|kind| kind.word())).collect();
        let hint = super::did_you_mean(kind, all.iter().copied());
        checker.problem(path, format!("{text:?} names no kind of node or edge{hint} (there are {})", all.join(", ")));
        return None;
    };
    if !yielded {
        checker.warning(path, format!("no collection yields {text}, so this is never done"));
    }
    Some(what)
}

fn one(checker: &mut Checker<'_>, path: &str, take: &raw::Take) {
    let before = checker.complaints.len();
    let on = on(checker, path, &take.on);
    // When the kind is unknown, so are the names; the texts are checked for a node then, and only the kind is complained about.
    let unknown_kind = on.is_none();
    let extra = Extra {
        on: Some(on.unwrap_or(On::Node)),
        successor: take.kind == TakeKind::Transfer || take.hand_off.is_some(),
        ..Extra::default()
    };
    let after = Extra { job: take.job.is_some(), ..extra };
    what(checker, path, take, extra);
    answers(checker, path, take, extra, after);
    lists(checker, path, take);
    match &take.prove {
        None if take.hand_off.as_ref().is_some_and(|task| task.no_proof.is_some()) => {}
        None if take.hand_off.is_some() => checker.problem(
            path,
            "no prove: say which fresh read shows that it was done; where none can, say why in hand_off.no_proof: a person closes the task with a note",
        ),
        None => checker.problem(path, "no prove: an action is done when a fresh read shows it; say which"),
        Some(prove) => proof(checker, &format!("{path}.prove"), prove, after),
    }
    if unknown_kind {
        let all = checker.complaints.split_off(before);
        checker
            .complaints
            .extend(all.into_iter().filter(|c| !["node ", "from ", "to ", "edge "].iter().any(|name| c.message.starts_with(name))));
    }
}

/// The call, change or hand-off.
fn what(checker: &mut Checker<'_>, path: &str, take: &raw::Take, extra: Extra) {
    let given = [("call", take.call.is_some()), ("modify", take.modify.is_some()), ("hand_off", take.hand_off.is_some())];
    let given: Vec<&str> = given.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect();
    if given.len() != 1 {
        let here = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
        checker.problem(path, format!("exactly one of call, modify, hand_off says what is done; here is {here}"));
    }
    checker.maybe_expr(&format!("{path}.when"), take.when.as_ref(), Spot::Take, extra);
    checker.act_as(path, take.act_as.as_ref(), Hand::Revoke, Spot::Take, extra);
    if let Some(call) = &take.call {
        checker.call(&format!("{path}.call"), call, Purpose::Write, Spot::Take, extra);
    }
    checker.bodies(path, take.call.is_some(), take.body.as_ref(), take.form.as_ref(), Spot::Take, extra);
    checker.headers(path, &take.headers, Spot::Take, extra);
    if let Some(modify) = &take.modify {
        let path = format!("{path}.modify");
        if checker.transport.is_some_and(|transport| transport != Transport::Ldap) {
            checker.problem(&path, "modify needs connect.ldap");
        }
        checker.template(&format!("{path}.dn"), &modify.dn, Spot::Take, extra);
        if modify.replace.is_empty() && modify.add.is_empty() && modify.delete.is_empty() {
            checker.problem(&path, "changes nothing; write replace, add or delete");
        }
        let spot = if modify.read.is_empty() { Spot::Take } else { Spot::Modify };
        for (key, changes) in [("replace", &modify.replace), ("add", &modify.add), ("delete", &modify.delete)] {
            for (attribute, value) in changes {
                checker.body(&format!("{path}.{key}.{attribute}"), value, spot, extra);
            }
        }
    }
    if let Some(task) = &take.hand_off {
        let path = format!("{path}.hand_off");
        if !ROLES.contains(&task.to.as_str()) {
            checker.problem(format!("{path}.to"), format!("{:?} is not one of {}", task.to, ROLES.join(", ")));
        }
        checker.duration(&format!("{path}.due"), &task.due);
        checker.template(&format!("{path}.title"), &task.title, Spot::Take, extra);
        checker.maybe_template(&format!("{path}.steps"), task.steps.as_ref(), Spot::Take, extra);
        if let Some(why) = &task.no_proof {
            let path = format!("{path}.no_proof");
            if why.trim().is_empty() {
                checker.problem(&path, "say why no read can show that it was done");
            }
            if take.prove.is_some() {
                checker.problem(&path, "no_proof, and a prove; it is one of them");
            }
        }
        for (index, name) in task.unless.iter().enumerate() {
            let path = format!("{path}.unless[{index}]");
            match checker.manifest.take.iter().find(|(known, _)| known == name) {
                None => {
                    let hint = checker.near_action(name);
                    checker.problem(path, format!("there is no action {name:?}{hint}"));
                }
                Some((_, other)) if other.hand_off.is_some() || other.on != take.on => {
                    checker.problem(path, format!("{name} is no call on {}; name actions that come to the same by a call", take.on));
                }
                Some(_) => {}
            }
        }
    }
}

/// How the reply is judged, and what follows.
fn answers(checker: &mut Checker<'_>, path: &str, take: &raw::Take, extra: Extra, after: Extra) {
    checker.classes(path, &take.classes);
    for (key, source) in [("done_already", &take.done_already), ("blocked", &take.blocked), ("job", &take.job)] {
        let key_path = format!("{path}.{key}");
        if source.is_some() && take.hand_off.is_some() {
            checker.problem(&key_path, format!("{key} judges a reply, and a hand-off has none"));
        }
        checker.maybe_expr(&key_path, source.as_ref(), Spot::TakeAnswer, extra);
    }
    if let Some(undo) = &take.undo {
        checker.call(&format!("{path}.undo"), undo, Purpose::Write, Spot::After, after);
        if take.irreversible {
            checker.problem(format!("{path}.irreversible"), "irreversible, and an undo; it is one of them");
        }
    }
    if let Some(body) = &take.undo_body {
        if take.undo.is_none() {
            checker.problem(format!("{path}.undo_body"), "undo_body without undo");
        }
        checker.body(&format!("{path}.undo_body"), body, Spot::After, after);
    }
    if let Some(keep) = &take.keep {
        let path = format!("{path}.keep");
        if take.kind != TakeKind::Export {
            checker.problem(&path, "only an export keeps a file; write kind: export");
        }
        checker.call(&format!("{path}.call"), &keep.call, Purpose::Read, Spot::After, after);
        checker.template(&format!("{path}.name"), &keep.name, Spot::After, after);
    }
}

fn lists(checker: &mut Checker<'_>, path: &str, take: &raw::Take) {
    for (index, mode) in take.modes.iter().flatten().enumerate() {
        match mode.parse::<Mode>() {
            Err(error) => checker.problem(format!("{path}.modes[{index}]"), format!("unknown mode: {error}")),
            Ok(Mode::Leave) if take.irreversible => {
                checker.problem(format!("{path}.modes[{index}]"), "a leave takes only what can be given back, and this is irreversible");
            }
            Ok(_) => {}
        }
    }
    if take.modes.as_ref().is_some_and(Vec::is_empty) {
        checker.problem(format!("{path}.modes"), "no mode; default: false keeps an action out of plans");
    }
    for (index, removed) in take.also_removes.iter().enumerate() {
        let (kind, type_) = removed.split_once('.').map_or((removed.as_str(), None), |(kind, type_)| (kind, Some(type_)));
        if let Err(error) = kind.parse::<EdgeKind>() {
            checker.problem(format!("{path}.also_removes[{index}]"), format!("unknown edge kind: {error}"));
        } else if type_
            .is_some_and(|type_| type_.is_empty() || !type_.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        {
            checker
                .problem(format!("{path}.also_removes[{index}]"), format!("{removed:?}: after the dot stands a type, like holds.session"));
        }
    }
    for (index, name) in take.blinds.iter().enumerate() {
        if checker.collection(name).is_none() {
            let hint = checker.near_collection(name);
            checker.problem(format!("{path}.blinds[{index}]"), format!("there is no collection {name:?}{hint}"));
        }
    }
}

fn proof(checker: &mut Checker<'_>, path: &str, prove: &raw::Prove, extra: Extra) {
    let given = [("call", prove.call.is_some()), ("search", prove.search.is_some()), ("see", prove.see.is_some())];
    let given: Vec<&str> = given.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect();
    if given.len() != 1 {
        let here = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
        checker.problem(path, format!("exactly one of call, search, see is the fresh read; here is {here}"));
    }
    checker.act_as(path, prove.act_as.as_ref(), Hand::Read, Spot::Prove, extra);
    if let Some(call) = &prove.call {
        checker.call(&format!("{path}.call"), call, Purpose::Read, Spot::Prove, extra);
    }
    checker.headers(path, &prove.headers, Spot::Prove, extra);
    if prove.call.is_none() && !prove.headers.is_empty() {
        checker.problem(format!("{path}.headers"), "headers go with a call");
    }
    checker.bodies(path, prove.call.is_some(), prove.body.as_ref(), prove.form.as_ref(), Spot::Prove, extra);
    if let Some(search) = &prove.search {
        checker.search(&format!("{path}.search"), search, Spot::Prove, extra);
    }
    if let Some(name) = &prove.see
        && checker.collection(name).is_none()
    {
        let hint = checker.near_collection(name);
        checker.problem(format!("{path}.see"), format!("there is no collection {name:?}{hint}"));
    }
    let spot = match given.as_slice() {
        ["search"] => Spot::GoneSearch,
        ["see"] => Spot::GoneSee,
        _ => Spot::GoneCall,
    };
    // Without one way to read there is no telling what the answer holds.
    if given.len() == 1 {
        checker.expr(&format!("{path}.gone"), &prove.gone, spot, extra);
        checker.maybe_expr(&format!("{path}.of"), prove.of.as_ref(), spot, extra);
        if let Some(failed) = &prove.failed {
            checker.expr(&format!("{path}.failed"), failed, spot, extra);
        }
    }
    if prove.of.is_some() && given.as_slice() != ["call"] {
        checker.problem(format!("{path}.of"), "of judges the answer to a call");
    }
    if let Some(control) = &prove.control {
        see::control(checker, &format!("{path}.control"), control, Spot::Prove, spot, extra);
    }
    checker.classes(path, &prove.classes);
    for (key, text) in [("within", &prove.within), ("lives_on", &prove.lives_on)] {
        if let Some(text) = text {
            checker.duration(&format!("{path}.{key}"), text);
        }
    }
}
