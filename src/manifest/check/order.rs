//! Circles: things that wait for each other for ever.

use std::collections::BTreeMap;

/// One circle for each group of names that wait for each other, beginning with its first name in the given order.
pub(super) fn circles<'n>(names: &[&'n str], waits: &[(&'n str, &'n str)]) -> Vec<Vec<&'n str>> {
    let mut next: BTreeMap<&str, Vec<&'n str>> = BTreeMap::new();
    for (who, whom) in waits {
        next.entry(who).or_default().push(whom);
    }
    let mut found: Vec<Vec<&'n str>> = Vec::new();
    for start in names {
        if found.iter().any(|circle| circle.contains(start)) {
            continue;
        }
        // Breadth first from `start` back to itself: the shortest circle through it.
        let mut came: BTreeMap<&str, &'n str> = BTreeMap::new();
        let mut row = vec![*start];
        'search: while !row.is_empty() {
            let mut later = Vec::new();
            for here in row {
                for there in next.get(here).into_iter().flatten() {
                    if there == start {
                        let mut circle = vec![here];
                        while let Some(before) = circle.last().filter(|last| *last != start).and_then(|last| came.get(last)) {
                            circle.push(before);
                        }
                        circle.reverse();
                        found.push(circle);
                        break 'search;
                    }
                    if !came.contains_key(there) {
                        came.insert(there, here);
                        later.push(*there);
                    }
                }
            }
            row = later;
        }
    }
    found
}

/// `a → b → a`.
pub(super) fn told(circle: &[&str]) -> String {
    format!("{} → {}", circle.join(" → "), circle.first().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_circle_once() {
        let waits = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "d"), ("e", "a"), ("b", "e2")];
        assert_eq!(circles(&["e", "a", "b", "c", "d", "e2"], &waits), [vec!["a", "b", "c"], vec!["d"]]);
        assert!(circles(&["a", "b"], &[("a", "b")]).is_empty());
        assert_eq!(told(&["a", "b"]), "a → b → a");
    }
}
