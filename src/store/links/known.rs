//! A known account stays known: what the rules claim now, weighed against what they were sure of before.
//!
//! | before | now | then |
//! |---|---|---|
//! | certain or likely | claimed as strongly or more | as claimed |
//! | certain or likely | claimed less, or not at all | as before, in doubt: no longer supported by … |
//! | certain | contradicted: somebody else's for sure, by the rules | disputed, in doubt; so is the other claim, until a person confirms one |
//! | likely | contradicted | as claimed; closed if not claimed |
//! | any but a decision | a person confirmed that it is somebody else's | as claimed; closed if not claimed |
//! | disputed, certain once | not claimed | as before |
//! | disputed, never certain | not claimed | closed |

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::{OptionalExtension as _, Transaction};

use super::{Claim, ClaimState, is_shared};
use crate::model::NodeId;
use crate::store::graph::LinkRow;

/// Whether a person has decided this link: no rule changes it.
pub(super) fn is_decided(link: &LinkRow) -> bool {
    matches!(link.state.as_str(), "confirmed" | "rejected")
}

/// The links that should be open, but for those that a person has decided.
///
/// # Errors
/// The database's.
pub(super) fn settle(tx: &Transaction<'_>, open: &[LinkRow], claims: &[Claim]) -> Result<Vec<Claim>> {
    let mut wanted: BTreeMap<(NodeId, NodeId), Claim> = claims.iter().map(|claim| ((claim.person, claim.account), claim.clone())).collect();
    let confirmed: HashMap<NodeId, NodeId> =
        open.iter().filter(|link| link.state == "confirmed").map(|link| (link.account, link.person)).collect();
    let mut certain: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for claim in claims.iter().filter(|claim| claim.state == ClaimState::Certain) {
        certain.entry(claim.account).or_default().push(claim.person);
    }
    for link in open {
        let key = (link.person, link.account);
        if is_decided(link) {
            wanted.remove(&key);
            continue;
        }
        if confirmed.get(&link.account).is_some_and(|owner| *owner != link.person) {
            continue;
        }
        let claim = wanted.get(&key);
        let other = certain.get(&link.account).and_then(|people| people.iter().find(|person| **person != link.person)).copied();
        let other = other.filter(|_| claim.is_none_or(|claim| claim.contradicted));
        let other = if other.is_some() && is_shared(tx, link.account.0)? { None } else { other };
        match (state_of(link), other) {
            // It never was more than a hint, or somebody else's for sure now.
            (ClaimState::Disputed, _) if link.doubt.is_none() => {}
            (ClaimState::Likely, Some(_)) => {}
            (before, other) => {
                let wants = match claim {
                    Some(claim) if claim.contradicted && before != ClaimState::Likely => {
                        let doubt = link.doubt.clone().filter(|_| before == ClaimState::Disputed);
                        let doubt = doubt.unwrap_or_else(|| "it was theirs for sure before".to_owned());
                        Claim { doubt: Some(doubt), ..claim.clone() }
                    }
                    Some(claim) if claim.contradicted || claim.state <= before => continue,
                    // Less speaks for it than did: that is silence, too.
                    Some(claim) => as_before(link, before, link.evidence.clone(), lost(link, &claim.evidence)),
                    None => match (before, other) {
                        (ClaimState::Certain, Some(other)) => {
                            let against = format!("what the account shows now is {}'s", name_of(tx, other)?);
                            let evidence = link.evidence.iter().cloned().chain([format!("against it: {against}")]).collect();
                            as_before(link, ClaimState::Disputed, evidence, format!("it was theirs for sure, and {against}"))
                        }
                        (ClaimState::Disputed, _) => as_before(link, before, link.evidence.clone(), link.doubt.clone().unwrap_or_default()),
                        _ => as_before(link, before, link.evidence.clone(), lost(link, &[])),
                    },
                };
                wanted.insert(key, wants);
            }
        }
    }
    changed_owner(tx, open, &mut wanted)?;
    Ok(wanted.into_values().collect())
}

/// An account that was known for sure as one person's, and that the rules now call another's for sure, is nobody's until a person has said whose:
/// two addresses that were swapped in HR, or in the account's own system, look just like this. The new claim has no doubt of its own, so that it
/// ends when it is not made any more.
///
/// # Errors
/// The database's.
fn changed_owner(tx: &Transaction<'_>, open: &[LinkRow], wanted: &mut BTreeMap<(NodeId, NodeId), Claim>) -> Result<()> {
    let once: Vec<(NodeId, NodeId)> = wanted
        .values()
        .filter(|claim| claim.state == ClaimState::Disputed && claim.doubt.is_some())
        .map(|claim| (claim.person, claim.account))
        .filter(|(person, account)| open.iter().any(|link| link.person == *person && link.account == *account))
        .collect();
    for (before, account) in once {
        let against =
            format!("against it: it was {}'s for sure before, and nobody has confirmed that it no longer is", name_of(tx, before)?);
        for claim in wanted.values_mut().filter(|claim| claim.account == account && claim.state == ClaimState::Certain) {
            claim.state = ClaimState::Disputed;
            claim.contradicted = true;
            claim.doubt = None;
            claim.evidence.push(against.clone());
        }
    }
    Ok(())
}

fn as_before(link: &LinkRow, state: ClaimState, evidence: Vec<String>, doubt: String) -> Claim {
    let LinkRow { person, account, confidence, .. } = *link;
    Claim { person, account, confidence, state, evidence, doubt: Some(doubt), contradicted: false }
}

/// What no longer speaks for a link.
fn lost(link: &LinkRow, now: &[String]) -> String {
    let lost: Vec<&str> = link.evidence.iter().filter(|line| !now.contains(line)).map(String::as_str).collect();
    if lost.is_empty() { "less speaks for it than before".to_owned() } else { format!("no longer supported by: {}", lost.join("; ")) }
}

fn state_of(link: &LinkRow) -> ClaimState {
    match link.state.as_str() {
        "certain" => ClaimState::Certain,
        "likely" => ClaimState::Likely,
        _ => ClaimState::Disputed,
    }
}

fn name_of(tx: &Transaction<'_>, person: NodeId) -> Result<String> {
    let name: Option<Option<String>> = tx
        .prepare_cached(
            "SELECT coalesce((SELECT name FROM node_seen WHERE node = n.id AND name IS NOT NULL ORDER BY until IS NOT NULL, id DESC LIMIT 1), n.key)
             FROM node n WHERE n.id = ?1",
        )?
        .query_row([person.0], |row| row.get(0))
        .optional()?;
    Ok(name.flatten().unwrap_or_else(|| "somebody else".to_owned()))
}
