//! Every call that a manifest names to see, to take and to prove was made by exeunt in some test of a system (those that tell are `tell.rs`'s).
//! It looks at what these tests recorded, so it runs after them, with the same folder:
//!
//! ```text
//! export EXEUNT_EXCHANGES=$(mktemp -d)
//! cargo test && cargo test --test company exercised -- --ignored
//! ```
//!
//! What no test can make stands in `tests/data/unexercised.yaml`, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use exeunt::manifest::Manifest;
use exeunt::manifest::load;
use exeunt_company::vendors::VENDORS;
use serde_json::Value;

/// A call as a manifest writes it: where it stands, its method, the pieces of its path (U+0001 for what a template puts in), the text of its path
/// between templates, the names of its query parameters, and words that its body or headers must hold where the path doesn't tell calls apart.
struct Call {
    place: String,
    method: String,
    path: Vec<String>,
    text: Vec<String>,
    query: BTreeSet<String>,
    words: Vec<String>,
}

/// One exchange that was recorded, and the command that exeunt was given.
struct Exchange {
    command: String,
    method: String,
    path: Vec<String>,
    query: BTreeSet<String>,
    rest: String,
}

#[test]
#[ignore = "runs after the other tests: EXEUNT_EXCHANGES=$(mktemp -d), exported, then cargo test && cargo test --test company exercised -- --ignored"]
fn every_call_of_every_manifest_was_made() {
    let folder = std::env::var("EXEUNT_EXCHANGES").expect("EXEUNT_EXCHANGES names the folder with what the other tests recorded");
    let recorded = read(Path::new(&folder));
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/unexercised.yaml")).unwrap();
    let reasons: BTreeMap<String, BTreeMap<String, String>> = serde_saphyr::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    let (mut made, mut all) = (0, 0);
    for name in VENDORS.iter().map(|vendor| vendor.name).chain(["bamboohr"]) {
        let calls = calls(&load::find(name, None).unwrap());
        let none = BTreeMap::new();
        let known = reasons.get(name).unwrap_or(&none);
        let mut missing: BTreeSet<&str> = calls.iter().map(|call| call.place.as_str()).collect();
        all += missing.len();
        for exchange in recorded.get(name).into_iter().flatten() {
            let mut fitting: Vec<&Call> = calls.iter().filter(|call| call.fits(exchange, Call::fits_piece_by_piece)).collect();
            if fitting.is_empty() {
                fitting.extend(calls.iter().filter(|call| call.fits(exchange, Call::fits_loosely)));
            }
            let most = fitting.iter().map(|call| call.precise()).max();
            let twins = fitting.into_iter().filter(|twin| Some(twin.precise()) == most);
            twins.for_each(|twin| _ = missing.remove(twin.place.as_str()));
        }
        made += calls.iter().map(|call| &call.place).collect::<BTreeSet<_>>().len() - missing.len();
        wrong.extend(missing.iter().filter(|place| !known.contains_key(**place)).map(|place| format!("{name}: {place} was never called")));
        let stale = known.keys().filter(|place| !missing.contains(place.as_str()));
        wrong.extend(
            stale.map(|place| format!("{name}: {place} is called after all, or is no call: take it out of tests/data/unexercised.yaml")),
        );
    }
    println!("{made} of {all} calls were made; {} have a reason not to be", reasons.values().map(BTreeMap::len).sum::<usize>());
    assert!(wrong.is_empty(), "{}\n{} in all", wrong.join("\n"), wrong.len());
}

/// Every call that a manifest names.
fn calls(manifest: &Manifest) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut add = |place: String, call: &Option<String>, about: &[Option<Value>]| {
        calls.extend(call.as_ref().and_then(|call| Call::read(place, call, about)));
    };
    for (number, preflight) in manifest.preflight.iter().enumerate() {
        add(format!("preflight[{number}]"), &preflight.call, &[preflight.body.clone(), preflight.form.clone()]);
    }
    for (name, see) in &manifest.see {
        let headers = serde_json::to_value(&see.headers).unwrap();
        add(format!("see.{name}"), &see.call, &[see.body.clone(), see.form.clone(), Some(headers)]);
        add(format!("see.{name}.one"), &see.one, &[]);
        add(format!("see.{name}.continue_at"), &see.paging.as_ref().and_then(|paging| paging.continue_at.clone()), &[]);
        // A delta that has no call of its own follows the link that the list gave: nights.rs sees to that.
        add(format!("see.{name}.delta"), &see.delta.as_ref().and_then(|delta| delta.call.clone()), &[]);
        add(format!("see.{name}.delta.start"), &see.delta.as_ref().and_then(|delta| Some(delta.start.as_ref()?.call.clone())), &[]);
        add(format!("see.{name}.sentinel"), &see.sentinel.as_ref().and_then(|sentinel| sentinel.call.clone()), &[]);
    }
    for (name, take) in &manifest.take {
        let headers = serde_json::to_value(&take.headers).unwrap();
        add(format!("take.{name}"), &take.call, &[take.body.clone(), take.form.clone(), Some(headers)]);
        if let Some(prove) = &take.prove {
            add(format!("take.{name}.prove"), &prove.call, &[prove.body.clone(), prove.form.clone()]);
        }
        add(format!("take.{name}.keep"), &take.keep.as_ref().map(|keep| keep.call.clone()), &[]);
    }
    calls
}

impl Call {
    fn read(place: String, call: &str, about: &[Option<Value>]) -> Option<Self> {
        // What a template puts in becomes one character, for it may hold anything.
        let mut plain = String::new();
        for (number, piece) in call.split("{{").enumerate() {
            match piece.split_once("}}").filter(|_| number > 0) {
                Some((_, after)) => plain.extend(['\u{1}'].into_iter().chain(after.chars())),
                None => plain.push_str(piece),
            }
        }
        let (method, target) = plain.split_once(' ')?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut pieces: Vec<String> = segments(path).map(str::to_owned).collect();
        // An absolute address begins with where the system is.
        let path = match path.strip_prefix("\u{1}/") {
            Some(rest) => {
                pieces.remove(0);
                rest
            }
            None => path,
        };
        let names = query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty() && !name.contains('\u{1}'));
        let mut words = Vec::new();
        for value in about.iter().flatten() {
            // Protocols that have one address for everything.
            for name in ["Action", "X-Amz-Target", "method", "q"] {
                words.extend(value[name].as_str().filter(|word| !word.contains("{{")).map(|word| word.replace('"', "\\\"")));
            }
        }
        let text = path.trim_matches('/').split('\u{1}').map(str::to_owned).collect();
        Some(Self { place, method: method.to_owned(), path: pieces, text, query: names.map(decoded).collect(), words })
    }

    fn fits(&self, exchange: &Exchange, path: fn(&Self, &Exchange) -> bool) -> bool {
        self.method == exchange.method
            && self.is_made_by(&exchange.command)
            && self.query.is_subset(&exchange.query)
            && self.words.iter().all(|word| exchange.rest.contains(word))
            && path(self, exchange)
    }

    /// Whether a command makes such calls at all: a read of a scan proves nothing, though it may be the same request as a proof.
    fn is_made_by(&self, command: &str) -> bool {
        match command {
            "scan" => !self.place.starts_with("take."),
            "check" => self.place.starts_with("preflight["),
            // Looking again reads proofs.
            "departure" => self.place.ends_with(".prove"),
            _ => true,
        }
    }

    fn fits_piece_by_piece(&self, exchange: &Exchange) -> bool {
        let start = exchange.path.len().checked_sub(self.path.len());
        start.is_some_and(|start| {
            self.path.iter().zip(&exchange.path[start..]).all(|(want, is)| match want.split_once('\u{1}') {
                None => want == is,
                Some((begins, rest)) => is.starts_with(begins) && is.ends_with(rest.rsplit('\u{1}').next().unwrap_or(rest)),
            })
        })
    }

    /// As above, where a template may hold several pieces, or a part of one.
    fn fits_loosely(&self, exchange: &Exchange) -> bool {
        let path = exchange.path.join("/");
        let (Some(last), Some(mut rest)) = (self.text.last(), path.strip_suffix(self.text.last().map_or("", String::as_str))) else {
            return false;
        };
        if self.text.len() == 1 {
            return !last.is_empty() && (rest.is_empty() || rest.ends_with('/'));
        }
        self.text[..self.text.len() - 1].iter().all(|part| match rest.find(part.as_str()) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    }

    /// The more a call says, the more an exchange is its own.
    fn precise(&self) -> (usize, usize) {
        (self.words.len(), self.path.iter().filter(|piece| !piece.contains('\u{1}')).count())
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|piece| !piece.is_empty())
}

fn decoded(name: &str) -> String {
    name.replace("%5B", "[").replace("%5D", "]").replace("%24", "$")
}

fn read(folder: &Path) -> BTreeMap<String, Vec<Exchange>> {
    let mut all: BTreeMap<String, Vec<Exchange>> = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let file = file.unwrap().path();
        // Those without a command are what the simulated vendors were asked by their own tests, past exeunt.
        let Some((_, command)) = file.file_stem().and_then(|stem| stem.to_str()?.rsplit_once('.')) else { continue };
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let url = exchange["url"].as_str().unwrap();
            let target = url.split_once("://").map_or(url, |(_, rest)| rest.split_once('/').map_or("", |(_, target)| target));
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            all.entry(exchange["system"].as_str().unwrap().to_owned()).or_default().push(Exchange {
                command: command.to_owned(),
                method: exchange["method"].as_str().unwrap().to_owned(),
                path: segments(path).map(str::to_owned).collect(),
                query: query.split('&').filter_map(|pair| pair.split('=').next()).map(decoded).collect(),
                rest: format!("{} {}", exchange["request_body"], exchange["request_headers"]),
            });
        }
    }
    all
}
