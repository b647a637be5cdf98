//! The fresh read behind every verdict: gone, still there, or not to be told.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::call;
use super::spec::Spec;
use crate::clock;
use crate::connect::render::{self, Parts};
use crate::connect::{Call, CallError, Class, Connection, Ended, Lane, NoControl, Reply, SearchCall};
use crate::manifest::duration;
use crate::manifest::express::{Expr, Scope};
use crate::manifest::extract::{Extractor, records};
use crate::manifest::judge::{self, Finding};
use crate::manifest::raw::{Classes, Control, Hand, Prove, Sentinel, Take};
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
    once_in(Lane::Prove, connection, take, spec, job).await
}

/// As [`once`], as urgently as the lane says.
pub(super) async fn once_in(lane: Lane, connection: &Connection, take: &Take, spec: &Spec, job: Option<&str>) -> Reading {
    let Some(prove) = &take.prove else { return Reading::Unknown("the manifest gives this action no proof".to_owned()) };
    let look = |hand| Look { connection, take, prove, spec, job, hand, lane };
    match look(Hand::Read).attempt().await {
        Attempt::Said(reading) => reading,
        Attempt::NoRight(why) => match look(Hand::Revoke).attempt().await {
            Attempt::Said(reading) => reading,
            Attempt::NoRight(again) => Reading::Unknown(format!("neither credential may read the proof: {why}; {again}")),
        },
    }
}

enum Attempt {
    Said(Reading),
    NoRight(String),
}

/// Runs `work` with everything in scope that a template of this action may name.
pub(super) fn with_scope<T>(connection: &Connection, spec: &Spec, job: Option<&str>, work: impl FnOnce(&Scope<'_>) -> T) -> T {
    let now = json!(clock::now().to_string());
    let job = json!(job);
    work(&spec.names().with("settings", connection.settings()).with("now", &now).with("job", &job))
}

/// One read of a proof, with one credential.
#[derive(Clone, Copy)]
struct Look<'a> {
    connection: &'a Connection,
    take: &'a Take,
    prove: &'a Prove,
    spec: &'a Spec,
    job: Option<&'a str>,
    hand: Hand,
    lane: Lane,
}

impl Look<'_> {
    async fn attempt(&self) -> Attempt {
        let Self { connection, take, prove, .. } = *self;
        if let Some(collection) = &prove.see {
            return self.see(collection).await;
        }
        let call = match with_scope(connection, self.spec, self.job, |scope| call::of_proof(prove, take, scope)) {
            Ok(call) => call,
            Err(problem) => return Attempt::Said(Reading::Unknown(problem)),
        };
        match connection.send(self.hand, self.lane, &call, &prove.classes).await {
            Err(CallError::Auth(why)) => Attempt::NoRight(why),
            Err(error) => Attempt::Said(Reading::Unknown(error.to_string())),
            Ok(reply) => self.judge(&call, &reply).await,
        }
    }

    async fn judge(&self, call: &Call, reply: &Reply) -> Attempt {
        let prove = self.prove;
        let words = json!({ "status": reply.status, "digest": reply.digest, "class": reply.class.word() });
        let mut more = Map::new();
        more.insert("headers".into(), reply.headers.clone());
        if matches!(call, Call::Search(_)) {
            more.insert("it".into(), reply.body.get(0).cloned().unwrap_or(Value::Null));
            more.insert("entries".into(), reply.body.clone());
        } else {
            more.insert("it".into(), reply.body.clone());
        }
        more.insert("body".into(), reply.body.clone());
        let judged = self.with_answer(&more, |scope| {
            let asked = call::asked(prove, scope);
            judge::proof(prove, reply.class, &asked, || reply.says(), scope)
        });
        let act_as = prove.act_as.as_deref().or(self.take.act_as.as_deref());
        match judged {
            Ok((Finding::Forbidden, _)) => Attempt::NoRight(format!("forbidden ({})", reply.status)),
            Ok((finding, false)) => Attempt::Said(reading(finding, words)),
            Ok((finding, true)) if reply.class == Class::Gone && !self.has_control(call) => Attempt::Said(reading(finding, words)),
            Ok((finding, true)) => {
                let own = prove.control.as_ref();
                Attempt::Said(self.controlled(own, act_as, call, reply.class == Class::Gone, reading(finding, words)).await)
            }
            Err(problem) => Attempt::Said(Reading::Unknown(format!("the proof can't be judged: {problem}"))),
        }
    }

    /// Whether there is something that is known to be there. Where a manifest names nothing, the system's own "not there" stands for itself.
    fn has_control(&self, call: &Call) -> bool {
        !matches!(call, Call::Http(_)) || self.prove.control.is_some() || judge::control(self.connection.manifest()).is_some()
    }

    /// A reading that counts only if something else that is known to be there answers in the same breath.
    async fn controlled(&self, own: Option<&Control>, act_as: Option<&str>, call: &Call, absent: bool, reading: Reading) -> Reading {
        let said = match call {
            Call::Search(search) => self.base_is_there(&search.base).await.map_err(|why| NoControl { answered: false, why }),
            Call::File => Ok(()),
            _ => {
                let now = json!(clock::now().to_string());
                let job = json!(self.job);
                let scope = self.spec.names().with("settings", self.connection.settings()).with("now", &now).with("job", &job);
                self.connection.control(self.hand, own, act_as, &scope).await
            }
        };
        with_control(said, absent, reading)
    }

    /// The directory says "no such object" of everything below what it doesn't show, so the base of our own searches must be seen in the same
    /// breath.
    async fn base_is_there(&self, dn: &str) -> Result<(), String> {
        let scope = Scope::new().with("settings", self.connection.settings());
        let below = |base: &str| dn.to_lowercase().ends_with(&format!(",{}", base.to_lowercase()));
        let searches = self.connection.manifest().see.iter().filter_map(|(_, collection)| collection.search.as_ref());
        let bases = searches.filter_map(|search| render::search(search, &scope).ok()).map(|search| search.base);
        let base = bases.filter(|base| below(base)).max_by_key(String::len);
        let base = base.ok_or_else(|| format!("no search of the manifest begins above {dn}"))?;
        let search =
            SearchCall { base, scope: "base".to_owned(), filter: "(objectClass=*)".to_owned(), attributes: vec!["objectClass".to_owned()] };
        let (base, call) = (search.base.clone(), Call::Search(search));
        let reply = self.connection.send(self.hand, self.lane, &call, &Classes::default()).await.map_err(|error| error.to_string())?;
        let there = reply.class == Class::Fine && reply.body.as_array().is_some_and(|entries| !entries.is_empty());
        there.then_some(()).ok_or_else(|| format!("{base} itself can't be read: {}", reply.says()))
    }

    /// Runs `work` with an answer in scope, beside everything that a template of this action may name.
    fn with_answer<T>(&self, more: &Map<String, Value>, work: impl FnOnce(&Scope<'_>) -> T) -> T {
        with_scope(self.connection, self.spec, self.job, |scope| {
            let mut scope = scope.clone();
            for name in ["headers", "it", "entries", "body", "seen", "parent"] {
                if let Some(value) = more.get(name) {
                    scope.set(name, value);
                }
            }
            work(&scope)
        })
    }

    /// Reads a collection to its end and looks whether the thing is still in it.
    async fn see(&self, name: &str) -> Attempt {
        let Self { connection, prove, spec, job, hand, .. } = *self;
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
            .pages(hand, self.lane, &call, &classes, collection.paging.as_ref(), None, &mut |page| {
                let mut observations = Vec::new();
                with_scope(connection, spec, job, |scope| {
                    let scope = scope.clone().with("parent", &parent).with("headers", &page.headers);
                    match records(collection, collection.each.as_deref(), &page.body, &scope) {
                        Ok(records) => {
                            records.iter().for_each(|record| extractor.extract(record, &scope, &mut observations, &mut problems));
                        }
                        Err(problem) => problems.push(problem),
                    }
                });
                seen.add(&observations);
                ControlFlow::Continue(())
            })
            .await;
        let words = json!({ "collection": name, "seen": seen.count });
        let absent = matches!(ended, Ended::Absent);
        match ended {
            Ended::Complete { .. } => {}
            // The system's own words for it: the manifest knows them.
            Ended::Absent if !self.has_control(&call) => return Attempt::Said(Reading::Gone(words)),
            Ended::Absent => {}
            Ended::Gap { class: Some(Class::Forbidden), reason, .. } => return Attempt::NoRight(reason),
            // Absence needs evidence: what was cut short proves nothing.
            Ended::Gap { reason, .. } => return unknown(format!("{name} could not be read to its end: {reason}")),
            Ended::Stopped => return unknown(format!("{name} was not read to its end")),
        }
        if let Some(problem) = problems.first() {
            return unknown(format!("{name} can't be understood: {problem}"));
        }
        if let Some(sentinel) = collection.sentinel.as_ref().filter(|_| !absent) {
            match self.sentinel_key(sentinel).await {
                Ok(key) if seen.keys.contains(&json!(key)) => {}
                Ok(key) => return unknown(format!("{name} does not hold {key}, which must be in it")),
                Err(problem) => return unknown(format!("the sentinel of {name} could not be read: {problem}")),
            }
        }
        let mut more = Map::new();
        more.insert("seen".into(), seen.for_spec(spec));
        more.insert("parent".into(), parent);
        let said = if absent { Ok(Finding::Gone) } else { self.with_answer(&more, |scope| judge::said(prove, scope)) };
        let reading = match said {
            Ok(finding) => reading(finding, words),
            Err(problem) => return unknown(format!("the proof can't be judged: {problem}")),
        };
        // A list with its sentinel in it is its own control, and a directory or file whose list is whole was read.
        if (collection.sentinel.is_some() && !absent) || !matches!(call, Call::Http(_)) {
            return Attempt::Said(reading);
        }
        let own = prove.control.as_ref().or(collection.control.as_ref());
        let scope = self.spec.names().with("settings", connection.settings()).with_owned("now", json!(clock::now().to_string()));
        let scope = scope.with("parent", more.get("parent").unwrap_or(&Value::Null));
        let said = connection.control(hand, own, collection.act_as.as_deref(), &scope).await;
        Attempt::Said(with_control(said, absent, reading))
    }

    /// The key that a sentinel names.
    async fn sentinel_key(&self, sentinel: &Sentinel) -> Result<String, String> {
        let scope = Scope::new().with("settings", self.connection.settings());
        let key = Expr::compile(&sentinel.key)?;
        let Some(line) = &sentinel.call else {
            return key.text(&scope)?.ok_or_else(|| format!("{} is null", sentinel.key));
        };
        let call = render::http(line, Parts::default(), &scope).map(Call::Http)?;
        let reply = self.connection.send(self.hand, self.lane, &call, &Classes::default()).await.map_err(|error| error.to_string())?;
        if reply.class != Class::Fine {
            return Err(format!("answered {}: {}", reply.class.word(), reply.says()));
        }
        key.text(&scope.with("body", &reply.body))?.ok_or_else(|| format!("{} is null", sentinel.key))
    }
}

fn reading(finding: Finding, words: Value) -> Reading {
    match finding {
        Finding::Gone => Reading::Gone(words),
        Finding::Still => Reading::Still(words),
        Finding::Failed => Reading::Failed(words),
        Finding::Forbidden => Reading::Unknown("forbidden".to_owned()),
        Finding::Nothing(why) => Reading::Unknown(why),
    }
}

/// What a reading is worth once the control has been asked for. `absent`: the system itself said "not there". Then it is enough that the system
/// answers the control with something else; that may be an empty list by now, for we may have emptied it.
fn with_control(said: Result<(), NoControl>, absent: bool, reading: Reading) -> Reading {
    match (said, reading) {
        (Err(NoControl { answered: true, .. }), reading) if absent => reading,
        (Ok(()), Reading::Gone(mut words)) => {
            words["control"] = json!("there");
            Reading::Gone(words)
        }
        (Ok(()), reading) => reading,
        (Err(NoControl { why, .. }), _) => Reading::Unknown(format!("absence proves nothing without a control: {why}")),
    }
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
