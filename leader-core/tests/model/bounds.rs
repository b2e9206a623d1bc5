//! How far a check goes.

use std::time::Duration;

use leader_core::election::{KeyId, Layout, Liveness};
use leader_core::{Lease, Timing};

use crate::support::Mutation;

/// Faults and commands. A run may have a bounded number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// A process is cut off, until it is not.
    Cut,
    /// A process hears no answers, until it does; what it writes is executed.
    Deafen,
    /// A process gets no time, until it does.
    Freeze,
    /// A process is gone without a word.
    Crash,
    /// A session ends: destroyed by an operator, expired, gone with its agent.
    End,
    /// One request goes astray.
    Stray,
    /// A transaction is sent a second time beside the first, which may be executed at any time after
    /// or before it, or never; the first answer to either counts.
    Twice,
    /// One default read is answered by a server that lags a write behind.
    Lag,
    /// A process gives its key away.
    StepDown,
    /// A process leaves.
    Shutdown,
}

/// Those that leave few enough states to look at all of them.
pub(crate) const FEW: &[Fault] = &[
    Fault::Deafen,
    Fault::Freeze,
    Fault::Crash,
    Fault::End,
    Fault::Stray,
    Fault::Twice,
    Fault::StepDown,
    Fault::Shutdown,
];

pub(crate) const ALL: &[Fault] = &[
    Fault::Cut,
    Fault::Deafen,
    Fault::Freeze,
    Fault::Crash,
    Fault::End,
    Fault::Stray,
    Fault::Twice,
    Fault::Lag,
    Fault::StepDown,
    Fault::Shutdown,
];

/// A process: how far its clock gets in a tick, and its lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeConfig {
    pub(crate) tick: Duration,
    pub(crate) lease: Duration,
}

/// How many ticks after it was sent a request is executed at the latest, and is answered: a tick is
/// more than a fifth of the lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Late {
    pub(crate) executed: u8,
    pub(crate) answered: u8,
    /// The process that this is so for; none: all.
    pub(crate) of: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) configs: Vec<NodeConfig>,
    pub(crate) keys: u32,
    /// No key was ever written.
    pub(crate) absent: bool,
    pub(crate) faults: u8,
    pub(crate) kinds: &'static [Fault],
    /// The faults come in the order of the kinds, one of each; what happens between them is free.
    pub(crate) scripted: bool,
    pub(crate) late: Late,
    pub(crate) mutation: Option<Mutation>,
}

/// A true tick is a quarter of the silence of an 8 s lease.
const LEASE: Duration = Duration::from_secs(8);
/// The slowest clock: its trust of 6.65 s lasts four ticks to the nanosecond.
const SLOW: Duration = Duration::from_nanos(1_662_500_000);
/// The fastest: four ticks are the silence of 7 s and the longest random delay of 20 ms.
const FAST: Duration = Duration::from_nanos(1_755_000_000);
/// The true one: four ticks are the lock delay.
pub(crate) const LOCK_DELAY: u32 = 4;

impl Bounds {
    /// One slow clock, and the others fast: as far apart as `Timing::drift` allows. One key, free.
    pub(crate) fn new(nodes: usize, faults: u8, kinds: &'static [Fault]) -> Self {
        let config = |node| NodeConfig { tick: if node == 0 { SLOW } else { FAST }, lease: LEASE };
        let configs = (0..nodes).map(config).collect();
        let late = Late::default();
        Self {
            configs,
            keys: 1,
            absent: false,
            faults,
            kinds,
            scripted: false,
            late,
            mutation: None,
        }
    }

    /// Every request is executed, and answered, within so many ticks, in any order.
    pub(crate) fn with_late(self, executed: u8, answered: u8) -> Self {
        Self { late: Late { executed, answered, of: None }, ..self }
    }

    /// Makes the answers to this process alone late.
    pub(crate) fn with_late_of(self, of: usize, executed: u8, answered: u8) -> Self {
        Self { late: Late { executed, answered, of: Some(of) }, ..self }
    }

    /// Two processes, and these faults in this order.
    pub(crate) fn script(kinds: &'static [Fault]) -> Self {
        Self { scripted: true, ..Self::new(2, kinds.len() as u8, kinds) }
    }

    pub(crate) fn with(mut self, mutation: Mutation) -> Self {
        if mutation == Mutation::SlowClock {
            self.configs[0].tick -= Duration::from_nanos(1);
        }
        Self { mutation: Some(mutation), ..self }
    }

    /// The slow process has twice the lease.
    pub(crate) fn with_long_lease(mut self) -> Self {
        self.configs[0].lease = LEASE * 2;
        self
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyId> + use<> {
        (0..self.keys).map(KeyId)
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.keys().map(|KeyId(key)| format!("m/{key}")))
    }

    pub(crate) fn liveness(&self, node: usize) -> Liveness {
        let lease = Lease::new(self.configs[node].lease).expect("a lease within its limits");
        Liveness::Beats(Timing::new(lease))
    }

    pub(crate) fn allows(&self, kind: Fault, left: u8) -> bool {
        match self.scripted {
            true => self.kinds[self.kinds.len() - usize::from(left)] == kind,
            false => self.kinds.contains(&kind),
        }
    }

    /// L9: the lease is four ticks and a half, and one more passes until a tick shows it. Five answers
    /// may be late, one after the other: to a read, to an acquisition that another forestalled, to the
    /// read after it, to a read of the other's last beat, and to the take.
    pub(crate) const fn unled_at_most(&self) -> u8 {
        6 + 5 * self.late.answered
    }

    /// Time that any process may still look back: the longest silence.
    pub(crate) fn memory(&self) -> Duration {
        let longest = self.configs.iter().map(|config| config.lease).max().unwrap_or(LEASE);
        longest * 9 / 10
    }
}
