//! One call of a manifest's `tell`, and what its answer comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Line;
use crate::clock;
use crate::connect::render::{self, Parts};
use crate::connect::{Call, CallError, Class, Lane, MailCall, Reply};
use crate::manifest::express::{Expr, Scope};
use crate::manifest::raw::{Classes, Hand, Mail};
use crate::manifest::template::{Place, render as fill_in};

/// Why a call did not do what it should.
pub(super) struct Failed {
    /// In words.
    pub why: String,
    /// Surely nothing was made.
    pub unsent: bool,
    /// What was asked for isn't there.
    pub gone: bool,
    /// How long we were asked to wait.
    pub wait: Option<Duration>,
}

impl Failed {
    /// Something that kept the call from leaving.
    pub(super) fn before(why: impl Into<String>) -> Self {
        Self { why: why.into(), unsent: true, gone: false, wait: None }
    }

    /// An answer that can't be relied on.
    pub(super) fn after(why: impl Into<String>) -> Self {
        Self { why: why.into(), unsent: false, gone: false, wait: None }
    }
}

/// What a call is made of.
#[derive(Default)]
pub(super) struct Of<'m> {
    pub line: &'m str,
    pub body: Option<&'m Value>,
    pub form: Option<&'m Value>,
    pub headers: Option<&'m BTreeMap<String, String>>,
}

impl Line<'_> {
    /// Runs `work` with everything in scope that a template of this delivery may name; `more` beside it.
    pub(super) fn with_scope<T>(&self, more: &[(&'static str, &Value)], work: impl FnOnce(&Scope<'_>) -> T) -> T {
        let now = json!(clock::now().to_string());
        let mut scope = Scope::new().with("settings", self.connection.settings()).with("now", &now);
        for name in ["task", "event", "departure", "person"] {
            scope.set(name, &self.scope[name]);
        }
        for (name, value) in more {
            scope.set(name, value);
        }
        work(&scope)
    }

    /// Sends one call, once; an answer of another class than fine is a failure.
    pub(super) async fn call(&self, of: Of<'_>, more: &[(&'static str, &Value)]) -> Result<Reply, Failed> {
        let parts = Parts { body: of.body, form: of.form, headers: of.headers, act_as: None };
        let call = self.with_scope(more, |scope| render::http(of.line, parts, scope)).map_err(Failed::before)?;
        self.leave(&Call::Http(call)).await
    }

    /// Sends one message.
    pub(super) async fn mail(&self, mail: &Mail) -> Result<Reply, Failed> {
        let call = self.with_scope(&[], |scope| {
            let text = |source: &str| fill_in(source, Place::Text, scope);
            let id = self.row.key.clone();
            Ok(MailCall { id, from: text(&mail.from)?, to: text(&mail.to)?, subject: text(&mail.subject)?, text: text(&mail.text)? })
        });
        self.leave(&Call::Mail(call.map_err(|problem: String| Failed::before(problem))?)).await
    }

    async fn leave(&self, call: &Call) -> Result<Reply, Failed> {
        let reply = self.connection.send(Hand::Tell, Lane::Tell, call, &Classes::default()).await.map_err(|error| Failed {
            // A credential that is refused, and a message that can't be made, never left.
            unsent: matches!(error, CallError::Auth(_)) || matches!((&error, call), (CallError::Shape(_), Call::Mail(_))),
            why: error.to_string(),
            gone: false,
            wait: None,
        })?;
        if reply.class == Class::Fine {
            return Ok(reply);
        }
        Err(Failed {
            why: format!("{} answered {}: {}", self.row.system, reply.class.word(), reply.says()),
            // An error of the server's may have come after the deed.
            unsent: reply.class != Class::Transient,
            gone: reply.class == Class::Gone,
            wait: reply.asked_wait(),
        })
    }

    /// What an expression makes of an answer.
    pub(super) fn says(&self, source: &str, reply: &Reply, more: &[(&'static str, &Value)]) -> Result<Value, Failed> {
        let status = json!(reply.status);
        let mut all = vec![("status", &status), ("headers", &reply.headers), ("body", &reply.body)];
        all.extend_from_slice(more);
        self.with_scope(&all, |scope| Expr::compile(source)?.eval(scope))
            .map_err(|problem: String| Failed::after(format!("the answer of {} can't be read: {problem}", self.row.system)))
    }

    /// As text; null and empty text are none.
    pub(super) fn text(&self, source: &str, reply: &Reply, more: &[(&'static str, &Value)]) -> Result<Option<String>, Failed> {
        Ok(match self.says(source, reply, more)? {
            Value::Null => None,
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        })
    }

    /// As yes or no.
    pub(super) fn truth(&self, source: &str, reply: &Reply, more: &[(&'static str, &Value)]) -> Result<bool, Failed> {
        Ok(!matches!(self.says(source, reply, more)?, Value::Null | Value::Bool(false)))
    }
}
