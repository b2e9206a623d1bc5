//! Processes, a service and the network between them, in virtual time: the same seed and the same
//! faults give the same history.
//!
//! The network may lose a request before or after it is executed, or execute it leases later, long
//! after its sender was told that no answer came. A frozen process gets no time, while its gate
//! keeps what it said last.

mod network;
mod operator;

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{
    Action, Answer, Attempt, Call, Election, Event, Failure, KeyId, Layout, Pace, SessionId, Stop,
    Term,
};

use self::network::{Watch, Way};
use crate::chance::Chance;
use crate::consul::Consul;
use crate::flaw::Flaw;
use crate::lockfiles::LockFiles;
use crate::node::{Board, Clock, Node, Weather};
use crate::referee::Referee;

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) now: Duration,
    pub(crate) nodes: Vec<Node>,
    pub(crate) consul: Consul,
    pub(crate) referee: Referee,
    pub(crate) keys: Vec<KeyId>,
    layout: Layout,
    /// Lock files take the place of Consul.
    files: Option<LockFiles>,
    chance: Chance,
    queue: BTreeMap<(Duration, u64), Due>,
    queued: u64,
    watches: Vec<Watch>,
    outage: Option<(Duration, Outage)>,
    tools: Vec<(Duration, SessionId)>,
    /// Who released a key last, as the service saw it.
    released_by: BTreeMap<KeyId, usize>,
    /// The longest time that a request may be under way.
    latest: Duration,
}

/// How a service is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Every request is answered with an error.
    Errors,
    /// Nothing is answered: a frozen agent.
    Silence,
}

/// One process in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Caretaker {
    node: usize,
    life: u32,
}

#[derive(Debug)]
enum Due {
    Wake(Caretaker, u64),
    Arrive(Caretaker, Attempt, Call, Way),
    Apply(Caretaker, Attempt, Call, Way),
    Answer(Caretaker, Attempt, Answer),
    Timeout(Caretaker, Attempt),
    WatchOver(Caretaker, Attempt),
    Drained(Caretaker, Term),
    Look,
}

const QUICK: Duration = Duration::from_millis(1);

/// Longer than any drain here.
const LEAVES_WITHIN: Duration = Duration::from_secs(60);

/// What a process starts with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) timing: Timing,
    pub(crate) clock: Clock,
}

impl Cluster {
    pub(crate) fn on_consul(
        seed: u64,
        births: &[Birth],
        layout: Layout,
        flaw: Option<Flaw>,
        journal: bool,
    ) -> Self {
        Self::new(seed, births, layout, flaw, journal, None)
    }

    pub(crate) fn on_lock_files(seed: u64, births: &[Birth], layout: Layout) -> Self {
        Self::new(seed, births, layout, None, false, Some(LockFiles::default()))
    }

    fn new(
        seed: u64,
        births: &[Birth],
        layout: Layout,
        flaw: Option<Flaw>,
        journal: bool,
        files: Option<LockFiles>,
    ) -> Self {
        let nodes = births.iter().map(|birth| Node {
            clock: birth.clock,
            timing: birth.timing,
            election: None,
            life: 0,
            board: Board::default(),
            weather: Weather::default(),
            awaited: BTreeMap::new(),
            wake: 0,
            shutting_down: false,
        });
        let longest = births.iter().map(|birth| birth.timing.lease().length()).max();
        let mut cluster = Self {
            now: Duration::ZERO,
            nodes: nodes.collect(),
            consul: Consul::new(layout.clone(), flaw),
            referee: Referee::new(journal),
            keys: layout.keys().map(|(key, _)| key).collect(),
            layout,
            files,
            chance: Chance::new(seed),
            queue: BTreeMap::new(),
            queued: 0,
            watches: Vec::new(),
            outage: None,
            tools: Vec::new(),
            released_by: BTreeMap::new(),
            latest: longest.unwrap_or_default() * 3,
        };
        for node in 0..cluster.nodes.len() {
            cluster.start(node);
        }
        cluster
    }

    // ---- time

    pub(crate) fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    pub(crate) fn run_until(&mut self, end: Duration) {
        loop {
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let expiry = self.consul.next_expiry().filter(|_| self.files.is_none());
            let Some(next) = queued.into_iter().chain(expiry).min().filter(|at| *at <= end) else {
                break;
            };
            self.pass(next);
            if expiry == Some(next) {
                self.referee.counters.expired += 1;
                self.referee.note(|| "a session expires".into());
                self.consul.expire(next);
                self.wake_watches();
            } else if let Some((_, due)) = self.queue.pop_first() {
                self.happen(due);
            }
        }
        self.pass(end);
    }

    /// Runs until `holds`, at the latest until `limit`; whether it holds then.
    pub(crate) fn run_while_not(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !holds(self) && self.now < end {
            let next = self.queue.keys().next().map_or(end, |(at, _)| *at);
            self.run_until(next.clamp(self.now, end));
        }
        holds(self)
    }

    fn pass(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.referee.pass(self.now);
    }

    fn schedule(&mut self, after: Duration, due: Due) {
        self.queued += 1;
        self.queue.insert((self.now.saturating_add(after), self.queued), due);
    }

    fn happen(&mut self, due: Due) {
        let addressee = match &due {
            Due::Wake(caretaker, _)
            | Due::Answer(caretaker, ..)
            | Due::Timeout(caretaker, _)
            | Due::Drained(caretaker, _) => Some(*caretaker),
            Due::Arrive(..) | Due::Apply(..) | Due::WatchOver(..) | Due::Look => None,
        };
        if let Some(caretaker) = addressee {
            if !self.lives(caretaker) {
                return;
            }
            let frozen = self.nodes[caretaker.node].weather.frozen;
            if self.now < frozen {
                // all at once when it thaws, in any order
                let later = self.chance.span(QUICK);
                let thawed = self.nodes[caretaker.node].now(frozen + QUICK);
                self.referee.heard(caretaker.node, thawed);
                return self.schedule(frozen - self.now + later, due);
            }
        }
        match due {
            Due::Wake(caretaker, number) => {
                if self.nodes[caretaker.node].wake == number {
                    self.handle(caretaker, None);
                }
            }
            Due::Arrive(caretaker, attempt, call, way) => {
                self.arrive(caretaker, attempt, call, way);
            }
            Due::Apply(caretaker, attempt, call, way) => self.apply(caretaker, attempt, &call, way),
            Due::Answer(caretaker, attempt, answer) => {
                self.handle(caretaker, Some(Event::Answer(attempt, answer)));
            }
            Due::Timeout(caretaker, attempt) => {
                if self.nodes[caretaker.node].awaited.contains_key(&attempt) {
                    let answer = Answer::Failed(Failure::Transient);
                    self.handle(caretaker, Some(Event::Answer(attempt, answer)));
                }
            }
            Due::WatchOver(caretaker, attempt) => {
                self.answer_watches(|watch| {
                    watch.caretaker == caretaker && watch.attempt == attempt
                });
            }
            Due::Drained(caretaker, term) => {
                self.referee.drained(caretaker.node, term);
                self.handle(caretaker, Some(Event::Drained(term)));
            }
            Due::Look => {
                self.tools_leave(|until, now| until <= now);
                self.wake_watches();
            }
        }
    }

    fn lives(&self, caretaker: Caretaker) -> bool {
        let node = &self.nodes[caretaker.node];
        node.election.is_some() && node.life == caretaker.life
    }

    fn caretaker(&self, node: usize) -> Caretaker {
        Caretaker { node, life: self.nodes[node].life }
    }

    // ---- processes

    /// Hands something in, and does what comes out. `None`: time has passed.
    fn handle(&mut self, caretaker: Caretaker, event: Option<Event>) {
        let id = caretaker.node;
        let now = self.nodes[id].now(self.now);
        let Some(mut election) = self.nodes[id].election.take() else { return };
        if let Some(event) = event {
            self.referee.note(|| format!("node {id} ← {event:?}"));
            let unknown = match &event {
                Event::Answer(attempt, answer) => {
                    let unknown = self.nodes[id].awaited.remove(attempt).is_none();
                    if !unknown && !matches!(answer, Answer::Failed(_)) {
                        self.referee.heard(id, now);
                    }
                    unknown
                }
                Event::Drained(_) => {
                    self.referee.heard(id, now);
                    false
                }
                _ => false,
            };
            if unknown {
                self.referee.counters.late_answers += 1;
            }
            let mut idle = unknown.then(|| election.clone());
            election.handle_event(now, event);
            if let Some(idle) = &mut idle {
                idle.handle_timeout(now);
                if *idle != election {
                    self.referee.breach("L5", format_args!("node {id} heeds an old answer"));
                }
            }
            if self.chance.percent(10) {
                // a driver takes in what has come together before it does anything
                self.nodes[id].election = Some(election);
                return self.wake(caretaker, self.now, Duration::from_millis(1));
            }
        } else {
            election.handle_timeout(now);
        }
        let mut actions = Vec::new();
        while let Some(action) = election.poll_action() {
            actions.push(action);
        }
        let mut again = election.clone();
        again.handle_timeout(now);
        if again.poll_action().is_some() || again != election {
            self.referee.breach("L6", format_args!("node {id} changes its mind at one instant"));
        }
        let wake = election.poll_timeout(now);
        if wake.is_some_and(|wake| wake <= now) {
            self.referee
                .breach("L6", format_args!("node {id} wakes at {wake:?}, and it is {now:?}"));
        }
        let trusted_until = election.trusted_until();
        self.nodes[id].election = Some(election);
        for action in actions {
            self.referee.act(id, &self.nodes[id], &action, self.keys.len());
            self.act(caretaker, action);
        }
        self.nodes[id].board.trusted_until = trusted_until;
        self.count_requests(id);
        self.referee.judge(id, &self.nodes, &self.keys);
        if let Some(wake) = wake {
            let at = self.nodes[id].clock.when(wake);
            self.wake(caretaker, at, Duration::from_micros(200));
        }
    }

    /// Has time pass for this node at `at`, or up to `late` after it: no breach.
    fn wake(&mut self, caretaker: Caretaker, at: Duration, late: Duration) {
        let node = &mut self.nodes[caretaker.node];
        node.wake += 1;
        let number = node.wake;
        let late = self.chance.span(late);
        let after = at.saturating_sub(self.now);
        self.schedule(after.saturating_add(late), Due::Wake(caretaker, number));
    }

    fn act(&mut self, caretaker: Caretaker, action: Action) {
        let id = caretaker.node;
        match action {
            Action::Request(request) => self.send(caretaker, request),
            Action::Cancel(attempt) => {
                self.nodes[id].awaited.remove(&attempt);
                self.watches
                    .retain(|watch| watch.caretaker != caretaker || watch.attempt != attempt);
            }
            Action::Start(term) => {
                self.nodes[id].board.started.insert(term.key, term);
                let from = self.released_by.remove(&term.key);
                if from.is_some_and(|from| from != id) {
                    self.referee.counters.moved_by_release += 1;
                }
            }
            Action::Stop(term, why) => {
                self.nodes[id].board.started.remove(&term.key);
                if matches!(why, Stop::KeyLost | Stop::SessionLost) {
                    self.referee.drained(id, term);
                }
            }
            Action::Drain(term) => {
                let longest = if self.chance.percent(20) { 4_000 } else { 50 };
                let span = self.chance.span(Duration::from_millis(longest));
                self.schedule(span, Due::Drained(caretaker, term));
            }
            Action::Freed(_) | Action::Conflict(_) | Action::Meet(..) => {}
            Action::Leave => self.end(id),
        }
    }

    /// At most one of each kind, as connections are counted.
    fn count_requests(&mut self, id: usize) {
        let awaited = &self.nodes[id].awaited;
        let count = |which: fn(&Call) -> bool| awaited.values().filter(|call| which(call)).count();
        let folders = self.layout.folders().len();
        let transactions = count(Call::is_transaction);
        // of each rival, and its own
        let beats_read = self.keys.len() + 1;
        for (what, count, most) in [
            ("watches", count(|call| matches!(call, Call::Watch(..))), folders),
            ("reads", count(|call| matches!(call, Call::Read(_))), folders),
            ("beats", count(|call| matches!(call, Call::Beat(_))), 1),
            ("renewals", count(|call| matches!(call, Call::RenewSession(_))), 1),
            ("creations", count(|call| matches!(call, Call::CreateSession)), 1),
            ("reads of beats", count(|call| matches!(call, Call::ReadBeat(_))), beats_read),
            ("transactions", transactions, 4),
        ] {
            if count > most {
                self.referee.breach("bounds", format_args!("node {id} awaits {count} {what}"));
            }
        }
    }

    pub(crate) fn start(&mut self, id: usize) {
        let pace = match self.files {
            None => Pace::Beats(self.nodes[id].timing),
            Some(_) => Pace::Kernel { retry: Duration::from_millis(50) },
        };
        let seed = self.chance.number();
        let node = &mut self.nodes[id];
        if node.election.is_some() {
            return;
        }
        node.life += 1;
        node.shutting_down = false;
        node.board = Board::default();
        node.weather.frozen = Duration::ZERO;
        node.election = Some(Election::new(pace, &self.layout, seed));
        self.referee.born(id);
        self.referee.note(|| format!("node {id} starts"));
        let caretaker = self.caretaker(id);
        self.handle(caretaker, None);
    }

    /// Gone without a word; what it has sent is still under way.
    pub(crate) fn crash(&mut self, id: usize) {
        self.referee.note(|| format!("node {id} crashes"));
        self.end(id);
        if let Some(files) = &mut self.files {
            files.die(id);
        }
    }

    fn end(&mut self, id: usize) {
        let caretaker = self.caretaker(id);
        self.watches.retain(|watch| watch.caretaker != caretaker);
        let node = &mut self.nodes[id];
        node.election = None;
        node.board = Board::default();
        node.awaited.clear();
    }

    pub(crate) fn shut_down(&mut self, id: usize) {
        if self.nodes[id].election.is_some() && !self.is_frozen(id) {
            self.nodes[id].shutting_down = true;
            let local = self.nodes[id].now(self.now);
            self.referee.shut_down(id, local);
            self.tell(id, Event::Shutdown(LEAVES_WITHIN));
        }
    }

    /// Asks something of the process, where it lives and has time.
    pub(crate) fn tell(&mut self, id: usize, event: Event) {
        if self.nodes[id].election.is_some() && !self.is_frozen(id) {
            self.handle(self.caretaker(id), Some(event));
        }
    }

    pub(crate) fn stand(&mut self, id: usize, key: KeyId) {
        self.tell(id, Event::Stand(key, self.layout.folder_of(key)));
    }

    fn is_frozen(&self, id: usize) -> bool {
        self.now < self.nodes[id].weather.frozen
    }

    /// Who leads this key now, by its own gate.
    pub(crate) fn leader(&self, key: KeyId) -> Option<usize> {
        (0..self.nodes.len()).find(|id| self.nodes[*id].believes(self.now, key).is_some())
    }

    pub(crate) fn are_all_led(&self) -> bool {
        self.keys.iter().all(|key| self.leader(*key).is_some())
    }
}
