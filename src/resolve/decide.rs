//! From clues to claims: link, ask, or leave apart.

use std::collections::{BTreeMap, HashSet};

use super::evidence::{Clue, Known, Source};
use super::{Claim, ClaimState};
use crate::graph::Node;
use crate::model::{NodeId, NodeKind};

/// From here on a link is acted on.
pub const CERTAIN: f64 = 0.9;
/// From here on a person is asked.
pub const LIKELY: f64 = 0.6;
/// From here on a lone candidate is at least shown.
pub const WORTH_A_LOOK: f64 = 0.3;
/// Two people whose confidences lie closer than this are equally likely.
const TOO_CLOSE: f64 = 0.15;

/// Weighs the clues at one account and adds the claims they make.
pub(super) fn decide(node: &Node, clues: &[Clue], known: &Known<'_>, claims: &mut Vec<Claim>) {
    let mut by_person: BTreeMap<usize, Vec<&Clue>> = BTreeMap::new();
    for clue in clues {
        if !known.rejected.contains(&(known.people[clue.person].id, node.id)) {
            by_person.entry(clue.person).or_default().push(clue);
        }
    }
    // By their number HR itself tells a leaver from whoever has their address now.
    let numbered: HashSet<NodeId> =
        clues.iter().filter(|clue| clue.source == Source::Number).map(|clue| known.people[clue.person].id).collect();
    let mut candidates: Vec<Claim> = by_person
        .into_iter()
        .map(|(person, clues)| {
            let (confidence, evidence) = weigh(&clues);
            let state = if confidence >= CERTAIN {
                ClaimState::Certain
            } else if confidence >= LIKELY {
                ClaimState::Likely
            } else {
                ClaimState::Disputed
            };
            let person = known.people[person].id;
            Claim { person, account: node.id, confidence, state, evidence, doubt: None, contradicted: false }
        })
        .filter(|claim| claim.confidence >= WORTH_A_LOOK)
        .collect();
    candidates.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.person.cmp(&b.person)));
    // Several people may have a shared account; each claim stands by itself.
    if node.text("kind") == Some("shared") {
        candidates.retain(|claim| claim.confidence >= LIKELY);
        claims.append(&mut candidates);
        return;
    }
    if let Some(owners) = known.confirmed.get(&node.id) {
        // Somebody has decided. Whatever else speaks for others is shown and never acted on.
        candidates.retain(|claim| owners.contains(&claim.person) || claim.confidence >= LIKELY);
        for claim in candidates.iter_mut().filter(|claim| !owners.contains(&claim.person)) {
            dispute(claim, "somebody confirmed that the account is another person's");
        }
        claims.append(&mut candidates);
        return;
    }
    match candidates.as_mut_slice() {
        [] => return,
        [_] => {}
        [first, second, ..] if first.confidence - second.confidence < TOO_CLOSE => {
            if first.confidence < LIKELY {
                // Namesakes, and nothing else: neither is worth a look.
                return;
            }
            let best = first.confidence;
            candidates.retain(|claim| best - claim.confidence < TOO_CLOSE);
            settle_tie(node, &mut candidates, known, &numbered);
        }
        // One is clearly ahead. The others stay visible only if they would have been worth asking about.
        [_, ..] => {
            let ahead = candidates.remove(0);
            candidates.retain(|claim| claim.confidence >= LIKELY);
            for claim in &mut candidates {
                dispute(claim, "more speaks for somebody else");
            }
            candidates.insert(0, ahead);
        }
    }
    claims.append(&mut candidates);
}

/// Several people are claimed as strongly to have the account. It is theirs who is still here, where the others left long ago; or theirs whose
/// it was known to be, for a newcomer's address is no contradiction; and that somebody else is claimed stands beside it as a doubt. Else nobody's.
fn settle_tie(node: &Node, candidates: &mut [Claim], known: &Known<'_>, numbered: &HashSet<NodeId>) {
    let was = |claim: &Claim| known.certain.get(&node.id).is_some_and(|people| people.contains(&claim.person));
    let left = |claim: &Claim| known.left(claim.person, was(claim)) && !numbered.contains(&claim.person);
    let here: Vec<usize> = (0..candidates.len()).filter(|at| !left(&candidates[*at])).collect();
    let owner = match here.as_slice() {
        [only] if candidates.len() > 1 => Some(*only),
        _ => match here.iter().copied().filter(|at| was(&candidates[*at])).collect::<Vec<_>>().as_slice() {
            [only] => Some(*only),
            _ => None,
        },
    };
    let owner = owner.filter(|at| candidates[*at].state == ClaimState::Certain);
    let thing = if node.kind == NodeKind::Address { "address" } else { "account" };
    let others = candidates.len() - 1;
    let names: Vec<String> = candidates.iter().map(|claim| known.name(claim.person).to_owned()).collect();
    for (at, claim) in candidates.iter_mut().enumerate() {
        match owner {
            Some(owner) if owner == at => {
                let rest: Vec<&str> = names.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, name)| name.as_str()).collect();
                claim.doubt = Some(format!("as much speaks for {}", rest.join(", ")));
            }
            Some(owner) => dispute(claim, &format!("as much speaks for {}, whose {thing} it is taken to be", names[owner])),
            None => dispute(
                claim,
                &format!(
                    "{others} other {} claimed as strongly to have this {thing}",
                    if others == 1 { "person is" } else { "people are" }
                ),
            ),
        }
    }
}

fn dispute(claim: &mut Claim, why: &str) {
    claim.state = ClaimState::Disputed;
    claim.contradicted = true;
    claim.evidence.push(format!("against it: {why}"));
}

/// Joins one person's clues: the strongest of each source, and sources together as independent witnesses, `1 − (1−a)(1−b)`.
fn weigh(clues: &[&Clue]) -> (f64, Vec<String>) {
    let mut best: BTreeMap<Source, f64> = BTreeMap::new();
    let mut ordered = clues.to_vec();
    ordered.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.source.cmp(&b.source)).then(a.text.cmp(&b.text)));
    let mut evidence: Vec<String> = Vec::new();
    for clue in ordered {
        let strongest = best.entry(clue.source).or_default();
        *strongest = strongest.max(clue.strength);
        if !evidence.contains(&clue.text) {
            evidence.push(clue.text.clone());
        }
    }
    let doubt: f64 = best.values().map(|strength| 1.0 - strength).product();
    // To a millionth, so that the same clues make the same claim whatever order they were multiplied in.
    (((1.0 - doubt) * 1e6).round() / 1e6, evidence)
}
