//! The simulated company's systems: a line each. HR and the two directories are brought up by `world.rs` itself.

use super::vendor::Vendor;
use super::{aws_iam, aws_identity_center, cloudflare, github, google, google_cloud, intune, kisi, okta, scim, slack, tailscale};

/// Vendors that speak HTTP, in the order in which they come up.
pub const VENDORS: &[Vendor] = &[
    okta::VENDOR,
    google::VENDOR,
    github::VENDOR,
    slack::VENDOR,
    intune::VENDOR,
    kisi::VENDOR,
    scim::VENDOR,
    // clouds and networks
    tailscale::VENDOR,
    aws_iam::VENDOR,
    aws_identity_center::VENDOR,
    cloudflare::VENDOR,
    cloudflare::ZERO_TRUST,
    google_cloud::VENDOR,
    google::ACQUIRED,
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
