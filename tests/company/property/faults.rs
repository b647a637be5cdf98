//! The faults that a seed draws.

use std::time::Duration;

use exeunt_company::faults::{Fault, FaultKind};
use serde_json::{Value, json};

use super::company::Trial;
use super::{Broken, HR, NOT_FOUND, SIGN_IN};

/// A path that nobody is asked for but by a redirect to another host.
const ELSEWHERE: &str = "/elsewhere";

/// By how many seconds a vendor's clock may be wrong.
const WRONG_BY: &[i64] = &[-86_400, -5_400, -240, -30, 30, 240, 5_400, 86_400];

impl Trial<'_> {
    /// Puts some faults in force at the system or HR, for reads; with `writes`, also for what is to be changed.
    pub fn faults(&mut self, writes: bool) {
        for _ in 0..=self.dice.below(3) {
            let lie = writes && self.chance(4);
            let system = if !lie && self.chance(4) { HR } else { self.system };
            let kind = if lie { FaultKind::Lie } else { self.kind(!writes, system) };
            let asked = self.asked.get(system).cloned().unwrap_or_default();
            let mut path = String::new();
            // These are the vendor's more often than one path's.
            let wide = matches!(kind, FaultKind::Latency(_) | FaultKind::Storm { .. } | FaultKind::Expired | FaultKind::Skew(_));
            let anywhere = self.chance(if wide { 2 } else { 4 });
            if !asked.is_empty() && (matches!(kind, FaultKind::Loop) || !anywhere) {
                path = self.one_of(&asked);
                // This page, or every page of every list below.
                if !matches!(kind, FaultKind::Loop) && self.chance(2) {
                    path.truncate(path.find('?').unwrap_or(path.len()));
                }
            }
            let times = self.times(&kind);
            let method = (writes && !lie && self.chance(2)).then(|| "GET".to_owned());
            let fault = Fault { system: system.to_owned(), method, path, kind, times };
            self.story.push(format!("    {fault:?}"));
            self.sim.world.faults.add(fault);
        }
    }

    /// How often a fault acts. What is tried again is not to fail for long.
    fn times(&mut self, kind: &FaultKind) -> Option<u32> {
        let most = match kind {
            FaultKind::Latency(_) => return None,
            FaultKind::Storm { .. } => 8,
            FaultKind::Cut | FaultKind::Hang(_) | FaultKind::Reset { .. } | FaultKind::Stall(_) => 2,
            FaultKind::Status { code: 429 | 500, .. } => 2,
            _ if !self.chance(3) => return None,
            _ => 4,
        };
        u32::try_from(1 + self.dice.below(most)).ok()
    }

    fn kind(&mut self, may_be_quiet: bool, system: &str) -> FaultKind {
        let status = |code: u16, body: Value| FaultKind::Status { code, headers: Vec::new(), body };
        if may_be_quiet && self.quiet && self.chance(2) {
            self.hidden = true;
            return match self.dice.below(6) {
                // One person's list for another's, where the path is the same for all.
                0 => FaultKind::Loop,
                1 => status(200, json!([])),
                2 => FaultKind::Empty,
                3 => FaultKind::Lost(self.dice.below(1000)),
                4 => FaultKind::Types(self.dice.below(1000)),
                _ => FaultKind::Nulls(self.dice.below(1000)),
            };
        }
        if self.chance(2) { self.no_answer() } else { self.bad_weather(system) }
    }

    /// Answers that are none.
    fn no_answer(&mut self) -> FaultKind {
        let status = |code: u16, body: Value| FaultKind::Status { code, headers: Vec::new(), body };
        match self.dice.below(12) {
            0 => FaultKind::Page { code: 200, text: SIGN_IN },
            1 => FaultKind::Page { code: 404, text: NOT_FOUND },
            2 => FaultKind::Page { code: 200, text: "" },
            3 => FaultKind::Page { code: 403, text: SIGN_IN },
            4 => status(200, json!({ "error": "temporarily_unavailable" })),
            5 => status(200, Value::Null),
            // Some vendors leave out an empty list, and so may say this and mean it.
            6 if !self.sim.manifest(self.system).contains("absent: empty") => status(200, json!({})),
            7 => status(404, json!({})),
            8 => status(401, json!({ "error": "invalid_token" })),
            9 => status(403, json!({ "message": "you may not" })),
            10 => status(500, json!({ "message": "internal error" })),
            _ => FaultKind::Shapes,
        }
    }

    /// The right answer, but late, broken off, twice, in another order, at another time, or only to whoever asks again or elsewhere.
    fn bad_weather(&mut self, system: &str) -> FaultKind {
        let waits = Duration::from_millis(if self.impatient { 3_000 } else { 300 });
        match self.dice.below(12) {
            0 => FaultKind::Cut,
            1 => FaultKind::Hang(waits),
            2 => FaultKind::Stall(waits),
            3 => FaultKind::Latency(Duration::from_millis(60)),
            4 => FaultKind::Reset { done: false },
            5 => FaultKind::Reset { done: true },
            6 => {
                let code = self.one_of(&[429, 429, 500, 502, 503, 504]);
                let headers = if self.chance(2) { vec![("retry-after".to_owned(), "1".to_owned())] } else { Vec::new() };
                FaultKind::Storm { one_in: 1 + self.dice.below(4), number: self.dice.below(1000), code, headers }
            }
            7 => FaultKind::Expired,
            8 => FaultKind::Twice,
            9 => FaultKind::Shuffled(self.dice.below(1000)),
            10 => FaultKind::Again,
            _ if self.chance(2) => FaultKind::Skew(self.one_of(WRONG_BY)),
            _ => {
                let other = self.sim.world.url(if system == HR { self.system } else { HR });
                let to = ["", "/login", "https://sso.northmoor.invalid/login", &format!("{other}{ELSEWHERE}")].map(str::to_owned);
                FaultKind::Redirect { code: self.one_of(&[301, 302, 303, 307, 308]), to: self.one_of(&to) }
            }
        }
    }

    /// The system or HR can't be reached: its port speaks no TLS, or its name has no address. Answers with the settings as they were.
    pub fn out_of_reach(&mut self) -> String {
        let system = if self.chance(3) { HR } else { self.system };
        let url = self.sim.world.url(system).to_owned();
        let to = if self.chance(2) { url.replacen("http:", "https:", 1) } else { format!("https://{system}.northmoor.invalid") };
        self.story.push(format!("    {system} is asked at {to}"));
        let file = self.sim.world.settings_file();
        let settings = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, settings.replace(&url, &to)).unwrap();
        settings
    }

    /// All faults are over. Whoever was sent to another host did not go there.
    pub fn all_is_well(&mut self, settings: Option<String>) -> Result<(), Broken> {
        self.sim.world.faults.clear();
        if let Some(settings) = settings {
            std::fs::write(self.sim.world.settings_file(), settings).unwrap();
        }
        let followed = self.sim.world.faults.answered().into_iter().find(|answer| answer.target.contains(ELSEWHERE));
        followed.map_or(Ok(()), |answer| Err(format!("a redirect to another host was followed: {answer:?}")))
    }
}
