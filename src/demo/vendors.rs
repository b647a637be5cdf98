//! The simulated company's systems: a line each. HR and the two directories are brought up by `world.rs` itself.

use super::vendor::Vendor;
use super::{github, google, intune, jira, kisi, okta, scim, servicenow, slack, webhook};

/// Vendors that speak HTTP, in the order in which they come up.
pub const VENDORS: &[Vendor] = &[
    okta::VENDOR,
    google::VENDOR,
    github::VENDOR,
    slack::VENDOR,
    intune::VENDOR,
    kisi::VENDOR,
    scim::VENDOR,
    // Those that carry tasks and notices to people.
    jira::VENDOR,
    servicenow::VENDOR,
    webhook::VENDOR,
];

/// Systems that have a third credential, the one that tells: `tell-<system>`.
pub const TELLERS: &[&str] = &["slack", "jira", "servicenow", "webhook", "smtp"];

/// What `[departure.tell]` says, each part where its system is up: the system, and the lines.
pub const TELLS: &[(&str, &str)] = &[
    ("jira", include_str!("../../fixtures/tell/jira.toml")),
    ("servicenow", include_str!("../../fixtures/tell/servicenow.toml")),
    ("slack", include_str!("../../fixtures/tell/slack.toml")),
    ("smtp", include_str!("../../fixtures/tell/smtp.toml")),
    ("webhook", include_str!("../../fixtures/tell/webhook.toml")),
];

/// A system without an API: somebody drops a file into a folder.
pub struct Drop {
    /// The system's name in the settings, and its scanner's.
    pub name: &'static str,
    /// The file's name.
    pub file: &'static str,
    /// What stands in it.
    pub text: &'static str,
}

/// Systems without an API.
pub const DROPS: &[Drop] =
    &[Drop { name: "board-portal", file: "roster.csv", text: include_str!("../../fixtures/board-portal/roster.csv") }];
