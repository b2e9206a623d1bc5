//! One process: a real election, its clock, the state that it publishes, and the faults of its network.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{Attempt, Call, Election, KeyId, Term, Timestamp};

use crate::consul::Consul;

/// A local clock: its own origin, and a rate off the true one by so many parts in a million.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) origin: u64,
    pub(crate) rate: i64,
}

const MILLION: u128 = 1_000_000;

impl Clock {
    fn million(self) -> u128 {
        MILLION.checked_add_signed(i128::from(self.rate)).unwrap_or(MILLION)
    }

    /// Local time at this true time.
    pub(crate) fn at(self, now: Duration) -> Timestamp {
        let passed = now.as_nanos() * self.million() / MILLION;
        Timestamp::from_nanos(self.origin + passed as u64)
    }

    /// The first true time at which it shows `local`; for ever away, where it is too far.
    pub(crate) fn when(self, local: Timestamp) -> Duration {
        let passed = u128::from(local.as_nanos().saturating_sub(self.origin)) * MILLION;
        let nanos = passed.div_ceil(self.million());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// State that the driver publishes and the gate reads; it keeps the last values.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublishedState {
    pub(crate) started: BTreeMap<KeyId, Term>,
    pub(crate) trusted_until: Option<Timestamp>,
}

/// Faults between a process and the service, each until a true time.
#[derive(Clone, Debug, Default)]
pub(crate) struct NetworkFaults {
    /// No request gets through; some arrive when that is over.
    pub(crate) deaf_service: Duration,
    /// No answer gets back.
    pub(crate) deaf_node: Duration,
    /// Requests and answers are lost or late at random.
    pub(crate) storm: Duration,
    /// By how much each answer is late, for ever; by up to how much more, at random; and how many in
    /// a hundred never come.
    pub(crate) late: Duration,
    pub(crate) late_at_random: Duration,
    pub(crate) lossy: u64,
    /// Requests wait inside the service before they are executed.
    pub(crate) slow: Duration,
    /// The process gets no time.
    pub(crate) frozen: Duration,
    /// Default reads and renewals are answered by a deposed leader, which knows nothing newer.
    pub(crate) deposed: Option<(Duration, Box<Consul>)>,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) clock: Clock,
    pub(crate) timing: Timing,
    /// None: it crashed, or has left.
    pub(crate) election: Option<Election>,
    /// Which of its lives this is.
    pub(crate) life: u32,
    pub(crate) published: PublishedState,
    pub(crate) faults: NetworkFaults,
    /// Which requests it waits for, and when each was sent by its own clock.
    pub(crate) awaited: BTreeMap<Attempt, (Call, Timestamp)>,
    /// Only the wake-up of this number counts.
    pub(crate) wake: u64,
    pub(crate) shutting_down: bool,
}

impl Node {
    pub(crate) fn now(&self, now: Duration) -> Timestamp {
        self.clock.at(now)
    }

    /// Which term of this key the gate would let work start for, at this true time.
    pub(crate) fn believes(&self, now: Duration, key: KeyId) -> Option<Term> {
        self.election.as_ref()?;
        let trusted = self.published.trusted_until.is_some_and(|until| self.clock.at(now) < until);
        self.published.started.get(&key).copied().filter(|_| trusted)
    }
}
