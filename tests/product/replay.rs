//! A webhook that is sent again, in the same words or with its headers written otherwise.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use aws_lc_rs::hmac;

use crate::run::command;
use crate::small::Small;

/// A server that listens; ended with this.
struct Served(Child, String);

impl Served {
    fn up(small: &Small) -> Self {
        let mut child = command(small.folder()).arg("serve").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        // What else it says is read, so that it never waits for us.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        Self(child, address)
    }

    /// The status and the text of its answer.
    fn post(&self, signature: &str, stamp: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.1).unwrap();
        write!(
            stream,
            "POST /hooks/hr HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\nx-bamboohr-signature: {signature}\r\nx-bamboohr-timestamp: {stamp}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.rsplit("\r\n\r\n").next().unwrap().trim().to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

// Reliability: Who may.
#[test]
fn a_webhook_is_taken_once_however_its_signature_is_written() {
    let small = Small::up("[serve.hooks.hr]\nkind = \"bamboohr\"\nsystem = \"hr\"\nsecret = \"file:hook\"\n");
    std::fs::write(small.folder().join("hook"), "hookkey").unwrap();
    let server = Served::up(&small);
    let body = r#"{"type":"employee.updated","data":{"employeeId":"E1"}}"#;
    // A signature with a zero and a letter in it, so that each can be written otherwise.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"hookkey");
    let sign = |stamp: &str| -> String {
        hmac::sign(&key, format!("{body}{stamp}").as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let now = jiff::Timestamp::now().as_second();
    let stamp = (0..60)
        .map(|back| (now - back).to_string())
        .find(|stamp| sign(stamp).as_bytes().chunks(2).any(|pair| pair[0] == b'0'))
        .expect("one of sixty signatures has a byte below 16");
    let good = sign(&stamp);
    assert_eq!(server.post(&good, &stamp, body), (202, "taken".into()));
    assert_eq!(server.post(&good, &stamp, body), (202, "taken before".into()));
    let zero = good.as_bytes().chunks(2).position(|pair| pair[0] == b'0').unwrap() * 2;
    let plus = format!("{}+{}", &good[..zero], &good[zero + 1..]);
    for other in [good.to_uppercase(), plus] {
        assert_eq!(server.post(&other, &stamp, body).0, 401, "{other}");
    }
    let store = rusqlite::Connection::open(small.folder().join("exeunt.db")).unwrap();
    let rows: i64 = store.query_row("SELECT count(*) FROM webhook", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1, "one webhook, one look");
}
