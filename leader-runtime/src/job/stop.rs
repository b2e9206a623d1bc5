//! The request to end a run, which the run sees while it still may go on.

use std::pin::pin;
use std::sync::{Arc, MutexGuard, OnceLock};
use std::time::Duration;

use leader_core::election::Timestamp;
use tokio::sync::Notify;

use crate::model::StopReason;
use crate::sync::Mutex;
use crate::system::clock;

/// The request to end a run, as a parameter of the job.
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
/// A job that obeys before its work is done returns [`Outcome::interrupted`](crate::Outcome::interrupted):
/// any other outcome is the end of the run, and nobody goes on with it.
///
/// With `on_loss = "grace"` a `Stop` fires at a missed heartbeat too, while leadership is still
/// believed. In all other cases the job's own future is dropped in the instant in which its `Stop`
/// fires, and the work beside it still sees it: [`Run::block`](crate::Run::block) above all, and a
/// job that is a plain `fn`.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Wish>);

/// State that both sides share.
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

/// The sender of a [`Stop`]: asks a run to end. When it is dropped, the run is over.
#[derive(Debug)]
pub struct Stopper(
    /// Made when the other side is, since every run has a stopper and few jobs listen.
    OnceLock<Arc<Wish>>,
);

impl Stopper {
    /// A sender without a receiver yet.
    pub(crate) const fn unheard() -> Self {
        Self(OnceLock::new())
    }

    /// A receiver of it.
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

    /// Reason of the last request.
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
        self.state.lock()
    }
}

impl Stop {
    /// Both sides of a request to end: in a test, to call a job by hand.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use leader_runtime::{Stop, StopReason};
    ///
    /// let (stopper, stop) = Stop::channel();
    /// stopper.request(StopReason::Drain, Duration::from_secs(10));
    /// assert!(stop.is_requested());
    /// ```
    #[must_use]
    pub fn channel() -> (Stopper, Self) {
        let stopper = Stopper::unheard();
        let stop = stopper.stop();
        (stopper, stop)
    }

    /// Waits until the run is to end, and returns the reason; at once where the request came before.
    /// Cancel safe.
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

    /// The reason why the run is to end; `None` while it may go on.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        let State { request, is_over } = *self.0.state();
        request.map(|it| it.reason).or_else(|| is_over.then_some(StopReason::Ended))
    }

    /// Time that the run still has to end; `None` while it may go on.
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
        let (stopper, stop) = Stop::channel();
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
        let (stopper, stop) = Stop::channel();
        drop(stopper);
        assert_eq!(stop.requested().now_or_never(), Some(StopReason::Ended));
        assert_eq!(stop.reason(), Some(StopReason::Ended));
        assert_eq!(stop.time_left(), Some(Duration::ZERO));
    }
}
