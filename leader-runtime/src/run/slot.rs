//! The place of the one run that a job has at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A slot that is free, or taken.
#[derive(Debug, Default)]
pub(super) struct Slot(Arc<AtomicBool>);

/// A slot that is taken, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Taken(Arc<AtomicBool>);

impl Slot {
    /// Takes it, where it is free.
    pub(super) fn take(&self) -> Option<Taken> {
        let was_taken = self.0.swap(true, Ordering::AcqRel);
        (!was_taken).then(|| Taken(Arc::clone(&self.0)))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
