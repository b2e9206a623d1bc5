//! Under the strictest lints that a crate sets for itself.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic, unused_qualifications, elided_lifetimes_in_paths)]

use std::error::Error;

use leader_runtime::{Due, Fence, Jobs, jobs, leader_job};

/// Sweeps.
///
/// # Errors
///
/// Never.
#[leader_job(key = "service/sweep", cron = "0 3 * * MON-FRI", name = "sweep_up")]
#[allow(clippy::unused_async)]
pub(crate) async fn sweep(_: Fence, due: Due) -> Result<(), Box<dyn Error + Send + Sync>> {
    let _ = due.to_string();
    Ok(())
}

fn jobs() -> Jobs {
    jobs![sweep]
}

#[test]
fn a_name_of_ones_own_and_a_cron_are_listed() {
    super::assert_lists(&jobs(), &["sweep_up", "Cron(\"0 3 * * MON-FRI\")"]);
}
