//! The control of a proof by absence: something that is known to be there must answer in the same breath. What answers everything alike (a
//! gateway, a sign-in page, a base path that moved) can't answer it.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Mutex;

use super::render::{self, Parts};
use super::{Call, Class, Connection, Lane};
use crate::manifest::express::Scope;
use crate::manifest::judge;
use crate::manifest::raw::{Classes, Control, Hand};

/// Proofs that are read within this time share one control.
const SAME_BREATH: Duration = Duration::from_secs(1);

/// Why a control says nothing.
#[derive(Clone, Debug)]
pub struct NoControl {
    /// The system gave an answer; it only doesn't hold what should be there.
    pub answered: bool,
    /// In words.
    pub why: String,
}

impl NoControl {
    fn unasked(why: impl Into<String>) -> Self {
        Self { answered: false, why: why.into() }
    }
}

/// When a control was asked for, and what came of it.
type Asked = (Instant, Result<(), NoControl>);

/// The last control of each credential.
#[derive(Default)]
pub(super) struct Controls([Mutex<Option<Asked>>; 3]);

impl Connection {
    /// Asks for something that is known to be there: a proof's or a collection's own control, made as that impersonates, or else the preflight's.
    ///
    /// # Errors
    /// It doesn't answer, or the manifest names nothing of the kind.
    pub async fn control(&self, hand: Hand, own: Option<&Control>, act_as: Option<&str>, scope: &Scope<'_>) -> Result<(), NoControl> {
        if let Some(control) = own {
            let parts = Parts { act_as, headers: Some(&control.headers), body: control.body.as_ref(), ..Parts::default() };
            let call = render::http(&control.call, parts, scope).map(Call::Http).map_err(NoControl::unasked)?;
            return self.answers(hand, &call, &control.there, scope).await;
        }
        let item =
            judge::control(self.manifest()).ok_or_else(|| NoControl::unasked("the manifest names nothing that is known to be there"))?;
        let mut last = self.0.1.controls.0[hand.place()].lock().await;
        if let Some((at, said)) = &*last
            && at.elapsed() < SAME_BREATH
        {
            return said.clone();
        }
        let at = Instant::now();
        let scope = Scope::new().with("settings", self.settings());
        let said = match render::preflight(item, &scope) {
            Ok(call) => self.answers(hand, &call, judge::there(item).unwrap_or("false"), &scope).await,
            Err(problem) => Err(NoControl::unasked(problem)),
        };
        *last = Some((at, said.clone()));
        said
    }

    async fn answers(&self, hand: Hand, call: &Call, there: &str, scope: &Scope<'_>) -> Result<(), NoControl> {
        let sent = self.send(hand, Lane::Prove, call, &Classes::default()).await;
        let reply = sent.map_err(|error| NoControl::unasked(error.to_string()))?;
        let first = match &reply.body {
            Value::Array(list) => list.first().cloned().unwrap_or(Value::Null),
            other => other.clone(),
        };
        let scope = scope.clone().with("body", &reply.body).with("headers", &reply.headers).with("it", &first);
        let said = judge::answers(there, reply.class, &scope);
        said.map_err(|why| NoControl { answered: reply.class == Class::Fine, why: format!("{why} ({})", reply.says()) })
    }
}
