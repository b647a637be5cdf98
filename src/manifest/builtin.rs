//! The manifests that are part of the program: `scanners/*.yaml`, put in when it is compiled.

/// Name and text of each of the named files in `scanners/`.
macro_rules! scanners {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scanners/", $name, ".yaml")))),*]
    };
}

/// A test compares this list with the folder, so that no file is forgotten.
pub(super) const SCANNERS: &[(&str, &str)] = scanners![
    "active-directory",
    "asana",
    "atlassian",
    "aws-iam",
    "aws-identity-center",
    "badge-file",
    "bamboohr",
    "board-portal",
    "box",
    "brivo",
    "card-statement",
    "cloudflare",
    "cloudflare-zero-trust",
    "diligent",
    "directus",
    "docusign",
    "dropbox",
    "entra-id",
    "figma",
    "github",
    "glewlwyd",
    "google-cloud",
    "google-drive",
    "google-workspace",
    "hr-file",
    "hubspot",
    "intune",
    "jira",
    "jamf-pro",
    "jupyterhub",
    "keycloak",
    "kisi",
    "netsuite",
    "notion",
    "okta",
    "onedrive-sharepoint",
    "onepassword",
    "openldap",
    "pagerduty",
    "privacyidea",
    "quickbooks",
    "salesforce",
    "scim",
    "servicenow",
    "slack",
    "smtp",
    "stripe",
    "tailscale",
    "tryton",
    "verkada",
    "webhook",
    "workday",
    "zendesk",
    "zoom"
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::manifest::{examples, load};

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scanners");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.unwrap().file_name().to_string_lossy().strip_suffix(".yaml").map(str::to_owned))
            .collect();
        files.sort();
        let mut known: Vec<&str> = SCANNERS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(known, files, "src/manifest/builtin.rs lists other scanners than the folder holds");
    }

    #[test]
    fn all_are_good_and_their_examples_hold() {
        for (name, text) in SCANNERS {
            let read = load::read(&format!("{name}.yaml"), text);
            assert_eq!(load::told(&read.problems), "", "{name}");
            assert_eq!(load::told(&examples::problems(&format!("{name}.yaml"), text, &read.manifest.unwrap())), "", "{name}");
        }
    }
}
