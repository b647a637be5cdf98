//! Reads what is planted in a simulated system, `fixtures/<system>/state.yaml`, which is part of the binary.

use anyhow::Context;
use serde::de::DeserializeOwned;

/// The planted state of one system, or what is wrong with its file.
pub(super) fn read<T: DeserializeOwned>(system: &str, text: &str) -> anyhow::Result<T> {
    serde_saphyr::from_str(text).with_context(|| format!("fixtures/{system}/state.yaml does not parse"))
}

/// A stable number for a text, for ids that a vendor hands out.
pub(super) fn number_of(text: &str) -> u64 {
    // FNV-1a; 40 bits fit a JSON number exactly.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash >> 24
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::sync::Arc;

    use axum::Router;

    use super::super::company::Company;
    use super::super::faults::Faults;
    use super::super::probe::Probe;
    use super::super::vendor::{Profile, serve};
    use super::super::{github, kisi, scim, slack};

    /// The answers in which each system shows what is planted there.
    async fn shown(system: &str, company: &Arc<Company>) -> String {
        let company = Arc::clone(company);
        let (router, scheme, paths): (Router, _, &[&str]) = match system {
            "github" => (
                (github::VENDOR.start)(&company).unwrap().router,
                "Bearer",
                &[
                    "/orgs/northmoor/members?per_page=100",
                    "/orgs/northmoor/credential-authorizations?per_page=100",
                    "/orgs/northmoor/personal-access-tokens?per_page=100",
                    "/orgs/northmoor/memberships/yabernathy",
                ],
            ),
            "slack" => (
                (slack::VENDOR.start)(&company).unwrap().router,
                "Bearer",
                &["/api/users.list?limit=1000", "/api/admin.users.session.list"],
            ),
            "kisi" => (
                (kisi::VENDOR.start)(&company).unwrap().router,
                "KISI-LOGIN",
                &["/members?query=viktor.salonen", "/members?query=soren.adeyemi", "/group_links", "/groups"],
            ),
            "scim" => ((scim::VENDOR.start)(&company).unwrap().router, "Bearer", &["/scim/v2/Users"]),
            other => panic!("{other} is not one of these"),
        };
        let running = serve(system, router, Profile::default(), Faults::default()).await.unwrap();
        let authorization = format!("{scheme} read-{system}");
        // The record of these calls would say nothing new, so none is kept under a description's name.
        let probe = Probe::new("planted", &running.url, "https://planted.example", &authorization);
        let mut text = String::new();
        for path in paths {
            let answer = probe.get(path).await;
            assert_eq!(answer.status, 200, "{system} {path}");
            text.push_str(&answer.body.to_string());
        }
        text
    }

    #[tokio::test]
    async fn every_flaw_and_trap_of_the_answer_key_is_planted() {
        let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
        let mut count = 0;
        for system in ["github", "slack", "kisi"] {
            let text = shown(system, &company).await;
            let flaws = company.flaws.iter().map(|flaw| (&flaw.system, &flaw.subject));
            let traps = company.traps.iter().map(|trap| (&trap.system, &trap.subject));
            for (_, subject) in flaws.chain(traps).filter(|(of, _)| *of == system) {
                // A scope of the answer key is a gap; the system only says that the token may not see it.
                let planted = match subject.as_str() {
                    "sessions" | "sign_in" => "missing_scope",
                    other => other,
                };
                assert!(text.contains(planted), "{system} does not show {subject}");
                count += 1;
            }
        }
        assert_eq!(count, 15);
        assert!(shown("scim", &company).await.contains("rafael.okonjo@northmoor.example"));
    }

    #[test]
    fn devices_of_the_answer_key_are_named_in_their_fixture() {
        let company = Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap();
        let text = include_str!("../../fixtures/intune/state.yaml");
        let flaws = company.flaws.iter().map(|flaw| (&flaw.system, &flaw.subject));
        let traps = company.traps.iter().map(|trap| (&trap.system, &trap.subject));
        for (_, subject) in flaws.chain(traps).filter(|(of, _)| *of == "intune") {
            assert!(text.contains(subject.as_str()), "{subject}");
        }
    }
}
