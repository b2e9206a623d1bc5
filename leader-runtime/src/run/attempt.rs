//! One attempt of a run: the job's own future, which is polled only while its term is believed.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::SystemTime;

use futures_util::FutureExt;
use tracing::{debug, error, warn};

use crate::job::{Context, Ending, Fence, Outcome, RunFuture};
use crate::lock::{End, Guard};

/// Runs a job once, and tells how that ended.
pub(super) async fn attempt(
    start: for<'r> fn(&'r Context) -> RunFuture<'r>,
    due: SystemTime,
    guard: Guard,
) {
    let context = Context::new(due, Fence::of(guard.term()));
    tell(guard.run(caught(start(&context))).await);
}

fn tell(ended: Result<Result<Outcome, String>, End>) {
    match ended {
        Ok(Ok(outcome)) => match outcome.ending() {
            Ending::Ok => debug!("ran"),
            Ending::Skipped(why) => debug!(%why, "skipped by the job itself"),
            Ending::Failed(error) => error!(error = %error, "failed"),
        },
        Ok(Err(panic)) => error!(panic, "failed: it panicked"),
        Err(End::TrustEnded) => warn!("cancelled: leadership was lost under it"),
        Err(End::DrainUsedUp) => warn!("cancelled: it had not ended when its drain was used up"),
    }
}

/// This future's output, or the message that it panicked with.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked with something that is no text".into())
}
