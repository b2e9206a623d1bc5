//! The driver's requests to the lock service: their connections, timeouts and second sends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use leader_core::election::{
    Answer, Attempt, Call, Failure, Liveness, Request, Timestamp, WATCHES,
};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tracing::info;

use super::lanes::{Lane, Lanes};
use super::watch::{DriverLiveness, Lateness, Reachability, RequestKind};
use super::{LockService, Reply};
use crate::system::clock;

/// A reply, with the time of its request.
struct Replied {
    attempt: Attempt,
    kind: RequestKind,
    sent: Timestamp,
    timed_out: bool,
    reply: Reply,
}

/// The requests in flight, each with its own timeout.
pub(super) struct Requests {
    pub(super) service: Arc<dyn LockService>,
    tasks: JoinSet<Replied>,
    handles: HashMap<Attempt, AbortHandle>,
    lanes: Arc<Lanes>,
    folders: usize,
    reachability: Reachability,
    pub(super) lateness: Lateness,
    liveness: Arc<DriverLiveness>,
}

impl Requests {
    pub(super) fn new(
        service: Arc<dyn LockService>,
        liveness: Arc<DriverLiveness>,
        folders: usize,
    ) -> Self {
        let lanes = Arc::new(Lanes::new(service.liveness()));
        let lateness = Lateness::new(service.liveness());
        let (tasks, handles) = (JoinSet::new(), HashMap::new());
        let reachability = Reachability::default();
        let mut requests =
            Self { service, tasks, handles, lanes, folders: 0, reachability, lateness, liveness };
        requests.watch_folders(folders);
        requests
    }

    /// Grows the lanes to watch this number of folders. Never shrinks them.
    pub(super) fn watch_folders(&mut self, folders: usize) {
        let before = self.folders;
        self.folders = folders.max(before);
        if before <= 2 && folders > 2 {
            self.lanes.widen();
        }
        if let Liveness::Beats(timing) = self.service.liveness()
            && before <= WATCHES
            && folders > WATCHES
        {
            info!(
                "the keys lie in more than {WATCHES} folders: those with the most keys are watched, \
                 the others are read each {:?}, so that a key there is led up to so long after its \
                 release",
                timing.beat()
            );
        }
    }

    pub(super) fn send(&mut self, request: Request) {
        let Request { attempt, timeout, hedge, .. } = request;
        let (kind, sent) = (RequestKind::of(&request.call), clock::now());
        let lane = match request.call {
            Call::ReadBeat(_) => Lane::BeatRead,
            Call::RenewSession(_) => Lane::Urgent,
            _ if kind == RequestKind::Transaction => Lane::Urgent,
            _ => Lane::Any,
        };
        let service = Arc::clone(&self.service);
        let lanes = Arc::clone(&self.lanes);
        let handle = self.tasks.spawn(async move {
            let asked = async {
                let _lane = match kind {
                    RequestKind::Beat => None,
                    _ => lanes.enter(lane).await,
                };
                match hedge {
                    None => service.call(request).await,
                    Some(after) => hedged(&*service, request, after).await,
                }
            };
            let reply = tokio::time::timeout(timeout, asked).await;
            let timed_out = reply.is_err();
            let reply =
                reply.unwrap_or_else(|_| Reply::failed(Failure::Transient, "no answer in time"));
            Replied { attempt, kind, sent, timed_out, reply }
        });
        self.handles.insert(attempt, handle);
    }

    /// Keeps the service for the rest of the process: lock files stay locked while work under them may
    /// go on.
    pub(super) fn keep_service(&self) {
        std::mem::forget(Arc::clone(&self.service));
    }

    pub(super) fn cancel(&mut self, attempt: Attempt) {
        if let Some(handle) = self.handles.remove(&attempt) {
            handle.abort();
        }
    }

    /// Waits for the next answer, for ever where no request is in flight. Cancel safe.
    pub(super) async fn answered(&mut self) -> (Attempt, Answer) {
        loop {
            match self.tasks.join_next().await {
                Some(ended) => {
                    if let Some(answer) = self.take_in(ended) {
                        return answer;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Returns an answer that has already arrived.
    pub(super) fn try_answered(&mut self) -> Option<(Attempt, Answer)> {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Some(answer) = self.take_in(ended) {
                return Some(answer);
            }
        }
        None
    }

    fn take_in(&mut self, ended: Result<Replied, JoinError>) -> Option<(Attempt, Answer)> {
        match ended {
            Ok(Replied { attempt, kind, sent, timed_out, reply }) => {
                self.handles.remove(&attempt);
                let (service, now) = (&*self.service, clock::now());
                if kind != RequestKind::Watch && !matches!(reply.answer, Answer::Failed(_)) {
                    self.lateness.observe_answer(service, now, kind, sent);
                }
                let is_late = timed_out && self.lateness.observe_timeout(service, now, kind, sent);
                if !is_late {
                    self.reachability.observe(service, kind, sent, &reply);
                }
                self.liveness.record(sent, self.reachability.fault());
                Some((attempt, reply.answer))
            }
            // cancelled: nobody waits for the answer
            Err(error) if error.is_cancelled() => None,
            // the election would wait for this answer for ever
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Sends a request a second time, over a new connection, if no answer came within `after` (a *hedged*
/// request): a connection that died silently looks like a slow service. The first answer counts, unless
/// it is a refusal: where one of the two was executed, it stands against the other.
async fn hedged(service: &dyn LockService, request: Request, after: Duration) -> Reply {
    let mut first = service.call(request.clone());
    if let Ok(reply) = tokio::time::timeout(after, &mut first).await {
        return reply;
    }
    let (reply, other) = select(first, service.call_afresh(request)).await.factor_first();
    match reply.answer {
        Answer::Failed(Failure::Transient) => other.await,
        Answer::Refused(_) => match tokio::time::timeout(after * 2, other).await {
            Ok(other @ Reply { answer: Answer::Granted(_) | Answer::Done, .. }) => other,
            _ => reply,
        },
        _ => reply,
    }
}
