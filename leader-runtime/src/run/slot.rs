//! The place of the one run that a job has at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A slot that is free, or taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot(Arc<Place>);

#[derive(Debug, Default)]
struct Place {
    is_taken: AtomicBool,
    /// How often it was wanted in vain since it was taken.
    skipped: AtomicUsize,
}

/// A slot that is taken, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Taken(Slot);

impl Slot {
    /// Takes it, where it is free.
    pub(super) fn take(&self) -> Option<Taken> {
        if self.0.is_taken.swap(true, Ordering::AcqRel) {
            self.0.skipped.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.0.skipped.store(0, Ordering::Relaxed);
        Some(Taken(self.clone()))
    }

    /// How often it was wanted in vain since it was taken.
    pub(super) fn skipped(&self) -> usize {
        self.0.skipped.load(Ordering::Relaxed)
    }
}

impl Taken {
    /// How often the slot was wanted in vain meanwhile.
    pub(super) fn skipped(&self) -> usize {
        self.0.skipped()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.0.is_taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_taken_once_and_counts_who_wanted_it_in_vain() {
        let slot = Slot::default();
        let taken = slot.take().unwrap();
        assert!(slot.take().is_none() && slot.take().is_none());
        assert_eq!(taken.skipped(), 2);
        drop(taken);
        assert_eq!(slot.take().unwrap().skipped(), 0);
    }
}
