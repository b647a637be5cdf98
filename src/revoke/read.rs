//! The fresh read behind every verdict: gone, still there, or not to be told.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::call;
use super::spec::Spec;
use crate::clock;
use crate::connect::{Call, CallError, Class, Connection, Ended, Lane, Reply, render};
use crate::manifest::duration;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::extract::{Extractor, records};
use crate::manifest::raw::{Classes, Hand, Prove, Take};
use crate::model::{NodeRef, Observation};

/// What one read said.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// It is gone; the journal's words on it.
    Gone(Value),
    /// It is still there; what the system said.
    Still(Value),
    /// It is still there, and the system has given up on it.
    Failed(Value),
    /// It can't be told, and why.
    Unknown(String),
}

/// How long the vendor may take to show an action's effect.
pub(super) fn within(take: &Take) -> Duration {
    let text = take.prove.as_ref().and_then(|prove| prove.within.as_deref()).unwrap_or("10s");
    duration::parse(text).unwrap_or(Duration::from_secs(10))
}

/// Reads until it is gone or the time is over; the last reading counts. Reads again after 50 ms, doubling to 1 s.
pub(super) async fn until_gone(connection: &Connection, take: &Take, spec: &Spec, job: Option<&str>, patience: Duration) -> Reading {
    let end = Instant::now() + patience;
    let mut pause = Duration::from_millis(50);
    loop {
        // The first read gets its time also where patience is nil.
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_secs(2));
        let reading = tokio::time::timeout(left, once(connection, take, spec, job))
            .await
            .unwrap_or_else(|_| Reading::Unknown("the read that should prove it was not answered in time".to_owned()));
        if matches!(reading, Reading::Gone(_) | Reading::Failed(_)) || Instant::now() + pause > end {
            return reading;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// One fresh read: with the reading credential, or, where that lacks the right, with the revoking one.
pub(super) async fn once(connection: &Connection, take: &Take, spec: &Spec, job: Option<&str>) -> Reading {
    let Some(prove) = &take.prove else { return Reading::Unknown("the manifest gives this action no proof".to_owned()) };
    let first = attempt(connection, take, prove, spec, job, Hand::Read).await;
    match first {
        Attempt::Said(reading) => reading,
        Attempt::NoRight(why) => match attempt(connection, take, prove, spec, job, Hand::Revoke).await {
            Attempt::Said(reading) => reading,
            Attempt::NoRight(again) => Reading::Unknown(format!("neither credential may read the proof: {why}; {again}")),
        },
    }
}

enum Attempt {
    Said(Reading),
    NoRight(String),
}

async fn attempt(connection: &Connection, take: &Take, prove: &Prove, spec: &Spec, job: Option<&str>, hand: Hand) -> Attempt {
    match &prove.see {
        Some(collection) => see(connection, prove, collection, spec, job, hand).await,
        None => {
            let call = match with_scope(connection, spec, job, |scope| call::of_proof(prove, take, scope)) {
                Ok(call) => call,
                Err(problem) => return Attempt::Said(Reading::Unknown(problem)),
            };
            match connection.send(hand, Lane::Prove, &call, &prove.classes).await {
                Err(CallError::Auth(why)) => Attempt::NoRight(why),
                Err(error) => Attempt::Said(Reading::Unknown(error.to_string())),
                Ok(reply) => judge(connection, prove, spec, job, &call, &reply),
            }
        }
    }
}

/// Runs `work` with everything in scope that a template of this action may name.
pub(super) fn with_scope<T>(connection: &Connection, spec: &Spec, job: Option<&str>, work: impl FnOnce(&Scope<'_>) -> T) -> T {
    let now = json!(clock::now().to_string());
    let job = json!(job);
    work(&spec.names().with("settings", connection.settings()).with("now", &now).with("job", &job))
}

fn judge(connection: &Connection, prove: &Prove, spec: &Spec, job: Option<&str>, call: &Call, reply: &Reply) -> Attempt {
    let words = json!({ "status": reply.status, "digest": reply.digest, "class": reply.class.word() });
    let refused = || Reading::Unknown(format!("the read that should prove it was answered {}: {}", reply.class.word(), reply.says()));
    let speaks_of_status = Expr::compile(&prove.gone).is_ok_and(|gone| gone.names().iter().any(|name| ["status", "code"].contains(name)));
    match reply.class {
        Class::Gone => return Attempt::Said(Reading::Gone(words)),
        Class::Fine => {}
        Class::Refused if speaks_of_status => {}
        Class::Forbidden => return Attempt::NoRight(format!("forbidden ({})", reply.status)),
        Class::Throttled | Class::Transient | Class::Refused => return Attempt::Said(refused()),
    }
    let mut more = Map::new();
    more.insert("status".into(), json!(reply.status));
    more.insert("code".into(), json!(reply.status));
    more.insert("headers".into(), reply.headers.clone());
    if matches!(call, Call::Search(_)) {
        more.insert("it".into(), reply.body.get(0).cloned().unwrap_or(Value::Null));
        more.insert("entries".into(), reply.body.clone());
    } else {
        more.insert("it".into(), reply.body.clone());
    }
    more.insert("body".into(), reply.body.clone());
    Attempt::Said(match decide(connection, prove, spec, job, &more, words) {
        // A read that was refused may say that it is gone (404), never that it is still there.
        Reading::Still(_) if reply.class == Class::Refused => refused(),
        reading => reading,
    })
}

/// Evaluates `gone` over what was read, and `failed` where it isn't.
fn decide(connection: &Connection, prove: &Prove, spec: &Spec, job: Option<&str>, more: &Map<String, Value>, words: Value) -> Reading {
    let verdict: Result<(bool, bool), String> = with_scope(connection, spec, job, |scope| {
        let mut scope = scope.clone();
        for name in ["status", "code", "headers", "it", "entries", "body", "seen", "parent"] {
            if let Some(value) = more.get(name) {
                scope.set(name, value);
            }
        }
        let failed = prove.failed.as_deref().map(Expr::compile).transpose()?;
        let gone = Expr::compile(&prove.gone)?.truth(&scope)?;
        Ok((gone, !gone && failed.is_some_and(|failed| failed.truth(&scope) == Ok(true))))
    });
    match verdict {
        Ok((true, _)) => Reading::Gone(words),
        Ok((_, true)) => Reading::Failed(words),
        Ok(_) => Reading::Still(words),
        Err(problem) => Reading::Unknown(format!("the proof can't be judged: {problem}")),
    }
}

/// Reads a collection to its end and looks whether the thing is still in it.
async fn see(connection: &Connection, prove: &Prove, name: &str, spec: &Spec, job: Option<&str>, hand: Hand) -> Attempt {
    let unknown = |why: String| Attempt::Said(Reading::Unknown(why));
    let manifest = connection.manifest().clone();
    let Some(collection) = manifest.collection(name) else { return unknown(format!("there is no collection {name} to prove it by")) };
    let person = spec.scope.get("person");
    let parent = match call::parent(&manifest, collection, &spec.near, person) {
        Ok(parent) => parent.cloned().unwrap_or(Value::Null),
        Err(problem) => return unknown(problem),
    };
    let prepared = with_scope(connection, spec, job, |scope| {
        let scope = scope.clone().with("parent", &parent);
        Ok::<_, String>((render::collection(collection, None, &scope)?, Extractor::new(&collection.yields)?))
    });
    let (call, extractor) = match prepared {
        Ok(prepared) => prepared,
        Err(problem) => return unknown(problem),
    };
    let mut seen = Seen::default();
    let mut problems: Vec<String> = Vec::new();
    let classes = merged(&prove.classes, &collection.classes);
    let ended = connection
        .pages(hand, Lane::Prove, &call, &classes, collection.paging.as_ref(), None, &mut |page| {
            let mut observations = Vec::new();
            with_scope(connection, spec, job, |scope| {
                let scope = scope.clone().with("parent", &parent).with("headers", &page.headers);
                match records(collection.each.as_deref(), &page.body, &scope) {
                    Ok(records) => records.iter().for_each(|record| extractor.extract(record, &scope, &mut observations, &mut problems)),
                    Err(problem) => problems.push(problem),
                }
            });
            seen.add(&observations);
            ControlFlow::Continue(())
        })
        .await;
    let words = json!({ "collection": name, "seen": seen.count });
    match ended {
        Ended::Complete { .. } => {}
        Ended::Absent => return Attempt::Said(Reading::Gone(words)),
        Ended::Gap { class: Some(Class::Forbidden), reason, .. } => return Attempt::NoRight(reason),
        // Absence needs evidence: what was cut short proves nothing.
        Ended::Gap { reason, .. } => return unknown(format!("{name} could not be read to its end: {reason}")),
        Ended::Stopped => return unknown(format!("{name} was not read to its end")),
    }
    if let Some(problem) = problems.first() {
        return unknown(format!("{name} holds a record that can't be read: {problem}"));
    }
    let mut more = Map::new();
    more.insert("seen".into(), seen.for_spec(spec));
    more.insert("parent".into(), parent);
    Attempt::Said(decide(connection, prove, spec, job, &more, words))
}

/// The keys that a collection showed.
#[derive(Default)]
struct Seen {
    keys: Vec<Value>,
    nodes: Vec<NodeRef>,
    count: usize,
}

impl Seen {
    fn add(&mut self, observations: &[Observation]) {
        for observation in observations {
            self.count += 1;
            match observation {
                Observation::Node(node) => {
                    self.keys.push(json!(node.node.key));
                    self.nodes.push(node.node.clone());
                }
                Observation::Edge(edge) => self.keys.extend([json!(edge.from.key), json!(edge.to.key)]),
            }
        }
    }

    /// The keys; and the node itself if it is among them, so that `node not in seen` means what it says.
    fn for_spec(self, spec: &Spec) -> Value {
        let mut keys = self.keys;
        for name in ["node", "from", "to"] {
            let Some(value) = spec.scope.get(name) else { continue };
            let is = |text: &str| value.get(text).and_then(Value::as_str).unwrap_or_default().to_owned();
            let here = self.nodes.iter().any(|node| node.kind.word() == is("kind") && node.key == is("key"));
            if here || keys.contains(&json!(is("key"))) {
                keys.push(value.clone());
            }
        }
        Value::Array(keys)
    }
}

/// The proof's own classes before the collection's.
fn merged(own: &Classes, collection: &Classes) -> Classes {
    Classes {
        throttled: own.throttled.clone().or_else(|| collection.throttled.clone()),
        forbidden: own.forbidden.clone().or_else(|| collection.forbidden.clone()),
        gone: own.gone.clone().or_else(|| collection.gone.clone()),
        transient: own.transient.clone().or_else(|| collection.transient.clone()),
        refused: own.refused.clone().or_else(|| collection.refused.clone()),
    }
}
