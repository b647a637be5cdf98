//! Who works at the company that was bought.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::company::{Company, Person};
use super::super::planted;

pub(super) struct Workers {
    planted: Planted,
    started: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    domain: String,
    workers: Vec<Worker>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    number: String,
    first: String,
    last: String,
    title: String,
    department: String,
    hired: i64,
    left: Option<i64>,
    manager: Option<String>,
    home: Option<String>,
    phone: Option<String>,
    user: String,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    delegates: Vec<String>,
}

impl Workers {
    pub(super) fn new(company: &Company) -> anyhow::Result<Workers> {
        let planted: Planted = planted::read("workday", include_str!("../../../fixtures/workday/state.yaml"))?;
        let twice = planted.workers.iter().find(|worker| company.person(&worker.number).is_some());
        anyhow::ensure!(twice.is_none(), "fixtures/workday/state.yaml employs somebody who works at Northmoor");
        Ok(Workers { planted, started: company.started })
    }

    /// What somebody can still do here: their account, unless it is disabled.
    pub(super) fn left(&self, person: &Person) -> Vec<String> {
        let theirs = self.planted.workers.iter().filter(|worker| worker.number == person.number && !worker.disabled);
        theirs.map(|worker| format!("the account {}", worker.user)).collect()
    }

    fn day(&self, days: i64) -> String {
        let at = self.started.checked_add(jiff::SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(self.started);
        at.strftime("%Y-%m-%d").to_string()
    }

    /// A termination in the future is in the report, for it takes its effective date a year ahead; the status is today's.
    pub(super) fn rows(&self) -> Vec<Value> {
        let one = |worker: &Worker| {
            let login = format!("{}.{}", worker.first, worker.last).to_lowercase();
            let terminated = worker.left.is_some_and(|left| left <= 0);
            let given = [
                ("employee_id", Some(worker.number.clone())),
                ("name", Some(format!("{} {}", worker.first, worker.last))),
                ("work_email", Some(format!("{login}@{}", self.planted.domain))),
                ("private_email", worker.home.clone()),
                ("phone", worker.phone.clone()),
                ("title", Some(worker.title.clone())),
                ("department", Some(worker.department.clone())),
                ("manager_id", worker.manager.clone()),
                ("status", Some(if terminated { "Terminated" } else { "Active" }.to_owned())),
                ("hire_date", Some(self.day(worker.hired))),
                ("last_day_of_work", worker.left.map(|left| self.day(left))),
                // Somebody works out their notice: the last day at work comes before the end of the contract.
                ("termination_date", worker.left.map(|left| self.day(left + 30))),
                ("user_name", Some(worker.user.clone())),
                ("account_disabled", Some(if worker.disabled { "1" } else { "0" }.to_owned())),
                ("last_sign_in", (!worker.disabled).then(|| format!("{}T06:00:00-08:00", self.day(-1)))),
                ("delegates", (!worker.delegates.is_empty()).then(|| worker.delegates.join("; "))),
                ("roles", (!worker.roles.is_empty()).then(|| worker.roles.join("; "))),
            ];
            let row: Map<String, Value> = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
            Value::Object(row)
        };
        self.planted.workers.iter().map(one).collect()
    }
}
