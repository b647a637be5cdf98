//! The account shows the person's exact name; stronger if its login or a company address bears that out. Never enough by itself.

use petgraph::graph::NodeIndex;

use super::evidence::{Clue, Known, Source, ascii_key, name_key};
use crate::graph::{Graph, Node};

/// Name alone: namesakes exist.
const NAME: f64 = 0.3;
/// Name, and a company address or a login made of the name.
const NAME_AND_LOGIN: f64 = 0.5;

pub(super) fn clues(graph: &Graph, known: &Known<'_>, at: NodeIndex, clues: &mut Vec<Clue>) {
    let node = &graph.net[at];
    let shown = ["display_name", "real_name", "full_name"].into_iter().filter_map(|attr| node.text(attr));
    let mut seen = Vec::new();
    for name in shown.chain(node.name.as_deref()) {
        let key = name_key(name);
        for person in known.names.get(&key).into_iter().flatten() {
            if seen.contains(person) {
                continue;
            }
            seen.push(*person);
            let company = node.emails().into_iter().find(|email| known.is_company(email));
            let login = logins(node).find(|login| is_made_of(login, &known.people[*person].name));
            let (strength, why) = match (company, login) {
                (Some(email), _) => (NAME_AND_LOGIN, format!(", and {email} is a company address")),
                (None, Some(login)) => (NAME_AND_LOGIN, format!(", and the login {login} is made of it")),
                (None, None) => (NAME, String::new()),
            };
            clues.push(Clue { person: *person, source: Source::Name, strength, text: format!("it shows their name, {name}{why}") });
        }
    }
}

fn logins(node: &Node) -> impl Iterator<Item = &str> {
    [node.text("login"), node.name.as_deref(), Some(node.key.as_str())].into_iter().flatten().filter(|login| !login.contains(' '))
}

/// Whether a login begins with a usual form of the name: `first.last`, `flast`, `f.last`, `lastf` …
fn is_made_of(login: &str, name: &str) -> bool {
    let name = name_key(name);
    let words: Vec<String> = name.split(' ').map(ascii_key).filter(|word| !word.is_empty()).collect();
    let [first, .., last] = words.as_slice() else { return false };
    let Some(initial) = first.chars().next() else { return false };
    let login = login.to_lowercase();
    let local = login.split('@').next().unwrap_or_default();
    let plain: Vec<String> = local.split(['-', '_', '.', '+']).map(ascii_key).filter(|part| !part.is_empty()).collect();
    let forms = [format!("{initial}{last}"), format!("{first}{last}"), format!("{last}{initial}"), format!("{last}{first}")];
    let begins = |parts: usize| plain.get(..parts).is_some_and(|parts| forms.contains(&parts.concat()));
    (1..=plain.len()).any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_made_of_a_name() {
        for login in ["rokonjo-finance", "rafael.okonjo", "r_okonjo", "okonjor", "rokonjo@acme.example"] {
            assert!(is_made_of(login, "Rafael Okonjo"), "{login}");
        }
        for login in ["rokonjos", "okonjo", "finance-rokonjo", "r", "-"] {
            assert!(!is_made_of(login, "Rafael Okonjo"), "{login}");
        }
        assert!(!is_made_of("cher", "Cher"), "one word is too little");
        assert!(is_made_of("sadeyemi", "Søren Adeyemi") && is_made_of("ingrid.vasquez-holm", "Ingrid Vasquez-Holm"));
    }
}
