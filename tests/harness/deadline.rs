//! Waits for what no event tells: one loop, a short interval, a deadline.

use std::thread;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(5);

/// Asks `probe` until it answers `Ok`; when `within` is over, gives back its last reason.
pub(crate) fn poll<T>(
    within: Duration,
    mut probe: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let deadline = Instant::now() + within;
    loop {
        match probe() {
            Ok(answer) => return Ok(answer),
            Err(reason) if Instant::now() >= deadline => return Err(reason),
            Err(_) => thread::sleep(INTERVAL),
        }
    }
}

/// Waits until `probe` holds.
///
/// # Panics
///
/// When it does not within `within`; the message names `what`.
#[track_caller]
pub fn wait_until(what: &str, within: Duration, mut probe: impl FnMut() -> bool) {
    if poll(within, || if probe() { Ok(()) } else { Err(String::new()) }).is_err() {
        panic!("not within {within:?}: {what}{}", crate::stall::note());
    }
}
