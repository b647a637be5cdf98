//! HTTP with bearer tokens and plain replies: enough to revoke against a test server.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::*;

pub(super) struct Wire {
    pub system: SystemId,
    pub settings: Value,
    base: String,
    secrets: [Option<SecretString>; 2],
    client: reqwest::Client,
}

impl Wire {
    pub(super) fn open(
        system: SystemId,
        manifest: &Manifest,
        settings: Value,
        secrets: [Option<SecretString>; 2],
        _ca: Option<&Path>,
        _recorder: Option<Recorder>,
    ) -> Result<Self, String> {
        let scope = crate::manifest::express::Scope::new().with("settings", &settings);
        let base = crate::manifest::template::render(
            manifest.connect.http.as_deref().unwrap_or_default(),
            crate::manifest::template::Place::Url,
            &scope,
        )?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(manifest.connect.timeout_secs.unwrap_or(30)))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { system, settings, base, secrets, client })
    }

    pub(super) async fn warm(&self, _hand: Hand, _act_as: &[String], _connections: usize) -> Result<(), CallError> {
        Ok(())
    }

    pub(super) async fn send(&self, hand: Hand, _lane: Lane, call: &Call, _classes: &raw::Classes) -> Result<Reply, CallError> {
        let Call::Http(http) = call else { return Err(CallError::Unreachable("only http".into())) };
        let mut attempts = 0;
        let mut pause = Duration::from_millis(100);
        loop {
            attempts += 1;
            let method = http.method.parse().map_err(|_| CallError::Shape("method".into()))?;
            let mut request = self.client.request(method, format!("{}{}", self.base, http.url));
            if let Some(secret) = &self.secrets[usize::from(hand == Hand::Revoke)] {
                request = request.bearer_auth(secret.expose_secret());
            }
            request = match &http.body {
                Some(Body::Json(value)) => request.json(value),
                Some(Body::Form(form)) => request.form(form),
                None => request,
            };
            let sent_at = Instant::now();
            let response = request
                .send()
                .await
                .map_err(|e| if e.is_timeout() { CallError::Timeout(e.to_string()) } else { CallError::Unreachable(e.to_string()) })?;
            let status = response.status().as_u16();
            let class = match status {
                200..=299 => Class::Fine,
                401 | 403 => Class::Forbidden,
                404 | 410 => Class::Gone,
                429 => Class::Throttled,
                408 | 500.. => Class::Transient,
                _ => Class::Refused,
            };
            if matches!(class, Class::Throttled | Class::Transient) && attempts < 4 {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            let text = response.text().await.map_err(|e| CallError::Shape(e.to_string()))?;
            return Ok(Reply {
                status,
                class,
                headers: json!({}),
                body: serde_json::from_str(&text).unwrap_or(Value::Null),
                digest: format!("len:{}", text.len()),
                at: crate::clock::now(),
                took: sent_at.elapsed(),
                attempts,
                sent_at,
            });
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) async fn pages(
        &self,
        hand: Hand,
        lane: Lane,
        call: &Call,
        classes: &raw::Classes,
        _paging: Option<&raw::Paging>,
        _from: Option<Checkpoint>,
        mut take: impl FnMut(Page) -> ControlFlow<()> + Send,
    ) -> Ended {
        match self.send(hand, lane, call, classes).await {
            Ok(reply) if reply.class == Class::Fine => {
                let _ = take(Page { body: reply.body, headers: reply.headers, status: reply.status, number: 1, checkpoint: None });
                Ended::Complete { pages: 1 }
            }
            Ok(reply) if reply.class == Class::Gone => Ended::Absent,
            Ok(reply) => Ended::Gap { reason: reply.says(), class: Some(reply.class), pages: 0 },
            Err(error) => Ended::Gap { reason: error.to_string(), class: None, pages: 0 },
        }
    }
}
