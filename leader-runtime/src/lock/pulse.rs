//! Whether the driver lives, and whether the lock service answers it: written by the driver, read by
//! whoever looks from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use leader_core::election::Timestamp;

use crate::clock;

/// The driver's signs of life.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When it last went round, in nanoseconds.
    beat: AtomicU64,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    any: bool,
    failing: Option<Silence>,
}

/// The service does not answer, or not as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) since: Timestamp,
    /// In words for a person.
    pub(crate) fault: String,
}

impl Pulse {
    pub(super) fn new() -> Self {
        let beat = AtomicU64::new(clock::now().as_nanos());
        Self { beat, answers: Mutex::default() }
    }

    pub(super) fn beat(&self) {
        self.beat.store(clock::now().as_nanos(), Ordering::Relaxed);
    }

    pub(super) fn last_beat(&self) -> Timestamp {
        Timestamp::from_nanos(self.beat.load(Ordering::Relaxed))
    }

    /// A request has ended, and this is what fails since.
    pub(super) fn hear(&self, fault: Option<&str>) {
        let mut answers = self.answers();
        match fault {
            None => *answers = Answers { any: true, failing: None },
            Some(fault) => {
                let silence = || Silence { since: clock::now(), fault: fault.to_owned() };
                answers.failing.get_or_insert_with(silence);
            }
        }
    }

    /// Whether anything was ever answered without a fault.
    pub(super) fn was_answered(&self) -> bool {
        self.answers().any
    }

    pub(super) fn silence(&self) -> Option<Silence> {
        self.answers().failing.clone()
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
