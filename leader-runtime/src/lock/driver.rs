//! The election, driven on a lock service: on a thread of its own, so that a job which blocks its
//! runtime cannot starve the beats.

use std::sync::Arc;
use std::time::Duration;

use leader_core::election::{Action, Election, Event, FolderId, KeyId, Stop, Term};
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use super::gate::{Gate, Standing, Trust};
use super::meetings::Meetings;
use super::pulse::Pulse;
use super::requests::Requests;
use super::vacancies::Vacancies;
use super::{Leader, LockService, SharedLayout};
use crate::clock;

/// What the lock manager tells the driver.
#[derive(Debug)]
pub(super) enum Command {
    /// Stand for this key: one that was withdrawn, or the next of the layout.
    Stand(FolderId, Gate),
    /// Stand for it no more.
    Withdraw(KeyId),
    /// Give this key to another node, and stand for it again only after the cool-off.
    StepDown(KeyId),
    /// Say who leads this key.
    Leader(String, oneshot::Sender<Result<Option<Leader>, String>>),
    /// Let go of everything, and end, within so long.
    Shutdown(Duration),
    /// The same, and end all work that drains at once.
    Hurry,
}

/// The thread that leads.
pub(super) struct Driver {
    election: Election,
    requests: Requests,
    layout: SharedLayout,
    trust: Arc<Trust>,
    pulse: Arc<Pulse>,
    gates: Vec<Gate>,
    stints: u64,
    commands: mpsc::UnboundedReceiver<Command>,
    vacancies: Vacancies,
    /// What this process is called, and the stage that it is of.
    called: String,
    meetings: Meetings,
}

impl Driver {
    pub(super) fn new(
        service: Arc<dyn LockService>,
        layout: SharedLayout,
        trust: Arc<Trust>,
        pulse: Arc<Pulse>,
        gates: Vec<Gate>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let seed = u64::from(std::process::id()) ^ clock::now().as_nanos();
        let called = service.identity().called();
        let election = Election::new(service.pace(), &layout.read(), seed);
        let folders = layout.read().folders().len();
        let requests = Requests::new(service, Arc::clone(&pulse), folders);
        Self {
            election,
            requests,
            layout,
            trust,
            pulse,
            gates,
            stints: 0,
            commands,
            vacancies: Vacancies::default(),
            called,
            meetings: Meetings::default(),
        }
    }

    /// Drives until everything was let go, or nothing more can be.
    pub(super) async fn run(mut self, mut drained: mpsc::UnboundedReceiver<Term>) {
        self.election.handle_timeout(clock::now());
        while self.act() == Step::Wait {
            self.pulse.beat();
            let timeout = self.election.poll_timeout(clock::now());
            let wake = async {
                match timeout {
                    Some(instant) => clock::sleep_towards(instant).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                (attempt, answer) = self.requests.answered() => Some(Event::Answer(attempt, answer)),
                Some(command) = self.commands.recv() => self.obey(command),
                Some(term) = drained.recv() => Some(Event::Drained(term)),
                () = wake => None,
            };
            // the clock, not the sleep: a thread that was frozen wakes past its deadline
            match event {
                Some(event) => self.election.handle_event(clock::now(), event),
                None => self.election.handle_timeout(clock::now()),
            }
            for _ in 1..TOGETHER {
                let Some(event) = self.ready(&mut drained) else { break };
                self.election.handle_event(clock::now(), event);
            }
        }
    }

    /// What has happened meanwhile: thousands of keys come and go together, and share transactions.
    fn ready(&mut self, drained: &mut mpsc::UnboundedReceiver<Term>) -> Option<Event> {
        if let Some((attempt, answer)) = self.requests.try_answered() {
            return Some(Event::Answer(attempt, answer));
        }
        while let Ok(command) = self.commands.try_recv() {
            if let Some(event) = self.obey(command) {
                return Some(event);
            }
        }
        drained.try_recv().ok().map(Event::Drained)
    }

    fn obey(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Stand(folder, gate) => {
                let key = gate.key();
                if self.gates.len() == key.0 as usize {
                    self.gates.push(gate);
                }
                self.requests.make_room(folder.0 as usize + 1);
                Some(Event::Stand(key, folder))
            }
            Command::Withdraw(key) => Some(Event::Withdraw(key)),
            Command::StepDown(key) => Some(Event::StepDown(key, COOL_OFF)),
            Command::Leader(key, answer) => {
                let leader = self.requests.service.leader(key);
                // whoever asked may be gone
                tokio::spawn(async move { drop(answer.send(leader.await)) });
                None
            }
            Command::Shutdown(within) => Some(Event::Shutdown(within)),
            Command::Hurry => {
                self.gates.iter().for_each(Gate::hurry);
                Some(Event::Shutdown(HURRIED))
            }
        }
    }

    /// Does what the election says, then publishes until when it may be believed.
    fn act(&mut self) -> Step {
        let mut started = Vec::new();
        while let Some(action) = self.election.poll_action() {
            match action {
                Action::Request(request) => {
                    self.vacancies.ask(clock::now(), &request.call, &self.election);
                    self.requests.send(request);
                }
                Action::Cancel(attempt) => self.requests.cancel(attempt),
                Action::Start(term) => {
                    self.stints += 1;
                    self.meetings.forget();
                    self.gate(term.key).start(term, self.stints);
                    started.push(term);
                    self.log_start(term);
                    self.meter_start(term);
                }
                Action::Drain(term) => self.gate(term.key).drain(term),
                Action::Stop(term, why) => {
                    let releases = why == Stop::Released;
                    let then = if releases { Standing::Releasing } else { Standing::By };
                    self.gate(term.key).stop(then);
                    self.gate(term.key).meter().stand_by();
                    self.log_stop(term, why);
                    if why == Stop::Abandoned {
                        self.requests.keep_service();
                    }
                }
                Action::Meet(session, key) => {
                    if self.meetings.meet(clock::now(), session, key) {
                        self.tell_leader(key);
                    }
                }
                Action::Freed(key) => self.gate(key).freed(),
                Action::Conflict(key) => warn!(
                    key = self.key(key),
                    "stands by: the key is marked as another tool's semaphore; use another key, \
                     or delete this one"
                ),
                Action::Leave => return Step::Leave,
            }
        }
        for key in self.meetings.due(clock::now(), &self.election) {
            self.tell_leader(key);
        }
        self.vacancies.look(&self.election);
        self.trust.set_until(self.election.trusted_until());
        // whoever waits for this finds the gate open
        started.into_iter().for_each(|term| self.gate(term.key).announce(term));
        Step::Wait
    }

    /// Says who leads.
    fn tell_leader(&self, key: KeyId) {
        let key = self.key(key);
        let leader = self.requests.service.leader(key.clone());
        let called = self.called.clone();
        tokio::spawn(async move {
            // one that is gone again, or a service that does not answer, is told of elsewhere
            let Ok(Some(leader)) = leader.await else { return };
            let (theirs, Leader { node, pid, .. }) = (leader.called(), leader);
            if theirs == called {
                info!(key, node, pid, "stands by for the leader");
            } else {
                warn!(
                    key,
                    node,
                    pid,
                    "stands by for {theirs}, while this is {called}; if that is not meant, set \
                     LEADER_KEY_PREFIX, or another key"
                );
            }
        });
    }

    fn gate(&self, KeyId(key): KeyId) -> &Gate {
        &self.gates[key as usize]
    }

    fn key(&self, key: KeyId) -> String {
        self.layout.read().key(key).to_owned()
    }

    /// As jobs are told it, which is never negative.
    fn fence(&self, term: Term) -> u64 {
        self.trust.fence(term).get().cast_unsigned()
    }

    fn meter_start(&mut self, term: Term) {
        self.gate(term.key).meter().lead();
        // one that is taken up again had no other leader before it
        if let Some(vacancy) = self.vacancies.fill(term.key)
            && term.stint == 0
        {
            let after = clock::now().since(vacancy.since);
            self.trust.meter().take_over(vacancy.was_silent, after);
        }
    }

    fn log_start(&self, term: Term) {
        let (key, fence) = (self.key(term.key), self.fence(term));
        match term.stint {
            0 => info!(key, fence, "leads"),
            _ => info!(key, fence, "leads again, in the same term"),
        }
    }

    fn log_stop(&self, term: Term, why: Stop) {
        let (key, fence) = (self.key(term.key), self.fence(term));
        match why {
            Stop::Released => info!(key, fence, "leads no longer: lets go"),
            Stop::Lapsed => {
                warn!(key, fence, "leads no longer: no beat came through before the deadline");
            }
            Stop::SessionLost => warn!(key, fence, "leads no longer: the session is gone"),
            Stop::KeyLost => {
                warn!(key, fence, "leads no longer: the key was taken, freed or written over");
            }
            Stop::Abandoned => warn!(
                key,
                fence,
                "gives up: a run goes on that could not be ended; the key is not released, and \
                 another node takes it when its beat has stood still"
            ),
            why => warn!(key, fence, ?why, "leads no longer"),
        }
    }
}

/// Whatever ends the thread, a panic too, nothing is believed after it.
impl Drop for Driver {
    fn drop(&mut self) {
        for gate in &self.gates {
            gate.stop(Standing::Gone);
            gate.meter().refresh(false);
        }
        // whoever came too late would wait for ever
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Stand(_, gate) = command {
                gate.stop(Standing::Gone);
            }
        }
        self.trust.set_until(None);
    }
}

/// So many events are taken in before anything is done about them; no more, or a flood of commands
/// would hold back the beats.
const TOGETHER: usize = 1024;

/// How long a node that stepped down stays away from the key.
const COOL_OFF: Duration = Duration::from_secs(10);

/// What work that was cancelled has to be gone.
const HURRIED: Duration = Duration::from_secs(1);

#[derive(PartialEq, Eq)]
enum Step {
    Wait,
    Leave,
}
