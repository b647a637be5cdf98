//! The simulated Google Workspace: Directory, Gmail settings, Drive, Data Transfer and Vault on one base URL.
//!
//! Every reply is read from state that the calls themselves change, so that what is revoked is gone on the next read. The
//! vendor's order traps are kept: a suspended user's factors can't be removed any more, lists of tokens and app passwords of a
//! suspended user come back empty although both still exist, and Gmail is closed to whoever impersonates a suspended user.

pub mod acquired;
mod calendar;
mod call;
mod changes;
mod directory;
mod documents;
mod drive;
mod fields;
mod gmail;
mod groups;
mod oauth;
mod papers;
mod planted;
mod seed;
mod sharing;
mod state;
mod transfer;
mod users;
mod vault;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::routing::{get, post};

pub use self::acquired::VENDOR as ACQUIRED;
use self::call::Refusal;
use self::state::State;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor};

/// One tenant: the simulated company's Google Workspace.
struct Google {
    state: Mutex<State>,
}

impl Google {
    /// The state as it is now: what was due in the meantime (a transfer, an export, a wipe) has happened.
    fn state(&self) -> MutexGuard<'_, State> {
        // A handler that panicked has left whole values behind, for each change is a single assignment.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.settle();
        state
    }
}

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "google-workspace",
    start,
    millis: 20,
    rate: RateLimit::of(2400, 60, RateStyle::RetryAfterOnly),
    secret: Secret::PrivateKey,
    signs_in_through: Some("Google Workspace"),
    settings: |url| {
        format!(
            "vault_matter = \"departures-2026\"\nadmin = \"admin@northmoor.example\"\nread_account = \"exeunt-read@northmoor-sec.example\"\nrevoke_account = \"exeunt-revoke@northmoor-sec.example\"\ndirectory = \"{url}\"\ngmail = \"{url}\"\ndrive = \"{url}\"\ncalendar = \"{url}\"\nvault = \"{url}\"\ntoken_url = \"{url}/token\"\n"
        )
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let google = Arc::new(Google { state: Mutex::new(seed::state(company, "google-workspace")?) });
    let oracle = google.clone();
    Ok(Simulated { router: router(google), left: Arc::new(move |person| oracle.state().left(person)) })
}

/// All services of the simulated Google Workspace, each under its own path.
fn router(google: Arc<Google>) -> Router {
    Router::new()
        .route("/token", post(oauth::token))
        .merge(directory::routes())
        .merge(gmail::routes())
        .merge(calendar::routes())
        .merge(drive::routes())
        .merge(transfer::routes())
        .merge(vault::routes())
        .route("/", get(nothing_here))
        .fallback(nothing_here)
        .with_state(google)
}

async fn nothing_here(request: Request) -> Refusal {
    Refusal::not_found(format!("The requested URL {} was not found on this server.", request.uri().path()))
}
