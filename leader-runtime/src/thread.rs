//! A thread with a runtime of its own, where nothing of the service's own runtime can be in the way.

use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};

use crate::error::{Error, Result};

/// Does this work on such a thread. `what` it is there for stands in the error.
///
/// # Errors
///
/// Where the machine gives no thread or no runtime; the work is dropped then.
pub(crate) fn start<F: Future<Output = ()>>(
    name: &str,
    what: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<JoinHandle<()>> {
    let (give, given) = mpsc::channel::<tokio::runtime::Runtime>();
    let thread = Builder::new()
        .name(name.into())
        .spawn(move || {
            if let Ok(runtime) = given.recv() {
                runtime.block_on(work());
            }
        })
        .map_err(|cause| Error::thread(what, cause))?;
    // made when there is a thread for it: where we are called, none may be dropped
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // nobody hangs up before it has come
    let _ = give.send(runtime.map_err(|cause| Error::thread(what, cause))?);
    Ok(thread)
}
