//! The web server: HR's webhooks, and whether we are well.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::{Server, listen, webhook};
use crate::clock;
use crate::config::HookKind;
use crate::secret::expose;
use crate::store;

/// The largest webhook that is read.
const MOST_BYTES: usize = 64 * 1024;

pub(super) async fn serve(listener: tokio::net::TcpListener, server: Arc<Server>, stop: CancellationToken) {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|State(server): State<Arc<Server>>| async move { server.ready() }))
        .route("/hooks/{name}", post(hook))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(server);
    listen::run(listener, router, stop, listen::most_connections()).await;
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
            server.refused(&name, &refused.to_string());
            (StatusCode::UNAUTHORIZED, "refused\n")
        }
        Ok(taken) => {
            // The store may be locked: nobody else waits for that.
            let kept = tokio::task::spawn_blocking({
                let (server, name) = (server.clone(), name.clone());
                move || keep(&server, &name, &taken)
            });
            kept.await.unwrap_or_else(|error| {
                tracing::error!(hook = name, %error, "a webhook could not be taken");
                (StatusCode::SERVICE_UNAVAILABLE, "not taken: send it again\n")
            })
        }
    }
}

/// Writes down that somebody is to be looked at.
fn keep(server: &Server, name: &str, taken: &webhook::Taken) -> (StatusCode, &'static str) {
    let system = server.config.serve.hooks.get(name).map(|hook| hook.system.as_str()).unwrap_or_default();
    match server.store.write_durably(|tx| store::scans::want_look(tx, &taken.signed, system, &taken.employee, clock::now())) {
        Ok(true) => {
            server.wake.webhooks.notify_one();
            (StatusCode::ACCEPTED, "taken\n")
        }
        Ok(false) => (StatusCode::ACCEPTED, "taken before\n"),
        Err(error) => {
            tracing::error!(hook = name, error = format!("{error:#}"), "a webhook could not be stored");
            (StatusCode::SERVICE_UNAVAILABLE, "not stored: send it again\n")
        }
    }
}
