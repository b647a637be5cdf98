//! Runs against a server with faults, and recoveries from a crash after every entry of the journal.

use std::time::Duration;

use super::server::{Vendor, Wrong};
use super::*;
use crate::audit;
use crate::connect::{Access, Connection};
use crate::model::{ActionState, DepartureId, DepartureState, SystemId};
use crate::revoke::{Options, Outcome, Progress, RunDeps, recheck, run};
use crate::store::departures::{self, NewDeparture, Opened};

/// A departure of Ada's with its plan in the store, ready to run against a server.
struct Case {
    world: World,
    vendor: Vendor,
    deps: RunDeps,
    id: DepartureId,
}

async fn case(change: impl Fn(&World), allow: &[&str]) -> Case {
    case_of(&MANIFEST.replace("within: 2s", "within: 300ms"), change, allow).await
}

async fn case_of(text: &str, change: impl Fn(&World), allow: &[&str]) -> Case {
    let world = World::new();
    ada_in_acme(&world);
    change(&world);
    let (vendor, base) = Vendor::start().await;
    let settings = json!({ "base": base });
    let facts = SystemFacts { manifest: manifest(text), settings: settings.clone(), has_revoke: true };
    let mut rules = rules();
    rules.allow = allow.iter().map(|name| (*name).to_owned()).collect();
    let (_, ada, plan) = world.plan_with(Mode::Departure, &BTreeMap::from([("acme".to_owned(), facts.clone())]), &rules);
    let connection = Connection::open(Access {
        system: SystemId::from("acme"),
        manifest: facts.manifest,
        settings,
        read: Some("secret-r".into()),
        revoke: Some("secret-w".into()),
        tell: None,
        ca_file: None,
        plain: false,
        recorder: None,
    })
    .unwrap();
    let id = world
        .store
        .write(|tx| {
            let now = crate::clock::now();
            let new = NewDeparture {
                person: ada.id,
                mode: Mode::Departure,
                state: DepartureState::Waiting,
                source: "cli".into(),
                cause: "test".into(),
                event: None,
                effective: now,
            };
            let Opened::New(id) = departures::open(tx, &new, now)? else { panic!("it is new") };
            departures::set_plan(tx, id, &serde_json::to_string(&plan)?, &plan.hash().unwrap())?;
            Ok(id)
        })
        .unwrap();
    let deps = RunDeps {
        store: world.store.clone(),
        connections: BTreeMap::from([("acme".into(), connection)]),
        actor: "engine".into(),
        fence: world.store.write(|tx| crate::store::lease::Fence::raise(tx, id)).unwrap(),
        progress: None,
    };
    Case { world, vendor, deps, id }
}

impl Case {
    async fn run(&self) -> Outcome {
        run(&self.deps, self.id, &Options::default()).await.unwrap()
    }

    fn states(&self) -> BTreeMap<String, (ActionState, Option<String>)> {
        let rows = self.world.store.read(|conn| departures::actions(conn, self.id)).unwrap();
        rows.into_iter().map(|row| (row.name, (row.state, row.verdict.map(|verdict| verdict.word().to_owned())))).collect()
    }

    fn state(&self, name: &str) -> (ActionState, String) {
        let (state, verdict) = self.states().remove(name).unwrap();
        (state, verdict.unwrap_or_default())
    }

    fn acts(&self, act: &str) -> usize {
        let entries = self.world.store.read(|conn| Ok(audit::entries(conn, Some(&format!("departure-{}", self.id)), 0, 1000)?)).unwrap();
        entries.iter().filter(|entry| entry.draft.act == act).count()
    }

    fn tasks(&self) -> Vec<String> {
        self.world.store.read(|conn| departures::tasks(conn, Some(self.id))).unwrap().into_iter().map(|task| task.title).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_fired_at_once_and_proved() {
    let mut case = case(|_| {}, &[]).await;
    case.vendor.wrong("DELETE /users/u1/factors", Wrong::Slow(Duration::from_millis(100)), 1);
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    case.deps.progress = Some(sender);
    let outcome = case.run().await;
    assert!(case.vendor.is_closed());
    assert_eq!((outcome.gone, outcome.stuck, outcome.refused, outcome.present, outcome.unknown), (4, 0, 0, 0, 0), "{outcome:#?}");
    assert!(outcome.window_ms >= outcome.critical_path_ms && outcome.critical_path_ms > 0.0, "{outcome:#?}");
    assert_eq!(outcome.critical_path.len(), 3, "factors, suspension, sessions once more: {outcome:#?}");
    assert_eq!(outcome.lives_on, 1);
    assert!(case.vendor.order("DELETE /users/u1/factors", "POST /users/u1/suspend"));
    assert_eq!(case.vendor.calls("DELETE /users/u1/sessions"), 2);
    assert_eq!((case.acts("revocation.intent"), case.acts("revocation.accepted"), case.acts("revocation.verified")), (4, 5, 4));
    let mut happened = Vec::new();
    while let Ok(progress) = seen.try_recv() {
        happened.push(progress);
    }
    assert_eq!(happened[0], Progress::Ready { actions: 4 });
    assert_eq!(happened.iter().filter(|progress| matches!(progress, Progress::Sent { .. })).count(), 5);

    // Once more: everything is judged, nothing is sent.
    let calls = case.vendor.0.lock().unwrap().calls.len();
    let again = case.run().await;
    assert_eq!((again.sent, again.gone), (0, 4));
    assert_eq!(case.vendor.0.lock().unwrap().calls.len(), calls);
}

// Reliability: Bad weather.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_is_cut_off_before_its_end_has_no_outcome_that_the_log_does_not_tell_of() {
    let case = case(|_| {}, &[]).await;
    case.run().await;
    let row = case.world.store.read(|conn| departures::get(conn, case.id)).unwrap().unwrap();
    assert_eq!((row.state, row.summary, case.acts("departure.concluded")), (DepartureState::Running, None, 0));
    assert!(row.proved.is_some());
}

/// What the journal says of the state before the calls, by the action's name.
fn before(case: &Case) -> std::collections::BTreeMap<String, Value> {
    let entries = case.deps.store.read(|conn| {
        let mut rows =
            conn.prepare("SELECT a.name, e.detail FROM action_event e JOIN action a ON a.id = e.action WHERE e.state = 'gone'")?;
        Ok(rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?.collect::<Result<Vec<_>, _>>()?)
    });
    let entries = entries.unwrap().into_iter();
    entries.map(|(name, detail)| (name, serde_json::from_str::<Value>(&detail).unwrap()["before"].clone())).collect()
}

// Trust: What counts as an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_gone_before_the_call_is_not_our_doing() {
    // The token's call waits for the factors', and that takes long enough for what is read before it to be back.
    let text = MANIFEST
        .replace("within: 2s", "within: 300ms")
        .replace("on: credential.api_token\n", "on: credential.api_token\n    after: [reset_factors]\n");
    let case = case_of(&text, |_| {}, &[]).await;
    case.vendor.0.lock().unwrap().gone.insert("t1".to_owned());
    case.vendor.wrong("DELETE /users/u1/factors", Wrong::Slow(Duration::from_secs(2)), 1);
    // Slow enough to be late, and no call waits for it: the last scan's reading stands.
    case.vendor.wrong("GET /users/u1/factors", Wrong::Slow(Duration::from_secs(60)), 1);
    let outcome = case.run().await;
    assert_eq!((outcome.gone, outcome.already), (4, 1), "{outcome:#?}");
    let line = outcome.actions.iter().find(|line| line.label.starts_with("revoke_token") || line.label.contains("t1")).unwrap();
    assert_eq!(line.why.as_deref(), Some("was gone already"));
    let before = before(&case);
    assert_eq!(before["revoke_token"]["state"], "gone", "{before:?}");
    assert_eq!(before["suspend"]["state"], "there", "{before:?}");
    assert_eq!(before["reset_factors"]["read"], "by the last scan", "{before:?}");
}

// Trust: What counts as an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_page_proves_nothing_and_says_so() {
    for page in ["", "<html>Sign in</html>", "{}", "[]", "null", "{\"error\": \"sign in\"}"] {
        let case = case(|_| {}, &[]).await;
        let kind = if page.starts_with('<') { "text/html" } else { "application/json" };
        case.vendor.answer_everything(kind, page);
        let outcome = case.run().await;
        assert_eq!((outcome.gone, outcome.unknown), (0, 4), "{page:?}: {outcome:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lie_is_found_out() {
    let case = case(|_| {}, &[]).await;
    case.vendor.wrong("POST /users/u1/suspend", Wrong::Lie, 99);
    let outcome = case.run().await;
    assert_eq!(case.state("suspend"), (ActionState::Stuck, "present".into()));
    assert_eq!((outcome.gone, outcome.stuck, outcome.present), (3, 1, 1), "{outcome:#?}");
    assert_eq!(case.tasks(), ["Look at: suspend ada@acme.example in acme"]);
    assert_eq!(case.vendor.calls("DELETE /users/u1/sessions"), 2, "sessions are cleared again all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_failed_is_not_waited_for() {
    let text = MANIFEST
        .replace(
            "gone: body.state == 'suspended', within: 2s",
            "gone: body.state == 'suspended', failed: body.state != 'suspended', within: 30s",
        )
        .replace("suspend\n    also_removes: [signs", "suspend\n    job: \"'j1'\"\n    also_removes: [signs");
    let case = case_of(&text, |_| {}, &[]).await;
    case.vendor.wrong("POST /users/u1/suspend", Wrong::Lie, 99);
    let started = std::time::Instant::now();
    let outcome = case.run().await;
    assert!(started.elapsed() < Duration::from_secs(20), "it waited");
    assert_eq!(case.state("suspend"), (ActionState::Stuck, "present".into()), "{outcome:#?}");
    assert_eq!(case.tasks(), ["Look at: suspend ada@acme.example in acme"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_passes() {
    let case = case(|_| {}, &[]).await;
    case.vendor.wrong("DELETE /tokens/t1", Wrong::Status(429), 1);
    case.vendor.wrong("POST /users/u1/suspend", Wrong::Status(500), 2);
    case.vendor.wrong("GET /users/u1/factors", Wrong::Status(503), 1);
    case.vendor.wrong("DELETE /users/u1/factors", Wrong::Slow(Duration::from_millis(200)), 1);
    let outcome = case.run().await;
    assert_eq!(outcome.gone, 4, "{outcome:#?}");
    assert!(case.vendor.is_closed());
    assert!(outcome.critical_path_ms > 200.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_told_and_holds_nobody_up() {
    let case = case(|_| {}, &[]).await;
    case.vendor.wrong("DELETE /users/u1/factors", Wrong::Status(400), 1);
    // Refused, but a fresh read shows that it is gone: the read decides.
    case.vendor.0.lock().unwrap().gone.insert("t1".into());
    case.vendor.wrong("DELETE /tokens/t1", Wrong::Status(409), 1);
    case.run().await;
    assert_eq!(case.state("reset_factors"), (ActionState::Refused, "present".into()));
    assert_eq!(case.state("revoke_token"), (ActionState::Gone, "gone".into()));
    assert_eq!(case.state("suspend").0, ActionState::Gone, "a factor that won't go is no reason to leave the account alive");
    assert_eq!(case.tasks(), ["Refused: reset factors ada@acme.example in acme"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_read_is_unknown_never_gone() {
    let case = case(|_| {}, &[]).await;
    case.vendor.wrong("r GET /users/u1", Wrong::Status(403), 99);
    case.vendor.wrong("GET /users/u1/tokens", Wrong::Status(403), 99);
    let outcome = case.run().await;
    assert_eq!(case.state("suspend").0, ActionState::Gone, "the revoking credential may read it");
    assert_eq!(case.state("revoke_token"), (ActionState::Stuck, "unknown".into()));
    assert_eq!((outcome.unknown, outcome.gone), (1, 3));

    case.vendor.all_well();
    let again = recheck(&case.deps, case.id, None).await.unwrap();
    assert!(again.iter().all(|looked| looked.verdict == crate::model::Verdict::Gone), "{again:?}");
    assert_eq!(case.state("revoke_token").0, ActionState::Gone);
    case.vendor.0.lock().unwrap().suspended = false;
    let back = recheck(&case.deps, case.id, None).await.unwrap();
    assert_eq!(back.iter().filter(|looked| looked.verdict == crate::model::Verdict::Present).count(), 1);
    assert_eq!(case.acts("revocation.returned"), 1);
    assert_eq!(case.state("suspend"), (ActionState::Stuck, "present".into()), "what came back is back");
    assert!(case.tasks().contains(&"Came back: suspend ada@acme.example in acme".to_owned()), "{:?}", case.tasks());
    recheck(&case.deps, case.id, None).await.unwrap();
    assert_eq!(case.acts("revocation.returned"), 1, "it is said once");
}

/// A record that goes by itself once its device has done as told, and that can be deleted.
fn retired(call: &str) -> String {
    let delete = MANIFEST.find("  delete:\n").unwrap();
    let absent = "prove: { call: \"GET /users/{{ node.id }}\", gone: absent, within: 300ms }";
    let retire = format!("  retire:\n    on: account\n    irreversible: true\n    call: {call}\n    {absent}\n");
    let delete = MANIFEST[delete..].replace("after: [suspend]", "after: [retire]").replace("default: false", "default: true");
    format!("{}{retire}{delete}", &MANIFEST[..MANIFEST.find("  delete:\n").unwrap()]).replace("within: 2s", "within: 300ms")
}

// Trust: What was done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_whose_absence_is_the_only_proof_of_another_action_stays_until_that_is_proved() {
    let still_there = case_of(&retired("POST /users/u1/retire"), |_| {}, &[]).await;
    still_there.run().await;
    assert_eq!(still_there.state("retire"), (ActionState::Stuck, "present".into()));
    assert_eq!(still_there.state("delete"), (ActionState::Stuck, "unknown".into()));
    assert_eq!(still_there.vendor.calls("DELETE /users/u1"), 0);

    let done = case_of(&retired("DELETE /users/u1"), |_| {}, &[]).await;
    let outcome = done.run().await;
    assert_eq!((done.state("retire").0, done.state("delete").0), (ActionState::Gone, ActionState::Gone));
    let delete = outcome.actions.iter().find(|line| line.label.starts_with("delete")).unwrap();
    assert_eq!(delete.why.as_deref(), Some("was gone already"), "{outcome:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_off_is_proved_by_the_next_read() {
    let badge = |world: &World| {
        world.see("acme", &[node(CREDENTIAL, "badge", "b1", json!({})), edge((ACCOUNT, "u1"), EdgeKind::Holds, (CREDENTIAL, "b1"))]);
    };
    let case = case(badge, &[]).await;
    let outcome = case.run().await;
    assert_eq!((outcome.handed_off, outcome.gone), (1, 4), "{outcome:#?}");
    assert_eq!(case.tasks(), ["Collect b1 from Ada Abel"]);
    recheck(&case.deps, case.id, None).await.unwrap();
    assert_eq!(case.state("collect_badge").0, ActionState::HandedOff, "the list still shows it");
    case.vendor.0.lock().unwrap().deleted = true;
    recheck(&case.deps, case.id, None).await.unwrap();
    assert_eq!(case.state("collect_badge").0, ActionState::Gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_any_entry_of_the_journal_ends_the_same() {
    let mut interrupted = 0;
    for stop in 0..40 {
        let case = case(|_| {}, &["acme.delete"]).await;
        let first = run(&case.deps, case.id, &Options { stop_after: Some(stop), ..Options::default() }).await;
        let whole = first.is_ok();
        if !whole {
            interrupted += 1;
            let outcome = case.run().await;
            assert_eq!((outcome.gone, outcome.stuck), (5, 0), "after {stop} entries: {outcome:#?}");
        }
        assert!(case.vendor.is_closed(), "after {stop} entries");
        let states = case.states();
        assert!(states.values().all(|(state, _)| *state == ActionState::Gone), "after {stop} entries: {states:?}");
        // What can't be taken back was done once; the intents stand in the log once.
        assert_eq!(case.vendor.0.lock().unwrap().effects["DELETE /tokens/t1"], 1);
        assert!(case.vendor.calls("DELETE /tokens/t1") == 1 && case.vendor.calls("DELETE /users/u1") == 1, "after {stop} entries");
        assert_eq!(case.acts("revocation.intent"), 5);
        if whole {
            break;
        }
    }
    assert!(interrupted >= 12, "{interrupted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_taken_back_is_not_done_blindly_twice() {
    let case = case(|_| {}, &[]).await;
    assert!(run(&case.deps, case.id, &Options { stop_after: Some(0), ..Options::default() }).await.is_err());
    let sent = case.vendor.calls("DELETE /tokens/t1");
    case.vendor.wrong("GET /users/u1/tokens", Wrong::Status(500), 9999);
    case.run().await;
    assert_eq!(case.state("revoke_token"), (ActionState::Stuck, "unknown".into()));
    assert_eq!(case.vendor.calls("DELETE /tokens/t1"), sent);
    assert_eq!(case.state("suspend").0, ActionState::Gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_proved_gone_stays_so_when_it_can_not_be_read_any_more() {
    let case = case(|_| {}, &[]).await;
    case.run().await;
    assert_eq!(case.state("reset_factors"), (ActionState::Gone, "gone".into()));
    // As the vendor has it: nothing is told of the factors of a suspended user, and they can't be removed.
    case.vendor.wrong("GET /users/u1/factors", Wrong::Status(403), 99);
    let sent = case.vendor.calls("DELETE /users/u1/factors");
    let again = run(&case.deps, case.id, &Options { anew: true, ..Options::default() }).await.unwrap();
    assert_eq!(case.state("reset_factors"), (ActionState::Gone, "gone".into()), "{again:#?}");
    assert_eq!((again.gone, case.vendor.calls("DELETE /users/u1/factors")), (4, sent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_plan_fires_nothing() {
    let case = case(|_| {}, &[]).await;
    case.world
        .store
        .write(|tx| {
            let row = departures::get(tx, case.id)?.unwrap();
            let mut plan: Plan = serde_json::from_str(row.plan.as_deref().unwrap())?;
            plan.blocked.push("our own credential would die".into());
            departures::set_plan(tx, case.id, &serde_json::to_string(&plan)?, "x")
        })
        .unwrap();
    let refused = run(&case.deps, case.id, &Options::default()).await.unwrap_err();
    assert!(refused.to_string().contains("our own credential"));
    assert!(case.vendor.0.lock().unwrap().calls.is_empty());
}
