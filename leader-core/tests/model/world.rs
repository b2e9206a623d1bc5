//! A state of the model: processes, a Consul, and the requests between them.

use std::collections::BTreeMap;

use leader_core::election::{Action, Election, Event, KeyId, Stop, Term, Timestamp};

use crate::bounds::{Bounds, Fault, Late};
use crate::consul::Consul;
use crate::message::{Manner, Message};
use crate::node::{Attention, Node};
use crate::support::Mutation;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) tick: u32,
    pub(crate) nodes: Vec<Node>,
    pub(crate) consul: Consul,
    /// In the order of their senders and attempts.
    pub(crate) messages: Vec<Message>,
    /// How many more faults there may be.
    pub(crate) faults: u8,
    /// For so many ticks in a row some key was not led, and nothing explains it.
    pub(crate) unled: u8,
    /// The newest term of each key that was started anywhere.
    pub(crate) newest: BTreeMap<KeyId, (usize, Term)>,
    /// The first law that was broken.
    pub(crate) broken: Option<&'static str>,
    /// Effects of the last step. No part of the state.
    pub(crate) happened: Vec<Happening>,
    keys: u32,
    pub(crate) lags: bool,
    pub(crate) past: i64,
    pub(crate) late: Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Gained,
    Resumed,
    Lapsed,
    Lost,
    MovedByTake,
    /// A key that was given up.
    MovedFree,
    Left,
}

impl World {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        let nodes = bounds.configs.iter().zip(0..).map(|(config, node)| Node {
            election: Some(Election::new(bounds.liveness(node), &bounds.layout(), node as u64)),
            tick: config.tick,
            lease: config.lease,
            awaited: BTreeMap::new(),
            started: BTreeMap::new(),
            trusted_until: None,
            draining: Vec::new(),
            attention: Attention::Awake,
            is_cut: false,
            is_deaf: false,
            leaves: false,
            sessions: 0,
            shown: BTreeMap::new(),
        });
        let mut world = Self {
            tick: 0,
            nodes: nodes.collect(),
            consul: Consul::new(bounds.keys, bounds.absent, bounds.mutation),
            messages: Vec::new(),
            faults: bounds.faults,
            unled: 0,
            newest: BTreeMap::new(),
            broken: None,
            happened: Vec::new(),
            keys: bounds.keys,
            lags: bounds.kinds.contains(&Fault::Lag),
            past: bounds.memory().as_nanos() as i64,
            late: bounds.late,
        };
        for node in 0..world.nodes.len() {
            world.handle(node, None);
        }
        world
    }

    pub(crate) const fn mutation(&self) -> Option<Mutation> {
        self.consul.mutation
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyId> + use<> {
        (0..self.newest.len().max(1) as u32).map(KeyId)
    }

    // ---- processes

    /// Hands something in, and does what comes out. `None`: time has passed.
    pub(crate) fn handle(&mut self, id: usize, event: Option<Event>) {
        self.handle_at(self.nodes[id].now(self.tick), id, event);
    }

    pub(crate) fn handle_at(&mut self, now: Timestamp, id: usize, event: Option<Event>) {
        let Some(mut election) = self.nodes[id].election.take() else { return };
        match event {
            Some(event) => election.handle_event(now, event),
            None => election.handle_timeout(now),
        }
        let actions: Vec<Action> = std::iter::from_fn(|| election.poll_action()).collect();
        if election.poll_timeout(now).is_some_and(|wake| wake <= now) {
            self.violation("L6");
        }
        let until = election.trusted_until();
        match self.mutation() {
            Some(Mutation::TrustFromAnswer) => {}
            Some(Mutation::TrustFromLatest) => {
                let planted = &mut self.nodes[id].trusted_until;
                *planted = until.max(*planted);
            }
            _ => self.nodes[id].trusted_until = until,
        }
        self.nodes[id].election = Some(election);
        for action in actions {
            self.act(id, now, action);
        }
    }

    fn act(&mut self, id: usize, now: Timestamp, action: Action) {
        match action {
            Action::Request(request) => self.send(id, now, request),
            Action::Cancel(attempt) => {
                self.nodes[id].awaited.remove(&attempt);
            }
            Action::Start(term) => self.start(id, now, term),
            Action::Stop(term, why) => self.stop(id, term, why),
            Action::Drain(term) => self.nodes[id].draining.push(term),
            Action::Leave => {
                self.happened.push(Happening::Left);
                if !self.nodes[id].started.is_empty() {
                    self.violation("L4");
                }
                self.end(id);
            }
            Action::Freed(_) | Action::LeaderSeen(..) | Action::Conflict(_) => {}
        }
    }

    fn start(&mut self, id: usize, now: Timestamp, term: Term) {
        let node = &mut self.nodes[id];
        let is_trusted = node.trusted_until.is_some_and(|until| now < until);
        let runs = node.started.insert(term.key, term).is_some();
        if runs && !ignores_lapses(self.mutation()) {
            self.violation("L4");
        }
        if !is_trusted {
            self.violation("L2");
        }
        let newest = self.newest.get(&term.key);
        let rises = newest.is_none_or(|(_, newest)| match term.resumptions {
            0 => newest.fence < term.fence,
            _ => newest.fence == term.fence,
        });
        // the key that is taken up as it is breaks this first, and then worse
        if !rises && self.mutation() != Some(Mutation::TakenUpAsItIs) {
            self.violation("L10");
        }
        self.newest.insert(term.key, (id, term));
        self.happened.push(match term.resumptions {
            0 => Happening::Gained,
            _ => Happening::Resumed,
        });
    }

    fn stop(&mut self, id: usize, term: Term, why: Stop) {
        self.happened.push(match why {
            Stop::Lapsed => Happening::Lapsed,
            _ => Happening::Lost,
        });
        if why == Stop::Lapsed && ignores_lapses(self.mutation()) {
            return;
        }
        if self.nodes[id].started.remove(&term.key) != Some(term)
            && !ignores_lapses(self.mutation())
        {
            self.violation("L4");
        }
    }

    pub(crate) fn violation(&mut self, law: &'static str) {
        self.broken = self.broken.or(Some(law));
    }

    /// The process is gone; what it has sent may still be executed.
    pub(crate) fn end(&mut self, id: usize) {
        let node = &mut self.nodes[id];
        node.election = None;
        node.awaited.clear();
        node.started.clear();
        node.draining.clear();
        node.trusted_until = None;
        node.attention = Attention::Awake;
        node.is_cut = false;
        node.is_deaf = false;
        node.shown.clear();
        self.treat(id, Manner::Cut);
    }

    /// The network treats what this process has sent in this manner from now on.
    pub(crate) fn treat(&mut self, id: usize, manner: Manner) {
        for message in self.messages.iter_mut().filter(|message| message.node == id) {
            if matches!(message.manner, Manner::Prompt | Manner::Late) {
                message.manner = manner;
            }
        }
    }
}

/// Whether the test ignores the lapses that the core reports.
pub(crate) const fn ignores_lapses(mutation: Option<Mutation>) -> bool {
    matches!(
        mutation,
        Some(Mutation::TrustFromAnswer | Mutation::TrustFromLatest | Mutation::RevivedByDeadline)
    )
}
