//! The simulated company's systems: a line each. HR and the two directories are brought up by `world.rs` itself.

use super::vendor::Vendor;
use super::{github, google, intune, kisi, okta, scim, slack};

/// Vendors that speak HTTP, in the order in which they come up.
pub const VENDORS: &[Vendor] = &[
    okta::VENDOR,
    google::VENDOR,
    github::VENDOR,
    slack::VENDOR,
    intune::VENDOR,
    kisi::VENDOR,
    scim::VENDOR,
    // Where people work together.
    super::asana::VENDOR,
    super::figma::VENDOR,
    super::notion::VENDOR,
    super::pagerduty::VENDOR,
    super::zendesk::VENDOR,
    super::zoom::VENDOR,
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
