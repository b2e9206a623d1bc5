//! Events of runs, for the listeners of a [`Handle`](crate::Handle).

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use futures_util::stream::{self, Stream, StreamExt};
use leader_core::Due;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::model::{Fence, RunOutcome, SkipReason, instant};
use crate::sync::RwLock;

/// An event of a run on this node, as [`Handle::events`](crate::Handle::events) yields it.
///
/// It serializes with the kind in the field `event`, and instants as RFC 3339 in UTC:
///
/// ```json
/// {"event":"began","job":"report","due":"2026-11-24T05:00:00Z","fence":7,"number":1}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunEvent {
    /// A run has begun.
    Began(RunStart),
    /// A run has ended, or was skipped.
    Ended(RunReport),
    /// Due instants of a job with a record were given up: no node has run them, and none will.
    Missed(MissedReport),
    /// This listener was too slow, and has lost its oldest events.
    #[non_exhaustive]
    Lost {
        /// Number of lost events.
        count: u64,
    },
}

/// A run that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunStart {
    /// The job's name.
    pub job: Arc<str>,
    /// Its due instant.
    pub due: Due,
    /// The fence of its term.
    pub fence: Fence,
    /// Number of the run among those of the job in this process; the first is 1.
    pub number: u64,
}

/// A run that has ended or was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RunReport {
    /// The job's name.
    pub job: Arc<str>,
    /// Its due instant.
    pub due: Due,
    /// The fence of its term.
    pub fence: Fence,
    /// Number of the run among those of the job in this process, from 1; 0 where it was skipped before
    /// it began.
    pub number: u64,
    /// Number of attempts; 0 where it was skipped before it began.
    pub attempts: u32,
    /// Its beginning by the wall clock; of a skipped run the same instant as its end.
    #[serde(serialize_with = "instant::serialize")]
    pub started: SystemTime,
    /// Its end by the wall clock.
    #[serde(serialize_with = "instant::serialize")]
    pub ended: SystemTime,
    /// Its outcome, or the reason why it was skipped.
    pub outcome: RunOutcome,
}

/// Due instants that no node has run and none will. Published by the leader that gives them up, once
/// this is written in the job's record, and therefore by one leader only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MissedReport {
    /// The job's name.
    pub job: Arc<str>,
    /// The fence of the term in which they were given up.
    pub fence: Fence,
    /// The reason: [`SkipReason::Expired`], [`SkipReason::Coalesced`] or [`SkipReason::Overlap`].
    pub reason: SkipReason,
    /// Number of instants.
    pub count: u64,
    /// Whether there may be more than `count`: the instants of a cron are found one by one, up to
    /// 10000 of them.
    pub or_more: bool,
    /// The oldest instant.
    pub oldest: Due,
}

/// The channel of events: made for the first listener; `None` once it is closed.
#[derive(Debug, Default)]
pub(crate) struct Events(OnceLock<RwLock<Option<broadcast::Sender<RunEvent>>>>);

/// Maximum number of events that a listener can be behind before it loses the oldest.
const CAPACITY: usize = 1024;

impl Events {
    /// Sends an event to the listeners; the event is not made where there are none.
    pub(in crate::run) fn publish(&self, event: impl FnOnce() -> RunEvent) {
        let Some(sender) = self.0.get() else { return };
        if let Some(sender) = &*sender.read() {
            // all listeners may have left
            let _ = sender.send(event());
        }
    }

    /// Ends the streams of all listeners.
    pub(in crate::run) fn close(&self) {
        let sender = self.0.get_or_init(RwLock::default);
        *sender.write() = None;
    }

    /// A stream of the events from now on.
    pub(crate) fn listen(&self) -> impl Stream<Item = RunEvent> + Send + Unpin + use<> {
        let sender = self.0.get_or_init(|| RwLock::new(Some(broadcast::Sender::new(CAPACITY))));
        let sender = sender.read();
        let receiver = sender.as_ref().map(broadcast::Sender::subscribe);
        stream::unfold(receiver, |receiver| async {
            let mut receiver = receiver?;
            let event = match receiver.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(lost)) => RunEvent::Lost { count: lost },
                Err(RecvError::Closed) => return None,
            };
            Some((event, Some(receiver)))
        })
        .boxed()
    }
}
