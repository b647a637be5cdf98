//! What was measured, as a table or as JSON.

use serde_json::{Value, json};

/// One figure, its baseline and its target.
pub struct Line {
    pub name: String,
    /// What was measured, in words with its unit.
    pub measured: String,
    /// What it is held against, likewise.
    pub baseline: String,
    /// Measured over baseline.
    pub ratio: Option<f64>,
    /// The target in words, and whether it was met; none where there is no target.
    pub target: Option<(String, bool)>,
    /// Every number behind it.
    pub detail: Value,
}

impl Line {
    pub fn new(name: &str, measured: String, baseline: String, ratio: f64) -> Self {
        Self { name: name.to_owned(), measured, baseline, ratio: Some(ratio), target: None, detail: json!({}) }
    }

    #[must_use]
    pub fn target(mut self, words: &str, met: bool) -> Self {
        self.target = Some((words.to_owned(), met));
        self
    }

    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// A measurement that could not be taken.
    pub fn broken(name: &str, problem: &str) -> Self {
        Self {
            name: name.to_owned(),
            measured: format!("not measured: {problem}"),
            baseline: String::new(),
            ratio: None,
            target: None,
            detail: json!({}),
        }
    }

    fn verdict(&self) -> &'static str {
        match (&self.target, self.ratio) {
            (_, None) => "broken",
            (None, _) => "",
            (Some((_, true)), _) => "pass",
            (Some((_, false)), _) => "miss",
        }
    }
}

pub fn print_table(lines: &[Line]) {
    let cells: Vec<[String; 6]> = lines
        .iter()
        .map(|line| {
            [
                line.name.clone(),
                line.measured.clone(),
                line.baseline.clone(),
                line.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default(),
                line.target.as_ref().map(|(words, _)| words.clone()).unwrap_or_default(),
                line.verdict().to_owned(),
            ]
        })
        .collect();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["", "measured", "baseline", "ratio", "target", ""]);
    table.add_rows(cells);
    println!("{table}");
}

pub fn print_json(lines: &[Line]) {
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({
                "name": line.name,
                "measured": line.measured,
                "baseline": line.baseline,
                "ratio": line.ratio,
                "target": line.target.as_ref().map(|(words, _)| words),
                "verdict": line.verdict(),
                "detail": line.detail,
            })
        })
        .collect();
    println!("{:#}", Value::Array(lines));
}

/// The shortest of some tries: on a machine that others use too, the one that was disturbed least.
pub fn best<T>(tries: impl IntoIterator<Item = anyhow::Result<(f64, T)>>) -> anyhow::Result<(f64, T)> {
    let mut best = None;
    for one in tries {
        let (seconds, value) = one?;
        if best.as_ref().is_none_or(|(known, _)| seconds < *known) {
            best = Some((seconds, value));
        }
    }
    best.ok_or_else(|| anyhow::anyhow!("nothing was tried"))
}

/// 123,456.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
