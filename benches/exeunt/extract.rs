//! Extraction: Okta's users to observations, against parsing the same bytes.

use std::time::Instant;

use anyhow::{Context as _, Result};
use exeunt::manifest::express::Scope;
use exeunt::manifest::extract::Extractor;
use exeunt::manifest::load;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::data;
use crate::report::{Line, best, thousands};

const RECORDS: usize = 40_000;
const PAGE: usize = 200;
const TRIES: usize = 5;

pub fn run() -> Result<Vec<Line>> {
    let manifest = load::find("okta", None).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let users = manifest.collection("users").context("okta's manifest has no users")?;
    let extractor = Extractor::new(&users.yields).map_err(anyhow::Error::msg)?;
    let pages: Vec<Vec<u8>> = (0..RECORDS)
        .step_by(PAGE)
        .map(|first| Ok(serde_json::to_vec(&(first..first + PAGE).map(data::okta_user).collect::<Vec<_>>())?))
        .collect::<Result<_>>()?;
    let bytes: usize = pages.iter().map(Vec::len).sum();
    let (parse, parsed) = best((0..TRIES).map(|_| {
        let began = Instant::now();
        let parsed: Vec<Vec<Value>> = pages.iter().map(|page| serde_json::from_slice(page)).collect::<Result<_, _>>()?;
        Ok((began.elapsed().as_secs_f64(), parsed))
    }))?;
    let settings = json!({ "url": "https://corp.okta.example" });
    let scope = Scope::new().with("settings", &settings);
    let one_page = |page: &Vec<Value>| {
        let (mut out, mut problems) = (Vec::with_capacity(page.len() * 3), Vec::new());
        for record in page {
            extractor.extract(record, &scope, &mut out, &mut problems);
        }
        (out.len(), problems.len())
    };
    let timed = |work: &dyn Fn() -> Vec<(usize, usize)>| {
        best((0..TRIES).map(|_| {
            let began = Instant::now();
            let done = work();
            let seconds = began.elapsed().as_secs_f64();
            anyhow::ensure!(done.iter().all(|(_, problems)| *problems == 0), "some records could not be understood");
            Ok((seconds, done.iter().map(|(count, _)| count).sum::<usize>()))
        }))
    };
    let (one, observations) = timed(&|| parsed.iter().map(one_page).collect())?;
    let (all, _) = timed(&|| parsed.par_iter().map(one_page).collect())?;
    let line = |name: &str, seconds: f64| {
        let (rate, plain) = (RECORDS as f64 / seconds, RECORDS as f64 / parse);
        Line::new(name, format!("{} records/s", thousands(rate)), format!("parsing JSON {} records/s", thousands(plain)), rate / plain)
            .detail(
                json!({ "records": RECORDS, "observations": observations, "bytes": bytes, "seconds": seconds, "baseline_seconds": parse }),
            )
    };
    Ok(vec![line("extract: one core", one), line("extract: all cores", all)])
}
