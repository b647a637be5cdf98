//! A departure of 500 credentials and one account, run as the command line runs it, against the longest chain that the system forces.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use exeunt::clock;
use exeunt::config::Config;
use exeunt::connect::fleet::Fleet;
use exeunt::departure::{self, Desk, Word};
use exeunt::graph::Graph;
use exeunt::model::Mode;
use exeunt::store::Store;
use exeunt::store::departures::Opened;
use exeunt::survey;
use serde_json::{Value, json};

use crate::data;
use crate::report::{Line, best};

const CREDENTIALS: usize = 500;
/// Of these, how many must be proved before the account may be suspended, where the system forces that.
const FIRST: usize = 10;
const LATENCY: Duration = Duration::from_millis(20);
const TRIES: usize = 5;

const HR: &str = r#"
scanner: bench-hr
title: People
category: hris
contract: this bench
settings: { url: { example: "http://127.0.0.1:8000", help: "address of the server" } }
credentials: { read: { kind: bearer, scopes: [read] } }
connect: { http: "{{ settings.url }}" }
see:
  roster:
    call: GET /people
    paging: { none: true }
    yields: [ { person: it.id, name: it.name, emails: [it.email], employee_number: it.number, state: "'active'" } ]
examples:
  - { of: roster, reply: [ { id: p1, name: Ada, email: ada@corp.example, number: E1 } ], yields: [ { person: p1, name: Ada, emails: [ada@corp.example], employee_number: E1, state: active } ] }
"#;

const APP: &str = r#"
scanner: bench-app
title: App
category: saas
contract: this bench
settings: { url: { example: "http://127.0.0.1:8000", help: "address of the server" } }
credentials: { read: { kind: bearer, scopes: [read] }, revoke: { kind: bearer, scopes: [write] } }
connect: { http: "{{ settings.url }}" }
see:
  users:
    call: GET /users
    one: GET /users/{{ node.id }}
    paging: { none: true }
    yields: [ { account: it.id, name: it.login, emails: [it.login], employee_number: it.number, state: it.state } ]
  tokens:
    for: users
    watched: true
    call: GET /users/{{ parent.id }}/tokens
    paging: { none: true }
    empty: expected
    yields: [ { credential: it.id, type: "{{ it.type }}", name: it.id, held_by: account(parent.id) } ]
take:
  revoke_token:
    on: credential.api_token
    call: DELETE /tokens/{{ node.id }}
    prove: { call: "GET /tokens/{{ node.id }}", gone: status == 404 }
  revoke_key:
    on: credential.ssh_key
    before: [suspend]
    call: DELETE /tokens/{{ node.id }}
    prove: { call: "GET /tokens/{{ node.id }}", gone: status == 404 }
  suspend:
    on: account
    call: POST /users/{{ node.id }}/suspend
    prove: { call: "GET /users/{{ node.id }}", gone: body.state == 'disabled' }
examples:
  - { of: users, reply: [ { id: u1, login: ada@corp.example, number: E1, state: active } ], yields: [ { account: u1, name: ada@corp.example, emails: [ada@corp.example], employee_number: E1, state: active } ] }
  - { of: tokens, given: { parent: { id: u1 } }, reply: [ { id: t1, type: ssh_key } ], yields: [ { credential: t1, type: ssh_key, name: t1 }, { edge: holds, from: "account:u1", to: "credential:t1" } ] }
"#;

pub fn run() -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (name, first) in [("nothing waits", 0), ("the account waits for ten", FIRST)] {
        let runs: Vec<Ran> = (0..TRIES).map(|_| one(first)).collect::<Result<_>>()?;
        let (spread, ran) = best(runs.iter().map(|ran| Ok((ran.left, ran))))?;
        let detail = |ran: &Ran| {
            json!({
                "actions": CREDENTIALS + 1, "window_ms": ran.window, "longest_chain_ms": ran.chain, "left_within_ms": ran.left,
                "arrived_within_ms": ran.arrived, "every_run": runs.iter().map(|ran| json!({"window_ms": ran.window, "longest_chain_ms": ran.chain, "left_within_ms": ran.left, "arrived_within_ms": ran.arrived})).collect::<Vec<_>>(),
            })
        };
        lines.push(
            Line::new(
                &format!("departure, {name}: calls leave"),
                format!("within {spread:.1} ms (arrive within {:.1} ms)", ran.arrived),
                "50 ms".to_owned(),
                spread / 50.0,
            )
            .target("≤ 50 ms", spread <= 50.0)
            .detail(detail(ran)),
        );
        let (ratio, ran) = best(runs.iter().map(|ran| Ok((ran.window / ran.chain, ran))))?;
        lines.push(
            Line::new(
                &format!("departure, {name}: window"),
                format!("{:.0} ms", ran.window),
                format!("longest forced chain {:.0} ms", ran.chain),
                ratio,
            )
            .target("≤ 1.3", ratio <= 1.3)
            .detail(detail(ran)),
        );
    }
    Ok(lines)
}

/// Milliseconds of one run.
struct Ran {
    /// From the first call of those that wait for nothing to the last, as they left.
    left: f64,
    /// Likewise, as they arrived at the server.
    arrived: f64,
    window: f64,
    chain: f64,
}

fn one(first: usize) -> Result<Ran> {
    let folder = data::folder()?;
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = servers.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = Arc::new(App::new(first));
    let router = Router::new().fallback(answer).with_state(app.clone());
    servers.spawn(async move { axum::serve(listener, router).await });
    let config = settings(folder.path(), &url)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(depart(&config))?;
    let outcome = &ended.outcome;
    anyhow::ensure!(
        outcome.gone == CREDENTIALS + 1 && ended.residual.is_empty() && ended.unread.is_empty(),
        "the departure left something: {}; {:?}; {:?}",
        ended.line(),
        ended.residual,
        ended.unread
    );
    let arrivals = app.arrivals.lock().map_err(|_| anyhow!("the server broke"))?;
    let free: Vec<Instant> = arrivals.iter().filter(|(path, _)| first == 0 || !path.contains("suspend")).map(|(_, at)| *at).collect();
    let (from, to) = (free.iter().min().context("no call arrived")?, free.iter().max().context("no call arrived")?);
    Ok(Ran {
        left: outcome.first_to_last_call_ms,
        arrived: to.duration_since(*from).as_secs_f64() * 1e3,
        window: outcome.window_ms,
        chain: outcome.critical_path_ms,
    })
}

fn settings(folder: &Path, url: &str) -> Result<Config> {
    std::fs::create_dir(folder.join("scanners"))?;
    std::fs::write(folder.join("scanners/bench-hr.yaml"), HR)?;
    std::fs::write(folder.join("scanners/bench-app.yaml"), APP)?;
    std::fs::write(folder.join("secret"), "bench\n")?;
    let text = format!(
        r#"scanners = "scanners"
[company]
name = "Corp"
domains = ["corp.example"]
[people]
executives = ["E1"]
[systems.hr]
scanner = "bench-hr"
url = "{url}"
read = "file:secret"
[systems.app]
scanner = "bench-app"
url = "{url}"
read = "file:secret"
revoke = "file:secret"
"#
    );
    let path = folder.join("exeunt.toml");
    std::fs::write(&path, text)?;
    Config::load(&path)
}

/// Scans, opens the case, and runs it, as the command line does.
async fn depart(config: &Config) -> Result<departure::Ended> {
    let store = Arc::new(Store::open(&config.store_path())?);
    let fleet = Fleet::open(config, &[], None).map_err(anyhow::Error::msg)?;
    if let Some((name, problem)) = fleet.closed.first() {
        return Err(anyhow!("{name}: {problem}"));
    }
    survey::survey(config, &store, &fleet, &survey::Options { no_checks: true, ..Default::default() }, &|_, _| {}).await?;
    let graph = store.read(|conn| Graph::read(conn, None))?;
    let person = survey::people(config, &graph)?.into_iter().next().context("nobody was scanned")?;
    let word = Word {
        person: person.id,
        mode: Mode::Departure,
        effective: clock::now(),
        source: "cli".to_owned(),
        cause: "a measurement".to_owned(),
        event: None,
        doubt: None,
    };
    let (opened, _) = departure::announce(config, &store, &word)?;
    let (Opened::New(id) | Opened::Known(id)) = opened;
    let signer = departure::signer(config);
    let desk = Desk { config, store: &store, fleet: &fleet, signer: &signer };
    departure::run(&desk, id, &|_| {}).await
}

/// The system, and when calls came to it.
struct App {
    live: Mutex<BTreeMap<String, &'static str>>,
    suspended: Mutex<HashSet<String>>,
    arrivals: Mutex<Vec<(String, Instant)>>,
}

impl App {
    fn new(first: usize) -> Self {
        let kind = |number: usize| if number < first { "ssh_key" } else { "api_token" };
        let live = (0..CREDENTIALS).map(|number| (format!("t{number:03}"), kind(number))).collect();
        Self { live: Mutex::new(live), suspended: Mutex::default(), arrivals: Mutex::default() }
    }

    fn user(&self) -> Value {
        let gone = self.suspended.lock().is_ok_and(|gone| gone.contains("u1"));
        json!({ "id": "u1", "login": "ada@corp.example", "number": "E1", "state": if gone { "disabled" } else { "active" } })
    }

    fn act(&self, method: &Method, path: &str) -> Option<Value> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["people"]) => Some(json!([{ "id": "p1", "name": "Ada Berg", "email": "ada@corp.example", "number": "E1" }])),
            ("GET", ["users"]) => Some(json!([self.user()])),
            ("GET", ["users", "u1"]) => Some(self.user()),
            ("GET", ["users", "u1", "tokens"]) => {
                let live = self.live.lock().ok()?;
                Some(live.iter().map(|(id, kind)| json!({ "id": id, "type": kind })).collect())
            }
            ("POST", ["users", id, "suspend"]) => {
                self.suspended.lock().ok()?.insert((*id).to_owned());
                Some(json!({}))
            }
            ("GET", ["tokens", id]) => self.live.lock().ok()?.get(*id).map(|kind| json!({ "id": id, "type": kind })),
            ("DELETE", ["tokens", id]) => self.live.lock().ok()?.remove(*id).map(|_| json!({})),
            _ => None,
        }
    }
}

async fn answer(State(app): State<Arc<App>>, method: Method, OriginalUri(uri): OriginalUri) -> Response {
    let came = Instant::now();
    if matches!(method, Method::DELETE | Method::POST)
        && let Ok(mut arrivals) = app.arrivals.lock()
    {
        arrivals.push((uri.path().to_owned(), came));
    }
    tokio::time::sleep(LATENCY).await;
    let body = app.act(&method, uri.path());
    match body {
        Some(body) => axum::Json(body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
