//! How a run hears that it is to end, while it still may.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use leader_core::election::Timestamp;
use tokio::sync::Notify;

use crate::clock;

/// Tells a run that it is to end, as a parameter of the job.
///
/// A run whose key is to be given up has its `drain`, 10 s unless told otherwise, to end by itself,
/// and is dropped then. One that listens can end sooner, at a point of its own choice:
///
/// ```
/// use leader_runtime::{Stop, leader_job};
/// # async fn next_batch() {}
///
/// #[leader_job(key = "service/import", every = "1h")]
/// async fn import(stop: Stop) {
///     while !stop.is_requested() {
///         next_batch().await;
///     }
/// }
/// ```
///
/// With `on_loss = "grace"` it is also told that a beat was missed, while leadership is still
/// believed. In all other cases the job's own future is dropped in the instant in which this fires;
/// it is then heard by what the job has started beside itself, through
/// [`Run::block`](crate::Run::block) above all.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Wish>);

/// Why a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// The process shuts down, or gives the key to another node.
    Drain,
    /// Leadership is lost, or about to be: a beat was missed under a job with `on_loss = "grace"`.
    Loss,
    /// The attempt has taken as long as its `timeout` says.
    Timeout,
    /// The next run takes its place, by `overlap = "replace"`.
    Replaced,
    /// The run is over: whoever listens has outlived it.
    Ended,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drain => "its drain was used up",
            Self::Loss => "leadership was lost",
            Self::Timeout => "its timeout was used up",
            Self::Replaced => "the next run took its place",
            Self::Ended => "it is over",
        })
    }
}

/// What both sides share.
#[derive(Debug, Default)]
struct Wish {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    request: Option<Request>,
    is_over: bool,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    reason: StopReason,
    until: Timestamp,
}

/// Asks a run to end: the other side of a [`Stop`]. When it is dropped, the run is over.
#[derive(Debug)]
pub struct Stopper(
    /// Made when the other side is, since every run has a stopper and few jobs listen.
    OnceLock<Arc<Wish>>,
);

impl Stopper {
    /// Both sides; in a test, to call a job by hand.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let stopper = Self::unheard();
        let stop = stopper.stop();
        (stopper, stop)
    }

    /// One to which nobody listens yet.
    pub(crate) const fn unheard() -> Self {
        Self(OnceLock::new())
    }

    /// The other side.
    pub(super) fn stop(&self) -> Stop {
        Stop(Arc::clone(self.wish()))
    }

    /// Asks for an end within `time_left`. A later request replaces an earlier one.
    pub fn request(&self, reason: StopReason, time_left: Duration) {
        let request = Request { reason, until: clock::now() + time_left };
        let wish = self.wish();
        wish.state().request = Some(request);
        wish.changed.notify_waiters();
    }

    /// What it asked for last.
    pub(crate) fn asked(&self) -> Option<StopReason> {
        self.0.get()?.state().request.map(|request| request.reason)
    }

    fn wish(&self) -> &Arc<Wish> {
        self.0.get_or_init(Arc::default)
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        if let Some(wish) = self.0.get() {
            wish.state().is_over = true;
            wish.changed.notify_waiters();
        }
    }
}

impl Wish {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stop {
    /// Comes back when the run is to end, and says why; at once where it was asked before.
    pub async fn requested(&self) -> StopReason {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            // from here on, no word is missed
            changed.as_mut().enable();
            if let Some(reason) = self.reason() {
                return reason;
            }
            changed.await;
        }
    }

    /// Whether the run is to end.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.reason().is_some()
    }

    /// Why the run is to end; `None` while it may go on.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        let State { request, is_over } = *self.0.state();
        request.map(|it| it.reason).or_else(|| is_over.then_some(StopReason::Ended))
    }

    /// How long the run may still go on; `None` while nobody wants it to end.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let State { request, is_over } = *self.0.state();
        request
            .map(|request| request.until.since(clock::now()))
            .or_else(|| is_over.then_some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_run_hears_that_it_is_to_end_why_and_in_which_time() {
        let (stopper, stop) = Stopper::new();
        assert_eq!((stop.reason(), stop.time_left()), (None, None));
        assert_eq!(stop.requested().now_or_never(), None);
        stopper.request(StopReason::Drain, Duration::from_secs(10));
        assert_eq!(stop.requested().now_or_never(), Some(StopReason::Drain));
        assert!(stop.is_requested());
        let left = stop.time_left().unwrap();
        assert!((Duration::from_secs(9)..=Duration::from_secs(10)).contains(&left), "{left:?}");
    }

    #[test]
    fn whoever_outlives_the_run_hears_that_it_is_over() {
        let (stopper, stop) = Stopper::new();
        drop(stopper);
        assert_eq!(stop.requested().now_or_never(), Some(StopReason::Ended));
        assert_eq!(stop.reason(), Some(StopReason::Ended));
        assert_eq!(stop.time_left(), Some(Duration::ZERO));
    }
}
