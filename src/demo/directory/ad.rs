//! The ways of Microsoft's servers: how they name, refuse and keep things. What the company has there is in `ad_state`.

use jiff::Timestamp;
use ldap3_proto::proto::{LdapModify, LdapModifyType, LdapResultCode};

#[cfg(test)]
use super::tree::Tree;
use super::tree::{Entry, Key, key};
use super::{Directory, Refusal, State};
use crate::demo::vendor::now;

/// The domain's short name.
pub const NETBIOS: &str = "NORTHMOOR";
/// What the account that revokes may change, as an administrator would delegate it.
pub(super) const WRITABLE: &[&str] =
    &["userAccountControl", "accountExpires", "pwdLastSet", "lockoutTime", "unicodePwd", "member", "description", "info"];
/// `accountExpires` of an account that never does.
pub(super) const NEVER: i64 = i64::MAX;
/// The bit of `userAccountControl` that disables.
pub(super) const DISABLED: i64 = 0x2;

/// The domain's DNS name.
pub(super) fn dns(base: &str) -> String {
    base.trim_start_matches("DC=").replace(",DC=", ".")
}

/// Windows' file time: tenths of microseconds since 1601.
pub(super) fn file_time(at: Timestamp) -> i64 {
    at.as_microsecond().saturating_add(11_644_473_600_000_000).saturating_mul(10)
}

/// A time as Active Directory writes it.
pub(super) fn general_time(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S.0Z").to_string()
}

/// The account that a bind names: by distinguished name, principal name, or `DOMAIN\name`.
pub(super) fn account(state: &State, name: &str) -> Option<Key> {
    if let Some(found) = key(name).filter(|k| state.tree.get(k).is_some()) {
        return Some(found);
    }
    let (attribute, value) = match name.split_once('\\') {
        Some((domain, sam)) if domain.eq_ignore_ascii_case(NETBIOS) => ("sAMAccountName", sam),
        Some(_) => return None,
        None => ("userPrincipalName", name),
    };
    state.tree.iter().find(|(_, e)| e.has(attribute, value.as_bytes())).map(|(k, _)| k.clone())
}

/// A refused bind, with the reason that Windows puts into its text.
pub(super) fn refused(data: &str) -> Refusal {
    Refusal {
        code: LdapResultCode::InvalidCredentials,
        message: format!("80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v4563"),
    }
}

/// Whether the account may log on: neither disabled nor expired.
pub(super) fn may_log_on(entry: &Entry) -> Result<(), Refusal> {
    if entry.number("userAccountControl").unwrap_or(0) & DISABLED != 0 {
        return Err(refused("533"));
    }
    match entry.number("accountExpires").unwrap_or(0) {
        0 | NEVER => Ok(()),
        at if at <= file_time(now()) => Err(refused("701")),
        _ => Ok(()),
    }
}

/// The password of a change of `unicodePwd`: quoted, in UTF-16, set and never read.
pub(super) fn new_password(change: &LdapModify) -> Result<String, Refusal> {
    if change.operation != LdapModifyType::Replace {
        return Err(Refusal::new(
            LdapResultCode::UnwillingToPerform,
            "00000005: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n",
        ));
    }
    let refuse = |code: &str| Refusal {
        code: LdapResultCode::ConstraintViolation,
        message: format!(
            "{code}: AtrErr: DSID-03191083, #1:\n\t0: {code}: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n"
        ),
    };
    let [value] = change.modification.vals.as_slice() else {
        return Err(refuse("00000057"));
    };
    let units: Vec<u16> = value.chunks(2).map(|c| u16::from_le_bytes([c[0], c.get(1).copied().unwrap_or(0)])).collect();
    let text = String::from_utf16(&units).map_err(|_| refuse("00000057"))?;
    let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).ok_or_else(|| refuse("00000057"))?;
    // The domain's policy, as it comes: 7 characters.
    if bare.chars().count() < 7 {
        return Err(refuse("0000052D"));
    }
    Ok(bare.to_owned())
}

/// What Active Directory sees to in an entry that was changed.
pub(super) fn keep(entry: &mut Entry) -> Result<(), Refusal> {
    // Only 0 (must change it) and -1 (just changed) can be written; -1 becomes the moment.
    if entry.number("pwdLastSet") == Some(-1) {
        entry.set("pwdLastSet", vec![file_time(now()).to_string().into_bytes()]);
    }
    let is_user = entry.has("objectClass", b"user");
    if is_user && entry.values("userAccountControl").is_empty() {
        return Err(Refusal::new(
            LdapResultCode::UnwillingToPerform,
            "0000209A: SvcErr: DSID-031A0E06, problem 5003 (WILL_NOT_PERFORM), data 0\n",
        ));
    }
    Ok(())
}

/// What the server says of itself.
pub(super) fn root(directory: &Directory, state: &State) -> Entry {
    let base = directory.base.as_str();
    let configuration = format!("CN=Configuration,{base}");
    Entry::new("")
        .with("defaultNamingContext", [base])
        .with("rootDomainNamingContext", [base])
        .with("configurationNamingContext", [configuration.as_str()])
        .with("schemaNamingContext", [format!("CN=Schema,{configuration}")])
        .with("namingContexts", [base, configuration.as_str()])
        .with("dnsHostName", [format!("dc1.{}", dns(base))])
        .with("currentTime", [general_time(now())])
        .with("highestCommittedUSN", [state.usn.to_string()])
        .with("supportedLDAPVersion", ["3", "2"])
        .with("supportedLDAPPolicies", ["MaxPageSize", "MaxValRange"])
        .with("supportedControl", ["1.2.840.113556.1.4.319", super::modify::PERMISSIVE, "1.2.840.113556.1.4.1339"])
        .with("supportedExtension", [super::WHO_AM_I])
        .with("supportedCapabilities", ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"])
        .with("objectClass", ["top"])
}

/// Adds entries to a directory that is not yet served, for larger or stranger ones than the company's.
#[cfg(test)]
pub(super) fn extend(directory: &Directory, fill: impl FnOnce(&mut Tree)) {
    let mut state = directory.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    fill(&mut state.tree);
}
