//! The slot of a job, which one run at a time has, and the firing that waits for it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::sync::Mutex;

/// A slot that is free or taken; `T` is the firing that waits for it.
#[derive(Debug)]
pub(in crate::run) struct Slot<T> {
    is_taken: AtomicBool,
    /// Made for the first firing that may wait.
    line: OnceLock<Box<Line<T>>>,
}

#[derive(Debug)]
struct Line<T> {
    /// `None` where the slot is free.
    waiting: Mutex<Option<T>>,
    /// Notified when a firing waits.
    wanted: Notify,
}

/// The fate of a firing that asks for the slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission<T> {
    /// It has the slot.
    Runs(T),
    /// It runs next, in place of the firing that waited before.
    Waits { instead_of: Option<T> },
    /// It does not run.
    Skipped(T),
}

impl<T> Slot<T> {
    /// Gives the slot to `next` where it is free; otherwise `next` waits for it, or is skipped.
    pub(super) fn admit(&self, next: T, waits: bool) -> Admission<T> {
        if !waits {
            return if self.take() { Admission::Runs(next) } else { Admission::Skipped(next) };
        }
        let line = self.line();
        let mut waiting = line.waiting.lock();
        if self.take() {
            return Admission::Runs(next);
        }
        let instead_of = waiting.replace(next);
        drop(waiting);
        line.wanted.notify_one();
        Admission::Waits { instead_of }
    }

    /// Takes the slot, and returns whether it was free.
    pub(in crate::run) fn take(&self) -> bool {
        !self.is_taken.swap(true, Ordering::Acquire)
    }

    pub(in crate::run) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }

    /// Gives the slot to the firing that waits for it, and returns that firing; where none waits, the
    /// slot is free.
    pub(super) fn pass_on(&self) -> Option<T> {
        let mut waiting = self.line().waiting.lock();
        let next = waiting.take();
        if next.is_none() {
            self.free();
        }
        next
    }

    /// Frees a slot for which nothing ever waits.
    pub(in crate::run) fn free(&self) {
        self.is_taken.store(false, Ordering::Release);
    }

    /// Takes back the firing that waits, where `which` holds for it.
    pub(in crate::run) fn withdraw(&self, which: impl FnOnce(&T) -> bool) -> Option<T> {
        self.line.get()?.waiting.lock().take_if(|waiting| which(waiting))
    }

    /// Waits until a firing waits for the slot. Cancel safe.
    pub(in crate::run) async fn wanted(&self) {
        let line = self.line();
        // a notification may be left from the run before
        while line.waiting.lock().is_none() {
            line.wanted.notified().await;
        }
    }

    fn line(&self) -> &Line<T> {
        let new = || Box::new(Line { waiting: Mutex::new(None), wanted: Notify::new() });
        self.line.get_or_init(new)
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
        assert_eq!(slot.admit(1, false), Admission::Runs(1));
        assert_eq!(slot.admit(2, false), Admission::Skipped(2));
        assert_eq!(slot.pass_on(), None);
        assert_eq!(slot.admit(3, false), Admission::Runs(3));
    }

    #[test]
    fn one_waits_and_it_is_the_newest() {
        let slot = Slot::default();
        assert_eq!(slot.admit(1, true), Admission::Runs(1));
        assert_eq!(slot.wanted().now_or_never(), None);
        assert_eq!(slot.admit(2, true), Admission::Waits { instead_of: None });
        let instead_of = Some(2);
        assert_eq!(slot.admit(3, true), Admission::Waits { instead_of });
        assert_eq!(slot.wanted().now_or_never(), Some(()));
        assert_eq!(slot.pass_on(), Some(3));
        assert_eq!(slot.wanted().now_or_never(), None, "notified for the run before");
        assert_eq!(slot.pass_on(), None);
    }
}
