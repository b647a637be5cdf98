//! What speaks for an account being somebody's, and how strongly: clues, where they come from, and how names are compared.

use std::collections::{HashMap, HashSet};

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use petgraph::graph::NodeIndex;

use super::{Claim, ClaimState};
use crate::clean;
use crate::graph::{Graph, LinkState, Node, Person};
use crate::model::{NodeId, NodeKind};

/// Where a clue comes from. Two clues of one source are one clue: only the stronger counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// The employee number.
    Number,
    /// Single sign-on.
    SignIn,
    /// A mail address.
    Mail,
    /// A phone.
    Phone,
    /// The name.
    Name,
}

/// How long an account stays a leaver's although somebody else is claimed as strongly to have it: as long as a departure is watched.
const KEPT_HOURS: i64 = 90 * 24;

/// One thing that speaks for an account being one person's.
#[derive(Debug, Clone)]
pub(super) struct Clue {
    /// Which of the people.
    pub person: usize,
    /// Where it comes from.
    pub source: Source,
    /// 0 to 1.
    pub strength: f64,
    /// In words.
    pub text: String,
}

/// What is known about people, by what accounts show of them.
pub(super) struct Known<'p> {
    /// The people.
    pub people: &'p [Person],
    /// By employee number.
    pub numbers: HashMap<String, Vec<usize>>,
    /// By address at work, as HR has it.
    pub work: HashMap<String, Vec<usize>>,
    /// By address at work, with every i alike.
    pub dotless: HashMap<String, Vec<usize>>,
    /// By private address, as HR has it.
    pub home: HashMap<String, Vec<usize>>,
    /// By alias that a certain account of theirs answers to.
    pub aliases: HashMap<String, Vec<Alias>>,
    /// By phone.
    pub phones: HashMap<String, Vec<usize>>,
    /// By name.
    pub names: HashMap<String, Vec<usize>>,
    /// Whose each certain SSO account is.
    pub sso: HashMap<NodeIndex, usize>,
    /// Pairs that somebody rejected.
    pub rejected: HashSet<(NodeId, NodeId)>,
    /// Accounts that somebody gave to a person.
    pub confirmed: HashMap<NodeId, Vec<NodeId>>,
    /// Accounts that the rules were sure of before: whose.
    pub certain: HashMap<NodeId, Vec<NodeId>>,
    /// Accounts that were somebody's for sure, now or before something contradicted it: whose.
    once: HashMap<NodeId, Vec<NodeId>>,
    /// Whoever has left: since when, as far as it is known.
    left: HashMap<NodeId, Option<Timestamp>>,
    now: Timestamp,
    domains: HashSet<String>,
    by_id: HashMap<NodeId, usize>,
}

/// An address at the company that HR doesn't know, and that a certain account of somebody's answers to.
pub(super) struct Alias {
    /// Whose account.
    pub person: usize,
    /// Which system says so.
    pub system: String,
    /// Whether only administrators give addresses out there.
    pub given_out: bool,
}

impl<'p> Known<'p> {
    /// What HR and earlier decisions say.
    pub(super) fn of(graph: &Graph, people: &'p [Person], now: Timestamp) -> Self {
        let mut known = Self {
            people,
            numbers: HashMap::new(),
            work: HashMap::new(),
            dotless: HashMap::new(),
            home: HashMap::new(),
            aliases: HashMap::new(),
            phones: HashMap::new(),
            names: HashMap::new(),
            sso: HashMap::new(),
            rejected: HashSet::new(),
            confirmed: HashMap::new(),
            certain: HashMap::new(),
            once: HashMap::new(),
            left: HashMap::new(),
            now,
            domains: HashSet::new(),
            by_id: HashMap::new(),
        };
        let add = |map: &mut HashMap<String, Vec<usize>>, key: String, person: usize| {
            let list = map.entry(key).or_default();
            if !list.contains(&person) {
                list.push(person);
            }
        };
        for (number, person) in people.iter().enumerate() {
            known.by_id.insert(person.id, number);
            if person.has_left(now) {
                let since = match person.last_day {
                    Some(day) => day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp()),
                    None => graph.net[person.index].since,
                };
                known.left.insert(person.id, since);
            }
            if let Some(text) = &person.number {
                add(&mut known.numbers, plain(text), number);
            }
            for address in &person.emails {
                known.domains.extend(domain(address).map(str::to_owned));
                add(&mut known.dotless, dotless(&address_key(address)), number);
                add(&mut known.work, address_key(address), number);
            }
            for address in &person.home_emails {
                add(&mut known.home, address_key(address), number);
            }
            for phone in person.phones.iter().filter_map(|phone| phone_key(phone)) {
                add(&mut known.phones, phone, number);
            }
            add(&mut known.names, name_key(&person.name), number);
        }
        for link in &graph.links {
            if link.state == LinkState::Certain || (link.state == LinkState::Disputed && link.doubt.is_some()) {
                known.once.entry(link.account).or_default().push(link.person);
            }
            match link.state {
                LinkState::Rejected => {
                    known.rejected.insert((link.person, link.account));
                }
                LinkState::Confirmed => known.confirmed.entry(link.account).or_default().push(link.person),
                LinkState::Certain => known.certain.entry(link.account).or_default().push(link.person),
                _ => {}
            }
        }
        known
    }

    /// Takes in what the first round was certain of.
    pub(super) fn learn(&mut self, graph: &Graph, claims: &[Claim]) {
        // An account that changes its owner teaches nothing: it is nobody's until a person has said whose.
        let changes = |claim: &Claim| self.once.get(&claim.account).is_some_and(|people| !people.contains(&claim.person));
        let certain = claims.iter().filter(|claim| claim.state == ClaimState::Certain && !changes(claim));
        let certain = certain.map(|claim| (claim.person, claim.account));
        let confirmed = self.confirmed.iter().flat_map(|(account, people)| people.iter().map(|person| (*person, *account)));
        let pairs: Vec<(NodeId, NodeId)> = certain.chain(confirmed).collect();
        for (person, account) in pairs {
            let (Some(person), Some(index)) = (self.by_id.get(&person).copied(), graph.index(account)) else { continue };
            let node = &graph.net[index];
            if node.kind != NodeKind::Account || node.text("kind") == Some("shared") {
                continue;
            }
            let category = graph.category(&node.system);
            if category == "sso" {
                self.sso.insert(index, person);
            }
            // In a directory only administrators give addresses out. Elsewhere anybody may write another's address into a profile.
            let given_out = matches!(category, "sso" | "directory" | "sharing");
            for address in node.emails() {
                let key = address_key(&address);
                if !self.is_company(&address) || self.work.contains_key(&key) {
                    continue;
                }
                let list = self.aliases.entry(key).or_default();
                match list.iter_mut().find(|alias| alias.person == person) {
                    Some(alias) if given_out && !alias.given_out => *alias = Alias { person, system: node.system.clone(), given_out },
                    Some(_) => {}
                    None => list.push(Alias { person, system: node.system.clone(), given_out }),
                }
            }
        }
    }

    /// Whether somebody has left, so that an account that somebody else is claimed to have as well is not theirs any more. One whose account it was
    /// known to be keeps it for a time: their departure takes it away.
    pub(super) fn left(&self, person: NodeId, was_theirs: bool) -> bool {
        let Some(since) = self.left.get(&person) else { return false };
        !was_theirs || since.is_some_and(|since| self.now.duration_since(since).as_hours() > KEPT_HOURS)
    }

    /// A person's name.
    pub(super) fn name(&self, person: NodeId) -> &str {
        self.by_id.get(&person).map_or("somebody else", |at| self.people[*at].name.as_str())
    }

    /// Whether an address is of a domain in which HR has people's work addresses.
    pub(super) fn is_company(&self, address: &str) -> bool {
        domain(address).is_some_and(|domain| self.domains.contains(domain))
    }
}

/// Whether no human is behind an account: a service's or a bot's.
pub(super) fn is_nobodys(node: &Node) -> bool {
    matches!(node.text("kind"), Some("service" | "bot"))
}

fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// Text as it is compared: one Unicode form, one case, no space around it.
pub(super) fn plain(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text).trim().to_lowercase()
}

/// An address as it is compared: without its `+tag`, without the dot that may end a domain, and without the dots that Gmail doesn't see.
pub(super) fn address_key(address: &str) -> String {
    let address = plain(address);
    let Some((local, domain)) = address.rsplit_once('@') else { return address };
    let domain = domain.trim_end_matches('.');
    let local = local.split_once('+').map_or(local, |(local, _)| if local.is_empty() { address.as_str() } else { local });
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        _ => format!("{local}@{domain}"),
    }
}

/// An address key in which the Turkish letters i, with and without a dot, are one: where case was changed by another language's rules, an `I` has
/// become `ı` and an `İ` an `i` with a dot of its own. Two people may differ by that alone, so it is a question, never an answer.
pub(super) fn dotless(key: &str) -> String {
    key.replace('\u{131}', "i").replace("i\u{307}", "i")
}

/// A phone as it is compared: its digits, if they are enough to tell people apart.
pub(super) fn phone_key(phone: &str) -> Option<String> {
    let digits: String = plain(phone).chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= 8).then(|| digits.to_owned())
}

/// A name as it is compared: one Unicode form, one case, single spaces, and `Last, First` turned round.
pub(super) fn name_key(name: &str) -> String {
    let name = plain(&clean::line(&name.split_whitespace().collect::<Vec<_>>().join(" ")));
    let name = match name.split_once(',') {
        Some((last, first)) => format!("{first} {last}"),
        None => name,
    };
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name's letters as they stand in logins: `Søren` is `soren`.
pub(super) fn ascii_key(text: &str) -> String {
    let mut out = String::new();
    for letter in DecomposingNormalizerBorrowed::new_nfkd().normalize(text).to_lowercase().chars() {
        match letter {
            'ø' => out.push('o'),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ß' => out.push_str("ss"),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'þ' => out.push_str("th"),
            letter if letter.is_ascii_alphanumeric() => out.push(letter),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_two_ways_is_compared_in_one() {
        assert_eq!(address_key(" Rafael.Okonjo+travel@Postbox.Example"), "rafael.okonjo@postbox.example");
        assert_eq!(address_key("r.a.f.a@googlemail.com"), "rafa@gmail.com");
        assert_eq!(address_key("rafael.okonjo@postbox.example."), "rafael.okonjo@postbox.example", "a domain may end in a dot");
        assert_eq!(dotless(&address_key("ınes.İrmak@postbox.example")), "ines.irmak@postbox.example");
        assert_ne!(address_key("r.afa@postbox.example"), address_key("rafa@postbox.example"), "dots count elsewhere");
        assert_eq!(name_key("Okonjo,  Rafael"), name_key("RAFAEL OKONJO"));
        assert_eq!(name_key("So\u{308}ren"), name_key("Sören"));
        assert_eq!(phone_key("+45 20 00 10 02"), phone_key("004520001002"));
        assert_eq!(phone_key("1002"), None, "an extension is many people's");
        assert_eq!(ascii_key("Søren Gräf-Łoś"), "sorengraflos");
    }
}
