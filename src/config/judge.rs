//! What is wrong with settings, as far as they tell by themselves: all of it at once, each with its place.

use std::time::Duration;

use super::Config;
use crate::model::{TellEvent, duration};
use crate::secret::SecretRef;

const MINUTE: Duration = Duration::from_secs(60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

impl Config {
    /// All that is wrong.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.of_systems(&mut all);
        self.of_policy(&mut all);
        self.of_departures(&mut all);
        self.of_telling(&mut all);
        self.of_serving(&mut all);
        let origin = &self.audit.origin;
        if origin.is_empty() || origin.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            all.push(format!("audit.origin: {origin:?} can't name an audit log: no spaces and no +, such as exeunt.example/audit"));
        }
        all
    }

    fn knows(&self, system: &str) -> bool {
        self.systems.contains_key(system)
    }

    fn of_systems(&self, all: &mut Vec<String>) {
        for (name, system) in &self.systems {
            for (hand, secret) in [("read", &system.read), ("revoke", &system.revoke), ("tell", &system.tell)] {
                let problem = secret.as_ref().and_then(|secret| SecretRef::parse(secret).err());
                all.extend(problem.map(|problem| format!("systems.{name}.{hand} {problem}")));
            }
            if let Some(sign_in) = system.signs_in_through.as_ref().filter(|sign_in| !self.knows(&sign_in.system)) {
                all.push(format!("systems.{name}.signs_in_through names the system {:?}, which isn't configured", sign_in.system));
            }
            if let Some(schedule) = &system.schedule {
                of_schedule(&format!("systems.{name}.schedule"), schedule, all);
            }
        }
    }

    fn of_policy(&self, all: &mut Vec<String>) {
        if let Some(days) = self.policy.stale_device_days.filter(|days| !(1..=3650).contains(days)) {
            all.push(format!("policy.stale_device_days: {days} is no number of days; write one from 1 to 3650"));
        }
    }

    fn of_departures(&self, all: &mut Vec<String>) {
        let departure = &self.departure;
        if departure.mass_limit == 0 {
            all.push(
                "departure.mass_limit: 0 would let nobody leave without an approval; write 1 or more, or departure.approval = true"
                    .to_owned(),
            );
        }
        match duration::parse(&departure.mass_window) {
            Err(problem) => all.push(format!("departure.mass_window: {problem}")),
            Ok(window) if !(MINUTE..=MONTH).contains(&window) => {
                all.push(format!(
                    "departure.mass_window: {:?} is no window for departures; write one from 1m to 30d",
                    departure.mass_window
                ));
            }
            Ok(_) => {}
        }
        all.extend(departure.last_day().err().map(|problem| format!("departure.{problem}")));
        for keep in departure.keep.iter().filter(|keep| !self.knows(&keep.system)) {
            all.push(format!("departure.keep names the system {:?}, which isn't configured", keep.system));
        }
    }

    fn of_telling(&self, all: &mut Vec<String>) {
        let tell = &self.departure.tell;
        of_schedule("departure.tell.look", &tell.look, all);
        let carriers = tell.tasks.iter().map(|system| ("tasks".to_owned(), system));
        let carriers = carriers.chain(tell.roles.iter().map(|(role, system)| (format!("roles.{role}"), system)));
        for (place, system) in carriers.chain(tell.notices.iter().map(|notice| ("notices.system".to_owned(), &notice.system))) {
            if !self.knows(system) {
                all.push(format!("departure.tell.{place} names the system {system:?}, which isn't configured"));
            }
        }
        let events = tell.notices.iter().flat_map(|notice| &notice.events);
        all.extend(
            events.filter_map(|event| event.parse::<TellEvent>().err()).map(|problem| format!("departure.tell.notices.events: {problem}")),
        );
    }

    fn of_serving(&self, all: &mut Vec<String>) {
        let serve = &self.serve;
        of_schedule("serve.schedule", &serve.schedule, all);
        of_schedule("serve.poll", &serve.poll, all);
        if serve.listen.rsplit_once(':').is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err()) {
            all.push(format!("serve.listen: {:?} is no address to listen on; write one such as 127.0.0.1:8470", serve.listen));
        }
        for (name, hook) in &serve.hooks {
            all.extend(SecretRef::parse(&hook.secret).err().map(|problem| format!("serve.hooks.{name}.secret {problem}")));
            if !self.knows(&hook.system) {
                all.push(format!("serve.hooks.{name}.system names {:?}, which isn't configured", hook.system));
            }
        }
    }
}

/// A schedule is cron's, or empty for never.
fn of_schedule(place: &str, text: &str, all: &mut Vec<String>) {
    if !text.is_empty() && text.parse::<croner::Cron>().is_err() {
        all.push(format!("{place}: the schedule {text:?} is not cron syntax; write one such as 0 2 * * *"));
    }
}
