//! What happens to runs, for those who listen.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use futures_util::stream::{self, Stream, StreamExt};
use leader_core::Due;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::outcome::RunOutcome;
use crate::job::Fence;

/// What happened to a run on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEvent {
    /// It began.
    Began {
        /// The job's name.
        job: Arc<str>,
        /// When it is due.
        due: Due,
        /// The fence of the term that it runs in.
        fence: Fence,
        /// Which run of the job this is in this process: 1 is the first.
        number: u64,
    },
    /// It is over, or there was none.
    Ended(RunReport),
    /// Whoever listens was too slow, and so many events are lost to it.
    Lost(u64),
}

/// A run that is over, or that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// The job's name.
    pub job: Arc<str>,
    /// When it was due.
    pub due: Due,
    /// The fence of the term that it ran in.
    pub fence: Fence,
    /// Which run of the job this was in this process; 0 where it was skipped before it began.
    pub number: u64,
    /// How many attempts were made; 0 where it was skipped before it began.
    pub attempts: u32,
    /// When it began, by the wall clock; where it was skipped, when that was, which is its end as well.
    pub started: SystemTime,
    /// When it ended, by the wall clock.
    pub ended: SystemTime,
    /// How it ended, or why there was none.
    pub outcome: RunOutcome,
}

/// Those who listen: nothing while nobody has listened yet, and no sender when there will be no more.
#[derive(Debug, Default)]
pub(crate) struct Events(OnceLock<RwLock<Option<broadcast::Sender<RunEvent>>>>);

/// A listener that is further behind than this loses the oldest.
const KEPT: usize = 1024;

impl Events {
    /// Tells those who listen, if any do.
    pub(super) fn tell(&self, event: impl FnOnce() -> RunEvent) {
        let Some(sender) = self.0.get() else { return };
        if let Some(sender) = &*sender.read().unwrap_or_else(PoisonError::into_inner) {
            // all of them may have left
            let _ = sender.send(event());
        }
    }

    /// There will be no more.
    pub(super) fn close(&self) {
        let sender = self.0.get_or_init(RwLock::default);
        *sender.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is told from now on.
    pub(crate) fn listen(&self) -> impl Stream<Item = RunEvent> + Send + Unpin + use<> {
        let sender = self.0.get_or_init(|| RwLock::new(Some(broadcast::Sender::new(KEPT))));
        let sender = sender.read().unwrap_or_else(PoisonError::into_inner);
        let receiver = sender.as_ref().map(broadcast::Sender::subscribe);
        stream::unfold(receiver, |receiver| async {
            let mut receiver = receiver?;
            let event = match receiver.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(lost)) => RunEvent::Lost(lost),
                Err(RecvError::Closed) => return None,
            };
            Some((event, Some(receiver)))
        })
        .boxed()
    }
}
