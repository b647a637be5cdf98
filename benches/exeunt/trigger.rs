//! From HR's word to the first revoking call: `serve` with every system of the simulated company under scan, as fast as their limits let it, and five
//! departures at once. And a departure at a set time: how long after its second its first call leaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use exeunt::cli::demo::granted;
use exeunt::config::Config;
use exeunt::connect::fleet::Fleet;
use exeunt::departure::{self, Word};
use exeunt::model::{Mode, NodeId, NodeKind, NodeRef};
use exeunt::secret::Kept;
use exeunt::serve::{Asking, Believed, Health, Server, Wake};
use exeunt::store::Store;
use exeunt::survey;
use exeunt_company::vendors::bamboohr::{employee_id, signed_webhook};
use exeunt_company::world::{Options, Pace, WEBHOOK_SECRET, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::data;
use crate::report::Line;

/// Departures at once.
const AT_ONCE: usize = 5;

/// Webhooks in all, where the time suffices.
const WEBHOOKS: usize = 200;

/// Departures at a set time.
const SCHEDULED: usize = 10;

/// Longest that webhooks are sent.
const LONGEST: Duration = Duration::from_secs(240);

pub fn run() -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let vendors = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = data::folder()?;
    let options = Options { pace: Pace::AsOnTheNet, granted: &|system| granted(system, None), ..Options::default() };
    let world = vendors.block_on(World::start(folder.path(), &options))?;
    let settings = std::fs::read_to_string(world.settings_file())?;
    let settings = settings
        .replace("mass_limit = 3", "mass_limit = 100000")
        .replace("schedule = \"0 2 * * *\"", "schedule = \"* * * * * *\"")
        .replace("poll = \"*/15 * * * *\"", "poll = \"\"");
    std::fs::write(world.settings_file(), settings)?;
    let ran = runtime.block_on(all(&world, folder.path()));
    // Departures that still wait for proofs go down with us.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ran
}

async fn all(world: &World, folder: &std::path::Path) -> Result<Vec<Line>> {
    let config = Arc::new(Config::load(&world.settings_file()).map_err(anyhow::Error::msg)?);
    let store = Arc::new(Store::open(&folder.join("exeunt.db"))?);
    let fleet = Arc::new(Fleet::open(&config, &[], None).map_err(anyhow::Error::msg)?);
    survey::survey(&config, &store, &fleet, &survey::Options::default(), &|_, _| {}).await?;
    let mut hooks = BTreeMap::new();
    for (name, hook) in &config.serve.hooks {
        hooks.insert(name.clone(), config.secret(&hook.secret).and_then(Kept::read).map_err(anyhow::Error::msg)?);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hooks/bamboohr", listener.local_addr()?);
    let server = Arc::new(Server {
        config: config.clone(),
        store: store.clone(),
        fleet,
        hooks,
        signer: Arc::new(departure::signer(&config)),
        wake: Wake::default(),
        away: std::sync::Mutex::default(),
        asking: Asking::default(),
        health: Health::default(),
        believed: Believed::default(),
        tell: Arc::new(|_| {}),
    });
    let stop = CancellationToken::new();
    let serving = tokio::spawn(server.run(listener, stop.clone()));
    let people: Vec<String> =
        world.company.employed().filter(|person| person.left.is_none()).map(|person| person.number.clone()).skip(1).collect();
    let (leaving, scheduled) = people.split_at(people.len().saturating_sub(SCHEDULED));
    // The first night goes on while they leave.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut waits = Vec::new();
    let began = Instant::now();
    for round in leaving.chunks(AT_ONCE).take(WEBHOOKS / AT_ONCE) {
        if began.elapsed() > LONGEST {
            break;
        }
        for number in round {
            world.hr.terminate(number, world.company.today())?;
        }
        let posts = round.iter().map(|number| webhook(&url, number));
        let sent = futures_util::future::try_join_all(posts).await?;
        for (number, posted) in round.iter().zip(sent) {
            waits.push((first_call(&store, number).await? - posted.as_microsecond()) as f64 / 1000.0);
        }
        until("they have run", || Ok(store.read(exeunt::store::departures::running)?.is_empty().then_some(()))).await?;
    }
    let nights =
        store.read(|conn| Ok(conn.query_row("SELECT count(*) FROM scan WHERE person IS NULL", [], |row| row.get::<_, i64>(0))?))?;
    let mut late = Vec::new();
    for number in scheduled {
        let at = Timestamp::now() + SignedDuration::from_secs(7);
        let word = Word {
            person: person(&store, number)?,
            mode: Mode::Departure,
            effective: at,
            source: "cli".to_owned(),
            cause: "bench".to_owned(),
            event: None,
            doubt: None,
        };
        departure::announce(&config, &store, &word)?;
        late.push((first_call(&store, number).await? - at.as_microsecond()) as f64 / 1000.0);
    }
    stop.cancel();
    serving.await??;
    let (p50, p99) = (share(&mut waits, 0.5), share(&mut waits, 0.99));
    let worst = share(&mut late, 1.0);
    let middle = share(&mut late, 0.5);
    Ok(vec![
        Line::new(
            "trigger: HR's webhook to the first revoking call, five at once, all systems under scan",
            format!("{p99:.0} ms (p99 of {}; half within {p50:.0} ms)", waits.len()),
            "1 s".to_owned(),
            p99 / 1000.0,
        )
        .target("< 1 s", p99 < 1000.0)
        .detail(json!({ "ms": waits, "scans_meanwhile": nights })),
        Line::new(
            "trigger: a departure at a set time, its first call after its second",
            format!("{worst:.0} ms (the latest of {}; half within {middle:.0} ms)", late.len()),
            "50 ms".to_owned(),
            worst / 50.0,
        )
        .target("< 50 ms", worst < 50.0)
        .detail(json!({ "ms": late })),
    ])
}

/// What a share of all are within.
fn share(all: &mut [f64], of: f64) -> f64 {
    all.sort_by(f64::total_cmp);
    let place = (all.len() as f64 * of).ceil() as usize;
    all.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn person(store: &Store, number: &str) -> Result<NodeId> {
    let key = NodeRef::new(NodeKind::Person, employee_id(number));
    store.read(|conn| exeunt::store::graph::find_node(conn, "bamboohr", &key))?.with_context(|| format!("{number} isn't known"))
}

/// Sends HR's webhook about somebody; the moment before it left.
async fn webhook(url: &str, number: &str) -> Result<Timestamp> {
    let (headers, body) = signed_webhook(&employee_id(number), WEBHOOK_SECRET, Timestamp::now());
    let mut request = reqwest::Client::new().post(url).body(body);
    for name in ["x-bamboohr-timestamp", "x-bamboohr-signature"] {
        request = request.header(name, headers[name].to_str()?);
    }
    let posted = Timestamp::now();
    let status = request.send().await?.status();
    if status.as_u16() != 202 {
        bail!("the webhook about {number} was answered with {status}");
    }
    Ok(posted)
}

/// When somebody's first call left, in microseconds.
async fn first_call(store: &Store, number: &str) -> Result<i64> {
    let who = person(store, number)?;
    let sql = "SELECT min(a.sent) FROM action a JOIN departure d ON d.id = a.departure WHERE d.person = ?1";
    until(&format!("{number}'s first call"), || store.read(|conn| Ok(conn.query_row(sql, [who.0], |row| row.get::<_, Option<i64>>(0))?)))
        .await
}

async fn until<T>(what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(300) {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("in vain: {what}")
}
