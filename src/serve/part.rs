//! A part of serving: a task of its own on a thread of its own. Parts meet in the store, and wake one another; none waits for what another is doing.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::Server;
use super::health::Part;

/// Memory for a part's calls.
const STACK: usize = 8 << 20;

/// Wakes the parts: each looks at the store then, for what there is to do.
#[derive(Debug, Default)]
pub struct Wake {
    /// A webhook was taken.
    pub(super) webhooks: Notify,
    /// HR is to be read as a whole.
    pub(super) hr: Notify,
    /// A departure was heard of, or may go on.
    pub(super) departures: Notify,
    /// Systems were scanned: open cases are looked at again.
    pub(super) rechecks: Notify,
    /// There may be something to tell people.
    pub(super) news: Notify,
}

/// Does work on a thread of its own: whatever it reckons or waits for, nobody else waits with it. Nothing comes from it if it broke off.
///
/// # Errors
/// The machine gives us no thread.
pub(super) fn spawn<T, F>(name: &str, work: impl FnOnce() -> F + Send + 'static) -> Result<oneshot::Receiver<T>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (runtime, (sender, ended)) = (Handle::current(), oneshot::channel());
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Whoever started it may be gone.
            let _gone = sender.send(runtime.block_on(Box::pin(work())));
        })
        .with_context(|| format!("no thread for {name}"))?;
    Ok(ended)
}

/// Does what a part has to do, again and again until `stop`: when it is woken, and when `until_next` is over. One bad turn doesn't end it.
pub(super) async fn repeat(
    server: &Server,
    part: Part,
    stop: &CancellationToken,
    wake: &Notify,
    turn: impl AsyncFn() -> Result<()>,
    until_next: impl Fn() -> Duration,
) {
    while !stop.is_cancelled() {
        let pause = match turn().await {
            Ok(()) => {
                server.note(part, None);
                until_next()
            }
            Err(error) => {
                tracing::error!(part = part.word(), error = format!("{error:#}"), "a part of serving failed, and tries again");
                server.note(part, Some(format!("{error:#}")));
                until_next().max(Duration::from_secs(1))
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
