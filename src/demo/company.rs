//! Who works at the simulated company and what is wrong there on purpose, as `fixtures/company.yaml` says.

use std::collections::HashSet;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde::Deserialize;

use super::staff;

const ANSWER_KEY: &str = include_str!("../../fixtures/company.yaml");

/// The simulated company on the day the simulation starts.
#[derive(Debug, Clone)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Its mail domain.
    pub domain: String,
    /// Domains where people have private mailboxes.
    pub private_domains: Vec<String>,
    /// IANA name of its time zone.
    pub timezone: String,
    /// The moment that all relative dates count from.
    pub started: Timestamp,
    /// Everyone HR knows, in order of number: executives, the former, successors, staff.
    pub people: Vec<Person>,
    /// Number of the person whose departure the demo runs.
    pub leaver: String,
    /// What must be found.
    pub flaws: Vec<Flaw>,
    /// What must not be found.
    pub traps: Vec<Trap>,
}

/// One human, as HR knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Employee number, such as `E1001`.
    pub number: String,
    /// Given name.
    pub first: String,
    /// Family name, with its diacritics.
    pub last: String,
    /// `rafael.okonjo`: ASCII, lower case, unique.
    pub login: String,
    /// The login at the company's domain.
    pub work_email: String,
    /// Other work addresses.
    pub aliases: Vec<String>,
    /// Private address, where HR has it.
    pub home_email: Option<String>,
    /// Mobile phone number, where HR has it.
    pub mobile: Option<String>,
    /// Job title.
    pub title: String,
    /// Department.
    pub department: String,
    /// Number of the manager; only the chief executive has none.
    pub manager: Option<String>,
    /// Number of the person who takes over, for executives.
    pub successor: Option<String>,
    /// Is or was an executive.
    pub executive: bool,
    /// First day of work.
    pub hired: civil::Date,
    /// Last day of work, which may lie in the future.
    pub left: Option<civil::Date>,
}

/// Something wrong on purpose, which must be found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flaw {
    /// The check that finds it.
    pub check: String,
    /// Number of the person concerned, if it is one person's.
    pub person: Option<String>,
    /// The system it sits in.
    pub system: String,
    /// Key or name of the node, scope or app.
    pub subject: String,
    /// What happened.
    pub story: String,
}

/// Something that looks wrong and isn't, which must not be found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trap {
    /// The check that must stay silent.
    pub check: String,
    /// Number of the person concerned, if it is one person's.
    pub person: Option<String>,
    /// The system it sits in.
    pub system: String,
    /// Key or name of the node, scope or app.
    pub subject: String,
    /// Why it is in order.
    pub why: String,
}

impl Person {
    /// Employed on that day: a termination date in the future changes nothing yet.
    pub fn active(&self, today: civil::Date) -> bool {
        self.left.is_none_or(|left| left > today)
    }

    /// The digits of the number: 1002 for `E1002`.
    pub fn index(&self) -> u32 {
        self.number.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or_default()
    }

    /// First and last name.
    pub fn display(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

impl Company {
    /// The company as it stands at `now`, with all relative dates resolved.
    pub fn load(now: Timestamp) -> anyhow::Result<Company> {
        let key: AnswerKey = serde_saphyr::from_str(ANSWER_KEY).context("fixtures/company.yaml does not parse")?;
        let today = date_in(&key.timezone, now);
        let mut taken = HashSet::new();
        let mut people = Vec::with_capacity(key.staff + key.executives.len() + key.former.len());
        for (named, executive) in key.executives.iter().map(|p| (p, true)).chain(key.former.iter().map(|p| (p, p.executive))) {
            let person = named.person(&key.domain, today, executive)?;
            anyhow::ensure!(taken.insert(person.login.clone()), "two people have the login {} in fixtures/company.yaml", person.login);
            people.push(person);
        }
        let chief = people.first().map(|p| p.number.clone());
        for person in people.iter_mut().skip(1) {
            if person.manager.is_none() {
                person.manager.clone_from(&chief);
            }
        }
        let hired = staff::generate(&people, key.staff, &key.domain, today, &mut taken);
        people.extend(hired);
        Ok(Company {
            name: key.name,
            domain: key.domain,
            private_domains: key.private_domains,
            timezone: key.timezone,
            started: now,
            people,
            leaver: key.leaver,
            flaws: key.flaws,
            traps: key.traps,
        })
    }

    /// The person with that employee number.
    pub fn person(&self, number: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.number == number)
    }

    /// The moment `n` days before the simulation started; negative `n` lies ahead.
    pub fn days_ago(&self, n: i64) -> Timestamp {
        self.started.checked_sub(SignedDuration::from_hours(n.saturating_mul(24))).unwrap_or(self.started)
    }

    /// The day the simulation started, where the company is.
    pub fn today(&self) -> civil::Date {
        date_in(&self.timezone, self.started)
    }

    /// Everyone who is or was an executive, the former one included.
    pub fn executives(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|p| p.executive)
    }

    /// Everyone employed on the day the simulation started.
    pub fn employed(&self) -> impl Iterator<Item = &Person> {
        let today = self.today();
        self.people.iter().filter(move |p| p.active(today))
    }
}

/// `fixtures/company.yaml` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerKey {
    name: String,
    domain: String,
    private_domains: Vec<String>,
    timezone: String,
    staff: usize,
    executives: Vec<Named>,
    former: Vec<Named>,
    leaver: String,
    flaws: Vec<Flaw>,
    traps: Vec<Trap>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    number: String,
    first: String,
    last: String,
    title: String,
    department: String,
    manager: Option<String>,
    successor: Option<String>,
    home_email: Option<String>,
    mobile: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    executive: bool,
    hired: i32,
    left: Option<i32>,
}

impl Named {
    fn person(&self, domain: &str, today: civil::Date, executive: bool) -> anyhow::Result<Person> {
        let day =
            |days: i32| days_from(today, days).with_context(|| format!("{} has a date out of range in fixtures/company.yaml", self.number));
        let login = staff::login(&self.first, &self.last);
        Ok(Person {
            work_email: format!("{login}@{domain}"),
            number: self.number.clone(),
            first: self.first.clone(),
            last: self.last.clone(),
            login,
            aliases: self.aliases.clone(),
            home_email: self.home_email.clone(),
            mobile: self.mobile.clone(),
            title: self.title.clone(),
            department: self.department.clone(),
            manager: self.manager.clone(),
            successor: self.successor.clone(),
            executive,
            hired: day(self.hired)?,
            left: self.left.map(day).transpose()?,
        })
    }
}

fn date_in(timezone: &str, now: Timestamp) -> civil::Date {
    // A machine without a time zone database is off by a few hours at most, which no fixture depends on.
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    now.to_zoned(zone).date()
}

fn days_from(today: civil::Date, days: i32) -> Result<civil::Date, jiff::Error> {
    today.checked_add(SignedDuration::from_hours(i64::from(days) * 24))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn company() -> Company {
        Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn has_412_people_with_distinct_numbers_and_ascii_logins() {
        let company = company();
        assert_eq!(company.people.len(), 412);
        let numbers: HashSet<_> = company.people.iter().map(|p| &p.number).collect();
        let logins: HashSet<_> = company.people.iter().map(|p| &p.login).collect();
        assert_eq!((numbers.len(), logins.len()), (412, 412));
        for login in logins {
            assert!(login.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '-'), "{login}");
        }
        assert!(company.people.iter().any(|p| !p.last.is_ascii()));
    }

    #[test]
    fn everyone_but_the_chief_has_a_manager_who_exists() {
        let company = company();
        for person in company.people.iter().skip(1) {
            let manager = person.manager.as_deref().unwrap();
            assert!(company.person(manager).unwrap().executive, "{manager}");
        }
        assert_eq!(company.people[0].manager, None);
    }

    #[test]
    fn every_flaw_and_trap_is_about_someone_who_exists() {
        let company = company();
        let people =
            company.flaws.iter().filter_map(|f| f.person.as_deref()).chain(company.traps.iter().filter_map(|t| t.person.as_deref()));
        for number in people {
            assert!(company.person(number).is_some(), "{number}");
        }
    }

    #[test]
    fn a_termination_in_the_future_leaves_its_person_active() {
        let company = company();
        let today = company.today();
        assert!(company.person("E1004").unwrap().left.unwrap() > today);
        assert!(company.person("E1004").unwrap().active(today));
        assert!(!company.person("E1013").unwrap().active(today));
        assert_eq!(company.person("E1004").unwrap().work_email, "soren.adeyemi@northmoor.example");
    }

    #[test]
    fn successors_sit_in_the_executives_department_and_can_be_reached() {
        let company = company();
        for executive in company.executives().filter(|p| p.successor.is_some()) {
            let successor = company.person(executive.successor.as_deref().unwrap()).unwrap();
            assert_eq!(successor.department, executive.department);
            assert!(successor.home_email.is_some() && successor.mobile.is_some());
        }
    }
}
