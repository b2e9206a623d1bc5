//! A thread with a Tokio runtime of its own, which the service's own runtime cannot hold up.

use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};

use tracing::dispatcher::with_default;

use crate::error::{Error, Result};
use crate::log;

/// Starts work on a thread that outlives a panic of the process's subscriber. `what` is its purpose,
/// for the error.
///
/// # Errors
///
/// If the machine gives no thread or no runtime; the work is dropped then.
pub(crate) fn start<F: Future<Output = ()>>(
    name: &str,
    what: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<JoinHandle<()>> {
    let shield = log::shield();
    let (give, given) = mpsc::channel::<tokio::runtime::Runtime>();
    let thread = Builder::new()
        .name(name.into())
        .spawn(move || {
            if let Ok(runtime) = given.recv() {
                match shield {
                    Some(shield) => with_default(&shield, || runtime.block_on(work())),
                    None => runtime.block_on(work()),
                }
            }
        })
        .map_err(|cause| Error::thread(what, cause))?;
    // made after the thread: the caller may be on a runtime, where another must not be dropped
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // the receiver waits for it
    let _ = give.send(runtime.map_err(|cause| Error::thread(what, cause))?);
    Ok(thread)
}
