//! Processes, a service and the network between them, in virtual time: the same seed and the same
//! faults give the same history.
//!
//! The network may lose a request before or after it is executed, or execute it leases later, long
//! after its sender was told that no answer came. A frozen process gets no time, while its gate
//! keeps what it said last.

mod network;
mod operator;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{
    Answer, Attempt, Call, Event, Failure, KeyId, Layout, SessionId, Term,
};

use self::network::{Watch, Way};
use crate::chance::Chance;
use crate::checker::Checker;
use crate::consul::Consul;
use crate::lockfiles::LockFiles;
use crate::node::{Clock, NetworkFaults, Node, PublishedState};
use crate::support::Mutation;

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) now: Duration,
    pub(crate) nodes: Vec<Node>,
    pub(crate) consul: Consul,
    pub(crate) checker: Checker,
    pub(crate) keys: Vec<KeyId>,
    layout: Layout,
    /// Lock files take the place of Consul.
    files: Option<LockFiles>,
    chance: Chance,
    queue: BTreeMap<(Duration, u64), Due>,
    queued: u64,
    watches: Vec<Watch>,
    /// Requests that were sent twice, and refused by neither.
    hedged: BTreeSet<(usize, Attempt)>,
    outage: Option<(Duration, Outage)>,
    tools: Vec<(Duration, SessionId)>,
    /// The process that released a key last, as the service saw it.
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
struct Incarnation {
    node: usize,
    life: u32,
}

#[derive(Debug)]
enum Due {
    Wake(Incarnation, u64),
    Arrive(Incarnation, Attempt, Call, Way),
    Apply(Incarnation, Attempt, Call, Way),
    Answer(Incarnation, Attempt, Answer),
    Timeout(Incarnation, Attempt),
    Hedge(Incarnation, Attempt),
    WatchOver(Incarnation, Attempt),
    Drained(Incarnation, Term),
    Look,
}

const QUICK: Duration = Duration::from_millis(1);

/// Configuration of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeConfig {
    pub(crate) timing: Timing,
    pub(crate) clock: Clock,
}

impl Cluster {
    pub(crate) fn on_consul(
        seed: u64,
        configs: &[NodeConfig],
        layout: Layout,
        mutation: Option<Mutation>,
        journal: bool,
    ) -> Self {
        Self::new(seed, configs, layout, mutation, journal, None)
    }

    pub(crate) fn on_lock_files(seed: u64, configs: &[NodeConfig], layout: Layout) -> Self {
        Self::new(seed, configs, layout, None, false, Some(LockFiles::default()))
    }

    fn new(
        seed: u64,
        configs: &[NodeConfig],
        layout: Layout,
        mutation: Option<Mutation>,
        journal: bool,
        files: Option<LockFiles>,
    ) -> Self {
        let nodes = configs.iter().map(|config| Node {
            clock: config.clock,
            timing: config.timing,
            election: None,
            life: 0,
            published: PublishedState::default(),
            faults: NetworkFaults::default(),
            awaited: BTreeMap::new(),
            wake: 0,
            shutting_down: false,
        });
        let longest = configs.iter().map(|config| config.timing.lease().length()).max();
        let mut cluster = Self {
            now: Duration::ZERO,
            nodes: nodes.collect(),
            consul: Consul::new(layout.clone(), mutation),
            checker: Checker::new(journal),
            keys: layout.keys().map(|(key, _)| key).collect(),
            layout,
            files,
            chance: Chance::new(seed),
            queue: BTreeMap::new(),
            queued: 0,
            watches: Vec::new(),
            hedged: BTreeSet::new(),
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
                self.checker.counters.expired += 1;
                self.checker.note(|| "a session expires".into());
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
        self.checker.pass(self.now);
    }

    fn schedule(&mut self, after: Duration, due: Due) {
        self.queued += 1;
        self.queue.insert((self.now.saturating_add(after), self.queued), due);
    }

    fn happen(&mut self, due: Due) {
        let addressee = match &due {
            Due::Wake(incarnation, _)
            | Due::Answer(incarnation, ..)
            | Due::Timeout(incarnation, _)
            | Due::Hedge(incarnation, _)
            | Due::Drained(incarnation, _) => Some(*incarnation),
            Due::Arrive(..) | Due::Apply(..) | Due::WatchOver(..) | Due::Look => None,
        };
        if let Some(incarnation) = addressee {
            if !self.lives(incarnation) {
                return;
            }
            let frozen = self.nodes[incarnation.node].faults.frozen;
            if self.now < frozen {
                // all at once when it thaws, in any order
                let later = self.chance.span(QUICK);
                let thawed = self.nodes[incarnation.node].now(frozen + QUICK);
                self.checker.heard(incarnation.node, thawed);
                return self.schedule(frozen - self.now + later, due);
            }
        }
        match due {
            Due::Wake(incarnation, number) => {
                if self.nodes[incarnation.node].wake == number {
                    self.handle(incarnation, None);
                }
            }
            Due::Arrive(incarnation, attempt, call, way) => {
                self.arrive(incarnation, attempt, call, way);
            }
            Due::Apply(incarnation, attempt, call, way) => {
                self.apply(incarnation, attempt, &call, way)
            }
            Due::Answer(incarnation, attempt, answer @ Answer::Refused(_))
                if self.hedged.remove(&(incarnation.node, attempt)) =>
            {
                // what stands against one of two may be that the other was granted
                let held = self.nodes[incarnation.node].timing.beat() * 2;
                self.schedule(held, Due::Answer(incarnation, attempt, answer));
            }
            Due::Answer(incarnation, attempt, answer) => {
                self.handle(incarnation, Some(Event::Answer(attempt, answer)));
            }
            Due::Timeout(incarnation, attempt) => {
                if self.nodes[incarnation.node].awaited.contains_key(&attempt) {
                    let answer = Answer::Failed(Failure::Transient);
                    self.handle(incarnation, Some(Event::Answer(attempt, answer)));
                }
            }
            Due::Hedge(incarnation, attempt) => {
                let awaited = self.nodes[incarnation.node].awaited.get(&attempt);
                if let Some((call, _)) = awaited.cloned() {
                    self.hedged.insert((incarnation.node, attempt));
                    self.travel(incarnation, attempt, call);
                }
            }
            Due::WatchOver(incarnation, attempt) => {
                self.answer_watches(|watch| {
                    watch.incarnation == incarnation && watch.attempt == attempt
                });
            }
            Due::Drained(incarnation, term) => {
                self.checker.drained(incarnation.node, term);
                self.handle(incarnation, Some(Event::Drained(term)));
            }
            Due::Look => {
                self.tools_leave(|until, now| until <= now);
                self.wake_watches();
            }
        }
    }

    fn lives(&self, incarnation: Incarnation) -> bool {
        let node = &self.nodes[incarnation.node];
        node.election.is_some() && node.life == incarnation.life
    }

    fn incarnation(&self, node: usize) -> Incarnation {
        Incarnation { node, life: self.nodes[node].life }
    }

    /// The process that leads this key now, by its own gate.
    pub(crate) fn leader(&self, key: KeyId) -> Option<usize> {
        (0..self.nodes.len()).find(|id| self.nodes[*id].believes(self.now, key).is_some())
    }

    pub(crate) fn are_all_led(&self) -> bool {
        self.keys.iter().all(|key| self.leader(*key).is_some())
    }
}
