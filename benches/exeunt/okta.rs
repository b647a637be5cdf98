//! A scan of a large Okta organisation, end to end, against what its rate limit allows; and the memory that it takes.
//!
//! The server runs here, the scan in a process of its own, so that its memory can be told apart. Okta counts 600 calls a minute; here
//! it is 600 calls in six seconds, and everything else (latency too) is shorter in proportion, so that a run takes half a minute.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exeunt::connect::{Access, Connection};
use exeunt::graph::{Graph, Person};
use exeunt::manifest::load;
use exeunt::model::{NodeId, SystemId};
use exeunt::scan::{self, Watchlist};
use exeunt::store::Store;
use petgraph::graph::NodeIndex;
use serde_json::{Value, json};

use crate::data::{self, okta_user, user_id};
use crate::report::{Line, best};

/// The first argument of the process that scans.
pub const CHILD: &str = "okta-scan";

const USERS: usize = 50_000;
const EXECUTIVES: usize = 200;
/// Two apps that everybody has, and 18 for a few.
const APPS: usize = 20;
const FOR_ALL: usize = 2;
const FOR_SOME: usize = 400;
const LIMIT: u64 = 600;
const WINDOW: u64 = 6;
/// What Okta's manifest leaves free for a departure.
const EMERGENCY: f64 = 0.4;
const LATENCY: Duration = Duration::from_millis(10);
const MIB: f64 = 1024.0 * 1024.0;

/// What the manifest's reads come to, counted from what the organisation holds.
fn calls_needed() -> u64 {
    let pages = |records: usize, size: usize| records.div_ceil(size).max(1);
    let once = 4 + 1 + pages(USERS, 200) + pages(APPS, 200) + 1; // preflight, sentinel, users, apps, API tokens
    let of_apps = FOR_ALL * pages(USERS, 500) + (APPS - FOR_ALL) * pages(FOR_SOME, 500) + APPS;
    let of_executives = EXECUTIVES * 5 + EXECUTIVES * 2; // groups, roles, factors, clients, devices; one client's grants and tokens
    (once + of_apps + of_executives) as u64
}

pub fn run() -> Result<Vec<Line>> {
    let tries = std::env::var("EXEUNT_BENCH_TRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_u32);
    let needed = calls_needed();
    let whole = needed as f64 * WINDOW as f64 / LIMIT as f64;
    let share = whole / (1.0 - EMERGENCY);
    let (seconds, seen) = best((0..tries).map(|_| one()))?;
    let peak = seen["peak"].as_f64().context("the scan said nothing of its memory")?;
    let detail = json!({
        "calls_needed": needed, "limit": LIMIT, "window_seconds": WINDOW, "users": USERS, "executives": EXECUTIVES,
        "bound_seconds": share, "bound_of_the_whole_limit_seconds": whole, "ratio_to_the_whole_limit": seconds / whole, "scan": seen,
    });
    let seen_mib = peak / MIB;
    Ok(vec![
        Line::new(
            &format!("okta: {USERS} users, {EXECUTIVES} executives"),
            format!("{seconds:.1} s, {} calls ({} refused)", seen["calls"], seen["refused"]),
            format!("{needed} calls at 60 % of the limit {share:.1} s"),
            seconds / share,
        )
        .target("≤ 1.25", seconds / share <= 1.25)
        .detail(detail),
        Line::new(
            "okta: against the whole limit",
            format!("{seconds:.1} s"),
            format!("{needed} calls at the limit {whole:.1} s"),
            seconds / whole,
        ),
        Line::new("okta: peak memory of the scan", format!("{seen_mib:.0} MiB"), "200 MiB".to_owned(), seen_mib / 200.0)
            .target("< 200 MiB", seen_mib < 200.0),
    ])
}

fn one() -> Result<(f64, Value)> {
    let folder = data::folder()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let org = Arc::new(Org { base: format!("{url}/api/v1"), counted: Mutex::default() });
    let router = Router::new().fallback(answer).with_state(org.clone());
    runtime.spawn(async move { axum::serve(listener, router).await });
    let output = Command::new(std::env::current_exe()?).arg(CHILD).arg(&url).arg(folder.path()).output()?;
    if !output.status.success() {
        return Err(anyhow!("the scan failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let mut seen: Value = serde_json::from_slice(&output.stdout).context("the scan's report")?;
    let counted = org.counted.lock().map_err(|_| anyhow!("the server broke"))?;
    seen["calls"] = json!(counted.answered + counted.refused);
    seen["refused"] = json!(counted.refused);
    seen["unknown"] = json!(counted.unknown);
    anyhow::ensure!(seen["gaps"].as_array().is_some_and(Vec::is_empty), "the scan has gaps: {}", seen["gaps"]);
    Ok((seen["seconds"].as_f64().context("the scan said nothing of its time")?, seen))
}

/// The process that scans: the server's address, and a folder for its store.
pub fn child(args: &[String]) -> Result<()> {
    let [url, folder] = args else { return Err(anyhow!("{CHILD} URL FOLDER")) };
    let (_, text) = load::builtin().iter().find(|(name, _)| *name == "okta").context("there is no manifest for Okta")?;
    let text = text.replace("per: 60s", &format!("per: {WINDOW}s"));
    let manifest = load::load("okta.yaml", &text).map_err(|problems| anyhow!("{problems:?}"))?;
    let store = Store::open(&Path::new(folder).join("bench.db"))?;
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let people: Vec<Person> = (0..EXECUTIVES).map(executive).collect();
    let watchlist = Watchlist::new(&graph, &people);
    let connection = Connection::open(Access {
        system: SystemId("okta".to_owned()),
        manifest,
        settings: json!({ "url": url }),
        read: Some("bench-read".into()),
        revoke: Some("bench-revoke".into()),
        tell: None,
        ca_file: None,
        plain: false,
        recorder: None,
    })
    .map_err(|problem| anyhow!(problem))?;
    let before = data::peak_memory()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(scan::scan_system(&store, &connection, &watchlist, &scan::Options::default(), &|_| {}))?;
    println!(
        "{}",
        json!({
            "seconds": report.took.as_secs_f64(), "seen": report.seen, "scopes": report.scopes, "gaps": report.gaps,
            "peak": data::peak_memory()?, "peak_before": before,
        })
    );
    Ok(())
}

fn executive(number: usize) -> Person {
    let user = okta_user(number * (USERS / EXECUTIVES));
    let text = |field: &str| user["profile"][field].as_str().unwrap_or_default().to_owned();
    Person {
        id: NodeId(number as i64),
        index: NodeIndex::new(0),
        key: format!("{number}"),
        name: text("login"),
        number: Some(text("employeeNumber")),
        emails: vec![text("email")],
        home_emails: Vec::new(),
        phones: Vec::new(),
        title: "Chief".to_owned(),
        department: String::new(),
        standing: exeunt::graph::Standing::Active,
        last_day: None,
        returns: None,
        last_hours: None,
        place_doubt: None,
        unknown: Vec::new(),
        executive: true,
        vanished: false,
    }
}

/// The organisation, and what it has counted.
struct Org {
    base: String,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    /// The window now counted, and the calls in it.
    window: (u64, u64),
    answered: u64,
    refused: u64,
    unknown: u64,
}

async fn answer(State(org): State<Arc<Org>>, OriginalUri(uri): OriginalUri) -> Response {
    tokio::time::sleep(LATENCY).await;
    let now = exeunt::clock::now().as_second().unsigned_abs();
    let reset = (now / WINDOW + 1) * WINDOW;
    let (left, known) = {
        let Ok(mut counted) = org.counted.lock() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        if counted.window.0 != reset {
            counted.window = (reset, 0);
        }
        let fits = counted.window.1 < LIMIT;
        if fits {
            counted.window.1 += 1;
            counted.answered += 1;
        } else {
            counted.refused += 1;
        }
        (LIMIT - counted.window.1, fits)
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-rate-limit-limit", HeaderValue::from(LIMIT));
    headers.insert("x-rate-limit-remaining", HeaderValue::from(left));
    headers.insert("x-rate-limit-reset", HeaderValue::from(reset));
    if !known {
        return (StatusCode::TOO_MANY_REQUESTS, headers, axum::Json(json!({ "errorCode": "E0000047" }))).into_response();
    }
    let query = uri.query().unwrap_or_default();
    let number = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
            .and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let path = uri.path().trim_start_matches("/api/v1");
    let Some((body, total)) = body(path, number("after").unwrap_or(0), number("limit").unwrap_or(200)) else {
        if let Ok(mut counted) = org.counted.lock() {
            counted.unknown += 1;
        }
        return (StatusCode::NOT_FOUND, headers, axum::Json(json!({ "errorCode": "E0000007" }))).into_response();
    };
    let (after, limit) = (number("after").unwrap_or(0), number("limit").unwrap_or(200));
    if after + limit < total
        && let Ok(next) = HeaderValue::from_str(&format!("<{}{path}?limit={limit}&after={}>; rel=\"next\"", org.base, after + limit))
    {
        headers.insert(header::LINK, next);
    }
    (headers, axum::Json(body)).into_response()
}

/// What stands at a path, from `after` on, and how many there are in all.
fn body(path: &str, after: usize, limit: usize) -> Option<(Value, usize)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let part =
        |total: usize, make: &dyn Fn(usize) -> Value| Some((Value::Array((after..total.min(after + limit)).map(make).collect()), total));
    let of_user = |id: &str| id.trim_start_matches("00uBench").parse::<usize>().ok();
    match parts.as_slice() {
        ["users", "me"] => Some((okta_user(1), 1)),
        ["users"] => part(USERS, &okta_user),
        ["users", id, "groups"] => {
            let user = of_user(id)?;
            part(
                5,
                &|at| json!({ "id": format!("00g{}", (user + at) % 300), "type": "OKTA_GROUP", "profile": { "name": format!("Group {}", (user + at) % 300) } }),
            )
        }
        ["users", id, "roles"] => {
            let user = of_user(id)?;
            part(
                user.is_multiple_of(1000).into(),
                &|_| json!({ "id": format!("ra{user}"), "type": "APP_ADMIN", "label": "Application Administrator", "status": "ACTIVE", "assignmentType": "USER", "created": "2024-01-01T00:00:00.000Z" }),
            )
        }
        ["users", id, "factors"] => {
            let user = of_user(id)?;
            part(
                2,
                &|at| json!({ "id": format!("mf{user}x{at}"), "factorType": (["push", "sms"][at]), "provider": "OKTA", "vendorName": "OKTA", "status": "ACTIVE", "created": "2024-01-01T00:00:00.000Z", "profile": { "phoneNumber": "+4500000000" } }),
            )
        }
        ["users", id, "clients"] => {
            let user = of_user(id)?;
            part(
                1,
                &|_| json!({ "client_id": format!("0oaClient{}", user % 30), "client_name": "Mail app", "client_uri": "https://mail.example" }),
            )
        }
        ["users", _, "clients", _, "grants"] => part(
            3,
            &|at| json!({ "id": format!("oag{at}"), "status": "ACTIVE", "scopeId": format!("scope.{at}"), "created": "2024-01-01T00:00:00.000Z" }),
        ),
        ["users", _, "clients", _, "tokens"] => part(
            2,
            &|at| json!({ "id": format!("oar{at}"), "status": "ACTIVE", "scopes": ["openid", "offline_access"], "expiresAt": "2027-01-01T00:00:00.000Z", "lastUpdated": "2026-01-01T00:00:00.000Z" }),
        ),
        ["users", id, "devices"] => {
            let user = of_user(id)?;
            part(
                1,
                &|_| json!({ "device": { "id": format!("guo{user}"), "status": "ACTIVE", "profile": { "displayName": "Laptop", "platform": "MACOS", "managed": true, "serialNumber": format!("S{user}") } } }),
            )
        }
        ["apps"] => part(
            APPS,
            &|at| json!({ "id": format!("0oa{at}"), "label": format!("App {at}"), "signOnMode": "SAML_2_0", "status": "ACTIVE", "created": "2022-01-01T00:00:00.000Z" }),
        ),
        ["apps", id, "users"] => {
            let app: usize = id.trim_start_matches("0oa").parse().ok()?;
            part(if app < FOR_ALL { USERS } else { FOR_SOME }, &|at| {
                let user = okta_user(at);
                json!({ "id": user_id(at), "scope": if app < FOR_ALL { "GROUP" } else { "USER" }, "status": "PROVISIONED", "created": "2023-01-01T00:00:00.000Z", "credentials": { "userName": user["profile"]["login"] }, "profile": { "role": "Member" } })
            })
        }
        ["apps", _, "groups"] => part(3, &|at| json!({ "id": format!("00g{at}"), "priority": at })),
        ["api-tokens"] => part(
            40,
            &|at| json!({ "id": format!("00T{at}"), "name": format!("Token {at}"), "clientName": "Okta API", "userId": user_id(at * 13), "created": "2024-01-01T00:00:00.000Z", "lastUpdated": "2026-01-01T00:00:00.000Z", "expiresAt": "2026-12-01T00:00:00.000Z", "network": { "connection": "ANYWHERE" } }),
        ),
        _ => None,
    }
}
