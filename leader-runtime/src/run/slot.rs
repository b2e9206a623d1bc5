//! The place of the one run that a job has at a time, and of the one that waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use leader_core::Overlap;
use tokio::sync::Notify;

/// A place that is free, or taken by a run; `T` is one that is to follow.
#[derive(Debug)]
pub(super) struct Slot<T> {
    is_taken: AtomicBool,
    /// There is none where the slot is free.
    waiting: Mutex<Option<Box<T>>>,
    /// Told when something waits; made for who wants to know.
    wanted: OnceLock<Box<Notify>>,
}

/// What becomes of one that wants the slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission<T> {
    /// The slot is its own.
    Runs(T),
    /// It runs next; the one that was to do so before it does not run.
    Waits { instead_of: Option<Box<T>> },
    /// It does not run.
    Skipped(T),
}

impl<T> Slot<T> {
    pub(super) fn admit(&self, next: T, overlap: Overlap) -> Admission<T> {
        let (Overlap::Queue | Overlap::Replace) = overlap else {
            return if self.take() { Admission::Runs(next) } else { Admission::Skipped(next) };
        };
        let mut waiting = self.waiting();
        if self.take() {
            return Admission::Runs(next);
        }
        let instead_of = waiting.replace(Box::new(next));
        drop(waiting);
        if let Some(wanted) = self.wanted.get() {
            wanted.notify_one();
        }
        Admission::Waits { instead_of }
    }

    /// Takes the slot where it is free.
    pub(super) fn take(&self) -> bool {
        !self.is_taken.swap(true, Ordering::Acquire)
    }

    /// Gives the slot to the one that waits for it; where none does, it is free.
    pub(super) fn pass_on(&self) -> Option<T> {
        let mut waiting = self.waiting();
        let next = waiting.take();
        if next.is_none() {
            self.free();
        }
        next.map(|next| *next)
    }

    /// The same, where nothing ever waits for it.
    pub(super) fn free(&self) {
        self.is_taken.store(false, Ordering::Release);
    }

    /// The one that waits waits no longer, where this holds for it.
    pub(super) fn withdraw(&self, which: impl FnOnce(&T) -> bool) -> Option<T> {
        self.waiting().take_if(|waiting| which(waiting)).map(|waiting| *waiting)
    }

    /// Comes back when something waits for the slot.
    pub(super) async fn wanted(&self) {
        let wanted = self.wanted.get_or_init(Box::default);
        // a word that was said to the run before is no word to this one
        while self.waiting().is_none() {
            wanted.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Box<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        let (is_taken, waiting, wanted) = Default::default();
        Self { is_taken, waiting, wanted }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_slot_is_taken_once_until_it_is_passed_on() {
        let slot = Slot::default();
        assert_eq!(slot.admit(1, Overlap::Skip), Admission::Runs(1));
        assert_eq!(slot.admit(2, Overlap::Skip), Admission::Skipped(2));
        assert_eq!(slot.pass_on(), None);
        assert_eq!(slot.admit(3, Overlap::Skip), Admission::Runs(3));
    }

    #[test]
    fn one_waits_and_it_is_the_newest() {
        let slot = Slot::default();
        assert_eq!(slot.admit(1, Overlap::Queue), Admission::Runs(1));
        assert_eq!(slot.wanted().now_or_never(), None);
        assert_eq!(slot.admit(2, Overlap::Queue), Admission::Waits { instead_of: None });
        let instead_of = Some(Box::new(2));
        assert_eq!(slot.admit(3, Overlap::Queue), Admission::Waits { instead_of });
        assert_eq!(slot.wanted().now_or_never(), Some(()));
        assert_eq!(slot.pass_on(), Some(3));
        assert_eq!(slot.wanted().now_or_never(), None, "a word to the run before");
        assert_eq!(slot.pass_on(), None);
    }
}
