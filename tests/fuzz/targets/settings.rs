//! Settings: any text, or good ones with some lines changed. They load, or all that is wrong stands on one line that shows no secret.

use exeunt::config::{Config, is_like};
use exeunt::serve::due;
use jiff::Timestamp;

use super::bytes::{Bytes, changed_lines, is_one_line};

const GOOD: &str = include_str!("settings.toml");

pub fn settings(data: &[u8]) {
    let mut bytes = Bytes(data);
    let text = if bytes.byte() < 64 { bytes.rest_text() } else { changed_lines(GOOD, &mut bytes) };
    let config = match Config::parse(&text) {
        Ok(config) => config,
        Err(problem) => {
            is_one_line(&problem);
            assert!(!problem.is_empty());
            assert_eq!(Config::parse(&text).unwrap_err(), problem);
            return;
        }
    };
    assert_eq!(format!("{:?}", Config::parse(&text).unwrap()), format!("{config:?}"));
    // What was accepted can be used: a schedule has its times, a last day its end.
    let now: Timestamp = "2026-03-04T09:30:00Z".parse().unwrap();
    let schedules = config.systems.values().filter_map(|system| system.schedule.as_ref());
    for pattern in schedules.chain([&config.serve.schedule, &config.serve.poll, &config.departure.tell.look]).filter(|one| !one.is_empty())
    {
        let Ok(next) = due::next(pattern, now) else { continue };
        assert!(next > now, "{pattern}: {next}");
        if let Ok(Some(last)) = due::due(pattern, Timestamp::UNIX_EPOCH, now) {
            assert!(last <= now, "{pattern}: {last}");
            assert_eq!(due::due(pattern, last, now), Ok(None), "{pattern}: served once");
        }
    }
    config.departure.last_day().expect("a last day that was judged");
    exeunt::model::duration::parse(&config.departure.mass_window).expect("a window that was judged");
    for (name, system) in &config.systems {
        for secret in [&system.read, &system.revoke, &system.tell].into_iter().flatten() {
            config.secret(secret).expect("the place of a secret that was judged");
        }
        let _ = (is_like(name, "*a*"), is_like("accounts", name), config.is_company_address(name));
        assert!(is_like(name, "*"), "everything is like *");
        assert!(name.contains('*') || is_like(name, name), "{name:?} is like itself");
    }
}
