//! Whom somebody means who types a number, an address, a title or a part of a name.

use crate::graph::Person;

/// The one of these people that `text` names: employee number, HR key, address or name; or, if only one person fits, their title's initials or a part
/// of their name.
///
/// # Errors
/// One line: nobody is called that, or several people are, with suggestions.
pub fn called<'p>(people: &'p [Person], text: &str) -> Result<&'p Person, String> {
    let lower = text.trim().to_lowercase();
    if lower.is_empty() {
        return Err("who? name a person by employee number, address or name".to_owned());
    }
    let ways: [&dyn Fn(&Person) -> bool; 4] = [
        &|person| person.is_called(text),
        &|person| person.home_emails.contains(&lower) || person.title.to_lowercase() == lower,
        &|person| person.executive && initials(&person.title) == lower,
        &|person| person.name.to_lowercase().contains(&lower),
    ];
    for fits in ways {
        let found: Vec<&Person> = people.iter().filter(|person| fits(person)).collect();
        match found.as_slice() {
            [] => {}
            [only] => return Ok(only),
            several => {
                return Err(format!("{text:?} could be {}: name one by employee number", named(several.iter().copied(), several.len())));
            }
        }
    }
    if people.is_empty() {
        return Err(format!("nobody is called {text:?}, for nobody is known yet: run `exeunt scan` on the HR system first"));
    }
    let mut near: Vec<(&Person, f64)> = people.iter().map(|person| (person, near(&person.name.to_lowercase(), &lower))).collect();
    near.retain(|(_, nearness)| *nearness > 0.35);
    near.sort_by(|a, b| b.1.total_cmp(&a.1));
    let hint = if near.is_empty() {
        "`exeunt people` lists everybody".to_owned()
    } else {
        format!("did you mean {}?", named(near.iter().map(|(person, _)| *person), near.len().min(3)))
    };
    Err(format!("nobody is called {text:?}: {hint}"))
}

/// At most three people by name and number.
fn named<'a>(people: impl Iterator<Item = &'a Person>, of: usize) -> String {
    let names: Vec<String> = people
        .take(of.min(3))
        .map(|person| {
            format!("{} ({})", super::clean::line(&person.name), super::clean::line(person.number.as_deref().unwrap_or(&person.key)))
        })
        .collect();
    let more = if of > 3 { format!(" or {} more", of - 3) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// The initials of a title: `cfo` of "Chief Financial Officer".
fn initials(title: &str) -> String {
    title.split_whitespace().filter(|word| *word != "of").filter_map(|word| word.chars().next()).flat_map(char::to_lowercase).collect()
}

/// How near a text is to a name: to the whole of it, or to its nearest word.
fn near(name: &str, text: &str) -> f64 {
    name.split_whitespace().chain([name]).map(|part| nearness(part, text)).fold(0.0, f64::max)
}

/// The share of letter pairs that two texts have in common (Dice).
fn nearness(a: &str, b: &str) -> f64 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        letters.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    };
    let (a, mut b) = (pairs(a), pairs(b));
    let whole = a.len() + b.len();
    let common = a.iter().filter(|pair| b.iter().position(|other| other == *pair).map(|at| b.swap_remove(at)).is_some()).count();
    if whole == 0 { 0.0 } else { 2.0 * common as f64 / whole as f64 }
}
