//! Preflight: every right is tried before a scan relies on it, and we learn which account our credential belongs to.

use anyhow::Result;
use serde_json::Value;

use crate::clock;
use crate::connect::{Class, Connection, Lane, render};
use crate::manifest::express::{Expr, Scope};
use crate::manifest::judge;
use crate::manifest::raw::{Classes, Hand};
use crate::store::{Store, scans};

/// One right that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The right, in the vendor's words; the call where the manifest names none.
    pub right: String,
    /// Which credential.
    pub hand: &'static str,
    /// Why it can't be relied on; none if it can.
    pub problem: Option<String>,
    /// The problem is that a list, of which something is known to be there, is empty.
    pub empty: bool,
}

impl Tried {
    /// What to say of a right that can't be relied on.
    pub fn lacks(&self) -> Option<String> {
        self.problem.as_ref().map(|problem| format!("the {} credential lacks {}: {problem}", self.hand, self.right))
    }
}

/// Tries everything under the manifest's `preflight`, and remembers our own accounts.
///
/// # Errors
/// The store's.
pub async fn preflight(store: &Store, system: i64, connection: &Connection) -> Result<Vec<Tried>> {
    let mut tried = Vec::new();
    for item in &connection.manifest().preflight {
        let scope = Scope::new().with("settings", connection.settings());
        let hand = item.with.unwrap_or_default();
        let hand_word = hand.word();
        // Not every system that could carry tasks and notices is asked to.
        if hand == Hand::Tell && !connection.can_tell() {
            continue;
        }
        let right = item.proves.clone().or_else(|| item.call.clone()).unwrap_or_else(|| "search".to_owned());
        let outcome = match render::preflight(item, &scope) {
            Err(problem) => Err(problem),
            Ok(call) => match connection.send(hand, Lane::Scan, &call, &Classes::default()).await {
                Ok(reply) if reply.class == Class::Fine => Ok(reply),
                Ok(reply) => Err(format!("answered with {}", reply.status)),
                Err(error) => Err(error.to_string()),
            },
        };
        let mut empty = false;
        let problem = match outcome {
            Err(problem) => Some(problem),
            Ok(reply) => {
                let first = match &reply.body {
                    Value::Array(list) => list.first().cloned().unwrap_or(Value::Null),
                    other => other.clone(),
                };
                let scope = scope.with("body", &reply.body).with("headers", &reply.headers).with("it", &first);
                let needed = judge::there(item);
                let missing = needed.and_then(|there| judge::answers(there, reply.class, &scope).err());
                empty = needed.filter(|_| missing.is_some()).is_some_and(|there| {
                    Expr::compile(there).and_then(|there| there.eval(&scope)).is_ok_and(|there| there == Value::Array(Vec::new()))
                });
                let own = item.own_account.as_deref().map(|source| Expr::compile(source).and_then(|expr| expr.text(&scope))).transpose();
                match own {
                    Err(problem) => Some(problem),
                    Ok(own) => {
                        // An answer without what every answer holds tells nothing: the account that we knew stays known.
                        if item.own_account.is_some() && missing.is_none() {
                            store.write(|tx| scans::own_account(tx, system, hand_word, own.flatten().as_deref(), clock::now()))?;
                        }
                        missing
                    }
                }
            }
        };
        tried.push(Tried { right, hand: hand_word, problem, empty });
    }
    Ok(tried)
}
