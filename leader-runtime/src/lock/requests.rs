//! What the driver has asked of the lock service: over how few connections, and until when it waits.

use std::collections::HashMap;
use std::sync::Arc;

use leader_core::election::{Answer, Attempt, Failure, Pace, Request, WATCHES};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tracing::info;

use super::outage::{Kind, Outage};
use super::pulse::Pulse;
use super::{LockService, Reply};

type Replied = (Attempt, Kind, Reply);

/// The requests on their way, each with its own timeout.
pub(super) struct Requests {
    pub(super) service: Arc<dyn LockService>,
    tasks: JoinSet<Replied>,
    handles: HashMap<Attempt, AbortHandle>,
    /// Connections for all but beats, which wait for nothing.
    lanes: Arc<Semaphore>,
    folders: usize,
    outage: Outage,
    pulse: Arc<Pulse>,
}

/// With that of the beats, 4 connections where there is one folder or two, of which each is watched
/// through one, and 8 in any case: an agent allows 200 for each client address, which many
/// processes may share. What jobs ask goes over others.
const LANES: usize = 3;
const ALL_LANES: usize = 7;

impl Requests {
    pub(super) fn new(service: Arc<dyn LockService>, pulse: Arc<Pulse>, folders: usize) -> Self {
        let lanes = Arc::new(Semaphore::new(LANES));
        let (tasks, handles) = (JoinSet::new(), HashMap::new());
        let mut requests =
            Self { service, tasks, handles, lanes, folders: 0, outage: Outage::default(), pulse };
        requests.make_room(folders);
        requests
    }

    /// For the watches of so many folders, if they have become more.
    pub(super) fn make_room(&mut self, folders: usize) {
        let before = self.folders;
        self.folders = folders.max(before);
        if before <= 2 && folders > 2 {
            self.lanes.add_permits(ALL_LANES - LANES);
        }
        if let Pace::Beats(timing) = self.service.pace()
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
        let Request { attempt, timeout, .. } = request;
        let kind = Kind::of(&request.call);
        let call = self.service.call(request);
        let lanes = Arc::clone(&self.lanes);
        let handle = self.tasks.spawn(async move {
            let asked = async {
                let _lane = match kind {
                    Kind::Beat => None,
                    _ => lanes.acquire().await.ok(),
                };
                call.await
            };
            let reply = tokio::time::timeout(timeout, asked)
                .await
                .unwrap_or_else(|_| Reply::failed(Failure::Transient, "no answer in time"));
            (attempt, kind, reply)
        });
        self.handles.insert(attempt, handle);
    }

    /// Lock files are held as long as the process lives, while work under them may go on.
    pub(super) fn keep_service(&self) {
        std::mem::forget(Arc::clone(&self.service));
    }

    pub(super) fn cancel(&mut self, attempt: Attempt) {
        if let Some(handle) = self.handles.remove(&attempt) {
            handle.abort();
        }
    }

    /// The next answer. Waits for ever where nothing was asked.
    pub(super) async fn answered(&mut self) -> (Attempt, Answer) {
        loop {
            match self.tasks.join_next().await {
                Some(ended) => {
                    if let Some(answer) = self.hear(ended) {
                        return answer;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// An answer that is here already.
    pub(super) fn try_answered(&mut self) -> Option<(Attempt, Answer)> {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Some(answer) = self.hear(ended) {
                return Some(answer);
            }
        }
        None
    }

    fn hear(&mut self, ended: Result<Replied, JoinError>) -> Option<(Attempt, Answer)> {
        match ended {
            Ok((attempt, kind, reply)) => {
                self.handles.remove(&attempt);
                self.outage.hear(&*self.service, kind, &reply);
                self.pulse.hear(self.outage.fault());
                Some((attempt, reply.answer))
            }
            // cancelled: nobody waits for it
            Err(error) if error.is_cancelled() => None,
            // the election would wait for this answer for ever
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
