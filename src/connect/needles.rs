//! Finds secrets in what systems answer: whole, and in parts that are long enough to be no accident.

use std::collections::HashMap;

use super::spelled;

/// Bytes that are looked up at once.
const GRAM: usize = 8;
/// A run of this many letters of a long secret is the secret's, however much of it is missing.
const ENOUGH: usize = 24;

/// Texts to be found in others.
#[derive(Default)]
pub(super) struct Needles {
    forms: Vec<Form>,
    /// Eight bytes of a form: which form, and where in it.
    grams: HashMap<u64, Vec<(u32, u32)>>,
    /// Which grams there may be, by their hash: most bytes of a body are passed over by this alone.
    sieve: Vec<u64>,
    /// Forms too short to be looked for within words.
    short: Vec<Vec<u8>>,
}

struct Form {
    bytes: Vec<u8>,
    /// So many bytes in a row must be the same.
    need: usize,
}

fn bit(gram: u64) -> (usize, u64) {
    let hash = (gram.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
    (hash / 64, 1 << (hash % 64))
}

impl Needles {
    /// Adds a text. In part it is found where `parts` says so: half of it will do, or [`ENOUGH`].
    pub(super) fn add(&mut self, text: &str, parts: bool) {
        let bytes = text.as_bytes();
        if bytes.len() < GRAM {
            if bytes.len() >= 4 && !self.short.iter().any(|known| known == bytes) {
                self.short.push(bytes.to_vec());
            }
            return;
        }
        let need = if parts { bytes.len().div_ceil(2).clamp(GRAM, ENOUGH) } else { bytes.len() };
        if self.forms.iter().any(|form| form.bytes == bytes && form.need <= need) {
            return;
        }
        let Ok(number) = u32::try_from(self.forms.len()) else { return };
        if self.sieve.is_empty() {
            self.sieve = vec![0; 1024];
        }
        // Close enough to one another that any run of `need` bytes holds one of them whole.
        let step = (need - GRAM + 1).min(16);
        for (at, gram) in bytes.windows(GRAM).enumerate().step_by(step) {
            let Some(gram) = gram.first_chunk().map(|gram| u64::from_le_bytes(*gram)) else { continue };
            let (word, mask) = bit(gram);
            self.sieve[word] |= mask;
            self.grams.entry(gram).or_default().push((number, u32::try_from(at).unwrap_or(u32::MAX)));
        }
        self.forms.push(Form { bytes: bytes.to_vec(), need });
    }

    /// Where in a text they stand: ranges in order that don't overlap. Short ones are not looked for.
    pub(super) fn find(&self, text: &[u8]) -> Vec<(usize, usize)> {
        if self.forms.is_empty() {
            return Vec::new();
        }
        let mut found = self.find_written(text);
        for (begin, part) in pieces(text) {
            self.find_escaped(begin, part, &mut found);
        }
        found.sort_unstable();
        found.dedup_by(|next, kept| {
            let touches = next.0 <= kept.1;
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        found
    }

    /// Where they stand in a part of a text whose escapes are read, and those within these again.
    fn find_escaped(&self, begin: usize, part: &[u8], found: &mut Vec<(usize, usize)>) {
        let Some((mut plain, mut places)) = spelled::read(part) else { return };
        for _ in 0..LAYERS {
            let place = |at: usize| begin + places.get(at).map_or(part.len(), |place| *place as usize);
            found.extend(self.find_written(&plain).into_iter().map(|(from, to)| (place(from), place(to))));
            let Some((again, places_again)) = spelled::read(&plain) else { return };
            places = places_again.into_iter().filter_map(|place| places.get(place as usize).copied()).collect();
            plain = again;
        }
    }

    /// Where they stand letter by letter.
    fn find_written(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let (mut at, mut floor) = (0, 0);
        while let Some(gram) = text.get(at..).and_then(|rest| rest.first_chunk::<GRAM>()) {
            let gram = u64::from_le_bytes(*gram);
            let (word, mask) = bit(gram);
            let hit = if self.sieve[word] & mask == 0 { None } else { self.grams.get(&gram) };
            let run = hit.and_then(|places| places.iter().filter_map(|place| self.run(text, at, floor, *place)).max_by_key(|run| run.1));
            match run {
                Some((from, to)) => {
                    match found.last_mut() {
                        Some(last) if last.1 == from => last.1 = to,
                        _ => found.push((from, to)),
                    }
                    (at, floor) = (to, to);
                }
                None => at += 1,
            }
        }
        found
    }

    /// The whole run around a gram, if it is long enough.
    fn run(&self, text: &[u8], at: usize, floor: usize, (form, place): (u32, u32)) -> Option<(usize, usize)> {
        let form = self.forms.get(form as usize)?;
        let place = place as usize;
        let before = text[floor..at].iter().rev().zip(form.bytes[..place].iter().rev()).take_while(|(a, b)| a == b).count();
        let after = text[at..].iter().zip(&form.bytes[place..]).take_while(|(a, b)| a == b).count();
        (before + after >= form.need).then_some((at - before, at + after))
    }

    /// Whether there are any too short to be looked for within words.
    pub(super) fn has_short(&self) -> bool {
        !self.short.is_empty()
    }

    /// Whether a text is a short one, and nothing else.
    pub(super) fn is_short(&self, text: &str) -> bool {
        self.short.iter().any(|short| short == text.trim().as_bytes())
    }

    /// Where short ones stand as words of their own.
    pub(super) fn find_short(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let of_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        let mut found = Vec::new();
        for short in &self.short {
            for (at, part) in text.windows(short.len()).enumerate() {
                let to = at + short.len();
                if part == short.as_slice() && !of_word(at.checked_sub(1).and_then(|before| text.get(before))) && !of_word(text.get(to)) {
                    found.push((at, to));
                }
            }
        }
        found.sort_unstable();
        found.dedup_by(|next, kept| {
            let overlaps = next.0 < kept.1;
            kept.1 = if overlaps { kept.1.max(next.1) } else { kept.1 };
            overlaps
        });
        found
    }
}

/// So often escapes within escapes are read.
const LAYERS: usize = 4;

/// How much of a text is read at once, and how much of it is looked at twice, for what stands at the border of two pieces.
const PIECE: usize = 64 << 10;
const OVERLAP: usize = 16 << 10;

/// A text in pieces, with where each begins.
fn pieces(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let whole = text.len().saturating_sub(OVERLAP).max(1);
    (0..whole).step_by(PIECE - OVERLAP).map(move |begin| (begin, text.get(begin..text.len().min(begin + PIECE)).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::print_stdout)]
    use super::*;

    // Reliability: Secrets.
    #[test]
    fn a_secret_is_found_whichever_of_its_letters_are_percent_encoded() {
        let mut needles = Needles::default();
        let secret = "sk-Canary/7+uZ9=tail";
        needles.add(secret, true);
        let every: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let second: String = secret
            .bytes()
            .enumerate()
            .map(|(at, byte)| if at % 2 == 0 { format!("%{byte:02x}") } else { char::from(byte).to_string() })
            .collect();
        for spelled in [every, second] {
            let found = needles.find(format!("a=100%25&b={spelled}&c=1").as_bytes());
            assert_eq!(found, [(11, 11 + spelled.len())], "{spelled}");
            // At the border of two pieces of a long text as well.
            for before in [PIECE - 30, PIECE - OVERLAP - 7, PIECE, 3 * PIECE] {
                let found = needles.find(format!("{}{spelled} and more", ".".repeat(before)).as_bytes());
                assert_eq!(found, [(before, before + spelled.len())], "{before} {spelled}");
            }
        }
        assert_eq!(needles.find(b"100% of it, %zz, %4"), []);
    }

    type Ranges = Vec<(usize, usize)>;

    /// How a writer spells a text.
    type Spell = Box<dyn Fn(&str) -> String>;

    // Reliability: Secrets.
    #[test]
    fn a_secret_is_found_in_whatever_spelling_and_however_often_it_is_escaped() {
        let mut needles = Needles::default();
        let secret = "sk-Canary/7+uZ9=\"tail";
        needles.add(secret, true);
        let each = |how: fn(u8) -> String| move |text: &str| text.bytes().map(how).collect::<String>();
        let percent = each(|byte| format!("%{byte:02X}"));
        let spellings: [(&str, Spell); 7] = [
            ("percent", Box::new(percent)),
            ("decimal entities", Box::new(each(|byte| format!("&#{byte};")))),
            ("hexadecimal entities", Box::new(each(|byte| format!("&#x{byte:x};")))),
            (
                "named entities",
                Box::new(|text| text.replace('/', "&sol;").replace('+', "&plus;").replace('=', "&equals;").replace('"', "&quot;")),
            ),
            ("unicode escapes", Box::new(each(|byte| format!("\\u{byte:04x}")))),
            ("byte escapes", Box::new(each(|byte| format!("\\x{byte:02x}")))),
            ("backslashes", Box::new(|text| text.replace('/', "\\/").replace('"', "\\\""))),
        ];
        for (name, spell) in &spellings {
            for (name_again, again) in &spellings {
                let (once, twice) = (spell(secret), again(&spell(secret)));
                for spelled in [once, twice] {
                    let text = format!("before {spelled} after");
                    assert_eq!(needles.find(text.as_bytes()), [(7, 7 + spelled.len())], "{name}, {name_again}: {spelled}");
                }
            }
        }
        // What is no secret stays, whatever is escaped in it.
        assert_eq!(needles.find(br"a \/ b \u0061 &amp; %20 sk-Canary"), []);
    }

    /// `cargo test --release --lib connect::needles -- --ignored --nocapture`
    #[test]
    #[ignore = "measures"]
    fn how_long_a_body_takes() {
        let mut needles = Needles::default();
        for number in 0..30 {
            for form in super::super::forms::forms(&format!("sk-Canary/7+uZ9=tail{number}xY")) {
                needles.add(&form, true);
            }
        }
        let bodies = [
            ("no escape", r#"{"id":"00u1","name":"Ada Berg","mail":"ada@acme.example"},"#),
            ("JSON's escapes", r#"{"id":"00u1","url":"https:\/\/acme.example\/u\/1","name":"S\u00f8ren"},"#),
            ("HTML's entities", "<td>Ada &amp; Bo</td><td>&quot;x&quot;</td> and what else stands there "),
            ("a URL", "https://acme.example/?q=a%20b%2Fc&d=e and what else stands there at length, "),
        ];
        for (name, part) in bodies {
            let body = part.repeat((1 << 20) / part.len());
            let measure = |find: &dyn Fn(&[u8]) -> Ranges| {
                let begun = std::time::Instant::now();
                for _ in 0..20 {
                    assert_eq!(find(body.as_bytes()), []);
                }
                begun.elapsed().as_secs_f64() * 50.0
            };
            let (written, all) = (measure(&|text| needles.find_written(text)), measure(&|text| needles.find(text)));
            println!("{name}: {all:.2} ms a MiB, {written:.2} of them letter by letter");
        }
    }

    #[test]
    fn a_secret_is_found_whole_and_in_part() {
        let mut needles = Needles::default();
        needles.add("sk-Canary/7+uZ9=tail", true);
        needles.add("exactly this text", false);
        needles.add("482913", true);
        assert_eq!(needles.find(b"x sk-Canary/7+uZ9=tail y"), [(2, 22)]);
        assert_eq!(needles.find(b"sk-Canary/ is half of it"), [(0, 10)]);
        assert_eq!(needles.find(b"and /7+uZ9=tail"), [(4, 15)]);
        assert_eq!(needles.find(b"sk-Canary is less than half"), []);
        assert_eq!(needles.find(b"sk-Canary/7+uZ9=tailsk-Canary/7+uZ9=tail"), [(0, 40)]);
        assert_eq!(needles.find(b"exactly this tex"), []);
        assert_eq!(needles.find(b"exactly this text"), [(0, 17)]);
        assert_eq!(needles.find_short(b"PIN 482913, not 4829130 nor a482913"), [(4, 10)]);
        assert!(needles.is_short("482913") && !needles.is_short("4829130"));
        // Every part of a long one that is long enough, wherever it begins.
        let long: String = (0..200_u32).map(|n| char::from(b'!' + (n * 37 % 90) as u8)).collect();
        needles.add(&long, true);
        for from in 0..long.len() - ENOUGH {
            assert_eq!(needles.find(format!("  {}  ", &long[from..from + ENOUGH]).as_bytes()), [(2, 2 + ENOUGH)], "{from}");
        }
    }
}
