//! Looking again: what was claimed, refused, stuck or handed to a person may be gone by now, and what was gone may be back.

use anyhow::Result;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::action::FAILED;
use super::journal::{draft, target};
use super::read::{self, Reading};
use super::run::RunDeps;
use super::spec::Spec;
use crate::audit;
use crate::clock;
use crate::model::{ActionState, DepartureId, Verdict};
use crate::store::departures::{self, ActionRow, Move};

/// What looking again at an action showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rechecked {
    /// The action's number.
    pub number: u32,
    /// What it did.
    pub label: String,
    /// Where it stood.
    pub was: ActionState,
    /// What the fresh read says now.
    pub verdict: Verdict,
    /// Why it can't be told.
    pub why: Option<String>,
}

/// Reads the proof of a departure's actions once more. What is gone now is noted as such. With `gone_too`, what had been
/// proved is read as well: a `present` among the answers has come back, and is for the caller to plan anew.
///
/// # Errors
/// The store's, or the audit log's.
pub async fn recheck(deps: &RunDeps, departure: DepartureId, gone_too: bool) -> Result<Vec<Rechecked>> {
    let rows = deps.store.read(|conn| departures::actions(conn, departure))?;
    let wanted = |row: &&ActionRow| match row.state {
        ActionState::Accepted | ActionState::Stuck | ActionState::Refused | ActionState::HandedOff => true,
        ActionState::Gone => gone_too,
        ActionState::Planned | ActionState::Fired => false,
    };
    let looked = join_all(rows.iter().filter(wanted).map(|row| async move { (row, look(deps, row).await) })).await;
    let mut found = Vec::new();
    let mut steps = Vec::new();
    for (row, reading) in looked {
        let Some(reading) = reading else { continue };
        let (verdict, why, detail) = match reading {
            Reading::Gone(detail) => (Verdict::Gone, None, detail),
            Reading::Still(detail) => (Verdict::Present, None, detail),
            Reading::Failed(detail) => (Verdict::Present, Some(FAILED.to_owned()), detail),
            Reading::Unknown(why) => (Verdict::Unknown, Some(why), json!({})),
        };
        let news = (verdict == Verdict::Gone) != (row.state == ActionState::Gone);
        if news && verdict != Verdict::Unknown {
            steps.push((row.clone(), verdict, detail));
        }
        found.push(Rechecked { number: row.number, label: row.label.clone(), was: row.state, verdict, why });
    }
    if !steps.is_empty() {
        let (store, actor) = (deps.store.clone(), deps.actor.clone());
        tokio::task::spawn_blocking(move || store.write_durably(|tx| note(tx, departure, &actor, &steps))).await??;
    }
    Ok(found)
}

fn note(tx: &rusqlite::Transaction<'_>, departure: DepartureId, actor: &str, steps: &[(ActionRow, Verdict, Value)]) -> Result<()> {
    let now = clock::now();
    for (row, verdict, detail) in steps {
        let gone = *verdict == Verdict::Gone;
        if gone {
            let step = Move { verdict: Some(Verdict::Gone), detail: detail.clone(), ..Move::to(ActionState::Gone, now) };
            departures::move_action(tx, row.id, &step)?;
        }
        let act = if gone {
            "revocation.verified"
        } else if row.state == ActionState::Gone {
            "revocation.returned"
        } else {
            continue;
        };
        let mut draft = draft(departure, actor, act, Some(target(row.number, &row.system, &row.name, &row.label)));
        draft.detail = json!({ "verdict": verdict.word(), "reply": detail });
        audit::append(tx, now, &draft)?;
    }
    Ok(())
}

/// One fresh read; none where there is nothing to read.
async fn look(deps: &RunDeps, row: &ActionRow) -> Option<Reading> {
    let connection = deps.connections.get(&row.system)?;
    let manifest = connection.manifest().clone();
    let take = manifest.action(&row.name).filter(|take| take.prove.is_some())?;
    let spec: Spec = match serde_json::from_str(&row.spec) {
        Ok(spec) => spec,
        Err(error) => return Some(Reading::Unknown(format!("what the journal holds about it can't be read: {error}"))),
    };
    Some(read::once(connection, take, &spec, row.job.as_deref()).await)
}
