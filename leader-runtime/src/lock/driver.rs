//! The election, driven on a lock service: on a thread of its own, so that a job which blocks its
//! runtime cannot starve the beats.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use leader_core::election::{
    Action, Answer, Attempt, Call, Election, Event, Failure, Layout, Pace, Request, SessionId,
    Stop, Term,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{debug, info, warn};

use super::board::Board;
use super::{LockService, Reply};
use crate::clock;
use crate::error::Error;

/// The thread that leads, seen from the runtime. Dropping it tells the thread to let go.
#[derive(Debug)]
pub(crate) struct Driver {
    board: Arc<Board>,
    commands: mpsc::UnboundedSender<Command>,
    ended: oneshot::Receiver<()>,
}

#[derive(Debug)]
enum Command {
    Shutdown,
}

impl Driver {
    /// Stands for every key of the layout from now on.
    pub(crate) fn start(service: Arc<dyn LockService>, layout: Layout) -> Result<Self, Error> {
        let (board, drained) = Board::new(layout.keys().len());
        let board = Arc::new(board);
        let (commands, receiver) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::thread)?;
        let thread = Thread {
            election: Election::new(service.pace(), &layout, u64::from(std::process::id())),
            requests: Requests::new(service),
            layout,
            board: Arc::clone(&board),
            stints: 0,
            session: None,
        };
        thread::Builder::new()
            .name("leader".into())
            .spawn(move || {
                runtime.block_on(thread.run(receiver, drained));
                // nobody listens where the runtime was dropped
                let _ = end.send(());
            })
            .map_err(Error::thread)?;
        Ok(Self { board, commands, ended })
    }

    /// What is known of leadership.
    pub(crate) const fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Lets go of everything. [`Driver::ended`] comes back when that is done.
    pub(crate) fn shut_down(&self) {
        let _ = self.commands.send(Command::Shutdown);
    }

    /// Comes back when everything has been let go, or nothing more can be.
    pub(crate) async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shut_down();
    }
}

struct Thread {
    election: Election,
    requests: Requests,
    layout: Layout,
    board: Arc<Board>,
    stints: u64,
    /// The session that was last logged.
    session: Option<SessionId>,
}

impl Thread {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut drained: mpsc::UnboundedReceiver<Term>,
    ) {
        self.election.handle_timeout(clock::now());
        loop {
            if self.act() == Step::Leave {
                return;
            }
            let timeout = self.election.poll_timeout(clock::now());
            let wake = async {
                match timeout {
                    Some(instant) => clock::sleep_towards(instant).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                (attempt, answer) = self.requests.answered() => Some(Event::Answer(attempt, answer)),
                command = commands.recv() => match command {
                    Some(Command::Shutdown) | None => Some(Event::Shutdown),
                },
                Some(term) = drained.recv() => Some(Event::Drained(term)),
                () = wake => None,
            };
            // the clock, not the sleep: a thread that was frozen wakes past its deadline
            match event {
                Some(event) => self.election.handle_event(clock::now(), event),
                None => self.election.handle_timeout(clock::now()),
            }
        }
    }

    /// Does what the election says, then publishes until when it may be believed.
    fn act(&mut self) -> Step {
        while let Some(action) = self.election.poll_action() {
            match action {
                Action::Request(request) => self.requests.send(request),
                Action::Cancel(attempt) => self.requests.cancel(attempt),
                Action::Start(term) => {
                    self.stints += 1;
                    self.board.start(term, self.stints);
                    let (key, fence) = (self.layout.key(term.key), term.fence.0);
                    if term.stint == 0 {
                        info!(key, fence, "leads");
                    } else {
                        info!(key, fence, "leads again, in the same term");
                    }
                }
                Action::Drain(term) => self.board.drain(term),
                Action::Stop(term, why) => {
                    self.board.stop(term);
                    self.log_stop(term, why);
                }
                Action::Conflict(key) => warn!(
                    key = self.layout.key(key),
                    "stands by: the key is marked as another tool's semaphore; use another key, \
                     or delete this one"
                ),
                Action::Leave => return Step::Leave,
            }
        }
        self.board.trust_until(self.election.trusted_until());
        if self.session.as_ref() != self.election.session() {
            self.session = self.election.session().cloned();
            if let Some(session) = &self.session {
                debug!(%session, "session");
            }
        }
        Step::Wait
    }

    fn log_stop(&self, term: Term, why: Stop) {
        let (key, fence) = (self.layout.key(term.key), term.fence.0);
        match why {
            Stop::Released => info!(key, fence, "leads no longer: lets go"),
            Stop::Lapsed => {
                warn!(key, fence, "leads no longer: no beat came through before the deadline");
            }
            Stop::SessionLost => warn!(key, fence, "leads no longer: the session is gone"),
            Stop::KeyLost => {
                warn!(key, fence, "leads no longer: the key was taken, freed or written over");
            }
            why => warn!(key, fence, ?why, "leads no longer"),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Step {
    Wait,
    Leave,
}

/// The requests on their way, each with its own timeout.
struct Requests {
    service: Arc<dyn LockService>,
    tasks: JoinSet<(Attempt, Asked, Reply)>,
    handles: HashMap<Attempt, AbortHandle>,
    outage: Outage,
}

/// What was asked, as an outage needs to know it.
#[derive(Clone, Copy)]
struct Asked {
    is_watch: bool,
}

impl Requests {
    fn new(service: Arc<dyn LockService>) -> Self {
        Self { service, tasks: JoinSet::new(), handles: HashMap::new(), outage: Outage::default() }
    }

    fn send(&mut self, request: Request) {
        let Request { attempt, timeout, .. } = request;
        let asked = Asked { is_watch: matches!(request.call, Call::Watch(..)) };
        let call = self.service.call(request);
        let handle = self.tasks.spawn(async move {
            let reply = tokio::time::timeout(timeout, call)
                .await
                .unwrap_or_else(|_| Reply::failed(Failure::Transient, "no answer in time"));
            (attempt, asked, reply)
        });
        self.handles.insert(attempt, handle);
    }

    fn cancel(&mut self, attempt: Attempt) {
        if let Some(handle) = self.handles.remove(&attempt) {
            handle.abort();
        }
    }

    /// The next answer. Waits for ever where nothing was asked.
    async fn answered(&mut self) -> (Attempt, Answer) {
        loop {
            match self.tasks.join_next().await {
                Some(Ok((attempt, asked, reply))) => {
                    self.handles.remove(&attempt);
                    self.outage.hear(&*self.service, asked, &reply);
                    return (attempt, reply.answer);
                }
                // cancelled: nobody waits for it
                Some(Err(error)) if error.is_cancelled() => {}
                // The election would wait for this answer for ever. Without its thread, nothing is
                // believed past the deadline, and `run` comes back with an error.
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                None => std::future::pending().await,
            }
        }
    }
}

/// Whether the service answers, told once at each turn.
#[derive(Default)]
struct Outage {
    /// What was told of it, each once.
    told: Vec<String>,
}

/// So many different faults of one outage are told; the others are logged for those who look.
const FAULTS_TOLD: usize = 5;

impl Outage {
    fn hear(&mut self, service: &dyn LockService, asked: Asked, reply: &Reply) {
        match &reply.fault {
            // a watch is cut by many things that stand in nobody's way; the next request tells
            Some(fault) if asked.is_watch => debug!(fault, "a watch ended"),
            Some(fault) if self.told.contains(fault) || self.told.len() == FAULTS_TOLD => {
                debug!(fault, "still no answer");
            }
            Some(fault) => {
                warn!("{}: {fault}; trying on", service.place());
                self.told.push(fault.clone());
            }
            None if self.told.is_empty() => {}
            None => {
                info!("{} answers", service.place());
                self.told.clear();
            }
        }
    }
}

impl fmt::Debug for dyn LockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

/// The line that a start logs of its lock service.
pub(crate) fn describe(service: &dyn LockService) -> String {
    match service.pace() {
        Pace::Beats(timing) => format!("{}; {timing}", service.place()),
        _ => format!("{}, for this machine alone; a frozen process keeps its own", service.place()),
    }
}

/// How long a run may go on after its key was to be given up.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);
