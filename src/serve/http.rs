//! The web server: HR's webhooks, and whether we are well.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::{Server, webhook};
use crate::clock;
use crate::config::HookKind;
use crate::secret::expose;
use crate::store;

/// The largest webhook that is read.
const MOST_BYTES: usize = 64 * 1024;

pub(super) async fn serve(listener: tokio::net::TcpListener, server: Arc<Server>, stop: CancellationToken) -> Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/hooks/{name}", post(hook))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(server);
    axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await }).await.context("the web server ended")
}

/// Takes a webhook: 202 when it was taken (or had been taken before), 401 when its signature or time doesn't hold, 404 when there is no
/// such hook.
async fn hook(State(server): State<Arc<Server>>, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let Some(hook) = server.config.serve.hooks.get(&name) else { return (StatusCode::NOT_FOUND, "no such hook\n") };
    let Some(secret) = server.hooks.get(&name) else { return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let held_against = |secret: SecretString| match hook.kind {
        HookKind::Bamboohr => {
            webhook::bamboohr(expose(&secret), header("x-bamboohr-signature"), header("x-bamboohr-timestamp"), &body, clock::now())
        }
    };
    let mut taken = held_against(secret.get());
    // The secret may have been replaced; whoever asks, it is not read more often than every five minutes.
    if taken.is_err() && secret.again().await {
        taken = held_against(secret.get());
    }
    match taken {
        Err(refused) => {
            tracing::warn!(hook = name, reason = %refused, "a webhook was refused");
            (StatusCode::UNAUTHORIZED, "refused\n")
        }
        Ok(webhook::Taken { employee, signed }) => {
            match server.store.write_durably(|tx| store::scans::want_look(tx, &signed, &hook.system, &employee, clock::now())) {
                Ok(true) => {
                    server.nudge.notify_one();
                    (StatusCode::ACCEPTED, "taken\n")
                }
                Ok(false) => (StatusCode::ACCEPTED, "taken before\n"),
                Err(error) => {
                    tracing::error!(hook = name, error = format!("{error:#}"), "a webhook could not be stored");
                    (StatusCode::SERVICE_UNAVAILABLE, "not stored: send it again\n")
                }
            }
        }
    }
}
