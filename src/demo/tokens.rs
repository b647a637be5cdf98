//! Access tokens that simulated token endpoints hand out, and what each allows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;

use super::vendor::{Access, token_of};

/// The tokens that one vendor has handed out. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<HashMap<String, Access>>>);

impl Tokens {
    /// A new token for a client.
    pub(super) fn hand_out(&self, client: &str, access: Access) -> String {
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("simulated.{client}.{}", issued.len() + 1);
        issued.insert(token.clone(), access);
        token
    }

    /// What the token that a request carries allows.
    pub(super) fn access(&self, headers: &HeaderMap) -> Access {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        token_of(headers).and_then(|token| issued.get(&token).copied()).unwrap_or(Access::Nobody)
    }
}
