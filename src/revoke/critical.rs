//! The critical path: the longest chain of waits that vendors force. No run can be shorter.

use std::time::{Duration, Instant};

/// Whom an action waits for, by place in the plan.
#[derive(Debug, Clone, Default)]
pub struct Waits {
    /// Proved before it is fired.
    pub after: Vec<usize>,
    /// Proved before it is fired once more.
    pub again: Vec<usize>,
}

/// An action's times as measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// When its first call left.
    pub sent: Instant,
    /// When it was first proved, or given up.
    pub judged: Instant,
    /// When it was fired once more, and judged again.
    pub again: Option<(Instant, Instant)>,
    /// Whether it was proved in the end.
    pub proved: bool,
}

impl Measured {
    /// When the last word on it was spoken.
    pub fn ended(&self) -> Instant {
        self.again.map_or(self.judged, |(_, judged)| judged)
    }
}

/// The longest chain, by what `first` and `second` say that an action's two rounds take: its length, and the places on it.
pub fn longest(waits: &[Waits], first: impl Fn(usize) -> Duration, second: impl Fn(usize) -> Duration) -> (Duration, Vec<usize>) {
    let mut known: Vec<Option<(Duration, Option<usize>)>> = vec![None; waits.len()];
    let mut best = (Duration::ZERO, Vec::new());
    for place in 0..waits.len() {
        let (length, _) = upto(waits, &first, place, &mut known, 0);
        if length > best.0 {
            best = (length, chain_of(&known, place, waits.len()));
        }
        for before in &waits[place].again {
            let (length, _) = upto(waits, &first, *before, &mut known, 0);
            if length + second(place) > best.0 {
                let mut places = chain_of(&known, *before, waits.len());
                places.push(place);
                best = (length + second(place), places);
            }
        }
    }
    best
}

fn chain_of(known: &[Option<(Duration, Option<usize>)>], mut at: usize, most: usize) -> Vec<usize> {
    let mut places = vec![at];
    while let Some((_, Some(before))) = known[at] {
        if places.len() > most {
            break;
        }
        places.push(before);
        at = before;
    }
    places.reverse();
    places
}

fn upto(
    waits: &[Waits],
    first: &impl Fn(usize) -> Duration,
    place: usize,
    known: &mut Vec<Option<(Duration, Option<usize>)>>,
    depth: usize,
) -> (Duration, Option<usize>) {
    if let Some(found) = known[place] {
        return found;
    }
    let mut before = (Duration::ZERO, None);
    if depth <= waits.len() {
        for other in &waits[place].after {
            let (length, _) = upto(waits, first, *other, known, depth + 1);
            if length > before.0 || before.1.is_none() {
                before = (length, Some(*other));
            }
        }
    }
    let found = (before.0 + first(place), before.1);
    known[place] = Some(found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_chain_counts_second_rounds() {
        // 0 → 1 → 2, and 3 is fired again after 1.
        let waits = vec![
            Waits::default(),
            Waits { after: vec![0], again: vec![] },
            Waits { after: vec![1], again: vec![] },
            Waits { after: vec![], again: vec![1] },
        ];
        let one = |_| Duration::from_millis(10);
        assert_eq!(longest(&waits, one, one), (Duration::from_millis(30), vec![0, 1, 2]));
        assert_eq!(longest(&waits, one, |_| Duration::from_millis(50)), (Duration::from_millis(70), vec![0, 1, 3]));
        assert_eq!(longest(&[], one, one), (Duration::ZERO, vec![]));
    }
}
