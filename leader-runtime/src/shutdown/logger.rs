//! Log lines of a slow end. Nothing waits for these lines for long: a subscriber can hold a lock for
//! ever, and stderr can be a pipe without a reader.

use std::io::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Timeout of a log line.
const TIMEOUT: Duration = Duration::from_millis(200);

pub(super) fn info(text: String) {
    aside(move || tracing::info!("{text}"));
}

pub(super) fn warn(text: String) {
    aside(move || tracing::warn!("{text}"));
}

/// Logs the last line of the process.
pub(super) fn last(text: String) {
    aside(move || {
        tracing::warn!("{text}");
        // output without the end of its line; a fault has no reader any more
        let _ = std::io::stdout().flush();
    });
}

/// Logs on a thread of its own; a panic of a subscriber ends that thread alone.
fn aside(log: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name("leader-logger".into());
    let spawned = thread.spawn(move || {
        let _done = done;
        log();
    });
    if spawned.is_ok() {
        // returns when the thread ends, and drops the other side
        let _ = is_done.recv_timeout(TIMEOUT);
    }
}
