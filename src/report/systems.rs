//! The table of systems: what each scanner can see, take, prove and lock down, and what it can't; made of the manifests themselves.

use std::fmt::Write as _;

use crate::manifest::Manifest;
use crate::manifest::raw::{Category, Collection, TakeKind};

/// The rows of the mission, and the categories that belong to each.
const ROWS: &[(&str, &[Category])] = &[
    ("SSO and directory roots", &[Category::Sso, Category::Directory]),
    ("Finance and ERP", &[Category::Erp]),
    ("Board and investor portals", &[Category::Board]),
    ("CRM", &[Category::Crm]),
    ("Strategy, planning, work tools", &[Category::Saas]),
    ("Cloud storage and documents", &[Category::Sharing]),
    ("Cloud platforms", &[Category::Cloud]),
    ("Shared credentials", &[Category::Vault]),
    ("VPN and remote access", &[Category::Vpn]),
    ("MDM", &[Category::Mdm]),
    ("Physical security", &[Category::Badge]),
    ("HR", &[Category::Hris]),
    ("Hand-off and notice", &[Category::Ticket, Category::Notify]),
];

/// The row of the mission that a scanner belongs to.
pub fn row(manifest: &Manifest) -> &'static str {
    ROWS.iter().find(|(_, categories)| categories.contains(&manifest.category)).map_or("Other", |(row, _)| row)
}

/// The table as a Markdown page.
pub fn markdown(manifests: &[Manifest]) -> String {
    let mut page = String::from(
        "# Systems\n\nMade of the manifests in `scanners/` (`EXEUNT_BLESS=1 cargo test --lib systems` writes it anew). Every action is proved by a fresh read;\n\
         actions in brackets stay out of plans unless the settings allow them, those marked ✋ are tasks for people.\n\
         Of what is marked Δ, nights after the first read only what changed.\n",
    );
    for (title, categories) in ROWS {
        let mut of_row: Vec<&Manifest> = manifests.iter().filter(|manifest| categories.contains(&manifest.category)).collect();
        if of_row.is_empty() {
            continue;
        }
        of_row.sort_by(|a, b| a.scanner.cmp(&b.scanner));
        let _ = write!(
            page,
            "\n## {title}\n\n| scanner | sees | takes | locks down | can't see | checked against |\n|---|---|---|---|---|---|\n"
        );
        for manifest in of_row {
            let changes = |see: &Collection| if see.delta.is_some() { " Δ" } else { "" };
            let sees: Vec<String> = manifest.see.iter().map(|(name, see)| format!("{name}{}", changes(see))).collect();
            let takes = |locks: bool| {
                let of_kind = manifest.take.iter().filter(|(_, take)| (take.kind != TakeKind::Revoke) == locks);
                let words: Vec<String> = of_kind
                    .map(|(name, take)| {
                        let hand = if take.hand_off.is_some() { " ✋" } else { "" };
                        if take.default == Some(false) { format!("({name}{hand})") } else { format!("{name}{hand}") }
                    })
                    .collect();
                words.join(", ")
            };
            let tell = manifest.tell.as_ref();
            let blind: Vec<&str> = manifest.blind_spots.iter().map(|spot| spot.what.as_str()).collect();
            let told = [
                (tell.is_some_and(|tell| tell.ticket.is_some()), "*carries tasks*"),
                (tell.is_some_and(|tell| tell.notice.is_some()), "*carries notices*"),
            ];
            let told = told.into_iter().filter(|(there, _)| *there).map(|(_, word)| word.to_owned());
            let takes_all: Vec<String> = Some(takes(false)).filter(|words| !words.is_empty()).into_iter().chain(told).collect();
            let cells = [sees.join(", "), takes_all.join(", "), takes(true), blind.join("; "), manifest.contract.clone()]
                .map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(page, "| **{}** {} | {} |", manifest.scanner, manifest.title, cells.join(" | "));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::manifest::load;

    #[test]
    fn the_page_is_fresh_and_every_scanner_has_a_row() {
        let manifests: Vec<Manifest> = load::builtin().iter().map(|(name, _)| load::find(name, None).unwrap()).collect();
        assert!(manifests.iter().all(|manifest| row(manifest) != "Other"));
        let made = markdown(&manifests);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/systems.md");
        if std::env::var_os("EXEUNT_BLESS").is_some_and(|value| value == "1") {
            std::fs::write(path, &made).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap_or_default() == made,
            "docs/systems.md is stale: EXEUNT_BLESS=1 cargo test --lib systems"
        );
    }
}
