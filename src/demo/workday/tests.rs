//! One report, for one user, whole; what has no value has no column.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;

use super::super::faults::Faults;
use super::super::probe::Probe;
use super::super::vendor::{Profile, serve};
use super::*;

const PATH: &str = "/ccx/service/customreport2/heron/ISU_EXEUNT/Exeunt_Workers";

#[tokio::test]
async fn the_report_comes_whole_and_only_to_its_user() {
    let company = Arc::new(Company::load("2026-03-10T09:00:00Z".parse().unwrap()).unwrap());
    let running = serve("workday", start(&company).unwrap().router, Profile::default(), Faults::default()).await.unwrap();
    let as_ = |password: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("ISU_EXEUNT@heron:{password}"));
        Probe::new("workday", &running.url, "https://wd2-impl-services1.workday.com", &format!("Basic {pair}"))
    };
    let probe = as_("read-workday");
    let body = probe.get(&format!("{PATH}?format=json")).await.body;
    let rows = body["Report_Entry"].as_array().unwrap();
    let of = |number: &str| rows.iter().find(|row| row["employee_id"] == number).unwrap();
    assert_eq!(rows.len(), 7);
    assert_eq!((&of("W0002")["delegates"], &of("W0002")["status"]), (&json!("tbrandl"), &json!("Active")));
    assert!(of("W0003").get("delegates").is_none() && of("W0003").get("last_day_of_work").is_none());
    assert_eq!((&of("W0006")["status"], &of("W0006")["account_disabled"]), (&json!("Terminated"), &json!("1")));
    assert_eq!(of("W0007")["status"], "Active");
    assert_eq!(probe.get(PATH).await.status, 400);
    assert_eq!(as_("guessed").get(&format!("{PATH}?format=json")).await.status, 401);
    assert_eq!(probe.get("/ccx/service/customreport2/heron/ISU_EXEUNT/Another?format=json").await.status, 404);
}
