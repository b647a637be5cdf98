//! Directories whose answer to one search has no end: drip by drip, or as fast as they can.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::directory::{directory, search};
use super::*;
use crate::connect::CallError;

/// What comes, without end.
#[derive(Clone, Copy, Debug)]
enum Sends {
    Entries,
    LargeEntries,
    References,
    InBetween,
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x84], &u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

impl Sends {
    fn message(self, id: &[u8]) -> Vec<u8> {
        let entry = |value: &[u8]| {
            let attribute = tlv(0x30, &[tlv(4, b"mail"), tlv(0x31, &tlv(4, value))].concat());
            tlv(0x64, &[tlv(4, b"cn=a"), tlv(0x30, &attribute)].concat())
        };
        let op = match self {
            Self::Entries => entry(b"a@acme.example"),
            Self::LargeEntries => entry(&vec![b'a'; 1 << 20]),
            Self::References => tlv(0x73, &tlv(4, b"ldap://x/dc=x")),
            Self::InBetween => tlv(0x79, b""),
        };
        tlv(0x30, &[id, &op].concat())
    }
}

/// A directory that takes every password, and answers a search so, with this pause after each message.
async fn serve(sends: Sends, pause: Duration) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // Small requests come whole. Their number is the first thing in them.
                let mut request = vec![0; 4096];
                loop {
                    let Ok(length @ 1..) = stream.read(&mut request).await else { return };
                    let head = if request[1] < 0x80 { 2 } else { 2 + usize::from(request[1] & 0x7f) };
                    let id = request[head..head + 2 + usize::from(request[head + 1])].to_vec();
                    let binds = request[head + id.len()..length].first() == Some(&0x60);
                    if binds {
                        let done = [tlv(0x0a, &[0]), tlv(4, b""), tlv(4, b"")].concat();
                        stream.write_all(&tlv(0x30, &[id, tlv(0x61, &done)].concat())).await.unwrap();
                        continue;
                    }
                    let message = sends.message(&id);
                    while stream.write_all(&message).await.is_ok() {
                        tokio::time::sleep(pause).await;
                    }
                    return;
                }
            });
        }
    });
    url
}

/// The list, read once.
async fn listed(url: &str) -> Ended {
    let (wire, call) = (directory(url, "s3cret"), search("dc=acme", "sub", &["mail"]));
    wire.pages(Hand::Read, Lane::Tell, &call, &raw::Classes::default(), None, None, &mut |_| ControlFlow::Continue(())).await
}

// Reliability: Nothing stuck.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_drips_has_as_long_as_any_call_and_holds_no_scan_and_no_proof() {
    let each = [Sends::Entries, Sends::References, Sends::InBetween].map(|sends| async move {
        // Something comes again and again before the time without anything would be over.
        let url = serve(sends, Duration::from_millis(50)).await;
        let begun = Instant::now();
        let ended = listed(&url).await;
        assert!(reason(&ended).contains("the answer was not at its end after 2 s"), "{sends:?}: {ended:?}");
        let proof = send(&directory(&url, "s3cret"), Lane::Tell, &search("cn=a", "base", &["mail"])).await;
        assert!(matches!(&proof, Err(CallError::Timeout(_) | CallError::Shape(_))), "{sends:?}: {proof:?}");
        assert!(begun.elapsed() >= Duration::from_secs(2), "{sends:?}");
    });
    futures_util::future::join_all(each).await;
}

// Reliability: Nothing stuck.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_sends_without_end_fills_no_memory() {
    for (sends, why) in [
        (Sends::Entries, "sent more than the 400 entries that were asked for"),
        (Sends::LargeEntries, "the answer is larger than 16 MiB"),
        (Sends::References, "sent more than 1000 messages that are no entries"),
        (Sends::InBetween, "sent more than 1000 messages that are no entries"),
    ] {
        let url = serve(sends, Duration::ZERO).await;
        let ended = listed(&url).await;
        assert!(reason(&ended).contains(why), "{sends:?}: {ended:?}");
    }
}
