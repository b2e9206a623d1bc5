//! The driver: carries out the election's actions on a lock service. It has its own thread, so that a
//! job that blocks its runtime cannot starve the heartbeats (*beats*).

use std::sync::Arc;
use std::time::Duration;

use leader_core::election::{Action, Election, Event, FolderId, KeyId, Liveness, Stop, Term};
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use super::gate::{Gate, Role, Trust};
use super::requests::Requests;
use super::watch::{DriverLiveness, StandbyLog, TakeoverTimer};
use super::{LockService, SharedLayout};
use crate::model::Leader;
use crate::system::clock;
use crate::text::Excerpt;

/// A command of the session manager to the driver.
#[derive(Debug)]
pub(super) enum Command {
    /// Campaign for this key: a key that was withdrawn, or the next of the layout.
    Campaign(FolderId, Gate),
    /// End the campaign for this key.
    Withdraw(KeyId),
    /// Give this key to another node, and campaign for it again only after the cool-off.
    StepDown(KeyId),
    /// Return the leader of this key.
    Leader(String, oneshot::Sender<Result<Option<Leader>, String>>),
    /// Release everything, and end within this time.
    Shutdown(Duration),
    /// Shut down, and cut all drains short.
    Hurry,
}

/// The state of the driver's thread.
pub(super) struct Driver {
    election: Election,
    requests: Requests,
    layout: SharedLayout,
    trust: Arc<Trust>,
    liveness: Arc<DriverLiveness>,
    gates: Vec<Gate>,
    epochs: u64,
    commands: mpsc::UnboundedReceiver<Command>,
    takeovers: TakeoverTimer,
    standby_log: StandbyLog,
}

impl Driver {
    pub(super) fn new(
        service: Arc<dyn LockService>,
        layout: SharedLayout,
        trust: Arc<Trust>,
        liveness: Arc<DriverLiveness>,
        gates: Vec<Gate>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let seed = u64::from(std::process::id()) ^ clock::now().as_nanos();
        let election = Election::new(service.liveness(), &layout.read(), seed);
        let folders = layout.read().folders().len();
        let requests = Requests::new(service, Arc::clone(&liveness), folders);
        Self {
            election,
            requests,
            layout,
            trust,
            liveness,
            gates,
            epochs: 0,
            commands,
            takeovers: TakeoverTimer::default(),
            standby_log: StandbyLog::default(),
        }
    }

    /// Runs until everything is released, or nothing more can be.
    pub(super) async fn run(mut self, mut drained: mpsc::UnboundedReceiver<Term>) {
        self.election.handle_timeout(clock::now());
        while self.act() == Step::Wait {
            self.liveness.mark_turn();
            let timeout = self.election.poll_timeout(clock::now());
            let wake = async {
                match timeout {
                    Some(instant) => clock::sleep_towards(instant).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                (attempt, answer) = self.requests.answered() => Some(Event::Answer(attempt, answer)),
                Some(command) = self.commands.recv() => self.handle_command(command),
                Some(term) = drained.recv() => Some(Event::Drained(term)),
                () = wake => None,
            };
            // the clock, not the sleep: a thread that was frozen wakes past its deadline
            match event {
                Some(event) => self.election.handle_event(clock::now(), event),
                None => self.election.handle_timeout(clock::now()),
            }
            for _ in 1..MAX_EVENTS_PER_TURN {
                let Some(event) = self.try_event(&mut drained) else { break };
                self.election.handle_event(clock::now(), event);
            }
        }
    }

    /// Returns an event that has already occurred: thousands of keys come and go together, and share
    /// transactions.
    fn try_event(&mut self, drained: &mut mpsc::UnboundedReceiver<Term>) -> Option<Event> {
        if let Some((attempt, answer)) = self.requests.try_answered() {
            return Some(Event::Answer(attempt, answer));
        }
        while let Ok(command) = self.commands.try_recv() {
            if let Some(event) = self.handle_command(command) {
                return Some(event);
            }
        }
        drained.try_recv().ok().map(Event::Drained)
    }

    fn handle_command(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Campaign(folder, gate) => {
                let key = gate.key();
                if self.gates.len() == key.0 as usize {
                    self.gates.push(gate);
                }
                self.requests.watch_folders(folder.0 as usize + 1);
                Some(Event::Campaign(key, folder))
            }
            Command::Withdraw(key) => Some(Event::Withdraw(key)),
            Command::StepDown(key) => Some(Event::StepDown(key, COOL_OFF)),
            Command::Leader(key, answer) => {
                let leader = self.requests.service.leader(key);
                // the asker may be gone
                tokio::spawn(async move { drop(answer.send(leader.await)) });
                None
            }
            Command::Shutdown(within) => Some(Event::Shutdown(within)),
            Command::Hurry => {
                self.gates.iter().for_each(Gate::hurry);
                Some(Event::Shutdown(HURRIED_SHUTDOWN))
            }
        }
    }

    /// Carries out the election's actions, then publishes until when this process may believe in its
    /// terms.
    fn act(&mut self) -> Step {
        let mut started = Vec::new();
        while let Some(action) = self.election.poll_action() {
            match action {
                Action::Request(request) => {
                    self.takeovers.start(clock::now(), &request.call, &self.election);
                    self.requests.send(request);
                }
                Action::Cancel(attempt) => self.requests.cancel(attempt),
                Action::Start(term) => {
                    self.epochs += 1;
                    self.standby_log.clear();
                    // the gate opens after it where another key is led already: no run of a term is
                    // logged before the term
                    self.log_start(term);
                    self.gate(term.key).start(term, self.epochs);
                    started.push(term);
                    self.meter_start(term);
                }
                Action::Drain(term) => self.gate(term.key).drain(term),
                Action::Stop(term, why) => {
                    let releases = why == Stop::Released;
                    let then = if releases { Role::Releasing } else { Role::Standby };
                    self.gate(term.key).stop(then);
                    self.gate(term.key).meter().stand_by();
                    self.log_stop(term, why);
                    if why == Stop::Abandoned {
                        self.requests.keep_service();
                    }
                }
                Action::LeaderSeen(session, key) => {
                    if self.standby_log.observe(clock::now(), session, key) {
                        self.log_leader(key);
                    }
                }
                Action::Freed(key) => self.gate(key).freed(),
                Action::Conflict(key) => warn!(
                    key = self.key(key),
                    "standing by: the key is marked as another tool's semaphore; use another key, \
                     or delete this one"
                ),
                Action::Leave => return Step::Leave,
            }
        }
        for key in self.standby_log.due(clock::now(), &self.election) {
            self.log_leader(key);
        }
        self.takeovers.drop_led(&self.election);
        self.publish_trust();
        // a waiter that this wakes finds the gate open
        started.into_iter().for_each(|term| self.gate(term.key).announce(term));
        Step::Wait
    }

    fn publish_trust(&mut self) {
        let (now, before, until) =
            (clock::now(), self.trust.until(), self.election.trusted_until());
        let (Some(until), Liveness::Beats(timing)) = (until, self.election.liveness()) else {
            return self.trust.set_until(until);
        };
        if before < until {
            // the next beat is answered as late as this one was
            let next = until.since(now).saturating_sub(timing.beat());
            let left = before.since(now);
            let is_first = left.is_zero();
            self.trust.expect(if is_first { next } else { left.min(next) }, timing.beat());
            self.trust.set_until(Some(until));
            // these may log: after the gates are open
            if !is_first {
                self.trust.meter().extend(now, left);
                let Requests { lateness, service, .. } = &mut self.requests;
                lateness.observe_extension(&**service, now, left);
            }
            return;
        }
        self.trust.set_until(Some(until));
    }

    /// Logs the leader of a key that this process stands by for.
    fn log_leader(&self, key: KeyId) {
        let key = self.key(key);
        let service = Arc::clone(&self.requests.service);
        let leader = service.leader(key.clone());
        tokio::spawn(async move {
            // a leader that is gone again, and a service that does not answer, are logged elsewhere
            let Ok(Some(leader)) = leader.await else { return };
            let (leader_node, leader_pid) = (Excerpt::name(&leader.node).to_string(), leader.pid);
            let own = service.identity();
            if leader.is_like(own) {
                info!(key, leader_node, leader_pid, "standing by");
            } else {
                warn!(
                    key,
                    leader_node,
                    leader_pid,
                    "standing by for {}, while this is {}; if that is not meant, set \
                     LEADER_KEY_PREFIX, or another key",
                    leader.called(),
                    own.called()
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

    /// The fencing token as jobs see it, which is never negative.
    fn fence(&self, term: Term) -> u64 {
        self.trust.fence(term).get().cast_unsigned()
    }

    fn meter_start(&mut self, term: Term) {
        self.gate(term.key).meter().lead();
        // a resumed term follows no other leader
        if let Some(vacancy) = self.takeovers.stop(term.key)
            && term.resumptions == 0
        {
            let after = clock::now().since(vacancy.since);
            self.trust.meter().take_over(vacancy.was_silent, after);
        }
    }

    fn log_start(&self, term: Term) {
        let (key, fence) = (self.key(term.key), self.fence(term));
        match term.resumptions {
            0 => info!(key, fence, "leadership acquired"),
            _ => info!(key, fence, "leadership resumed in the same term"),
        }
    }

    fn log_stop(&self, term: Term, why: Stop) {
        let (key, fence) = (self.key(term.key), self.fence(term));
        match why {
            Stop::Released => info!(key, fence, "leadership released"),
            Stop::Lapsed => {
                warn!(
                    key,
                    fence, "leadership lost: no heartbeat was confirmed before the deadline"
                );
            }
            Stop::SessionLost => warn!(key, fence, "leadership lost: the session is gone"),
            Stop::KeyLost => {
                warn!(key, fence, "leadership lost: the key was taken, freed or written over");
            }
            Stop::Abandoned => warn!(
                key,
                fence,
                "leadership abandoned: a run could not be ended; the key is not released, and \
                 another node takes it when its heartbeat has stood still for a lease"
            ),
            why => warn!(key, fence, ?why, "leadership lost"),
        }
    }
}

/// After the end of the thread, also by a panic, no term is believed.
impl Drop for Driver {
    fn drop(&mut self) {
        for gate in &self.gates {
            gate.stop(Role::Closed);
            gate.meter().refresh(false);
        }
        // a campaign that came too late would wait for ever
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Campaign(_, gate) = command {
                gate.stop(Role::Closed);
            }
        }
        self.trust.set_until(None);
    }
}

/// Maximum number of events taken in before the driver acts: a flood of commands must not hold back
/// the beats.
const MAX_EVENTS_PER_TURN: usize = 1024;

/// Time that a node stays away from a key after it stepped down.
const COOL_OFF: Duration = Duration::from_secs(10);

/// Timeout of a shutdown that cuts all drains short: cancelled work has this long to end.
const HURRIED_SHUTDOWN: Duration = Duration::from_secs(1);

#[derive(PartialEq, Eq)]
enum Step {
    Wait,
    Leave,
}
