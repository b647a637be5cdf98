//! Bytes as choices: which of several, how many, what text. What is asked for beyond the end is zero.

use std::collections::BTreeMap;

/// The bytes of one run, taken from the front.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn short(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// A number below `most`; 0 where there is none.
    pub fn below(&mut self, most: usize) -> usize {
        if most <= 1 {
            0
        } else if most <= 256 {
            usize::from(self.byte()) % most
        } else {
            self.short() % most
        }
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// So many bytes, or what is left.
    pub fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A part with its length before it.
    pub fn part(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte());
        self.take(length)
    }

    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.part()).into_owned()
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub fn rest_text(&mut self) -> String {
        String::from_utf8_lossy(self.rest()).into_owned()
    }
}

/// Bytes with a few changes that `choices` names: a bit, a byte, some more, some less, two parts in each other's place.
pub fn changed(bytes: &[u8], choices: &mut Bytes<'_>) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..=choices.below(4) {
        let at = choices.below(changed.len() + 1);
        match choices.below(6) {
            0 if at < changed.len() => changed[at] ^= 1 << choices.below(8),
            1 if at < changed.len() => changed[at] = choices.byte(),
            2 => drop(changed.splice(at..at, choices.part().to_vec())),
            3 => drop(changed.drain(at..(at + 1 + choices.below(8)).min(changed.len()))),
            4 => changed.truncate(at),
            5 => {
                let to = (at + choices.below(64)).min(changed.len());
                let copied = changed[at..to].to_vec();
                let into = choices.below(changed.len() + 1);
                changed.splice(into..into, copied);
            }
            _ => {}
        }
    }
    changed
}

/// A text of lines with a few changes: a line that is dropped, doubled, moved, or whose value is another line's or any text.
pub fn changed_lines(text: &str, choices: &mut Bytes<'_>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=choices.below(4) {
        let at = choices.below(lines.len());
        let other = choices.below(lines.len());
        if lines.is_empty() {
            break;
        }
        match choices.below(6) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => {
                let sign = if lines[at].contains('=') { '=' } else { ':' };
                let key = lines[at].split(sign).next().unwrap_or_default().to_owned();
                let value = lines[other].split_once(sign).map_or("", |(_, value)| value).to_owned();
                lines[at] = format!("{key}{sign}{value}");
            }
            4 => {
                let sign = if lines[at].contains('=') { '=' } else { ':' };
                let key = lines[at].split(sign).next().unwrap_or_default().to_owned();
                lines[at] = format!("{key}{sign} {}", choices.text());
            }
            _ => lines[at] = String::from_utf8_lossy(&changed(lines[at].as_bytes(), choices)).into_owned(),
        }
    }
    lines.join("\n") + "\n"
}

/// What a person is shown as one line is one, and no terminal obeys anything in it.
#[track_caller]
pub fn is_one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "not one clean line: {text:?}");
}

/// Files by name.
pub type Contents = BTreeMap<String, Vec<u8>>;
