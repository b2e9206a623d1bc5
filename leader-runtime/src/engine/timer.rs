//! The timer of an engine, which waits for an instant of the wall clock.
//!
//! Tokio's timers have a resolution of one millisecond, and fire one late on average. The timer of
//! Linux fires within some 50 µs, and also when the clock is set. On other systems, and in virtual
//! time, the timer is Tokio's.

use std::time::SystemTime;

#[cfg(not(test))]
use crate::system::Timer;
use crate::system::clock::LONGEST_SLEEP;

#[derive(Debug, Default)]
pub(super) struct WallTimer {
    #[cfg(not(test))]
    timer: Timer,
}

impl WallTimer {
    /// Waits until this instant, and for a second at most: the wall clock can be set, and a machine
    /// can sleep. `now` is the present reading of the clock.
    pub(super) async fn wait(&mut self, until: Option<SystemTime>, now: SystemTime) {
        let until = until.map_or(now + LONGEST_SLEEP, |until| until.min(now + LONGEST_SLEEP));
        #[cfg(not(test))]
        if self.timer.wait(until).await {
            return;
        }
        tokio::time::sleep(until.duration_since(now).unwrap_or_default()).await;
    }
}
