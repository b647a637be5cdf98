//! What a simulated vendor's feed of changes knows: what it showed when it was last looked at, and in which order that became so.

use std::collections::BTreeMap;

use serde_json::Value;

/// The things of one list, and when each changed last, counted in changes.
#[derive(Default)]
pub struct Changes {
    end: u64,
    /// By key: the number of its last change, and what it shows since; nothing once it is gone.
    known: BTreeMap<String, (u64, Option<Value>)>,
}

impl Changes {
    /// Takes note of what the list shows now; answers with the number of the last change.
    pub fn look(&mut self, shown: impl IntoIterator<Item = (String, Value)>) -> u64 {
        let mut now: BTreeMap<String, Value> = shown.into_iter().collect();
        for (key, (number, known)) in &mut self.known {
            let shows = now.remove(key);
            if shows != *known {
                self.end += 1;
                (*number, *known) = (self.end, shows);
            }
        }
        for (key, value) in now {
            self.end += 1;
            self.known.insert(key, (self.end, Some(value)));
        }
        self.end
    }

    /// What changed after the change of this number, in order: number, key, and what it shows; nothing if it is gone.
    pub fn since(&self, number: u64) -> Vec<(u64, &str, Option<&Value>)> {
        let mut changed: Vec<_> = self.known.iter().map(|(key, (at, value))| (*at, key.as_str(), value.as_ref())).collect();
        changed.retain(|(at, ..)| *at > number);
        changed.sort_unstable_by_key(|(at, ..)| *at);
        changed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changes_comes_once_and_last() {
        let list = |items: &[(&str, u32)]| items.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<Vec<_>>();
        let mut changes = Changes::default();
        let start = changes.look(list(&[("a", 1), ("b", 1), ("c", 1)]));
        assert_eq!(changes.look(list(&[("c", 1), ("a", 1), ("b", 1)])), start, "nothing has changed");
        changes.look(list(&[("a", 2), ("b", 1)]));
        changes.look(list(&[("a", 3), ("b", 1), ("d", 1)]));
        let keys: Vec<(&str, Option<&Value>)> = changes.since(start).into_iter().map(|(_, key, value)| (key, value)).collect();
        assert_eq!(keys, [("c", None), ("a", Some(&json!(3))), ("d", Some(&json!(1)))]);
        assert_eq!(changes.since(start + 2).len(), 2);
    }
}
