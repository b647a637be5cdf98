//! One action, from its first wait to its verdict.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::before::{self, Before};
use super::call;
use super::critical::{Measured, Waits};
use super::journal::{Begin, Entry, Evidence, target};
use super::others::{self, Others};
use super::outcome::LIVES_ON;
use super::read::{self, Reading};
use super::run::{Progress, RunDeps, Shared, Status};
use super::spec::{PlannedAction, Spec};
use crate::clock;
use crate::connect::{Call, Class, Connection, Lane, Reply};
use crate::manifest::express::{Expr, plain};
use crate::manifest::raw::{Hand, Take};
use crate::manifest::{Manifest, duration};
use crate::model::{ALREADY, ActionState, Verdict};
use crate::store::departures::{self, ActionRow, Move};

/// An action that is ready to go.
pub(super) struct Job {
    place: usize,
    row: ActionRow,
    begin: Begin,
    after: Vec<usize>,
    again: Vec<usize>,
    others: Others,
    irreversible: bool,
    line: Result<Line, String>,
    /// Rendered ahead for what leaves at once.
    call: Option<Rendered>,
    /// The read of the state before the call, as long as the call hasn't left; then what came of it.
    look: Option<before::Look>,
    before: Option<Before>,
}

impl Job {
    /// With the read of the state before its call.
    pub(super) fn with_look(self, look: Option<before::Look>) -> Self {
        Self { look, ..self }
    }

    /// With what it asks of the other actions.
    pub(super) fn with_others(self, others: Others) -> Self {
        Self { others, ..self }
    }
}

/// A call, and what was read for it, where it changes a part of what was there.
type Rendered = Result<(Call, Option<Value>), String>;

/// Where an action goes, and what it is about.
struct Line {
    connection: Connection,
    manifest: Manifest,
    name: String,
    spec: Spec,
}

impl Line {
    fn take(&self) -> Result<&Take, String> {
        self.manifest.action(&self.name).ok_or_else(|| format!("the manifest has no action {} any more", self.name))
    }

    /// Makes a call that needs no read before it.
    fn render(&self) -> Rendered {
        let take = self.take()?;
        read::with_scope(&self.connection, &self.spec, None, |scope| call::of_action(take, scope)).map(|call| (call, None))
    }

    fn reads_first(&self) -> bool {
        self.take().is_ok_and(|take| take.modify.as_ref().is_some_and(|modify| !modify.read.is_empty()))
    }

    /// Makes the call. What it changes in part is read for it, freshly: what the last scan saw may be another value by now.
    async fn made(&self) -> Rendered {
        let take = self.take()?;
        let reading = read::with_scope(&self.connection, &self.spec, None, |scope| call::of_reading(take, scope)).transpose()?;
        let Some(reading) = reading else { return self.render() };
        let mut entry = Err("nobody may read it".to_owned());
        for hand in [Hand::Read, Hand::Revoke] {
            let reply = match self.connection.send(hand, Lane::Prove, &reading, &take.classes).await {
                Ok(reply) => reply,
                Err(error) => {
                    entry = Err(error.to_string());
                    continue;
                }
            };
            entry = match reply.class {
                Class::Fine => call::read_for(take, reply.body.get(0)),
                class => Err(format!("what it changes could not be read: {}, {}", class.word(), reply.says())),
            };
            if entry.is_ok() {
                break;
            }
        }
        let entry = entry?;
        let call = read::with_scope(&self.connection, &self.spec, None, |scope| call::of_action(take, &scope.clone().with("it", &entry)))?;
        Ok((call, Some(entry)))
    }
}

/// Makes an action ready: its connection, its templates, and its call if nothing holds it back.
pub(super) fn prepare(deps: &RunDeps, place: usize, row: ActionRow, begin: Begin, planned: &PlannedAction, waits: &Waits) -> Job {
    let line = match deps.connections.get(&row.system) {
        None => Err(format!("the system {} is not configured any more", row.system)),
        Some(connection) => Ok(Line {
            connection: connection.clone(),
            manifest: connection.manifest().clone(),
            name: row.name.clone(),
            spec: planned.spec.clone(),
        }),
    };
    let at_once = begin == Begin::Fresh && row.state == ActionState::Fired;
    let call = line.as_ref().ok().filter(|line| at_once && !line.reads_first()).map(Line::render);
    Job {
        place,
        row,
        begin,
        after: waits.after.clone(),
        again: waits.again.clone(),
        others: Others::default(),
        irreversible: planned.irreversible,
        line,
        call,
        look: None,
        before: None,
    }
}

/// The last word on an action.
struct End {
    state: ActionState,
    verdict: Verdict,
    why: Option<String>,
    detail: Value,
    /// For a person: role, title, steps.
    task: Option<(String, String, String)>,
    evidence: Option<Evidence>,
}

impl End {
    /// With the state before the call: a proof that was true before is none of ours. `already`: that of the action whose effect proves this one was.
    fn with(mut self, before: Option<&Before>, already: bool) -> Self {
        if let (Value::Object(detail), Some(before)) = (&mut self.detail, before) {
            detail.insert("before".into(), before.words.clone());
        }
        if self.state == ActionState::Gone && (already || before.is_some_and(|before| before.gone)) {
            self.says_first(ALREADY);
        }
        self
    }

    fn says_first(&mut self, words: &str) {
        self.why = Some(self.why.take().map_or_else(|| words.to_owned(), |why| format!("{words}; {why}")));
    }
}

/// What became of a call.
enum Fired {
    Accepted,
    /// A no that the manifest takes for "it was done before": one all the same, if a read still shows it.
    Before(No),
    Refused(No),
    /// Nobody knows.
    Lost {
        why: String,
        detail: Value,
        /// How long the system asked us to wait.
        wait: Option<Duration>,
    },
}

/// The system said no; with a text for the task, where the manifest has one.
struct No {
    why: String,
    blocked: Option<String>,
    detail: Value,
}

/// Times as they are taken.
#[derive(Default)]
struct Times {
    sent: Option<Instant>,
    judged: Option<Instant>,
    sent_again: Option<Instant>,
}

/// Brings one action to its end. Returns its place, and its times if its call left.
pub(super) async fn drive(shared: Arc<Shared>, mut job: Job) -> (usize, Option<Measured>) {
    let mut times = Times::default();
    let end = match act(&shared, &mut job, &mut times).await {
        Ok(end) => judged_with_others(&shared, &job, end).await,
        // The journal has stopped: so does everything.
        Err(Quit::Stopped) => return (job.place, None),
        Err(Quit::StaysGone) => {
            shared.statuses[job.place].send_replace(Status::of(&job.row));
            shared.tell(Progress::Judged { number: job.row.number, verdict: Verdict::Gone, state: ActionState::Gone });
            return (job.place, None);
        }
    };
    let now = Instant::now();
    let status = match (end.state, end.why.as_deref()) {
        (ActionState::Gone, Some(why)) if why.starts_with(ALREADY) => Status::Already,
        (ActionState::Gone, _) => Status::Proved,
        _ => Status::Failed,
    };
    let (state, verdict) = (end.state, end.verdict);
    let audit = match end.state {
        ActionState::Gone => "revocation.verified",
        ActionState::Refused => "revocation.refused",
        ActionState::Stuck => "revocation.stuck",
        _ => "revocation.claimed",
    };
    let step = Move { state, at: clock::now(), verdict: Some(verdict), why: end.why, job: None, detail: end.detail };
    let row = &job.row;
    shared.journal.note(Entry {
        action: row.id,
        step,
        audit: Some((audit, target(row.number, &row.system, &row.name, &row.label))),
        evidence: end.evidence,
        task: end.task,
        written: None,
    });
    shared.statuses[job.place].send_replace(status);
    shared.tell(Progress::Judged { number: row.number, verdict, state });
    let measured = times.sent.map(|sent| Measured {
        sent,
        judged: times.judged.unwrap_or(now),
        again: times.sent_again.map(|sent| (sent, now)),
        proved: status != Status::Failed,
    });
    (job.place, measured)
}

/// What an action's end is worth beside what is known of the others: where no read shows its call, the action whose effect proves it must have been
/// proved itself.
async fn judged_with_others(shared: &Shared, job: &Job, mut end: End) -> End {
    let mut already = false;
    let gone_before = job.before.as_ref().is_some_and(|before| before.gone);
    if let Some(effect) = &job.others.effect {
        let other = effect.settled(shared).await;
        already = other == Status::Already;
        match (end.state, other) {
            (ActionState::Gone, Status::Failed) if !gone_before => {
                end = stuck(job, Verdict::Unknown, others::says_not(&effect.name), end.detail)
            }
            (ActionState::Gone, _) => end.says_first(&others::says(&effect.name)),
            // The read is not about this call.
            (ActionState::Stuck, Status::Failed) if end.verdict == Verdict::Present => {
                end = stuck(job, end.verdict, others::says_not(&effect.name), end.detail);
            }
            _ => {}
        }
    }
    end.with(job.before.as_ref(), already)
}

/// Why an action ends without a new word on it.
enum Quit {
    /// The journal can't be written any more.
    Stopped,
    /// It was proved gone in an earlier run, and what would show it can't be read any more: nothing says that it came back.
    StaysGone,
}

async fn act(shared: &Shared, job: &mut Job, times: &mut Times) -> Result<End, Quit> {
    let line = match &job.line {
        Ok(line) => line,
        Err(why) => return Ok(stuck(job, Verdict::Unknown, why.clone(), json!({}))),
    };
    let take = match line.take() {
        Ok(take) => take,
        Err(why) => return Ok(stuck(job, Verdict::Unknown, why, json!({}))),
    };
    let within = read::within(take);
    let mut id = job.row.job.clone();

    if job.row.state == ActionState::Planned {
        if let Some(why) = held_back(shared, job).await {
            return Ok(stuck(job, Verdict::Unknown, why, json!({})));
        }
        // The same read has just shown it, for another action.
        for before in &job.others.same {
            if wait(shared, *before).await != Status::Failed {
                job.before = Some(Before {
                    gone: true,
                    words: json!({ "state": "gone", "read": "by the proof of another action", "action": shared.labels[*before] }),
                });
            }
        }
    }

    let mut fire_first = true;
    let mut no = None;
    if job.begin == Begin::ReadFirst {
        if job.irreversible && take.job.is_some() && id.is_none() {
            // The proof asks about the job, and its number was lost with us: waiting for it would be waiting for ever.
            let why = "it was cut off before the system's word on it was written down: whether it was begun can't be told, and beginning it twice can't be taken back";
            return Ok(stays_stuck(job, Verdict::Unknown, why.to_owned(), json!({})));
        }
        let careful = job.irreversible || id.is_some();
        let accepted = job.row.state == ActionState::Accepted;
        // What was accepted gets the vendor's time; a call that may never have left gets that of one under way.
        let patience = match (careful, accepted) {
            (true, true) => within,
            (true, false) => within.min(Duration::from_secs(10)),
            (false, _) => Duration::ZERO,
        };
        let reading = read::until_gone(&line.connection, take, &line.spec, id.as_deref(), patience).await;
        if job.row.sent.is_none()
            && let Some(look) = job.look.take()
        {
            // No call of this case has left: whether it was gone before is what the first look says.
            job.before = Some(look.settle().await);
        }
        match reading {
            Reading::Gone(detail) if job.again.is_empty() => return Ok(gone(job, line, take, id.as_deref(), detail).await),
            Reading::Gone(_) => fire_first = false,
            Reading::Unknown(_) if job.row.state == ActionState::Gone => return Err(Quit::StaysGone),
            Reading::Still(detail) if careful && accepted => return Ok(still(job, id.is_some(), detail)),
            Reading::Unknown(why) if job.irreversible => {
                let why =
                    format!("whether it was done before the interruption can't be told, and doing it twice can't be taken back: {why}");
                return Ok(stays_stuck(job, Verdict::Unknown, why, json!({})));
            }
            Reading::Still(_) | Reading::Failed(_) | Reading::Unknown(_) => {}
        }
        // What never left, or is tried again, waits as it did the first time.
        let under_way = matches!(job.row.state, ActionState::Fired | ActionState::Accepted);
        if fire_first
            && !under_way
            && let Some(why) = held_back(shared, job).await
        {
            return Ok(stuck(job, Verdict::Unknown, why, json!({})));
        }
    }

    if fire_first {
        let rendered = match job.call.take() {
            Some(rendered) => rendered,
            None => line.made().await,
        };
        let announced = job.begin == Begin::Fresh && job.row.state == ActionState::Fired;
        if !announced {
            announce(shared, job).await?;
        }
        if let Some(look) = job.look.take() {
            let before = look.settle().await;
            job.before.get_or_insert(before);
        }
        match fire(shared, job, line, take, rendered, &mut id, &mut times.sent).await {
            Fired::Accepted => {}
            Fired::Before(said) => no = Some(said),
            fired => return Ok(not_accepted(job, line, take, id.as_deref(), fired).await),
        }
    }
    if job.again.is_empty() {
        // What the other has not done by its end is not waited for.
        let nothing_comes = match &job.others.effect {
            Some(effect) => effect.settled(shared).await == Status::Failed,
            None => false,
        };
        let patience = if nothing_comes { Duration::ZERO } else { within };
        let reading = read::until_gone(&line.connection, take, &line.spec, id.as_deref(), patience).await;
        return Ok(end(job, line, take, id.as_deref(), reading, no).await);
    }

    // Two rounds: what it takes away could come back until the others are proved.
    let others = async {
        for other in &job.again {
            wait(shared, *other).await;
        }
        if let Some(effect) = &job.others.effect {
            effect.settled(shared).await;
        }
    };
    tokio::pin!(others);
    let early = tokio::select! {
        biased;
        () = &mut others => true,
        reading = read::until_gone(&line.connection, take, &line.spec, id.as_deref(), within), if job.others.effect.is_none() => {
            let proved = matches!(reading, Reading::Gone(_));
            shared.statuses[job.place].send_replace(if proved { Status::Proved } else { Status::Failed });
            false
        }
    };
    times.judged = Some(Instant::now());
    if !early {
        others.await;
    }
    announce(shared, job).await?;
    let no = match fire(shared, job, line, take, line.made().await, &mut id, &mut times.sent_again).await {
        Fired::Accepted => None,
        Fired::Before(said) => Some(said),
        fired => return Ok(not_accepted(job, line, take, id.as_deref(), fired).await),
    };
    let reading = read::until_gone(&line.connection, take, &line.spec, id.as_deref(), within).await;
    Ok(end(job, line, take, id.as_deref(), reading, no).await)
}

/// Waits for what must come before an action; says why it may not be fired, where it mayn't.
async fn held_back(shared: &Shared, job: &Job) -> Option<String> {
    // Only what must not leave without a person's part waits for it.
    for before in job.after.iter().filter(|before| !shared.by_hand[**before] || job.others.must.contains(before)) {
        let failed = wait(shared, *before).await == Status::Failed;
        // A factor that wouldn't go is no reason to leave the account alive; files that wouldn't move are one to keep it.
        if failed && job.others.must.contains(before) {
            return Some(format!("it can't be taken back, and what must come before it is not proved: {}", shared.labels[*before]));
        }
    }
    None
}

/// Waits until another action is proved or has ended without.
pub(super) async fn wait(shared: &Shared, place: usize) -> Status {
    let mut status = shared.statuses[place].subscribe();
    match status.wait_for(|status| *status != Status::Waiting).await {
        Ok(status) => *status,
        Err(_) => Status::Failed,
    }
}

/// Writes into the journal, on disk, that the call leaves.
async fn announce(shared: &Shared, job: &Job) -> Result<(), Quit> {
    let step = Move::to(ActionState::Fired, clock::now());
    let entry = Entry { action: job.row.id, step, audit: None, evidence: None, task: None, written: None };
    if shared.journal.write(entry).await { Ok(()) } else { Err(Quit::Stopped) }
}

async fn fire(
    shared: &Shared,
    job: &Job,
    line: &Line,
    take: &Take,
    rendered: Rendered,
    id: &mut Option<String>,
    sent: &mut Option<Instant>,
) -> Fired {
    let (call, was) = match rendered {
        Ok(made) => made,
        Err(problem) => return Fired::Refused(No { why: format!("its call can't be made: {problem}"), blocked: None, detail: json!({}) }),
    };
    shared.tell(Progress::Sent { number: job.row.number });
    let leaves = Instant::now();
    *sent = Some(leaves);
    let reply = match line.connection.send(Hand::Revoke, Lane::Revoke, &call, &take.classes).await {
        Ok(reply) => reply,
        Err(error) => return Fired::Lost { why: error.to_string(), detail: json!({}), wait: None },
    };
    if reply.attempts == 1 {
        *sent = Some(reply.sent_at.max(leaves));
    }
    let mut detail = json!({ "status": reply.status, "class": reply.class.word(), "digest": reply.digest, "attempts": reply.attempts });
    if let Some(was) = was {
        // What an undo has to put back.
        detail["was"] = was;
    }
    let before = reply.class != Class::Fine && asks(line, take.done_already.as_deref(), &reply).is_some_and(|value| truth(&value));
    let no = |detail: Value| {
        let why = format!("{}, {}", reply.class.word(), reply.says());
        let blocked = asks(line, take.blocked.as_deref(), &reply).filter(truth).map(|value| match value {
            Value::Bool(_) => why.clone(),
            text => plain(&text),
        });
        No { why, blocked, detail }
    };
    if !(before || matches!(reply.class, Class::Fine | Class::Gone)) {
        return match reply.class {
            Class::Throttled | Class::Transient => {
                Fired::Lost { why: format!("{}, {}", reply.class.word(), reply.says()), detail, wait: reply.asked_wait() }
            }
            _ => Fired::Refused(no(detail)),
        };
    }
    if let Some(new) = asks(line, take.job.as_deref(), &reply).filter(|value| !value.is_null()) {
        *id = Some(plain(&new));
    }
    if before {
        return Fired::Before(no(detail));
    }
    let step = Move { job: id.clone(), detail, ..Move::to(ActionState::Accepted, clock::now()) };
    let row = &job.row;
    let audit = Some(("revocation.accepted", target(row.number, &row.system, &row.name, &row.label)));
    shared.journal.note(Entry { action: row.id, step, audit, evidence: None, task: None, written: None });
    Fired::Accepted
}

/// Evaluates one of the manifest's questions about a reply; what can't be evaluated is no answer.
fn asks(line: &Line, source: Option<&str>, reply: &Reply) -> Option<Value> {
    let source = source?;
    let mut more = Map::new();
    more.insert("status".into(), json!(reply.status));
    more.insert("body".into(), reply.body.clone());
    let answer = read::with_scope(&line.connection, &line.spec, None, |scope| {
        let scope = scope
            .clone()
            .with("status", call::value(&more, "status"))
            .with("code", call::value(&more, "status"))
            .with("headers", &reply.headers)
            .with("body", call::value(&more, "body"));
        Expr::compile(source)?.eval(&scope)
    });
    answer
        .map_err(|problem| tracing::warn!(system = %line.connection.system(), %problem, "a question about a reply can't be evaluated"))
        .ok()
}

fn truth(value: &Value) -> bool {
    !(value.is_null() || *value == json!(false) || *value == json!("") || *value == json!(0))
}

/// A status code proves nothing, not even a bad one: the read decides.
async fn not_accepted(job: &Job, line: &Line, take: &Take, id: Option<&str>, fired: Fired) -> End {
    let patience = if matches!(fired, Fired::Lost { .. }) { read::within(take).min(Duration::from_secs(3)) } else { Duration::ZERO };
    let reading = read::until_gone(&line.connection, take, &line.spec, id, patience).await;
    if let Reading::Gone(detail) = reading {
        return gone(job, line, take, id, detail).await;
    }
    let verdict = if matches!(reading, Reading::Still(_) | Reading::Failed(_)) { Verdict::Present } else { Verdict::Unknown };
    match fired {
        Fired::Refused(no) | Fired::Before(no) => refused(job, verdict, no),
        Fired::Lost { why, detail, wait } => stuck_until(job, verdict, why, detail, wait),
        Fired::Accepted => still(job, id.is_some(), json!({})),
    }
}

fn refused(job: &Job, verdict: Verdict, no: No) -> End {
    let No { why, blocked, detail } = no;
    // The manifest says what is in the way, never of what: the task's title has to.
    let title = blocked.map_or_else(|| format!("Refused: {}", job.row.label), |reason| format!("{}: {reason}", job.row.label));
    let steps = format!("{} was refused: {why}. Do it by hand, or clear the way and run the departure again.", job.row.label);
    let task = Some(("security".to_owned(), title, steps));
    End { state: ActionState::Refused, verdict, why: Some(why), detail, task, evidence: None }
}

/// How an action ends whose call was taken, or was a `no` that could have meant that there was nothing to do.
async fn end(job: &Job, line: &Line, take: &Take, id: Option<&str>, reading: Reading, no: Option<No>) -> End {
    match reading {
        Reading::Gone(detail) => gone(job, line, take, id, detail).await,
        Reading::Still(detail) => no.map_or_else(|| still(job, id.is_some(), detail), |no| refused(job, Verdict::Present, no)),
        Reading::Failed(detail) => stuck(job, Verdict::Present, FAILED.to_owned(), detail),
        Reading::Unknown(why) => stuck(job, Verdict::Unknown, why, json!({})),
    }
}

/// What is said of a job that the system gave up on.
pub(super) const FAILED: &str = "the system accepted it, and says now that it failed";

/// Still there at the end: a job under way is a claim, anything else needs a person.
fn still(job: &Job, under_way: bool, detail: Value) -> End {
    if under_way {
        let why = Some("accepted and under way; not yet proved".to_owned());
        return End { state: ActionState::Accepted, verdict: Verdict::Claimed, why, detail, task: None, evidence: None };
    }
    stuck(job, Verdict::Present, "the system accepted it, and a fresh read still shows it".to_owned(), detail)
}

/// The first wait before a stuck action is tried again; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// The longest of these waits, where the system asks for no longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Stuck, and tried again by itself after a while: as long as the case is open.
fn stuck(job: &Job, verdict: Verdict, why: String, detail: Value) -> End {
    stuck_until(job, verdict, why, detail, None)
}

/// As [`stuck`], where the system asked us to wait.
fn stuck_until(job: &Job, verdict: Verdict, mut why: String, mut detail: Value, asked: Option<Duration>) -> End {
    let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(job.row.tries.min(16))).min(LONGEST_WAIT);
    // A second more than asked, for clocks differ.
    let asked = asked.map(|asked| asked.saturating_add(Duration::from_secs(1)));
    let wait = asked.unwrap_or(wait);
    let again = jiff::SignedDuration::try_from(wait).ok().and_then(|wait| clock::now().checked_add(wait).ok());
    if let Some(again) = again {
        if asked.is_some() {
            why = format!("{why}; the system asked us to wait, and it is tried again at {again:.0}");
        }
        detail[departures::AGAIN_AT] = json!(again.as_microsecond());
    }
    stays_stuck(job, verdict, why, detail)
}

/// Stuck, and left to a person: trying again by itself could do harm.
fn stays_stuck(job: &Job, verdict: Verdict, why: String, detail: Value) -> End {
    let title = format!("Look at: {}", job.row.label);
    let steps = format!("{}: {why}. Look in the system itself; do it by hand, or run the departure again.", job.row.label);
    let task = Some(("security".to_owned(), title, steps));
    End { state: ActionState::Stuck, verdict, why: Some(why), detail, task, evidence: None }
}

async fn gone(job: &Job, line: &Line, take: &Take, id: Option<&str>, detail: Value) -> End {
    let lives = take.prove.as_ref().and_then(|prove| prove.lives_on.as_deref());
    let why = lives.map(|text| lives_until(text, clock::now()));
    let mut evidence = None;
    if let Some(keep) = &take.keep {
        let made = read::with_scope(&line.connection, &line.spec, id, |scope| call::of_keep(keep, take, scope));
        match download(line, take, made).await {
            Ok(file) => evidence = Some(file),
            Err(problem) => return stuck(job, Verdict::Gone, format!("it is proved, but its file could not be kept: {problem}"), detail),
        }
    }
    End { state: ActionState::Gone, verdict: Verdict::Gone, why, detail, task: None, evidence }
}

/// What is said when what was issued before outlives its source.
fn lives_until(text: &str, now: Timestamp) -> String {
    match duration::parse(text).ok().and_then(|lives| now.checked_add(jiff::SignedDuration::try_from(lives).ok()?).ok()) {
        Some(at) => format!("{LIVES_ON} until {at:.0}: what was issued before lives on for {text}"),
        None => format!("{LIVES_ON}: what was issued before lives on {text}"),
    }
}

async fn download(line: &Line, take: &Take, made: Result<(Call, String), String>) -> Result<Evidence, String> {
    let (call, name) = made?;
    let reply = line.connection.send(Hand::Revoke, Lane::Revoke, &call, &take.classes).await.map_err(|error| error.to_string())?;
    if reply.class != Class::Fine {
        return Err(format!("{}, {}", reply.class.word(), reply.says()));
    }
    let media_type = reply.headers.get("content-type").and_then(Value::as_str).unwrap_or("application/json").to_owned();
    let bytes = match reply.body {
        Value::String(text) => text.into_bytes(),
        other => serde_json::to_vec_pretty(&other).map_err(|error| error.to_string())?,
    };
    Ok(Evidence { name, media_type, bytes })
}
