//! Lists in pages, from a server on this machine whose replies are any. A next page never leads to another server, the credential goes with every
//! request once, the list ends or is a gap, and a list that is complete was said to end.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock, Mutex};

use exeunt::connect::{Access, Call, Checkpoint, Connection, Ended, HttpCall, Lane, Page};
use exeunt::manifest::load;
use exeunt::manifest::raw::{Classes, Hand, Paging};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::bytes::{Bytes, is_one_line};

const MOST_PAGES: u32 = 6;
const SECRET: &str = "s3cret-bearer";

/// The ways in which lists are paged.
const SHAPES: &[&str] = &[
    r#"{"link": "next"}"#,
    r#"{"next": "body.next"}"#,
    r#"{"cursor": "body.next", "into": "after"}"#,
    r#"{"cursor": "body.next", "into": "after", "last": "body.last"}"#,
    r#"{"cursor": "body.next", "continue_at": "GET /more/{{ token }}"}"#,
    r#"{"page": "page", "size": 2, "size_into": "per"}"#,
    r#"{"offset": "start", "size": 2, "last": "body.last"}"#,
    r#"{"scim": true, "size": 2}"#,
];

#[derive(Default)]
struct Script {
    replies: Vec<Vec<u8>>,
    /// The heads of the requests that came.
    came: Vec<String>,
}

struct Servers {
    runtime: tokio::runtime::Runtime,
    own: String,
    other: String,
    script: Arc<Mutex<Script>>,
    /// Connections to the server that nobody may go to.
    astray: Arc<Mutex<usize>>,
    connection: Connection,
}

/// One caller at a time: the script is everybody's.
static SERVERS: LazyLock<Mutex<Servers>> = LazyLock::new(|| Mutex::new(servers()));

fn servers() -> Servers {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let script: Arc<Mutex<Script>> = Arc::default();
    let astray: Arc<Mutex<usize>> = Arc::default();
    let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let (listener, stray) = (bind(), bind());
    let (own, other) = (listener.local_addr().unwrap().to_string(), stray.local_addr().unwrap().to_string());
    let (told, counted) = (script.clone(), astray.clone());
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, told.clone()));
        }
    });
    runtime.spawn(async move {
        while stray.accept().await.is_ok() {
            *counted.lock().unwrap() += 1;
        }
    });
    let manifest = "scanner: acme\ntitle: Acme\ncategory: saas\ncontract: a test\nsettings: { url: { example: 'http://127.0.0.1:1' } }\n\
        credentials: { read: { kind: bearer } }\nconnect: { http: '{{ settings.url }}' }\n\
        see:\n  users:\n    call: GET /users\n    yields: [ { account: it.id, name: it.name, state: \"'active'\" } ]\n\
        examples: [ { of: users, reply: [], yields: [] } ]\n";
    let manifest = load::load("acme.yaml", manifest).map_err(|problems| load::told(&problems)).unwrap();
    let settings = json!({ "url": format!("http://{own}/api") });
    let access = Access {
        system: "acme".into(),
        manifest,
        settings,
        read: Some(SECRET.into()),
        revoke: None,
        tell: None,
        ca_file: None,
        plain: false,
        recorder: None,
    };
    let connection = runtime.block_on(async { Connection::open(access) }).unwrap();
    Servers { runtime, own, other, script, astray, connection }
}

/// Answers each request with the next reply of the script, and the last one for ever.
async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    loop {
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => return,
                Ok(read) => head.extend_from_slice(&part[..read]),
            }
        }
        let reply = {
            let mut script = script.lock().unwrap();
            let place = script.came.len().min(script.replies.len().saturating_sub(1));
            script.came.push(String::from_utf8_lossy(&head).into_owned());
            script.replies.get(place).cloned().unwrap_or_default()
        };
        head.clear();
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

pub fn paging(data: &[u8]) {
    let servers = SERVERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut bytes = Bytes(data);
    let shape = bytes.below(SHAPES.len());
    let mut paging: Paging = serde_json::from_str(SHAPES[shape]).unwrap();
    paging.max_pages = Some(u64::from(MOST_PAGES));
    let from = bytes.yes().then(|| Checkpoint(servers.named(&bytes.text())));
    let mut replies = Vec::new();
    while !bytes.is_empty() && replies.len() <= MOST_PAGES as usize {
        replies.push(servers.reply(&mut bytes));
    }
    replies.push(http(200, &[], &json!([])));
    *servers.script.lock().unwrap() = Script { replies, came: Vec::new() };
    let call = Call::Http(HttpCall { method: "GET".into(), url: "/users?limit=2".into(), ..HttpCall::default() });
    let mut pages: Vec<Page> = Vec::new();
    let ended = servers.runtime.block_on(async {
        let mut take = |page: Page| {
            pages.push(page);
            ControlFlow::Continue(())
        };
        servers.connection.pages(Hand::Read, Lane::Scan, &call, &Classes::default(), Some(&paging), from, &mut take).await
    });
    let came = std::mem::take(&mut servers.script.lock().unwrap().came);
    assert_eq!(*servers.astray.lock().unwrap(), 0, "somebody went to another server");
    assert!(came.len() <= 6 * MOST_PAGES as usize, "{} requests", came.len());
    for head in &came {
        let lines = head.lines().filter(|line| line.to_lowercase().starts_with("authorization:"));
        assert_eq!(lines.collect::<Vec<_>>(), [format!("authorization: Bearer {SECRET}")], "{head}");
    }
    for checkpoint in pages.iter().filter_map(|page| page.checkpoint.as_ref()) {
        let stored: Value = serde_json::from_str(&checkpoint.0).unwrap();
        let own = format!("http://{}/", servers.own);
        assert!(stored["next"]["url"].as_str().is_none_or(|url| url.starts_with(&own)), "{checkpoint:?}");
    }
    match &ended {
        Ended::Complete { pages: told } => {
            let last = pages.last().expect("a list that was read has a page");
            assert_eq!(*told, last.number);
            assert!(was_said_to_end(shape, last, &pages), "{} ended with {last:?}", SHAPES[shape]);
        }
        Ended::Gap { reason, .. } => {
            is_one_line(reason);
            assert!(!reason.contains(SECRET), "{reason}");
        }
        Ended::Absent => assert!(pages.is_empty()),
        Ended::Stopped => panic!("nobody stopped it"),
    }
}

/// Whether the last page of a complete list said that it was the last.
fn was_said_to_end(shape: usize, last: &Page, pages: &[Page]) -> bool {
    let nothing = |value: &Value| value.is_null() || value.is_boolean() || value == "";
    match shape {
        // A header without a word of a next page.
        0 => !last.headers["link"].as_str().unwrap_or_default().to_lowercase().contains("rel=\"next\""),
        1 => nothing(&last.body["next"]) && last.body["next"] != json!(true),
        2 | 4 => nothing(&last.body["next"]),
        3 => nothing(&last.body["next"]) || truth(&last.body["last"]),
        5 => lists(&last.body).all(|list| list.is_empty()),
        6 => truth(&last.body["last"]) || lists(&last.body).all(|list| list.is_empty()),
        _ => {
            let records = pages.iter().flat_map(|page| page.body["Resources"].as_array().cloned().unwrap_or_default());
            let (mut ids, mut without) = (HashSet::new(), 0);
            records.for_each(|record| match record.get("id") {
                Some(id) => drop(ids.insert(exeunt::manifest::express::plain(id))),
                None => without += 1,
            });
            // What came before a checkpoint is not seen here.
            pages.first().is_some_and(|first| first.number > 1)
                || last.body["totalResults"].as_u64().is_some_and(|total| (ids.len() + without) as u64 >= total)
        }
    }
}

fn truth(value: &Value) -> bool {
    !(value.is_null()
        || *value == json!(false)
        || *value == json!(0)
        || *value == json!("")
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
        || value.as_f64() == Some(0.0))
}

/// The lists that a page may hold its records in.
fn lists(body: &Value) -> impl Iterator<Item = &Vec<Value>> {
    let inner = ["items", "Resources"].map(|name| body.get(name).and_then(Value::as_array));
    std::iter::once(body.as_array()).chain(inner).flatten()
}

impl Servers {
    /// A text in which this server and the other one are named.
    fn named(&self, text: &str) -> String {
        text.replace("OWN", &self.own).replace("OTHER", &self.other)
    }

    fn reply(&self, bytes: &mut Bytes<'_>) -> Vec<u8> {
        let status = bytes.one_of(&[200, 200, 200, 200, 200, 204, 302, 403, 404]);
        let mut headers = Vec::new();
        let next = match bytes.below(6) {
            0 => Value::Null,
            1 => json!(bytes.below(4)),
            2 => json!(self.named(bytes.one_of(&[
                "/users?after=1",
                "users?after=2",
                "http://OWN/api/users?after=3",
                "http://OTHER/users",
                "//OTHER/users",
                "https://OWN/users",
                "http://localhost:1/users",
                "\\\\OTHER/users",
                "http://user@OWN/users",
                "http://:pass@OWN/users",
                "http://OWN@OTHER/users",
            ]))),
            3 => serde_json::from_slice(bytes.part()).unwrap_or_default(),
            _ => json!(self.named(&bytes.text())),
        };
        if status == 302 {
            headers.push(("location", next.as_str().unwrap_or_default().to_owned()));
        }
        match bytes.below(3) {
            0 => {}
            1 => headers.push(("link", format!("<{}>; rel=\"next\"", next.as_str().unwrap_or_default()))),
            _ => headers.push(("link", self.named(&bytes.text()))),
        }
        let records: Vec<Value> = (0..bytes.below(4)).map(|_| json!({ "id": bytes.below(8) })).collect();
        let body = match bytes.below(4) {
            0 => json!(records),
            1 => json!({ "Resources": records, "totalResults": bytes.below(9), "startIndex": 1 }),
            2 => json!({ "items": records, "next": next, "last": bytes.one_of(&[json_null, json_yes, json_no])() }),
            _ => serde_json::from_str(&self.named(&bytes.text())).unwrap_or(json!({ "items": records, "next": next })),
        };
        http(status, &headers, &body)
    }
}

fn json_null() -> Value {
    Value::Null
}

fn json_yes() -> Value {
    json!(true)
}

fn json_no() -> Value {
    json!(false)
}

fn http(status: u16, headers: &[(&str, String)], body: &Value) -> Vec<u8> {
    let body = if status == 204 { String::new() } else { body.to_string() };
    let mut text = format!("HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n");
    if status != 204 {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        let value: String = value.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect();
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{text}\r\n{body}").into_bytes()
}
