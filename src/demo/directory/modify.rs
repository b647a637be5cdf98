//! Changing entries: who may, what an entry must keep, and the result codes that each vendor's server gives.

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapModify, LdapModifyRequest, LdapModifyType, LdapResultCode};

use super::search::missing;
use super::tree::{Entry, Key, Syntax, canon, key, syntax};
use super::{Directory, Flavour, Refusal, Session, State, ad, openldap};
use crate::demo::vendor::now;

/// The control that makes it no error to add what is there or to delete what isn't.
pub const PERMISSIVE: &str = "1.2.840.113556.1.4.1413";

/// The control that lets an administrator write what the server keeps by itself (draft-zeilenga-ldap-relax); slapd's number for it.
pub const RELAX: &str = "1.3.6.1.4.1.4203.666.5.12";

/// Changes an entry, wholly or not at all.
pub fn modify(
    directory: &Directory,
    state: &mut State,
    session: &Session,
    request: &LdapModifyRequest,
    controls: &[LdapControl],
) -> Result<(), Refusal> {
    let name = key(&request.dn).ok_or_else(|| Refusal::new(LdapResultCode::InvalidDNSyntax, "invalid DN"))?;
    let before = state.tree.get(&name).ok_or_else(|| missing(directory))?;
    for change in &request.changes {
        may(directory, session, &change.modification.atype)?;
    }
    let relaxed = controls.iter().any(|c| matches!(c, LdapControl::Unknown { oid, .. } if oid == RELAX));
    let locks = request.changes.iter().any(|change| change.modification.atype.eq_ignore_ascii_case("pwdAccountLockedTime"));
    if directory.flavour == Flavour::OpenLdap && locks && !relaxed {
        return Err(Refusal::new(LdapResultCode::ConstraintViolation, "pwdAccountLockedTime: no user modification allowed"));
    }
    let permissive = controls.iter().any(|c| matches!(c, LdapControl::Unknown { oid, .. } if oid == PERMISSIVE));
    let mut after = before.clone();
    let mut password = None;
    for change in &request.changes {
        if change.modification.atype.eq_ignore_ascii_case("unicodePwd") && directory.flavour == Flavour::ActiveDirectory {
            password = Some(ad::new_password(change)?);
            after.set("pwdLastSet", vec![ad::file_time(now()).to_string().into_bytes()]);
            continue;
        }
        apply(directory, &mut after, change, permissive)?;
        if change.modification.atype.eq_ignore_ascii_case("userPassword") {
            password = after.text("userPassword").map(str::to_owned).or(Some(String::new()));
            // The password policy's overlay takes a new password for the end of a lock.
            after.set("pwdAccountLockedTime", Vec::new());
        }
    }
    match directory.flavour {
        Flavour::ActiveDirectory => ad::keep(&mut after)?,
        Flavour::OpenLdap => openldap::keep(&after)?,
    }
    let (old, new) = (members(before), members(&after));
    if directory.flavour == Flavour::ActiveDirectory {
        // slapd lets a group name those who don't exist, Active Directory doesn't.
        let unknown = |m: &&Key| !old.contains(m) && state.tree.get(m).is_none();
        if new.iter().any(|m| unknown(&m)) {
            return Err(missing(directory));
        }
    }
    let linked = directory.flavour == Flavour::ActiveDirectory || openldap::is_linked(&after);
    let group = after.dn.clone();
    stamp(directory, state, session, &mut after);
    if let Some(entry) = state.tree.get_mut(&name) {
        *entry = after;
    }
    if linked {
        for gone in old.iter().filter(|m| !new.contains(m)) {
            state.tree.link(gone, &group, false);
        }
        for come in new.iter().filter(|m| !old.contains(m)) {
            state.tree.link(come, &group, true);
        }
    }
    if let Some(password) = password {
        state.passwords.insert(name, password);
    }
    Ok(())
}

/// Whether whoever is bound may change this attribute.
fn may(directory: &Directory, session: &Session, attribute: &str) -> Result<(), Refusal> {
    let writable = match directory.flavour {
        Flavour::ActiveDirectory => ad::WRITABLE,
        Flavour::OpenLdap => openldap::WRITABLE,
    };
    if session.bound.is_some() && session.bound == directory.revoker && writable.iter().any(|w| w.eq_ignore_ascii_case(attribute)) {
        return Ok(());
    }
    Err(Refusal::new(
        LdapResultCode::InsufficentAccessRights,
        match directory.flavour {
            Flavour::ActiveDirectory => "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n",
            Flavour::OpenLdap => "",
        },
    ))
}

fn apply(directory: &Directory, entry: &mut Entry, change: &LdapModify, permissive: bool) -> Result<(), Refusal> {
    let (name, given) = (&change.modification.atype, &change.modification.vals);
    let lower = name.to_ascii_lowercase();
    for value in given {
        valid(&lower, value)?;
    }
    let had = entry.values(name).to_vec();
    let same = |a: &[u8], b: &[u8]| canon(&lower, a) == canon(&lower, b);
    let values = match change.operation {
        LdapModifyType::Add => {
            let mut values = had;
            for value in given {
                if !values.iter().any(|v| same(v, value)) {
                    values.push(value.clone());
                } else if !permissive {
                    return Err(exists(directory, &lower));
                }
            }
            values
        }
        LdapModifyType::Delete if given.is_empty() => {
            if had.is_empty() && !permissive {
                return Err(absent(directory, &lower));
            }
            Vec::new()
        }
        LdapModifyType::Delete => {
            let mut values = had;
            for value in given {
                let count = values.len();
                values.retain(|v| !same(v, value));
                if values.len() == count && !permissive {
                    return Err(absent(directory, &lower));
                }
            }
            values
        }
        LdapModifyType::Replace => given.clone(),
        LdapModifyType::Increment => {
            return Err(Refusal::new(LdapResultCode::ProtocolError, "increment is not supported"));
        }
    };
    if values.len() > 1 && is_single(&lower) {
        return Err(Refusal::new(LdapResultCode::ConstraintViolation, &format!("{name}: multiple values provided")));
    }
    entry.set(name, values);
    Ok(())
}

fn valid(lower: &str, value: &[u8]) -> Result<(), Refusal> {
    let text = std::str::from_utf8(value).ok();
    let good = match syntax(lower) {
        Syntax::Number => text.is_some_and(|t| t.trim().parse::<i64>().is_ok()),
        Syntax::Name => text.and_then(key).is_some_and(|k| !k.is_empty()),
        Syntax::Exact | Syntax::Time | Syntax::Text => true,
    };
    if good {
        return Ok(());
    }
    Err(Refusal::new(LdapResultCode::InvalidAttributeSyntax, &format!("{lower}: value #0 invalid per syntax")))
}

fn is_single(lower: &str) -> bool {
    matches!(
        lower,
        "useraccountcontrol"
            | "accountexpires"
            | "pwdlastset"
            | "lockouttime"
            | "manager"
            | "admincount"
            | "primarygroupid"
            | "shadowexpire"
            | "loginshell"
            | "pwdaccountlockedtime"
    )
}

/// There already. Active Directory has a word of its own for members.
fn exists(directory: &Directory, lower: &str) -> Refusal {
    match directory.flavour {
        Flavour::ActiveDirectory if lower == "member" => {
            Refusal::new(LdapResultCode::EntryAlreadyExists, "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0\n")
        }
        Flavour::ActiveDirectory => Refusal::new(
            LdapResultCode::AttributeOrValueExists,
            "00002083: AtrErr: DSID-03151904, #1:\n\t0: 00002083: DSID-03151904, problem 1006 (ATT_OR_VALUE_EXISTS)\n",
        ),
        Flavour::OpenLdap => Refusal::new(LdapResultCode::AttributeOrValueExists, &format!("modify/add: {lower}: value #0 already exists")),
    }
}

/// Not there. Active Directory has a word of its own for members.
fn absent(directory: &Directory, lower: &str) -> Refusal {
    match directory.flavour {
        Flavour::ActiveDirectory if lower == "member" => {
            Refusal::new(LdapResultCode::UnwillingToPerform, "00000561: SvcErr: DSID-031A120C, problem 5003 (WILL_NOT_PERFORM), data 0\n")
        }
        Flavour::ActiveDirectory => Refusal::new(
            LdapResultCode::NoSuchAttribute,
            "00002085: AtrErr: DSID-03151813, #1:\n\t0: 00002085: DSID-03151813, problem 1001 (NO_ATTRIBUTE_OR_VAL)\n",
        ),
        Flavour::OpenLdap => Refusal::new(LdapResultCode::NoSuchAttribute, &format!("modify/delete: {lower}: no such value")),
    }
}

fn members(entry: &Entry) -> Vec<Key> {
    entry.values("member").iter().filter_map(|m| key(std::str::from_utf8(m).ok()?)).collect()
}

/// Writes when the entry changed, and counts the change.
fn stamp(directory: &Directory, state: &mut State, session: &Session, entry: &mut Entry) {
    state.usn += 1;
    let at = now();
    match directory.flavour {
        Flavour::ActiveDirectory => {
            entry.set("uSNChanged", vec![state.usn.to_string().into_bytes()]);
            entry.set("whenChanged", vec![ad::general_time(at).into_bytes()]);
        }
        Flavour::OpenLdap => {
            let who = session.bound.as_ref().and_then(|k| state.tree.get(k)).map(|e| e.dn.clone().into_bytes());
            entry.set("modifiersName", who.into_iter().collect());
            entry.set("modifyTimestamp", vec![openldap::general_time(at).into_bytes()]);
            entry.set("entryCSN", vec![openldap::change_number(at, state.usn).into_bytes()]);
        }
    }
}
