//! Durations that follow from the lease: the interval of heartbeats, the trust of a leader, the silence
//! of a dead one.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::span;

/// Maximum time of a failover after any death of a leader: 1 s to 60 s; the default is 6 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease(Duration);

impl Lease {
    /// Minimum lease: 1 s.
    pub const MIN: Self = Self(Duration::from_secs(1));
    /// Maximum lease: 60 s, the maximum of Consul's lock delay.
    pub const MAX: Self = Self(Duration::from_secs(60));

    /// A lease of this length.
    ///
    /// # Errors
    ///
    /// Where it is shorter than [`Lease::MIN`] or longer than [`Lease::MAX`].
    pub fn new(length: Duration) -> Result<Self, Error> {
        let refuse = |what| {
            Err(Error::new(format!("lease {} is too {what}; use 1s to 60s", span::print(length))))
        };
        match length {
            short if short < Self::MIN.0 => refuse("short"),
            long if long > Self::MAX.0 => refuse("long"),
            length => Ok(Self(length)),
        }
    }

    /// Length of the lease.
    #[must_use]
    pub const fn length(self) -> Duration {
        self.0
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self(Duration::from_secs(6))
    }
}

impl std::str::FromStr for Lease {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(span::parse(text)?)
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&span::print(self.0))
    }
}

/// Durations that follow from a lease of length *L*.
///
/// Prints as the line that is logged at start:
/// `lease 6s: another leads within 6.0s of any death; rides out 4.2s without Consul`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    lease: Lease,
}

impl Timing {
    /// Durations of this lease.
    #[must_use]
    pub const fn new(lease: Lease) -> Self {
        Self { lease }
    }

    /// The lease itself.
    #[must_use]
    pub const fn lease(self) -> Lease {
        self.lease
    }

    /// Interval between heartbeats of a leader: L/8.
    #[must_use]
    pub const fn beat(self) -> Duration {
        eighths(self.lease.0, 1)
    }

    /// Time after which a beat that stands still belongs to a dead leader: 7/8·L.
    #[must_use]
    pub const fn silence(self) -> Duration {
        eighths(self.lease.0, 7)
    }

    /// Time for which Consul holds a key back after its session has ended: as long as the silence, and
    /// so longer than any trust.
    #[must_use]
    pub const fn lock_delay(self) -> Duration {
        self.silence()
    }

    /// Maximum drift of two machines' clocks during one silence: 5 % of the silence, at least 50 ms.
    #[must_use]
    pub fn drift(self) -> Duration {
        (self.silence() / 20).max(Duration::from_millis(50))
    }

    /// Time for which a leader trusts that it leads, from the instant **before** its last successful
    /// beat was sent: the silence less the drift.
    #[must_use]
    pub fn trust(self) -> Duration {
        self.silence() - self.drift()
    }

    /// Maximum outage of Consul, and maximum lateness of its answers, that costs no leadership: the
    /// trust left when the next beat is due.
    #[must_use]
    pub fn rides_out(self) -> Duration {
        self.trust() - self.beat()
    }

    /// Time of an answer that is late: it leaves a leader less than a third of its trust when the next
    /// beat is answered. About 0.43·L.
    #[must_use]
    pub fn late(self) -> Duration {
        self.trust() * 2 / 3 - self.beat()
    }

    /// Shortest lease, in whole seconds, that leaves a leader half of its trust where answers take this
    /// long: about the time of an answer divided by 0.3. `None` if that is longer than [`Lease::MAX`].
    #[must_use]
    pub fn lease_for(answer: Duration) -> Option<Lease> {
        let seconds = (answer.as_millis() * 10).div_ceil(3_000).max(1);
        Lease::new(Duration::from_secs(u64::try_from(seconds).ok()?)).ok()
    }

    /// Time without a read after which a standby measures the silence of a leader anew: L/2. So a
    /// leader that lapsed during a longer outage of Consul resumes before any standby takes its keys; a
    /// shorter outage costs the leader no trust.
    #[must_use]
    pub const fn gap(self) -> Duration {
        eighths(self.lease.0, 4)
    }

    /// TTL of the session: the lease, at least 15 s. The session serves mutual exclusion alone; if it
    /// expired before the silence is over, its keys would be held back by another lock delay.
    #[must_use]
    pub fn session_ttl(self) -> Duration {
        self.lease.0.max(Duration::from_secs(15))
    }

    /// Interval between renewals of the session: a third of its TTL.
    #[must_use]
    pub fn renewal(self) -> Duration {
        self.session_ttl() / 3
    }
}

const fn eighths(lease: Duration, count: u64) -> Duration {
    // a lease is at most 60 s: this is far from the limits of u64
    Duration::from_nanos(lease.as_nanos() as u64 / 8 * count)
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lease {}: another leads within {:.1}s of any death; rides out {:.1}s without Consul",
            self.lease,
            self.lease.0.as_secs_f64(),
            self.rides_out().as_secs_f64(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(lease: &str) -> Timing {
        Timing::new(lease.parse().unwrap())
    }

    #[test]
    fn the_default_lease_says_what_it_gives() {
        assert_eq!(
            Timing::new(Lease::default()).to_string(),
            "lease 6s: another leads within 6.0s of any death; rides out 4.2s without Consul"
        );
    }

    #[test]
    fn trust_ends_before_the_silence_and_the_lock_delay_at_every_lease() {
        for millis in 1_000..=60_000 {
            let timing = Timing::new(Lease::new(Duration::from_millis(millis)).unwrap());
            assert!(timing.trust() + timing.drift() <= timing.silence());
            assert!(timing.trust() + timing.drift() <= timing.lock_delay());
            assert!(timing.silence() + timing.beat() <= timing.lease().length());
            assert!(timing.session_ttl() >= timing.lease().length());
        }
    }

    #[test]
    fn the_shortest_lease_rides_out_seven_tenths_of_a_second() {
        assert_eq!(timing("1s").rides_out(), Duration::from_millis(700));
    }

    #[test]
    fn the_lease_for_late_answers_leaves_about_half_of_the_trust() {
        for (millis, lease) in [(1, "1s"), (300, "1s"), (301, "2s"), (2_700, "9s"), (18_000, "1m")]
        {
            let answer = Duration::from_millis(millis);
            let borne = Timing::lease_for(answer).unwrap();
            assert_eq!(borne.to_string(), lease);
            let timing = Timing::new(borne);
            assert!(timing.rides_out() - answer >= timing.trust() * 48 / 100);
            assert!(answer < timing.late());
        }
        assert_eq!(Timing::lease_for(Duration::from_millis(18_001)), None);
    }

    #[test]
    fn a_lease_out_of_bounds_names_them() {
        for (lease, text) in [
            ("500ms", "lease 500ms is too short; use 1s to 60s"),
            ("61s", "lease 1m 1s is too long; use 1s to 60s"),
        ] {
            assert_eq!(lease.parse::<Lease>().unwrap_err().to_string(), text);
        }
    }
}
