//! The second night of a large HR system, against the first: what reading only what changed saves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::extract::{OriginalUri, State};
use exeunt::connect::{Access, Connection};
use exeunt::graph::Graph;
use exeunt::manifest::load;
use exeunt::model::SystemId;
use exeunt::scan::{self, SystemReport, Watchlist};
use exeunt::store::Store;
use serde_json::{Value, json};

use crate::data;
use crate::report::Line;

const EMPLOYEES: usize = 10_000;
const CHANGED: usize = 50;
const PAGE: usize = 500;

pub fn run() -> Result<Vec<Line>> {
    let folder = data::folder()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let calls = Arc::new(AtomicU64::new(0));
    let router = Router::new().fallback(answer).with_state(calls.clone());
    runtime.spawn(async move { axum::serve(listener, router).await });

    let (_, text) = load::builtin().iter().find(|(name, _)| *name == "bamboohr").context("there is no manifest for BambooHR")?;
    // What the vendor allows is not what is measured.
    let text = text.replace("requests: 1200", "requests: 10000000");
    let manifest = load::load("bamboohr.yaml", &text).map_err(|problems| anyhow!("{problems:?}"))?;
    let store = Store::open(&data::store_path(&folder))?;
    let connection = Connection::open(Access {
        system: SystemId("bamboohr".to_owned()),
        manifest,
        settings: json!({ "url": url }),
        read: Some("bench-read".into()),
        revoke: None,
        tell: None,
        ca_file: None,
        plain: false,
        recorder: None,
    })
    .map_err(|problem| anyhow!(problem))?;
    let night = || -> Result<(SystemReport, u64)> {
        let before = calls.load(Ordering::Relaxed);
        let graph = store.read(|conn| Graph::read(conn, None))?;
        let watchlist = Watchlist::new(&graph, &[]);
        let report = runtime.block_on(scan::scan_system(&store, &connection, &watchlist, &scan::Options::default(), &|_| {}))?;
        anyhow::ensure!(report.gaps.is_empty(), "the scan has gaps: {:?}", report.gaps);
        Ok((report, calls.load(Ordering::Relaxed) - before))
    };
    let (first, first_calls) = night()?;
    let (second, second_calls) = night()?;
    let told = |report: &SystemReport, calls: u64| format!("{:.2} s, {calls} calls", report.took.as_secs_f64());
    let (of_calls, of_time) = (second_calls as f64 / first_calls as f64, second.took.as_secs_f64() / first.took.as_secs_f64());
    let detail = json!({
        "employees": EMPLOYEES, "changed": CHANGED, "first_calls": first_calls, "second_calls": second_calls, "ratio_of_times": of_time,
        "first_seconds": first.took.as_secs_f64(), "second_seconds": second.took.as_secs_f64(),
    });
    Ok(vec![
        Line::new(
            &format!("nights: {EMPLOYEES} employees, {CHANGED} changed since"),
            told(&second, second_calls),
            format!("first night {}", told(&first, first_calls)),
            of_calls,
        )
        .target("≤ 0.05", of_calls <= 0.05)
        .detail(detail),
    ])
}

async fn answer(State(calls): State<Arc<AtomicU64>>, OriginalUri(uri): OriginalUri) -> axum::Json<Value> {
    calls.fetch_add(1, Ordering::Relaxed);
    let path: Vec<&str> = uri.path().trim_start_matches("/api/v1/employees").split('/').filter(|piece| !piece.is_empty()).collect();
    axum::Json(match path.as_slice() {
        ["changed"] => {
            let named =
                |at: usize| (at.to_string(), json!({ "id": at.to_string(), "action": "Updated", "lastChanged": "2026-11-26T00:00:00Z" }));
            json!({ "latest": "2026-11-26T00:00:00Z", "employees": (0..CHANGED).map(named).collect::<serde_json::Map<_, _>>() })
        }
        [id] => {
            let mut one = employee(id.parse().unwrap_or(0));
            one["id"] = json!(id);
            one
        }
        _ => {
            let after = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("page%5Bafter%5D="));
            let from: usize = after.and_then(|after| after.parse().ok()).unwrap_or(0);
            let to = (from + PAGE).min(EMPLOYEES);
            let next = (to < EMPLOYEES).then(|| to.to_string());
            json!({ "data": (from..to).map(employee).collect::<Vec<_>>(), "meta": { "page": { "nextCursor": next } } })
        }
    })
}

fn employee(at: usize) -> Value {
    json!({
        "employeeId": at.to_string(), "employeeNumber": format!("E{at}"), "firstName": "Ada", "lastName": format!("Berg {at}"),
        "workEmail": format!("ada.berg{at}@acme.example"), "homeEmail": format!("ada{at}@home.example"), "mobilePhone": format!("+45{at:08}"),
        "jobTitleName": "Clerk", "department": "Finance", "departmentName": "Finance", "reportsToId": "1", "status": "Active",
        "hireDate": "2019-02-01", "terminationDate": null,
    })
}
