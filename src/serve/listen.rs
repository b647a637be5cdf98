//! The listener: whoever can reach its port can hold nothing up.
//!
//! A connection is one request and its answer, and has a few seconds for it. So many are open at once; one more ends the oldest, so that those who
//! hold connections open keep HR out no more than they keep out one another.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Longest wait for a request's head.
const HEAD: Duration = Duration::from_secs(5);

/// Longest that a connection lasts, from its first byte to the last byte of the answer.
const WHOLE: Duration = Duration::from_secs(10);

/// Longest that connections last once we are told to stop.
const STOPPING: Duration = Duration::from_secs(1);

/// The largest head of a request.
const HEAD_BYTES: usize = 16 * 1024;

/// Most connections at once, where the machine gives us enough descriptors.
const MOST: usize = 64;

/// How many connections may be open at once: a quarter of the descriptors that we have, for scans and departures need the rest.
pub(super) fn most_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<usize>().ok());
    files.map_or(MOST, |files| (files / 4).clamp(4, MOST))
}

/// Answers requests until `stop`.
pub(super) async fn run(listener: TcpListener, router: Router, stop: CancellationToken, most: usize) {
    let mut open: JoinSet<()> = JoinSet::new();
    let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    oldest.retain(|connection| !connection.is_finished());
                    while oldest.len() >= most {
                        if let Some(connection) = oldest.pop_front() {
                            connection.abort();
                        }
                    }
                    oldest.push_back(open.spawn(answer(stream, router.clone())));
                }
                Err(error) => {
                    // Out of descriptors, mostly: those that are open end within seconds.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(STOPPING, async { while open.join_next().await.is_some() {} }).await.is_err() {
        open.shutdown().await;
    }
}

/// One request and its answer.
async fn answer(stream: TcpStream, router: Router) {
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false).max_buf_size(HEAD_BYTES);
    let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match tokio::time::timeout(WHOLE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection broke off"),
        Err(_) => tracing::debug!("a connection took too long"),
    }
}
