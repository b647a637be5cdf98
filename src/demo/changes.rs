//! What a simulated vendor's feed of changes knows: what it showed when it was last looked at, and in which order that became so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::vendor;

/// The things of one list, and when each changed last, counted in changes.
#[derive(Default)]
pub struct Changes {
    end: u64,
    known: BTreeMap<String, Known>,
}

/// How a thing stands since its last change.
struct Known {
    number: u64,
    at: Timestamp,
    /// Nothing once it is gone.
    shows: Option<Value>,
}

/// The last change of a thing.
pub struct Change<'c> {
    /// Its place among all changes of the list.
    pub number: u64,
    /// When the feed took note of it.
    pub at: Timestamp,
    /// What changed.
    pub key: &'c str,
    /// What it shows since; nothing once it is gone.
    pub shows: Option<&'c Value>,
}

impl Changes {
    /// Takes note of what the list shows now; answers with the number of the last change.
    pub fn look(&mut self, shown: impl IntoIterator<Item = (String, Value)>) -> u64 {
        let at = vendor::now();
        let mut now: BTreeMap<String, Value> = shown.into_iter().collect();
        for (key, known) in &mut self.known {
            let shows = now.remove(key);
            if shows != known.shows {
                self.end += 1;
                *known = Known { number: self.end, at, shows };
            }
        }
        for (key, value) in now {
            self.end += 1;
            self.known.insert(key, Known { number: self.end, at, shows: Some(value) });
        }
        self.end
    }

    /// What changed after the change of this number, in order: so many at most, and whether there is more. Whoever asks next for what
    /// changed after the last of these misses nothing: what changes meanwhile comes later, not earlier.
    pub fn since(&self, number: u64, most: usize) -> (Vec<Change<'_>>, bool) {
        let changes = self.known.iter().map(|(key, known)| Change { number: known.number, at: known.at, key, shows: known.shows.as_ref() });
        let mut changes: Vec<_> = changes.filter(|change| change.number > number).collect();
        changes.sort_unstable_by_key(|change| change.number);
        let more = changes.len() > most;
        changes.truncate(most);
        (changes, more)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(items: &[(&str, u32)]) -> Vec<(String, Value)> {
        items.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()
    }

    #[test]
    fn what_changes_comes_once_and_last() {
        let mut changes = Changes::default();
        let start = changes.look(list(&[("a", 1), ("b", 1), ("c", 1)]));
        assert_eq!(changes.look(list(&[("c", 1), ("a", 1), ("b", 1)])), start, "nothing has changed");
        changes.look(list(&[("a", 2), ("b", 1)]));
        changes.look(list(&[("a", 3), ("b", 1), ("d", 1)]));
        let changed: Vec<(&str, Option<&Value>)> = changes.since(start, 9).0.into_iter().map(|change| (change.key, change.shows)).collect();
        assert_eq!(changed, [("c", None), ("a", Some(&json!(3))), ("d", Some(&json!(1)))]);
        assert_eq!(changes.since(start + 2, 9).0.len(), 2);
    }

    #[test]
    fn a_change_between_two_pages_hides_nothing() {
        let mut changes = Changes::default();
        changes.look(list(&[("a", 1), ("b", 1), ("c", 1)]));
        let (first, more) = changes.since(0, 2);
        let (mut seen, last): (Vec<String>, u64) = (first.iter().map(|change| change.key.to_owned()).collect(), first[1].number);
        assert!(more);
        changes.look(list(&[("a", 2), ("b", 1), ("c", 1)]));
        let (second, more) = changes.since(last, 2);
        seen.extend(second.iter().map(|change| change.key.to_owned()));
        assert_eq!((seen, more), (["a", "b", "c", "a"].map(str::to_owned).to_vec(), false));
    }
}
