//! Everything that follows from a lease: how often to beat, how long to believe, when to call a
//! leader silent. One knob, one place.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::span;

/// How soon another node leads after any death: 1 s to 60 s, 6 s unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease(Duration);

impl Lease {
    /// The shortest lease: 1 s.
    pub const MIN: Self = Self(Duration::from_secs(1));
    /// The longest lease: 60 s, since Consul cuts every lock delay to that.
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

    /// Its length.
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

/// The intervals that a lease of length *L* stands for.
///
/// Its `Display` is the line that a start logs:
/// `lease 6s: another leads within 6.0s of any death; rides out 4.2s without Consul`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    lease: Lease,
}

impl Timing {
    /// What follows from this lease.
    #[must_use]
    pub const fn new(lease: Lease) -> Self {
        Self { lease }
    }

    /// The lease itself.
    #[must_use]
    pub const fn lease(self) -> Lease {
        self.lease
    }

    /// A leading process shows that it lives this often: L/8.
    #[must_use]
    pub const fn beat(self) -> Duration {
        eighths(self.lease.0, 1)
    }

    /// A beat that stands still for so long belongs to a dead leader: 7/8·L.
    #[must_use]
    pub const fn silence(self) -> Duration {
        eighths(self.lease.0, 7)
    }

    /// What Consul holds a key back for after its session has died: as long as the silence, and
    /// so longer than any trust.
    #[must_use]
    pub const fn lock_delay(self) -> Duration {
        self.silence()
    }

    /// What two machines' clocks may run apart during one silence: 5 % of it, at least 50 ms.
    #[must_use]
    pub fn margin(self) -> Duration {
        (self.silence() / 20).max(Duration::from_millis(50))
    }

    /// A leader believes for so long, counted from the instant **before** its last successful
    /// beat was sent: the silence less the margin.
    #[must_use]
    pub fn trust(self) -> Duration {
        self.silence() - self.margin()
    }

    /// How long Consul may be away without costing leadership, at the least: the trust left when
    /// the next beat is due.
    #[must_use]
    pub fn rides_out(self) -> Duration {
        self.trust() - self.beat()
    }

    /// A standby that has read nothing of a leader for longer than this begins its count anew: L/4.
    #[must_use]
    pub const fn gap(self) -> Duration {
        eighths(self.lease.0, 2)
    }

    /// The TTL of the session: the lease, at least 15 s. The session serves for mutual exclusion
    /// alone; a session that expired before the silence is over would hold its keys back by
    /// another lock delay.
    #[must_use]
    pub fn session_ttl(self) -> Duration {
        self.lease.0.max(Duration::from_secs(15))
    }

    /// The session is renewed this often: a third of its TTL.
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
            assert!(timing.trust() + timing.margin() <= timing.silence());
            assert!(timing.trust() + timing.margin() <= timing.lock_delay());
            assert!(timing.silence() + timing.beat() <= timing.lease().length());
            assert!(timing.session_ttl() >= timing.lease().length());
        }
    }

    #[test]
    fn the_shortest_lease_rides_out_seven_tenths_of_a_second() {
        assert_eq!(timing("1s").rides_out(), Duration::from_millis(700));
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
