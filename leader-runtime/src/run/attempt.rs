//! One attempt of a run: the job's own future, which is polled only while its term is believed.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use leader_core::election::Term;
use tokio::sync::watch;
use tracing::{debug, error, warn};

use crate::job::{Context, Ending, Outcome, Retry, RunFuture, StopReason, Stopper};
use crate::lock::{DRAIN, End, Guard, Standing};

/// Runs a job once, and tells how that ended.
pub(super) async fn attempt(
    start: for<'r> fn(&'r Context) -> Option<RunFuture<'r>>,
    context: Context,
    stopper: Stopper,
    guard: Guard,
) {
    // the start has seen that its parameters lack nothing
    let Some(run) = start(&context) else { return error!("failed: a parameter lacks its value") };
    let standing = guard.standing();
    let term = guard.term();
    tokio::select! {
        biased;
        ended = guard.run(caught(run)) => tell(ended),
        never = ask(stopper, standing, term) => match never {},
    }
}

/// Asks the run to end, as soon as its key is to be given up. Where leadership is lost, the run is
/// dropped, and nobody is left to ask.
async fn ask(
    stopper: Stopper,
    mut standing: watch::Receiver<Standing>,
    term: Term,
) -> std::convert::Infallible {
    let is_draining = |standing: &Standing| *standing == Standing::Draining(term);
    if standing.wait_for(is_draining).await.is_ok() {
        stopper.request(StopReason::Drain, DRAIN);
    }
    // it is the run that ends this
    std::future::pending().await
}

fn tell(ended: Result<Result<Outcome, String>, End>) {
    match ended {
        Ok(Ok(outcome)) => match outcome.ending() {
            Ending::Ok => debug!("ran"),
            Ending::Skipped(why) => debug!(%why, "skipped by the job itself"),
            Ending::Failed { error, retry: Retry::After(after) } => {
                error!(error = %error, ?after, "failed: it asks to be tried again later");
            }
            Ending::Failed { error, retry: Retry::ByPolicy | Retry::Never } => {
                error!(error = %error, "failed");
            }
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
