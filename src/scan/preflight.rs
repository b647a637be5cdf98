//! Preflight: every right is tried before a scan relies on it, and we learn which account our credential belongs to.

use anyhow::Result;
use serde_json::Value;

use crate::clock;
use crate::connect::{Class, Connection, Lane, render};
use crate::manifest::express::{Expr, Scope};
use crate::manifest::judge;
use crate::manifest::raw::{Classes, Hand};
use crate::store::{Store, ours, scans};

/// One right that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The right, in the vendor's words; the call where the manifest names none.
    pub right: String,
    /// Which credential.
    pub hand: &'static str,
    /// Why it can't be relied on; none if it can.
    pub problem: Option<String>,
}

impl Tried {
    /// What to say of a right that can't be relied on.
    pub fn lacks(&self) -> Option<String> {
        self.problem.as_ref().map(|problem| format!("the {} credential lacks {}: {problem}", self.hand, self.right))
    }
}

/// Tries everything under the manifest's `preflight`, and remembers our own accounts. `accept_loss`: a list that is to hold something may be empty.
///
/// # Errors
/// The store's.
pub async fn preflight(store: &Store, system: i64, connection: &Connection, accept_loss: bool) -> Result<Vec<Tried>> {
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
        let problem = match outcome {
            Err(problem) => Some(problem),
            Ok(reply) => {
                let first = match &reply.body {
                    Value::Array(list) => list.first().cloned().unwrap_or(Value::Null),
                    other => other.clone(),
                };
                let scope = scope.with("body", &reply.body).with("headers", &reply.headers).with("it", &first);
                let missing = item.there.as_deref().and_then(|there| judge::answers(there, reply.class, &scope).err());
                // Nothing is there where we have taken everything away.
                let missing =
                    if missing.is_some() && (accept_loss || store.read(|conn| ours::emptied(conn, system))?) { None } else { missing };
                let own = item.own_account.as_deref().map(|source| Expr::compile(source).and_then(|expr| expr.text(&scope))).transpose();
                match own {
                    Err(problem) => Some(problem),
                    Ok(own) => {
                        if let Some(key) = own.flatten() {
                            store.write(|tx| scans::own_account(tx, system, hand_word, &key, clock::now()))?;
                        }
                        missing
                    }
                }
            }
        };
        tried.push(Tried { right, hand: hand_word, problem });
    }
    Ok(tried)
}
