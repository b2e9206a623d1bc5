//! A limit on the connections to the lock service.

use std::time::Duration;

use leader_core::election::Liveness;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// The connections of all requests except beats, which never wait.
///
/// Together with the beats' connection there are 4 for one or two folders, each of which is watched
/// through one, and 8 for more: an agent allows 200 per client address, which many processes may share.
/// Jobs have their own connections.
///
/// A request that finds all of them taken waits a while, and then gets a spare one: the requests before
/// it are late, or their connections are dead. Reads of beats have their own spare ones: their number
/// grows with the number of leaders, and no other request may wait for them.
#[derive(Debug)]
pub(super) struct Lanes {
    usual: Semaphore,
    spare: Semaphore,
    spare_of_beat_reads: Semaphore,
    /// Maximum wait of a request for one of the usual connections.
    max_wait: Duration,
}

/// The urgency of a request: how soon it gets a spare connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// After a beat at the latest.
    Any,
    /// After a quarter of a beat at the latest: leadership waits for it.
    Urgent,
    /// After a quarter of a beat at the latest, from the spare ones of reads of beats.
    BeatRead,
}

const USUAL: usize = 3;
const WIDE: usize = 7;
const SPARE: usize = 24;
const SPARE_OF_BEAT_READS: usize = 12;

impl Lanes {
    pub(super) fn new(liveness: Liveness) -> Self {
        let max_wait = match liveness {
            Liveness::Beats(timing) => timing.beat(),
            _ => Duration::MAX,
        };
        let [usual, spare, spare_of_beat_reads] =
            [USUAL, SPARE, SPARE_OF_BEAT_READS].map(Semaphore::new);
        Self { usual, spare, spare_of_beat_reads, max_wait }
    }

    /// Adds the connections for more than two folders.
    pub(super) fn widen(&self) {
        self.usual.add_permits(WIDE - USUAL);
    }

    /// Waits for a connection, taken until the permit is dropped. Cancel safe.
    pub(super) async fn enter(&self, lane: Lane) -> Option<SemaphorePermit<'_>> {
        let (max_wait, spare) = match lane {
            Lane::Any => (self.max_wait, &self.spare),
            Lane::Urgent => (self.max_wait / 4, &self.spare),
            Lane::BeatRead => (self.max_wait / 4, &self.spare_of_beat_reads),
        };
        match timeout(max_wait, self.usual.acquire()).await {
            Ok(permit) => permit.ok(),
            // none is ever closed
            Err(_) => tokio::select! {
                biased;
                permit = self.usual.acquire() => permit.ok(),
                permit = spare.acquire() => permit.ok(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use leader_core::{Lease, Timing};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_behind_late_ones_waits_a_beat_and_has_a_connection_of_its_own() {
        let timing = Timing::new(Lease::default());
        let lanes = Lanes::new(Liveness::Beats(timing));
        let mut permits = Vec::new();
        for _ in 0..USUAL {
            permits.push(lanes.enter(Lane::Any).await);
        }
        let began = tokio::time::Instant::now();
        permits.push(lanes.enter(Lane::Any).await);
        assert_eq!(began.elapsed().as_millis(), timing.beat().as_millis());
        permits.push(lanes.enter(Lane::Urgent).await);
        assert!(began.elapsed() <= timing.beat() * 5 / 4 + Duration::from_millis(2));
        for _ in 2..SPARE {
            permits.push(lanes.enter(Lane::Urgent).await);
        }
        let late = timeout(timing.lease().length(), lanes.enter(Lane::Urgent)).await;
        assert!(late.is_err(), "no more");
        permits.pop();
        assert!(lanes.enter(Lane::Urgent).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn reads_of_many_beats_hold_nothing_else_back() {
        let timing = Timing::new(Lease::default());
        let lanes = Lanes::new(Liveness::Beats(timing));
        let mut permits = Vec::new();
        for _ in 0..USUAL + SPARE_OF_BEAT_READS {
            permits.push(lanes.enter(Lane::BeatRead).await);
        }
        let late = timeout(timing.lease().length(), lanes.enter(Lane::BeatRead)).await;
        assert!(late.is_err(), "no more of those");
        assert!(timeout(timing.beat(), lanes.enter(Lane::Urgent)).await.is_ok());
    }
}
