//! A scan of a directory that is broken off: the lists that it had finished are not read again. The one that it was in the middle of is read from its
//! beginning, for a directory's place in a list goes with its connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::run::COULD_NOT;
use crate::sim::{Sim, until};

/// What the search for each list says, and nothing else.
const GROUPS: &[u8] = b"groupOfURLs";
const PEOPLE: &[u8] = b"inetOrgPerson";

/// A way to the directory on which the list of people stalls while it is told to.
#[derive(Default)]
struct Way {
    stalls: AtomicBool,
    stalled: AtomicUsize,
    groups: AtomicUsize,
    people: AtomicUsize,
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// Opens that way; its port.
fn open(sim: &Sim, to: String, way: Arc<Way>) -> u16 {
    let listener = sim.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    sim.runtime.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (to, way) = (to.clone(), way.clone());
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = TcpStream::connect(to).await.unwrap().into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                let mut bytes = vec![0; 1 << 16];
                while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
                    let said = &bytes[..count];
                    way.groups.fetch_add(usize::from(holds(said, GROUPS)), Ordering::SeqCst);
                    way.people.fetch_add(usize::from(holds(said, PEOPLE)), Ordering::SeqCst);
                    if way.stalls.load(Ordering::SeqCst) && holds(said, PEOPLE) {
                        way.stalled.fetch_add(1, Ordering::SeqCst);
                        std::future::pending::<()>().await;
                    }
                    if to_server.write_all(said).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

// Reliability: Bad weather.
#[test]
fn a_directory_s_list_that_was_finished_before_the_scan_was_cut_off_is_not_read_again() {
    let sim = Sim::up_with(&|name| name == "openldap");
    let settings = std::fs::read_to_string(sim.world.settings_file()).unwrap();
    let url = settings.lines().find_map(|line| line.split_once("\"ldap://")).unwrap().1.trim_end_matches('"').to_owned();
    let way = Arc::new(Way::default());
    let port = open(&sim, url.clone(), way.clone());
    sim.change_settings(&format!("ldap://{url}"), &format!("ldap://127.0.0.1:{port}"));
    way.stalls.store(true, Ordering::SeqCst);
    // Twice, so that what was taken over is taken over again.
    for times in 1..=2 {
        let scan = sim.start(&["scan", "openldap"]);
        until("the list of people is asked for", || (way.stalled.load(Ordering::SeqCst) >= times).then_some(()));
        until("the groups are there", || (sim.count("SELECT count(*) FROM coverage WHERE complete = 1") >= times as i64).then_some(()));
        drop(scan);
    }
    way.stalls.store(false, Ordering::SeqCst);
    let (groups, people) = (way.groups.load(Ordering::SeqCst), way.people.load(Ordering::SeqCst));
    assert_eq!((groups, people), (1, 2), "the groups were read by the first scan");
    let ran = sim.exeunt(&["scan", "openldap", "--json"]);
    assert_ne!(ran.code, COULD_NOT, "{ran:?}");
    assert_eq!(ran.json()["systems"][0]["resumed"], true, "{ran:?}");
    assert_eq!(way.groups.load(Ordering::SeqCst), groups);
    assert!(way.people.load(Ordering::SeqCst) > people);
    assert!(sim.count("SELECT count(*) FROM node_seen w JOIN node n ON n.id = w.node WHERE n.kind = 'group' AND w.until IS NULL") > 0);
}
