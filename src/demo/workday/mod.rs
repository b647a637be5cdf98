//! Workday, simulated as one custom report (RaaS): the workers of a company that was bought, and their Workday accounts.

mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use self::state::Workers;
use super::company::Company;
use super::vendor::{RateLimit, RateStyle, Secret, Simulated, Vendor, basic, param, reply};

/// How it is brought up.
pub const VENDOR: Vendor = Vendor {
    name: "workday",
    start,
    millis: 900,
    rate: RateLimit::of(120, 60, RateStyle::None),
    secret: Secret::Token,
    signs_in_through: None,
    settings: |url| {
        format!("url = \"{url}\"\ntenant = \"{TENANT}\"\nowner = \"{OWNER}\"\nreport = \"{REPORT}\"\nuser = \"{OWNER}@{TENANT}\"\n")
    },
};

const TENANT: &str = "heron";
/// The integration system user that owns the report: a report of a person's would die with its owner.
const OWNER: &str = "ISU_EXEUNT";
const REPORT: &str = "Exeunt_Workers";

fn start(company: &Arc<Company>) -> anyhow::Result<Simulated> {
    let workers = Arc::new(Mutex::new(Workers::new(company)?));
    let router = Router::new()
        .route("/ccx/service/customreport2/{tenant}/{owner}/{report}", get(report))
        .fallback(|| async { missing() })
        .with_state(workers.clone());
    Ok(Simulated::over(workers, router, Workers::left))
}

fn missing() -> Response {
    reply(404, &json!({ "error": "not found" }))
}

/// The whole report in one reply, as JSON where that is asked for. A column without a value is left out of its row.
async fn report(
    State(workers): State<Arc<Mutex<Workers>>>,
    Path((tenant, owner, name)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let user = format!("{OWNER}@{TENANT}");
    let Some((given, password)) = basic(request.headers()) else {
        return reply(401, &json!({ "error": "invalid username or password" }));
    };
    // One user reads, and nobody writes here.
    if given != user || password != "read-workday" {
        return reply(401, &json!({ "error": "invalid username or password" }));
    }
    if tenant != TENANT || owner != OWNER || name != REPORT {
        return missing();
    }
    if param(request.uri(), "format").is_none_or(|format| format != "json") {
        return reply(400, &json!({ "error": "this report is served as JSON only" }));
    }
    let rows = workers.lock().unwrap_or_else(PoisonError::into_inner).rows();
    reply(200, &json!({ "Report_Entry": rows }))
}
