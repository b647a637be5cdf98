//! The simulated company's systems: a line each. HR and the two directories are brought up by `world.rs` itself.

use super::company::Company;
use super::vendor::Vendor;
use super::{
    asana, atlassian, aws_iam, aws_identity_center, boxcom, brivo, cloudflare, diligent, directus, docusign, dropbox, entra_id, figma,
    github, glewlwyd, google, google_cloud, hubspot, intune, jamf, jira, jupyterhub, keycloak, kisi, netsuite, notion, okta, onedrive,
    onepassword, pagerduty, privacyidea, salesforce, scim, servicenow, slack, stripe, tailscale, tryton, verkada, webhook, workday,
    zendesk, zoom,
};

/// Vendors that speak HTTP, in the order in which they come up.
pub const VENDORS: &[Vendor] = &[
    okta::VENDOR,
    google::VENDOR,
    github::VENDOR,
    slack::VENDOR,
    intune::VENDOR,
    kisi::VENDOR,
    scim::VENDOR,
    asana::VENDOR,
    atlassian::VENDOR,
    aws_iam::VENDOR,
    aws_identity_center::VENDOR,
    boxcom::VENDOR,
    brivo::VENDOR,
    cloudflare::VENDOR,
    cloudflare::ZERO_TRUST,
    diligent::VENDOR,
    directus::VENDOR,
    docusign::VENDOR,
    dropbox::VENDOR,
    entra_id::VENDOR,
    figma::VENDOR,
    glewlwyd::VENDOR,
    google::acquired::VENDOR,
    google_cloud::VENDOR,
    hubspot::VENDOR,
    jamf::VENDOR,
    jupyterhub::VENDOR,
    keycloak::VENDOR,
    netsuite::VENDOR,
    notion::VENDOR,
    onedrive::VENDOR,
    onepassword::VENDOR,
    pagerduty::VENDOR,
    privacyidea::VENDOR,
    salesforce::VENDOR,
    stripe::VENDOR,
    tailscale::VENDOR,
    tryton::VENDOR,
    verkada::VENDOR,
    workday::VENDOR,
    zendesk::VENDOR,
    zoom::VENDOR,
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
    /// What stands in it; `{-12}` is the date twelve days before the simulation started.
    template: &'static str,
}

impl Drop {
    const fn of(name: &'static str, file: &'static str, template: &'static str) -> Self {
        Self { name, file, template }
    }

    /// What stands in the file on the day the simulation starts.
    pub fn text(&self, company: &Company) -> String {
        let mut text = String::with_capacity(self.template.len());
        let mut rest = self.template;
        while let Some((before, after)) = rest.split_once('{') {
            let date = after.split_once('}').and_then(|(days, after)| Some((days.parse::<i64>().ok()?, after)));
            text.push_str(before);
            rest = match date {
                Some((days, after)) => {
                    text.push_str(&company.days_ago(-days).strftime("%Y-%m-%d").to_string());
                    after
                }
                None => {
                    text.push('{');
                    after
                }
            };
        }
        text + rest
    }
}

/// Systems without an API.
pub const DROPS: &[Drop] = &[
    Drop::of("badge-file", "badges.csv", include_str!("../../fixtures/badge-file/badges.csv")),
    Drop::of("board-portal", "roster.csv", include_str!("../../fixtures/board-portal/roster.csv")),
    Drop::of("card-statement", "charges.csv", include_str!("../../fixtures/card-statement/charges.csv")),
    Drop::of("hr-file", "people.csv", include_str!("../../fixtures/hr-file/people.csv")),
    Drop::of("quickbooks", "users.csv", include_str!("../../fixtures/quickbooks/users.csv")),
];
