//! The clocks. Leadership is held by one that counts suspend, so that a machine that slept wakes past
//! its deadline; schedules go by the wall clock. In unit tests both follow tokio's, which can be
//! paused.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::election::Timestamp;

#[cfg(test)]
pub(crate) use self::of_tests::{now, wall};

/// Now, by the wall clock.
#[cfg(not(test))]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Now, in nanoseconds since the machine's start.
#[cfg(all(not(test), any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(crate) fn now() -> Timestamp {
    use rustix::time::{ClockId, clock_gettime};

    // Darwin's own CLOCK_MONOTONIC counts sleep; the standard library's `Instant` does not there
    #[cfg(target_vendor = "apple")]
    const COUNTS_SUSPEND: ClockId = ClockId::Monotonic;
    #[cfg(not(target_vendor = "apple"))]
    const COUNTS_SUSPEND: ClockId = ClockId::Boottime;

    let now = clock_gettime(COUNTS_SUSPEND);
    Timestamp::from_nanos(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}

/// Now, in nanoseconds since the first call. On Windows the standard library's clock counts
/// suspend; elsewhere it is the best there is.
#[cfg(all(
    not(test),
    not(any(target_os = "linux", target_os = "android", target_vendor = "apple"))
))]
pub(crate) fn now() -> Timestamp {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    Timestamp::from_nanos(start.elapsed().as_nanos() as u64)
}

/// What both clocks showed at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance {
    pub(crate) now: Timestamp,
    /// The wall clock, by the Unix epoch.
    pub(crate) since_epoch: Duration,
}

/// For so long the wall clock is taken to go on as it was seen.
const FRESH: Duration = Duration::from_secs(1);

impl Glance {
    pub(crate) fn take() -> Self {
        Self { now: now(), since_epoch: since_epoch(wall()) }
    }

    pub(crate) fn wall(self) -> SystemTime {
        UNIX_EPOCH + self.since_epoch
    }

    /// One at `now`, which is just now. Thousands of runs that begin together need not each look at
    /// the wall clock.
    pub(crate) fn renew(self, now: Timestamp) -> Self {
        let since = now.since(self.now);
        if since < FRESH {
            Self { now, since_epoch: self.since_epoch + since }
        } else {
            Self::take()
        }
    }
}

/// Zero before it.
pub(crate) fn since_epoch(wall: SystemTime) -> Duration {
    wall.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// No sleep is longer than this: tokio's timers do not count suspend, and the wall clock can be set.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Sleeps until this instant, or a good part of the way: whoever wakes looks at the clock, not at
/// the sleep.
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
