//! A state of the model: processes, a Consul, and the requests between them.

use std::collections::BTreeMap;

use leader_core::election::{Action, Election, Event, KeyId, Stop, Term, Timestamp};

use crate::bounds::{Bounds, Mishap};
use crate::consul::Consul;
use crate::message::{Manner, Message};
use crate::node::{Attention, Node};
use crate::plant::Plant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) tick: u32,
    pub(crate) nodes: Vec<Node>,
    pub(crate) consul: Consul,
    /// In the order of their senders and attempts.
    pub(crate) messages: Vec<Message>,
    /// How many more mishaps there may be.
    pub(crate) mishaps: u8,
    /// For so many ticks in a row some key was not led, and nothing explains it.
    pub(crate) unled: u8,
    /// The newest term of each key that was started anywhere.
    pub(crate) newest: BTreeMap<KeyId, (usize, Term)>,
    /// The first law that was broken.
    pub(crate) broken: Option<&'static str>,
    /// What the last step brought about. No part of the state.
    pub(crate) happened: Vec<Happening>,
    keys: u32,
    pub(crate) lags: bool,
    pub(crate) past: i64,
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

/// L9: the lease is four ticks and a half; one more passes until a tick shows it.
pub(crate) const UNLED_AT_MOST: u8 = 6;

impl World {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        let nodes = bounds.births.iter().zip(0..).map(|(birth, node)| Node {
            election: Some(Election::new(bounds.pace(node), &bounds.layout(), node as u64)),
            tick: birth.tick,
            lease: birth.lease,
            awaited: BTreeMap::new(),
            started: BTreeMap::new(),
            trusted_until: None,
            draining: Vec::new(),
            attention: Attention::Awake,
            is_cut: false,
            leaves: false,
            sessions: 0,
            shown: BTreeMap::new(),
        });
        let mut world = Self {
            tick: 0,
            nodes: nodes.collect(),
            consul: Consul::new(bounds.keys, bounds.absent, bounds.plant),
            messages: Vec::new(),
            mishaps: bounds.mishaps,
            unled: 0,
            newest: BTreeMap::new(),
            broken: None,
            happened: Vec::new(),
            keys: bounds.keys,
            lags: bounds.kinds.contains(&Mishap::Lag),
            past: bounds.memory().as_nanos() as i64,
        };
        for node in 0..world.nodes.len() {
            world.handle(node, None);
        }
        world
    }

    pub(crate) const fn plant(&self) -> Option<Plant> {
        self.consul.plant
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyId> + use<> {
        (0..self.newest.len().max(1) as u32).map(KeyId)
    }

    // ---- processes

    /// Hands something in, and does what comes out. `None`: time has passed.
    pub(crate) fn handle(&mut self, id: usize, event: Option<Event>) {
        let now = self.nodes[id].now(self.tick);
        let Some(mut election) = self.nodes[id].election.take() else { return };
        match event {
            Some(event) => election.handle_event(now, event),
            None => election.handle_timeout(now),
        }
        let actions: Vec<Action> = std::iter::from_fn(|| election.poll_action()).collect();
        if election.poll_timeout(now).is_some_and(|wake| wake <= now) {
            self.breach("L6");
        }
        if self.plant() != Some(Plant::TrustFromAnswer) {
            self.nodes[id].trusted_until = election.trusted_until();
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
                    self.breach("L4");
                }
                self.end(id);
            }
            Action::Freed(_) | Action::Meet(..) | Action::Conflict(_) => {}
        }
    }

    fn start(&mut self, id: usize, now: Timestamp, term: Term) {
        let node = &mut self.nodes[id];
        let is_trusted = node.trusted_until.is_some_and(|until| now < until);
        let runs = node.started.insert(term.key, term).is_some();
        if runs && !Plant::ignores_lapses(self.plant()) {
            self.breach("L4");
        }
        if !is_trusted {
            self.breach("L2");
        }
        let newest = self.newest.get(&term.key);
        let rises = newest.is_none_or(|(_, newest)| match term.stint {
            0 => newest.fence < term.fence,
            _ => newest.fence == term.fence,
        });
        // the key that is taken up as it is breaks this first, and then worse
        if !rises && self.plant() != Some(Plant::TakenUpAsItIs) {
            self.breach("L10");
        }
        self.newest.insert(term.key, (id, term));
        self.happened.push(match term.stint {
            0 => Happening::Gained,
            _ => Happening::Resumed,
        });
    }

    fn stop(&mut self, id: usize, term: Term, why: Stop) {
        self.happened.push(match why {
            Stop::Lapsed => Happening::Lapsed,
            _ => Happening::Lost,
        });
        if why == Stop::Lapsed && Plant::ignores_lapses(self.plant()) {
            return;
        }
        if self.nodes[id].started.remove(&term.key) != Some(term)
            && !Plant::ignores_lapses(self.plant())
        {
            self.breach("L4");
        }
    }

    pub(crate) fn breach(&mut self, law: &'static str) {
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
        node.shown.clear();
        self.treat(id, Manner::Cut);
    }

    /// The network treats what this process has sent in this manner from now on.
    pub(crate) fn treat(&mut self, id: usize, manner: Manner) {
        for message in self.messages.iter_mut().filter(|message| message.node == id) {
            if message.manner == Manner::Prompt {
                message.manner = manner;
            }
        }
    }
}
