//! The Google tenant of the company that was bought: its Drive alone, under its own domain, where the leadership got accounts.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};

use super::super::company::{Company, Person};
use super::super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor};
use super::documents::Grantee;
use super::{Google, drive, nothing_here, oauth, seed};

/// The domain of the company that was bought.
const DOMAIN: &str = "heron.example";

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "google-drive",
    start,
    millis: 20,
    rate: RateLimit::of(12_000, 60, RateStyle::RetryAfterOnly),
    secret: Secret::PrivateKey,
    signs_in_through: None,
    settings: |url| {
        let accounts = "read_account = \"exeunt-read@heron-sec.example\"\nrevoke_account = \"exeunt-revoke@heron-sec.example\"\n";
        format!(
            "url = \"{url}\"\ntoken_url = \"{url}/token\"\nadmin = \"admin@{DOMAIN}\"\ndomain = \"{DOMAIN}\"\nwork_domain = \"northmoor.example\"\n{accounts}"
        )
    },
};

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let acquired = acquired(company);
    let google = Arc::new(Google { state: Mutex::new(seed::state(&acquired, "google-drive")?) });
    let router = Router::new()
        .route("/token", post(oauth::token))
        .merge(drive::routes())
        .route("/", get(nothing_here))
        .fallback(nothing_here)
        .with_state(google.clone());
    let left = move |person: &Person| {
        let there = acquired.person(&person.number).unwrap_or(person);
        let state = google.state();
        let addresses = [Some(&there.work_email), person.home_email.as_ref()];
        let named = |to: &Grantee| matches!(to, Grantee::User(address) if addresses.contains(&Some(address)));
        let mut left = state.left_in_drive(there);
        let members = state.drives.values().flat_map(|drive| drive.members.iter().map(move |member| (drive, member)));
        left.extend(
            members.filter(|(_, member)| named(&member.to)).map(|(drive, member)| format!("{} of the drive {}", member.role, drive.name)),
        );
        left
    };
    Ok(Simulated { router, left: Arc::new(left) })
}

/// The same leadership under the other domain: executives, those who left, and the successors.
fn acquired(company: &Company) -> Company {
    let mut acquired = company.clone();
    acquired.people.retain(|person| person.executive || person.number.starts_with("E2"));
    acquired.domain = DOMAIN.to_owned();
    for person in &mut acquired.people {
        person.work_email = format!("{}@{DOMAIN}", person.login);
        person.aliases.clear();
        // The accounts of those who left were never closed.
        person.left = None;
    }
    acquired
}
