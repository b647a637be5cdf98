//! For vendors' tests: a caller that remembers each exchange, so that it can be held against the vendor's description.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use serde_json::{Map, Value, json};

#[allow(dead_code, reason = "vendors use what they need of it")]
/// A caller of one simulated vendor.
///
/// With `EXEUNT_EXCHANGES` naming a folder, each exchange is appended to `<system>.jsonl` there: one JSON object a line, with
/// system, method, url, request and response headers and bodies, status.
pub(crate) struct Probe {
    /// The vendor's name among the descriptions, such as `okta`.
    system: &'static str,
    /// Where the simulated vendor is.
    base: String,
    /// What the record says instead of `base`, such as `https://acme.okta.com`.
    public: &'static str,
    /// The whole `Authorization` header.
    authorization: String,
    /// Headers that this vendor wants beside it.
    more: Vec<(&'static str, String)>,
    client: reqwest::Client,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    /// Null where there was no JSON.
    pub(crate) body: Value,
}

impl Probe {
    pub(crate) fn new(system: &'static str, base: &str, public: &'static str, authorization: &str) -> Probe {
        Probe {
            system,
            base: base.to_owned(),
            public,
            authorization: authorization.to_owned(),
            more: Vec::new(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The same caller, sending one header more, such as the one that says on whose behalf it asks.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Probe {
        self.more.push((name, value.to_owned()));
        self
    }

    /// The same caller, whose requests are wrong on purpose: no description is to judge them.
    pub(crate) fn wrongly(mut self) -> Probe {
        self.system = "refused";
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base)).header("accept", "application/json");
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        for (name, value) in &self.more {
            request = request.header(*name, value);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        let answer = Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) };
        self.remember(method, path, body.as_ref(), &answer);
        answer
    }

    fn remember(&self, method: &str, path: &str, body: Option<&Value>, answer: &Answer) {
        let Ok(folder) = std::env::var("EXEUNT_EXCHANGES") else {
            return;
        };
        let mut sent = Map::new();
        sent.insert("accept".into(), "application/json".into());
        if !self.authorization.is_empty() {
            sent.insert("authorization".into(), "Bearer hidden".into());
        }
        for (name, value) in &self.more {
            sent.insert((*name).into(), value.as_str().into());
        }
        if body.is_some() {
            sent.insert("content-type".into(), "application/json".into());
        }
        let received: Map<String, Value> =
            answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").into())).collect();
        let line = json!({
            "system": self.system,
            "method": method,
            "url": format!("{}{path}", self.public),
            "request_headers": sent,
            "request_body": body,
            "status": answer.status,
            "response_headers": received,
            "response_body": answer.body,
        });
        let path = std::path::Path::new(&folder).join(format!("{}.jsonl", self.system));
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        // in one piece: other tests append to the same file
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
