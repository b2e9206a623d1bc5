//! Whether the driver is alive, and whether the lock service answers it. Written by the driver, read
//! by the health endpoint.

use std::sync::atomic::{AtomicU64, Ordering};

use leader_core::election::Timestamp;

use crate::sync::Mutex;
use crate::system::clock;

/// The driver's signs of life.
#[derive(Debug)]
pub(in crate::leadership) struct DriverLiveness {
    /// The last turn of the driver's loop, in nanoseconds.
    last_turn: AtomicU64,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    any: bool,
    failing: Option<Outage>,
}

/// An outage: the service does not answer, or only with faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    pub(crate) since: Timestamp,
    /// The fault, in words for a person.
    pub(crate) fault: String,
}

impl DriverLiveness {
    pub(in crate::leadership) fn new() -> Self {
        let last_turn = AtomicU64::new(clock::now().as_nanos());
        Self { last_turn, answers: Mutex::default() }
    }

    /// Marks a turn of the driver's loop.
    pub(in crate::leadership) fn mark_turn(&self) {
        self.last_turn.store(clock::now().as_nanos(), Ordering::Relaxed);
    }

    pub(in crate::leadership) fn last_turn(&self) -> Timestamp {
        Timestamp::from_nanos(self.last_turn.load(Ordering::Relaxed))
    }

    /// Records the end of a request that was sent at `sent`, and the fault that persists after it.
    pub(in crate::leadership) fn record(&self, sent: Timestamp, fault: Option<&str>) {
        let mut answers = self.answers.lock();
        match fault {
            None => *answers = Answers { any: true, failing: None },
            Some(fault) => {
                let outage = || Outage { since: sent, fault: fault.to_owned() };
                answers.failing.get_or_insert_with(outage);
            }
        }
    }

    /// Whether any request was ever answered without a fault.
    pub(in crate::leadership) fn was_answered(&self) -> bool {
        self.answers.lock().any
    }

    pub(in crate::leadership) fn outage(&self) -> Option<Outage> {
        self.answers.lock().failing.clone()
    }
}
