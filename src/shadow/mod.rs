//! Shadow access: ways in that a switched-off sign-in doesn't close. One file per check, each with its risk, its predicate, its traps.
//!
//! A check is pure: it looks at a [`View`] and says what it finds. Policy that lets a single finding pass, and the note that a finding rests
//! on partial data, are the same for all checks and stand here.

mod api_token;
mod app_password;
mod badge_after_exit;
mod coverage_gap;
mod direct_assignment;
mod leaver_still_active;
mod local_account;
mod mail_forwarding;
mod oauth_grant;
mod personal_device;
mod public_link;
mod share_to_self;
mod ssh_key;
mod standing_admin;
mod view;

use rayon::prelude::*;

use crate::config::{Exception, is_like};
use crate::model::Finding;
pub use view::{Held, View};

/// One kind of shadow access.
pub trait Check: Sync {
    /// Its name, for policy and reports: what is wrong.
    fn name(&self) -> &'static str;
    /// Its number in the catalogue.
    fn code(&self) -> &'static str;
    /// One line for readers.
    fn title(&self) -> &'static str;
    /// What it finds.
    fn run(&self, view: &View<'_>) -> Vec<Finding>;
}

/// Every check, in the order of the catalogue.
pub const CHECKS: &[&dyn Check] = &[
    &local_account::LocalAccount,
    &oauth_grant::OauthGrant,
    &api_token::ApiToken,
    &ssh_key::SshKey,
    &app_password::AppPassword,
    &mail_forwarding::MailForwarding,
    &personal_device::PersonalDevice,
    &share_to_self::ShareToSelf,
    &public_link::PublicLink,
    &direct_assignment::DirectAssignment,
    &standing_admin::StandingAdmin,
    &badge_after_exit::BadgeAfterExit,
    &coverage_gap::CoverageGap,
    &leaver_still_active::LeaverStillActive,
];

/// What all checks together say.
#[derive(Debug, Clone, Default)]
pub struct Judged<'a> {
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What somebody has accepted, with the exception that says so.
    pub accepted: Vec<(Finding, &'a Exception)>,
    /// Exceptions in force that matched nothing: perhaps misspelt, perhaps done with.
    pub unused: Vec<&'a Exception>,
    /// Exceptions whose last day has passed: they no longer suppress anything.
    pub lapsed: Vec<&'a Exception>,
}

/// Runs every check and lets policy's exceptions pass.
pub fn judge<'a>(view: &View<'a>) -> Judged<'a> {
    let mut findings: Vec<Finding> = CHECKS.par_iter().flat_map_iter(|check| check.run(view)).collect();
    for finding in &mut findings {
        if let Some(fact) = partial(view, finding) {
            finding.facts.push(fact);
        }
    }
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.code.cmp(b.code))
            .then_with(|| a.system.cmp(&b.system))
            .then_with(|| a.key().cmp(&b.key()))
    });
    findings.dedup_by_key(|finding| finding.key());

    let today = view.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let (in_force, lapsed): (Vec<&Exception>, Vec<&Exception>) =
        view.config.policy.exceptions.iter().partition(|exception| exception.until >= today);
    let mut used = vec![false; in_force.len()];
    let mut judged = Judged { lapsed, ..Judged::default() };
    for finding in findings {
        match in_force.iter().position(|exception| covers(exception, &finding)) {
            Some(at) => {
                used[at] = true;
                judged.accepted.push((finding, in_force[at]));
            }
            None => judged.findings.push(finding),
        }
    }
    judged.unused = in_force.into_iter().zip(used).filter(|(_, used)| !used).map(|(exception, _)| exception).collect();
    judged
}

/// What is wrong, worst first.
pub fn run_all(view: &View<'_>) -> Vec<Finding> {
    judge(view).findings
}

fn covers(exception: &Exception, finding: &Finding) -> bool {
    (exception.check == finding.check || exception.check.eq_ignore_ascii_case(finding.code))
        && (is_like(&finding.subject, &exception.subject) || is_like(&finding.label, &exception.subject))
}

/// A finding on partial data says so.
fn partial(view: &View<'_>, finding: &Finding) -> Option<String> {
    if finding.check == coverage_gap::NAME {
        return None;
    }
    let gaps = view.gaps_of(&finding.system.0);
    view::listed(&format!("{} was read in part only, not complete", finding.system), &gaps)
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
