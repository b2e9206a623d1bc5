//! A job that is a plain `fn`: a run of it is blocking work, on a thread of Tokio's blocking pool.

use std::future::pending;
use std::panic::resume_unwind;

use super::context::RunContext;
use super::entry::RunFuture;
use super::outcome::Outcome;

/// The future of one attempt, whose thread it waits for. The thread begins at the first poll, and
/// only while leadership is believed; until it has returned, the run is not over. A thread that finds
/// leadership in doubt hands the job back: the attempt is polled again only while leadership goes on,
/// and begins another thread then.
pub fn block<'r>(
    run: &'r RunContext<'r>,
    job: impl FnOnce() -> Outcome + Send + 'static,
) -> RunFuture<'r> {
    let tasks = run.tasks();
    let mut job = job;
    Box::pin(async move {
        loop {
            match tasks.block_while_led(job).await {
                Ok(Ok(outcome)) => return outcome,
                Ok(Err(unbegun)) => job = unbegun,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    // it was aborted before it began, since its run is over
                    Err(_) => return pending().await,
                },
            }
        }
    })
}
