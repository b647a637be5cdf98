//! The files that no story is about: what everyone's Drive fills up with, the same in every run.

use jiff::Timestamp;

use super::super::company::{Company, Person};
use super::documents::{File, Grantee, Permission};
use super::state::{hash, letters};

const BOARD: &[&str] = &["Board agenda", "Board minutes", "Audit committee notes", "Shareholder update", "Strategy memo"];
const FINANCE: &[&str] = &["Cash plan", "Budget review", "Covenant report", "Payroll summary", "Forecast", "Tax workpapers"];
const HR: &[&str] = &["Compensation bands", "Hiring plan", "Performance calibration", "Engagement survey", "Org chart"];
const PRODUCT: &[&str] = &["Sensor roadmap", "Architecture review", "Release checklist", "Firmware test report", "Design brief"];
const TRADE: &[&str] = &["Pipeline review", "Campaign brief", "Price list", "Customer references", "Supplier contract"];
const DAILY: &[&str] = &["Meeting notes", "Weekly report", "Onboarding checklist", "Travel request", "Training record"];

/// Endings and what the vendor calls them; the vendor's own types have no size.
const KINDS: &[(&str, &str)] = &[
    (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (".pdf", "application/pdf"),
    (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (".zip", "application/zip"),
    (".gdoc", "application/vnd.google-apps.document"),
    (".gsheet", "application/vnd.google-apps.spreadsheet"),
    (".gslides", "application/vnd.google-apps.presentation"),
];
const FOLDER: &str = "application/vnd.google-apps.folder";

/// A file without anyone in it yet; its type follows from its name, and a name without an ending is a folder's.
pub(super) fn blank(place: &str, name: &str, created: Timestamp, modified: Timestamp) -> File {
    let seed = format!("{place}/{name}");
    let mime = KINDS.iter().find(|(ending, _)| name.ends_with(ending)).map_or(FOLDER, |(_, mime)| mime);
    let own = mime.starts_with("application/vnd.google-apps.");
    File {
        id: format!("1{}", letters(&seed, 32)),
        name: name.to_owned(),
        mime: mime.to_owned(),
        drive: None,
        copy_blocked: false,
        trashed: false,
        created,
        modified,
        size: (!own).then(|| 2_000 + hash(&seed) % 4_000_000),
        permissions: Vec::new(),
    }
}

/// A person's files: 40 to 120 for an executive, a handful for everyone else.
pub(super) fn of(company: &Company, person: &Person) -> Vec<File> {
    let count = if person.executive { 40 + hash(&person.number) % 81 } else { 2 + hash(&person.number) % 5 };
    // Colleagues are taken from the first who work here, executives and their successors among them.
    let colleagues: Vec<&Person> = company.employed().filter(|other| other.number != person.number).take(60).collect();
    let year = company.today().year();
    (0..count)
        .map(|n| {
            let dice = |what: &str, sides: u64| hash(&format!("{}/{n}/{what}", person.number)) % sides;
            let topics = topics(person, dice("topics", 2) == 0);
            let topic = pick(topics, dice("topic", 1000)).copied().unwrap_or("Notes");
            let ending = pick(KINDS, dice("kind", 1000)).map_or("", |(ending, _)| ending);
            // The counter keeps two files of one person from having one id.
            let when = format!("Q{} {}", 1 + dice("quarter", 4), i64::from(year) - i64::from(n % 3 == 0));
            let name = format!("{topic} {when} no {}{ending}", n + 1);
            let age = i64::try_from(5 + dice("age", 700)).unwrap_or(5);
            let mut file = blank(&person.work_email, &name, company.days_ago(age + 20), company.days_ago(age));
            file.permissions.push(Permission::owner(&person.work_email));
            share(&mut file, company, &colleagues, dice("sharing", 100), dice("colleague", 1_000_000));
            file
        })
        .collect()
}

/// More than half of all files are private, a fifth is open to the company, the rest is shared with colleagues.
fn share(file: &mut File, company: &Company, colleagues: &[&Person], chance: u64, draw: u64) {
    if chance < 55 {
        return;
    }
    if chance < 75 {
        let domain = company.domain.clone();
        let everyone = Grantee::Domain { domain, discoverable: false };
        file.permissions.push(Permission::new(everyone, "reader"));
        return;
    }
    for (at, role) in (0..1 + chance % 3).zip(["writer", "reader", "commenter"]) {
        if let Some(colleague) = pick(colleagues, draw + at) {
            let to = Grantee::User(colleague.work_email.clone());
            file.permissions.push(Permission::new(to, role));
        }
    }
}

fn topics(person: &Person, own: bool) -> &'static [&'static str] {
    if !own {
        return if person.executive { BOARD } else { DAILY };
    }
    match person.department.as_str() {
        "Executive" => BOARD,
        "Finance" => FINANCE,
        "People" | "Legal" => HR,
        "Engineering" | "Product" | "Security" => PRODUCT,
        _ => TRADE,
    }
}

fn pick<T>(from: &[T], draw: u64) -> Option<&T> {
    let sides = u64::try_from(from.len()).ok().filter(|sides| *sides > 0)?;
    from.get(usize::try_from(draw % sides).ok()?)
}
