//! The people whom no story is about: successors and staff, the same ones every time.

use std::collections::HashSet;

use jiff::{SignedDuration, civil};

use super::company::Person;

const FIRST: &[&str] = &[
    "Aiko",
    "Alma",
    "Anders",
    "Anika",
    "Arjun",
    "Astrid",
    "Bastian",
    "Beatriz",
    "Bjarne",
    "Camille",
    "Chidi",
    "Clara",
    "Daniela",
    "Davor",
    "Ebba",
    "Eero",
    "Elif",
    "Emeka",
    "Esteban",
    "Fatima",
    "Felix",
    "Freja",
    "Giulia",
    "Gustav",
    "Hamza",
    "Helle",
    "Ines",
    "Isak",
    "Jasmin",
    "Jonas",
    "Kaja",
    "Karim",
    "Katarzyna",
    "Kenji",
    "Lars",
    "Leila",
    "Linnea",
    "Lucia",
    "Magnus",
    "Malik",
    "Maren",
    "Mateo",
    "Mikkel",
    "Nadia",
    "Naoko",
    "Nils",
    "Noor",
    "Oskar",
    "Paloma",
    "Petra",
    "Rania",
    "Rasmus",
    "Rosa",
    "Sanjay",
    "Signe",
    "Stefan",
    "Tamar",
    "Tomasz",
    "Wen",
    "Zofia",
];

const LAST: &[&str] = &[
    "Aalto",
    "Abara",
    "Åkesson",
    "Almeida",
    "Andersen",
    "Bąk",
    "Banerjee",
    "Bergström",
    "Björk",
    "Bøgh",
    "Castellanos",
    "Çelik",
    "Christoffersen",
    "Dąbrowska",
    "Delacroix",
    "Dijkstra",
    "Echeverría",
    "Eriksen",
    "Falk",
    "Fernández",
    "Fjeld",
    "Fontaine",
    "García",
    "Grønning",
    "Gupta",
    "Hakala",
    "Halvorsen",
    "Hansen",
    "Hošek",
    "Ibrahim",
    "Ishikawa",
    "Iversen",
    "Jäger",
    "Jensen",
    "Kaplan",
    "Kjær",
    "Kovačević",
    "Kumar",
    "Laurent",
    "Lindgren",
    "Łukasik",
    "Madsen",
    "Malmqvist",
    "Mbeki",
    "Mikkelsen",
    "Müller",
    "Nakamura",
    "Nguyen",
    "Nørgaard",
    "Núñez",
    "Okafor",
    "Olsen",
    "Østergaard",
    "Pavlović",
    "Pereira",
    "Quist",
    "Rahman",
    "Rasmussen",
    "Rossi",
    "Ruiz",
    "Sæther",
    "Sandoval",
    "Şahin",
    "Schäfer",
    "Silva",
    "Skov",
    "Søndergaard",
    "Strauß",
    "Svensson",
    "Takahashi",
    "Thorvaldsen",
    "Tóth",
    "Ueda",
    "Vestergaard",
    "Virtanen",
    "Wang",
    "Weiß",
    "Winther",
    "Yıldız",
    "Zhao",
];

/// Where staff work, what they are called there, and how many of each 40 work there.
const DEPARTMENTS: &[(&str, usize, &[&str])] = &[
    ("Engineering", 13, &["Software Engineer", "Senior Software Engineer", "Site Reliability Engineer", "Test Engineer"]),
    ("Operations", 8, &["Production Technician", "Logistics Planner", "Facilities Coordinator", "Buyer"]),
    ("Sales", 6, &["Account Executive", "Sales Engineer", "Customer Success Manager"]),
    ("Product", 4, &["Product Manager", "Product Designer"]),
    ("Marketing", 3, &["Campaign Manager", "Content Editor"]),
    ("Finance", 3, &["Accountant", "Payroll Specialist", "Financial Analyst"]),
    ("People", 1, &["People Partner", "Recruiter"]),
    ("Legal", 1, &["Paralegal", "Contracts Manager"]),
    ("Security", 1, &["Security Analyst", "Security Engineer"]),
];

/// Everyone not named in the answer key: first the executives' successors, then staff, `count` in all.
pub(super) fn generate(executives: &[Person], count: usize, domain: &str, today: civil::Date, taken: &mut HashSet<String>) -> Vec<Person> {
    let mut dice = Dice(0x6e6f_7274_686d_6f6f);
    let mut people = Vec::with_capacity(count);
    for executive in executives {
        let Some(number) = executive.successor.clone() else {
            continue;
        };
        let mut person = hire(number, &executive.department, domain, today, &mut dice, taken);
        person.title = successor_title(&executive.department);
        person.manager = Some(executive.number.clone());
        person.home_email = Some(format!("{}@postbox.example", person.login));
        person.mobile = Some(format!("+452000{}", person.index()));
        people.push(person);
    }
    let shifts: Vec<_> = DEPARTMENTS.iter().flat_map(|&(name, share, titles)| std::iter::repeat_n((name, titles), share)).collect();
    for i in 0..count.saturating_sub(people.len()) {
        let (department, titles) = shifts[(i * 7) % shifts.len()];
        let mut person = hire(format!("E{}", 3001 + i), department, domain, today, &mut dice, taken);
        person.title = titles[dice.roll(titles.len())].to_owned();
        person.manager =
            executives.iter().find(|e| e.department == department && e.active(today)).or(executives.first()).map(|e| e.number.clone());
        people.push(person);
    }
    // The chief operating officer forwards mail to this address, which is in order because it is a colleague's.
    if let Some(assistant) = people.iter_mut().find(|p| p.number.starts_with("E3") && p.department == "Operations") {
        assistant.title = "Executive Assistant".to_owned();
        assistant.aliases.push(format!("assistant.coo@{domain}"));
    }
    people
}

/// `rafael.okonjo` for Rafael Okonjo: ASCII and lower case.
pub(super) fn login(first: &str, last: &str) -> String {
    let mut out = String::new();
    for c in first.chars().chain(['.']).chain(last.chars()) {
        let plain = match c {
            'å' | 'ä' | 'á' | 'ą' | 'Å' => "a",
            'ø' | 'ö' | 'ó' | 'Ø' | 'Ö' => "o",
            'æ' | 'Æ' => "ae",
            'ç' | 'Ç' | 'č' | 'ć' => "c",
            'é' => "e",
            'ı' | 'í' => "i",
            'ł' | 'Ł' => "l",
            'ñ' => "n",
            'ş' | 'Ş' | 'š' => "s",
            'ß' => "ss",
            'ü' | 'ú' => "u",
            'ž' => "z",
            c => {
                if c.is_ascii_alphabetic() || c == '.' || c == '-' {
                    out.push(c.to_ascii_lowercase());
                }
                continue;
            }
        };
        out.push_str(plain);
    }
    out
}

fn hire(number: String, department: &str, domain: &str, today: civil::Date, dice: &mut Dice, taken: &mut HashSet<String>) -> Person {
    let (first, last, login) = loop {
        let first = FIRST[dice.roll(FIRST.len())];
        let last = LAST[dice.roll(LAST.len())];
        let login = login(first, last);
        if taken.insert(login.clone()) {
            break (first, last, login);
        }
    };
    let days = i64::try_from(30 + dice.roll(3000)).unwrap_or(30);
    Person {
        work_email: format!("{login}@{domain}"),
        number,
        first: first.to_owned(),
        last: last.to_owned(),
        login,
        aliases: Vec::new(),
        home_email: None,
        mobile: None,
        title: String::new(),
        department: department.to_owned(),
        manager: None,
        successor: None,
        executive: false,
        hired: today.saturating_sub(SignedDuration::from_hours(24 * days)),
        left: None,
    }
}

fn successor_title(department: &str) -> String {
    match department {
        "Executive" => "Chief of Staff".to_owned(),
        "Legal" => "Deputy General Counsel".to_owned(),
        other => format!("Senior Director, {other}"),
    }
}

/// A small generator of our own, so that the same people work there whatever a library changes.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (sides.max(1) as u64)).unwrap_or_default()
    }
}
