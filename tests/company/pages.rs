//! Small pages lead to the same end: every list that a manifest reads page by page is read again in pages of a few records, and nothing of it is
//! lost. With the vendors' usual sizes most lists of the simulated company fit one page.

use crate::run::COULD_NOT;
use crate::sim::differ;
use crate::systems::System;

/// Names of the parameters and keys by which manifests ask for a page's size.
const SIZES: &[&str] = &[
    "$top",
    "MaxItems",
    "MaxResults",
    "count",
    "limit",
    "max",
    "maxResults",
    "max_page_size",
    "page%5Blimit%5D",
    "page-size",
    "pageSize",
    "page[limit]",
    "page[size]",
    "page_size",
    "per_page",
    "size",
    "sysparm_limit",
];

/// The manifest with pages of at most so many records; what stands in its examples stays.
pub fn with_small_pages(manifest: &str, size: usize) -> String {
    let (read, examples) = manifest.split_once("\nexamples:").unwrap_or((manifest, ""));
    let mut text = String::with_capacity(manifest.len());
    let mut rest = read;
    while let Some(first) = rest.chars().next() {
        let begins = !text.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '[' | '$' | '.'));
        let asked = SIZES.iter().filter(|_| begins).find_map(|name| {
            let after = rest.strip_prefix(name)?;
            let after = after.strip_prefix('=').or_else(|| after.strip_prefix(": "))?;
            // -1 means as many as the server gives.
            if let Some(more) = after.strip_prefix("-1") {
                return Some((&rest[..rest.len() - after.len()], after.len() - more.len()));
            }
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let number: usize = after.get(..digits)?.parse().ok()?;
            (number > size).then(|| (&rest[..rest.len() - after.len()], digits))
        });
        let length = if let Some((name, digits)) = asked {
            text.push_str(name);
            text.push_str(&size.to_string());
            name.len() + digits
        } else {
            text.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    text + "\nexamples:" + examples
}

/// Reads the system as its manifest has it, then in small pages: the same is there.
#[track_caller]
fn lead_to_the_end(name: &'static str, size: usize) {
    let system = System::up_unscanned(name);
    let usual = system.exeunt(&["scan", "--json"]);
    let whole = system.sim.open_graph(Some(name));
    let manifest = system.sim.manifest(name);
    let small = with_small_pages(&manifest, size);
    assert!(small != manifest, "{name} asks for no size of a page");
    system.sim.use_manifest(name, &small);
    let before = system.sim.world.faults.arrived();
    let scanned = system.exeunt(&["scan", "--full", "--json"]);
    let calls = system.sim.world.faults.arrived() - before;
    let is = system.sim.open_graph(Some(name));
    assert!(whole == is, "{name}, in {calls} calls: {}", differ(&whole, &is));
    assert!(scanned.code == usual.code || scanned.code != COULD_NOT, "{name} could not be read in small pages: {scanned:?}");
}

#[test]
fn only_the_sizes_of_pages_become_small() {
    let manifest = "call: GET /users?limit=200&page[size]=100\npaging: { offset: offset, size: 100, size_into: limit, max_pages: 300 }\nlimit=1\nexamples:\n  size: 26\n";
    let small = "call: GET /users?limit=3&page[size]=3\npaging: { offset: offset, size: 3, size_into: limit, max_pages: 300 }\nlimit=1\nexamples:\n  size: 26\n";
    assert_eq!(with_small_pages(manifest, 3), small);
}

#[test]
fn active_directory() {
    lead_to_the_end("active-directory", 3);
}

#[test]
fn asana() {
    lead_to_the_end("asana", 3);
}

#[test]
fn aws_iam() {
    lead_to_the_end("aws-iam", 2);
}

#[test]
fn aws_identity_center() {
    lead_to_the_end("aws-identity-center", 3);
}

#[test]
fn boxcom() {
    lead_to_the_end("box", 1);
}

#[test]
fn brivo() {
    lead_to_the_end("brivo", 3);
}

#[test]
fn cloudflare() {
    lead_to_the_end("cloudflare", 5);
}

#[test]
fn diligent() {
    lead_to_the_end("diligent", 3);
}

#[test]
fn docusign() {
    lead_to_the_end("docusign", 3);
}

#[test]
fn dropbox() {
    lead_to_the_end("dropbox", 3);
}

#[test]
fn entra_id() {
    lead_to_the_end("entra-id", 3);
}

#[test]
fn figma() {
    lead_to_the_end("figma", 100);
}

#[test]
fn github() {
    lead_to_the_end("github", 3);
}

#[test]
fn glewlwyd() {
    lead_to_the_end("glewlwyd", 3);
}

#[test]
fn google_cloud() {
    lead_to_the_end("google-cloud", 3);
}

#[test]
fn google_drive() {
    lead_to_the_end("google-drive", 3);
}

#[test]
fn google_workspace() {
    lead_to_the_end("google-workspace", 20);
}

#[test]
fn hubspot() {
    lead_to_the_end("hubspot", 20);
}

#[test]
fn intune() {
    lead_to_the_end("intune", 3);
}

#[test]
fn jamf_pro() {
    lead_to_the_end("jamf-pro", 3);
}

#[test]
fn jupyterhub() {
    lead_to_the_end("jupyterhub", 3);
}

#[test]
fn keycloak() {
    lead_to_the_end("keycloak", 3);
}

#[test]
fn kisi() {
    lead_to_the_end("kisi", 50);
}

#[test]
fn netsuite() {
    lead_to_the_end("netsuite", 20);
}

#[test]
fn notion() {
    lead_to_the_end("notion", 3);
}

#[test]
fn okta() {
    lead_to_the_end("okta", 50);
}

#[test]
fn onepassword() {
    lead_to_the_end("onepassword", 50);
}

#[test]
fn openldap() {
    lead_to_the_end("openldap", 3);
}

#[test]
fn pagerduty() {
    lead_to_the_end("pagerduty", 3);
}

#[test]
fn privacyidea() {
    lead_to_the_end("privacyidea", 3);
}

#[test]
fn scim() {
    lead_to_the_end("scim", 3);
}

#[test]
fn servicenow() {
    lead_to_the_end("servicenow", 3);
}

#[test]
fn slack() {
    lead_to_the_end("slack", 50);
}

#[test]
fn stripe() {
    lead_to_the_end("stripe", 3);
}

#[test]
fn zendesk() {
    lead_to_the_end("zendesk", 3);
}

#[test]
fn zoom() {
    lead_to_the_end("zoom", 3);
}

#[test]
fn bamboohr() {
    lead_to_the_end("bamboohr", 100);
}

#[test]
fn directus() {
    lead_to_the_end("directus", 3);
}
