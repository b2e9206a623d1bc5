//! How far Consul is away from the nodes, where a whole run of the tests is to know.

use std::env;
use std::time::Duration;

/// The variable, in parts of the lease.
const VARIABLE: &str = "CONSUL_IS_AWAY";

/// Above it, a leader that loses a single answer more may stop leading: that is no fault then.
const MOST: f64 = 0.3;

/// How long there and back takes of itself: the part of this lease that `CONSUL_IS_AWAY` says, as
/// `0.2`; nothing unless it is set. Histories, soaks and lost machines are played so.
///
/// # Panics
///
/// When it is no number from 0 to 0.3.
#[track_caller]
pub fn distance(lease: Duration) -> Duration {
    let Ok(text) = env::var(VARIABLE) else { return Duration::ZERO };
    let part = text.parse().ok().filter(|part| (0.0..=MOST).contains(part));
    lease.mul_f64(part.unwrap_or_else(|| panic!("{VARIABLE}={text}: use 0 to {MOST}")))
}
