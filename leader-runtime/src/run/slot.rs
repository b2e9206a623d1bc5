//! The place of the one run that a job has at a time, and of the one that waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use leader_core::Overlap;
use tokio::sync::Notify;

/// A place that is free, or taken by a run; `T` is one that is to follow.
#[derive(Debug)]
pub(super) struct Slot<T> {
    is_taken: AtomicBool,
    /// Made for the first that may wait.
    line: OnceLock<Box<Line<T>>>,
}

#[derive(Debug)]
struct Line<T> {
    /// There is none where the slot is free.
    waiting: Mutex<Option<T>>,
    /// Told when something waits.
    wanted: Notify,
}

/// What becomes of one that wants the slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission<T> {
    /// The slot is its own.
    Runs(T),
    /// It runs next; the one that was to do so before it does not run.
    Waits { instead_of: Option<T> },
    /// It does not run.
    Skipped(T),
}

impl<T> Slot<T> {
    pub(super) fn admit(&self, next: T, overlap: Overlap) -> Admission<T> {
        let (Overlap::Queue | Overlap::Replace) = overlap else {
            return if self.take() { Admission::Runs(next) } else { Admission::Skipped(next) };
        };
        let line = self.line();
        let mut waiting = line.waiting();
        if self.take() {
            return Admission::Runs(next);
        }
        let instead_of = waiting.replace(next);
        drop(waiting);
        line.wanted.notify_one();
        Admission::Waits { instead_of }
    }

    /// Takes the slot where it is free.
    pub(super) fn take(&self) -> bool {
        !self.is_taken.swap(true, Ordering::Acquire)
    }

    /// Gives the slot to the one that waits for it; where none does, it is free.
    pub(super) fn pass_on(&self) -> Option<T> {
        let mut waiting = self.line().waiting();
        let next = waiting.take();
        if next.is_none() {
            self.free();
        }
        next
    }

    /// The same, where nothing ever waits for it.
    pub(super) fn free(&self) {
        self.is_taken.store(false, Ordering::Release);
    }

    /// The one that waits waits no longer, where this holds for it.
    pub(super) fn withdraw(&self, which: impl FnOnce(&T) -> bool) -> Option<T> {
        self.line.get()?.waiting().take_if(|waiting| which(waiting))
    }

    /// Comes back when something waits for the slot.
    pub(super) async fn wanted(&self) {
        let line = self.line();
        // a word that was said to the run before is no word to this one
        while line.waiting().is_none() {
            line.wanted.notified().await;
        }
    }

    fn line(&self) -> &Line<T> {
        let new = || Box::new(Line { waiting: Mutex::new(None), wanted: Notify::new() });
        self.line.get_or_init(new)
    }
}

impl<T> Line<T> {
    fn waiting(&self) -> MutexGuard<'_, Option<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { is_taken: AtomicBool::new(false), line: OnceLock::new() }
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
        let instead_of = Some(2);
        assert_eq!(slot.admit(3, Overlap::Queue), Admission::Waits { instead_of });
        assert_eq!(slot.wanted().now_or_never(), Some(()));
        assert_eq!(slot.pass_on(), Some(3));
        assert_eq!(slot.wanted().now_or_never(), None, "a word to the run before");
        assert_eq!(slot.pass_on(), None);
    }
}
