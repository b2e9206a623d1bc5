//! How far a check goes.

use std::time::Duration;

use leader_core::election::{KeyId, Layout, Pace};
use leader_core::{Lease, Timing};

use crate::plant::Plant;

/// What may go wrong, or be commanded. Each costs one of the mishaps that a run may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mishap {
    /// A process is cut off, until it is not.
    Cut,
    /// A process gets no time, until it does.
    Freeze,
    /// A process is gone without a word.
    Crash,
    /// A session ends: destroyed by an operator, expired, gone with its agent.
    End,
    /// One request goes astray.
    Stray,
    /// One default read is answered by a server that lags a write behind.
    Lag,
    /// A process gives its key away.
    StepDown,
    /// A process leaves.
    Shutdown,
}

pub(crate) const ALL: &[Mishap] = &[
    Mishap::Cut,
    Mishap::Freeze,
    Mishap::Crash,
    Mishap::End,
    Mishap::Stray,
    Mishap::Lag,
    Mishap::StepDown,
    Mishap::Shutdown,
];

/// A process: how far its clock gets in a tick, and its lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) tick: Duration,
    pub(crate) lease: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) births: Vec<Birth>,
    pub(crate) keys: u32,
    /// No key was ever written.
    pub(crate) absent: bool,
    pub(crate) mishaps: u8,
    pub(crate) kinds: &'static [Mishap],
    /// The mishaps come in the order of the kinds, one of each; what happens between them is free.
    pub(crate) scripted: bool,
    pub(crate) plant: Option<Plant>,
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
    /// One slow clock, and the others fast: as far apart as the margin allows. One key, free.
    pub(crate) fn new(nodes: usize, mishaps: u8, kinds: &'static [Mishap]) -> Self {
        let birth = |node| Birth { tick: if node == 0 { SLOW } else { FAST }, lease: LEASE };
        let births = (0..nodes).map(birth).collect();
        Self { births, keys: 1, absent: false, mishaps, kinds, scripted: false, plant: None }
    }

    /// Two processes, and these mishaps in this order.
    pub(crate) fn script(kinds: &'static [Mishap]) -> Self {
        Self { scripted: true, ..Self::new(2, kinds.len() as u8, kinds) }
    }

    pub(crate) fn with(mut self, plant: Plant) -> Self {
        if plant == Plant::SlowClock {
            self.births[0].tick -= Duration::from_nanos(1);
        }
        Self { plant: Some(plant), ..self }
    }

    /// The slow process has twice the lease.
    pub(crate) fn with_long_lease(mut self) -> Self {
        self.births[0].lease = LEASE * 2;
        self
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyId> + use<> {
        (0..self.keys).map(KeyId)
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.keys().map(|KeyId(key)| format!("m/{key}")))
    }

    pub(crate) fn pace(&self, node: usize) -> Pace {
        let lease = Lease::new(self.births[node].lease).expect("a lease within its limits");
        Pace::Beats(Timing::new(lease))
    }

    pub(crate) fn allows(&self, kind: Mishap, left: u8) -> bool {
        match self.scripted {
            true => self.kinds[self.kinds.len() - usize::from(left)] == kind,
            false => self.kinds.contains(&kind),
        }
    }

    /// What any process may still count from: the longest silence.
    pub(crate) fn memory(&self) -> Duration {
        let longest = self.births.iter().map(|birth| birth.lease).max().unwrap_or(LEASE);
        longest * 9 / 10
    }
}
