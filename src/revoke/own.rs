//! The branch we sit on: whose account the credential belongs to that revokes. Where that isn't known, nobody can say that it doesn't die with the
//! leaver.

use serde_json::Value;

use super::plan::SystemFacts;
use crate::manifest::Manifest;
use crate::manifest::express::Scope;
use crate::manifest::raw::{CredentialKind, Hand};
use crate::manifest::template::{Place, render};

/// What a setting or a look-up says where the credential is nobody's.
const NONE: &str = "none";
/// The setting that every system has: the key or address of the account that our credential belongs to, or `none`.
pub const SETTING: &str = "own_account";

/// An account that our own credential belongs to: system, hand, key.
pub type Row = (String, String, String);

/// Whether a manifest tells by itself whose account its revoking credential belongs to: it is nobody's, or a call or the credential says it.
pub fn is_told(manifest: &Manifest) -> bool {
    let Some(credential) = &manifest.credentials.revoke else { return true };
    let asked = manifest.preflight.iter().filter(|item| item.with.unwrap_or_default() == Hand::Revoke);
    let answers = asked.filter_map(|item| item.own_account.as_deref()).any(|own| !own.starts_with("settings."));
    credential.belongs_to.is_some() || credential.kind == CredentialKind::Basic || answers
}

/// The keys of the accounts that the revoking credential belongs to, as far as look-ups, settings and the credential itself say.
fn keys(system: &str, manifest: &Manifest, settings: &Value, rows: &[Row]) -> Vec<String> {
    let revoke = Hand::Revoke.word();
    let mut keys: Vec<String> = rows.iter().filter(|(of, hand, _)| of == system && hand == revoke).map(|(.., key)| key.clone()).collect();
    keys.extend(set(settings));
    // Basic authentication sends the account's own name.
    if let Some(credential) = manifest.credentials.revoke.as_ref().filter(|credential| credential.kind == CredentialKind::Basic)
        && let Some(user) = &credential.user
    {
        keys.extend(render(user, Place::Text, &Scope::new().with("settings", settings)));
    }
    keys
}

/// The setting, where it is given.
fn set(settings: &Value) -> Option<String> {
    settings[SETTING].as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The accounts to guard: what look-ups found, what the setting says, and whom basic authentication names.
pub fn guarded(system: &str, manifest: &Manifest, settings: &Value, rows: &[Row]) -> Vec<Row> {
    let revoke = Hand::Revoke.word();
    let of_revoke = keys(system, manifest, settings, rows).into_iter().map(|key| (system.to_owned(), revoke.to_owned(), key));
    let others = rows.iter().filter(|(of, hand, _)| of == system && hand != revoke).cloned();
    let mut all: Vec<Row> = others.chain(of_revoke).filter(|(.., key)| key != NONE).collect();
    all.sort();
    all.dedup();
    all
}

/// Why it isn't known whose account a system's revoking credential belongs to, if it isn't. `is_there` says whether an account of this key is known.
pub fn unknown(system: &str, facts: &SystemFacts, rows: &[Row], is_there: impl Fn(&str) -> bool) -> Option<String> {
    let credential = facts.manifest.credentials.revoke.as_ref().filter(|_| facts.has_revoke)?;
    if credential.belongs_to.is_some() {
        return None;
    }
    let found = keys(system, &facts.manifest, &facts.settings, rows);
    let hint = format!("say systems.{system}.{SETTING} = \"KEY\", or \"{NONE}\" for a client of its own that is nobody's account");
    if found.is_empty() {
        return Some(format!("no look-up tells it; {hint}"));
    }
    // What the vendor itself answered is right even if it is no account that is listed. What people wrote may be misspelt.
    let mut asked = facts.manifest.preflight.iter().filter_map(|item| item.own_account.as_deref());
    let written = set(&facts.settings).is_some() || asked.all(|own| own.starts_with("settings."));
    let known = |key: &String| key == NONE || is_there(key);
    (written && !found.iter().any(known)).then(|| format!("{:?} is none of the accounts that it shows; {hint}", found[0]))
}
