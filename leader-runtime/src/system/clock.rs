//! The clocks. Leadership uses a clock that counts suspend, so that a machine wakes past its deadline
//! after a sleep; schedules use the wall clock. In unit tests both follow tokio's, which can be
//! paused.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::election::Timestamp;

#[cfg(test)]
pub(crate) use self::of_tests::{now, wall};

/// Returns the time of the wall clock.
#[cfg(not(test))]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Returns the time of the monotonic clock.
#[cfg(not(test))]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_nanos(nanos())
}

/// Nanoseconds since the machine's start.
#[cfg(all(not(test), any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn nanos() -> u64 {
    use rustix::time::{ClockId, clock_gettime};

    // Darwin's own CLOCK_MONOTONIC counts sleep; the standard library's `Instant` does not there
    #[cfg(target_vendor = "apple")]
    const COUNTS_SUSPEND: ClockId = ClockId::Monotonic;
    #[cfg(not(target_vendor = "apple"))]
    const COUNTS_SUSPEND: ClockId = ClockId::Boottime;

    let now = clock_gettime(COUNTS_SUSPEND);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Nanoseconds since the first call. On Windows the standard library's clock counts suspend;
/// elsewhere there is no better one.
#[cfg(not(any(test, target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn nanos() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    start.elapsed().as_nanos() as u64
}

/// A reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    pub(crate) now: Timestamp,
    /// The wall clock, since the Unix epoch.
    pub(crate) since_epoch: Duration,
}

/// Maximum age of a reading that is advanced without another syscall.
const MAX_AGE: Duration = Duration::from_secs(1);

impl ClockReading {
    pub(crate) fn take() -> Self {
        Self { now: now(), since_epoch: since_epoch(wall()) }
    }

    pub(crate) fn wall(self) -> SystemTime {
        UNIX_EPOCH + self.since_epoch
    }

    /// Advances this reading to `now` without another syscall, if it is less than a second old:
    /// thousands of runs begin together.
    pub(crate) fn advanced_to(self, now: Timestamp) -> Self {
        let since = now.since(self.now);
        if since < MAX_AGE {
            Self { now, since_epoch: self.since_epoch + since }
        } else {
            Self::take()
        }
    }
}

/// Returns the time since the Unix epoch; zero before it.
pub(crate) fn since_epoch(wall: SystemTime) -> Duration {
    wall.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Maximum length of a sleep: tokio's timers do not count suspend, and the wall clock can be set.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Sleeps until this instant, or part of the way. The caller looks at the clock again. Cancel safe.
pub(crate) async fn sleep_towards(instant: Timestamp) {
    tokio::time::sleep(instant.since(now()).min(LONGEST_SLEEP)).await;
}

/// Both clocks by tokio's own.
#[cfg(test)]
mod of_tests {
    use std::sync::LazyLock;

    use tokio::time::Instant;

    use super::{Duration, SystemTime, Timestamp};

    /// An instant before the first of any test, by both clocks: a paused one may stand behind.
    static ORIGIN: LazyLock<(Instant, SystemTime)> = LazyLock::new(|| {
        const HOUR: Duration = Duration::from_secs(3600);
        let now = Instant::now();
        (now.checked_sub(HOUR).unwrap_or(now), SystemTime::now() - HOUR)
    });

    pub(crate) fn now() -> Timestamp {
        Timestamp::from_nanos(0) + Instant::now().duration_since(ORIGIN.0)
    }

    pub(crate) fn wall() -> SystemTime {
        ORIGIN.1 + Instant::now().duration_since(ORIGIN.0)
    }
}
