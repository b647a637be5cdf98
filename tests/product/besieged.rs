//! `serve` under attack by anybody who can reach its port, and told to stop whatever is open.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::served::Server;
use crate::small::Small;

/// Whether the other side has closed.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut some = [0; 512];
    loop {
        match stream.read(&mut some) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

const HALVES: [&[u8]; 4] = [
    b"",
    b"POST /hooks/hr HTTP/1.1\r\nHost: x\r\nContent-Le",
    b"POST /hooks/hr HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
    b"POST /hooks/hr HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
];

// Reliability: Nothing stuck.
#[test]
fn half_open_connections_hold_up_neither_scans_nor_hr_and_end_by_themselves() {
    let small = Small::up("");
    let mut server = Server::with_descriptors(&small, &[], 100);
    let mut held: Vec<TcpStream> = Vec::new();
    for round in 0..240 {
        let mut stream = server.connect();
        // It may have been closed for a newer one.
        let _sent = stream.write_all(HALVES[round % HALVES.len()]);
        held.push(stream);
    }
    assert!(server.asks("GET /healthz").starts_with("HTTP/1.1 200 OK"), "the newest is answered");
    let reads = small.calls("/Users");
    let end = Instant::now() + Duration::from_secs(12);
    while small.calls("/Users") < reads + 2 {
        assert!(Instant::now() < end, "no scan is done while connections are half open");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut open = held.len();
    while Instant::now() < end + Duration::from_secs(3) && open > 0 {
        std::thread::sleep(Duration::from_millis(200));
        open = held.iter_mut().map(is_closed).filter(|closed| !closed).count();
    }
    assert_eq!(open, 0, "half a request is no reason to keep a connection");
    let (took, code) = server.stop();
    assert!(code == Some(0) && took < Duration::from_secs(5), "{took:?} {code:?}");
}

// Reliability: Nothing stuck.
#[test]
fn a_stop_takes_five_seconds_whatever_is_open() {
    // A vendor that takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let (sender, called) = std::sync::mpsc::channel();
    std::thread::spawn(move || silent.incoming().for_each(|stream| drop(sender.send(stream))));
    let small =
        Small::up(&format!("[systems.silent]\nscanner = \"scim\"\nread = \"file:token\"\nurl = \"http://127.0.0.1:{port}/scim/v2\"\n"));
    let mut server = Server::with_descriptors(&small, &[], 100);
    let mut held: Vec<TcpStream> = Vec::new();
    for half in HALVES {
        let mut stream = server.connect();
        stream.write_all(half).unwrap();
        held.push(stream);
    }
    let _calls = called.recv_timeout(Duration::from_secs(20)).expect("a scan is under way");
    let (took, code) = server.stop();
    assert!(code == Some(0) && took < Duration::from_secs(5), "{took:?} {code:?}");
}

// Reliability: Nothing stuck.
#[test]
fn a_stop_takes_five_seconds_while_another_program_holds_the_store() {
    let small = Small::up("");
    small.exeunt(&["scan"]);
    let lock = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    lock.busy_timeout(Duration::from_secs(20)).unwrap();
    let mut server = Server::with_descriptors(&small, &[], 100);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Both loops are stuck in it by now.
    std::thread::sleep(Duration::from_secs(4));
    assert!(server.asks("GET /healthz").starts_with("HTTP/1.1 200 OK"), "a lock on the store keeps nobody else waiting");
    let (took, code) = server.stop();
    assert!(code == Some(0) && took < Duration::from_secs(5), "{took:?} {code:?}");
}
