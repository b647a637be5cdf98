//! The simulated company: people, and vendors' servers that keep to the vendors' own API descriptions.

pub mod asana;
pub mod bamboohr;
pub mod boxcom;
pub mod company;
pub mod directory;
pub mod dropbox;
pub mod entra_id;
pub mod faults;
pub mod figma;
pub mod github;
pub mod google;
pub mod hubspot;
pub mod intune;
pub mod kisi;
pub mod notion;
pub mod okta;
pub mod pagerduty;
mod planted;
#[cfg(test)]
pub(crate) mod probe;
pub mod salesforce;
pub mod scim;
pub mod slack;
mod staff;
pub mod tailscale;
pub mod vendor;
pub mod vendors;
pub mod world;
pub mod zendesk;
pub mod zoom;
