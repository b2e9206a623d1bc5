//! A library that offers jobs, under the strictest lints that a crate sets for itself.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    unused_qualifications,
    elided_lifetimes_in_paths,
    single_use_lifetimes,
    let_underscore_drop
)]

use std::error::Error;
use std::time::Duration;

use leader_runtime::{Data, Due, Fence, Jobs, Kv, Leading, Outcome, Run, Stop, jobs, leader_job};

/// Half an hour.
pub const INTERVAL: Duration = Duration::from_secs(1800);

/// Sweeps.
///
/// # Errors
///
/// Never.
#[leader_job(key = "service/sweep", cron = "0 3 * * MON-FRI", name = "sweep_up")]
#[allow(clippy::unused_async)]
pub async fn sweep(_: Fence, due: Due) -> Result<(), Box<dyn Error + Send + Sync>> {
    drop(due.to_string());
    Ok(())
}

/// Takes everything.
#[leader_job(key = "service/all", every = INTERVAL, standby = watch)]
#[allow(clippy::unused_async)]
pub async fn all(run: Run, _: Stop, data: Data<u8>, leading: Leading<'_>, _: Kv) -> Outcome {
    Outcome::skip(format!("{} {} {}", run.number(), *data, leading.fence()))
}

#[allow(clippy::unused_async)]
async fn watch(_: Due, _: Data<u8>) {}

/// The jobs of the library.
pub fn jobs() -> Jobs {
    jobs![sweep, all]
}
