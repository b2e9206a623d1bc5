//! What becomes of a request: on its way, inside the service, on its way back.

use std::time::Duration;

use leader_core::election::{Answer, Attempt, Call, Failure, FolderId, Index, Request, WATCH_WAIT};

use super::{Caretaker, Cluster, Due, Outage, QUICK};
use crate::consul::{Caller, Consul};
use crate::node::Node;

const SLOW: Duration = Duration::from_millis(150);

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Between its arrival and its execution.
    pub(super) inside: Duration,
    pub(super) back: Duration,
    pub(super) lost_after: bool,
}

#[derive(Debug)]
pub(super) struct Watch {
    pub(super) caretaker: Caretaker,
    pub(super) attempt: Attempt,
    pub(super) folder: FolderId,
    pub(super) after: Index,
    pub(super) way: Way,
}

impl Cluster {
    pub(super) fn send(&mut self, caretaker: Caretaker, request: Request) {
        let Request { attempt, timeout, call } = request;
        let id = caretaker.node;
        self.nodes[id].awaited.insert(attempt, call.clone());
        let patience = self.nodes[id].clock.when(self.nodes[id].now(self.now) + timeout);
        self.schedule(patience.saturating_sub(self.now), Due::Timeout(caretaker, attempt));
        if self.files.is_some() {
            let way = Way { inside: Duration::ZERO, back: QUICK, lost_after: false };
            return self.schedule(Duration::ZERO, Due::Apply(caretaker, attempt, call, way));
        }
        let weather = &self.nodes[id].weather;
        let (storm, slow) = (self.now < weather.storm, self.now < weather.slow);
        let deaf = weather.deaf_service;
        let mut there = self.chance.span(QUICK);
        let mut way = Way {
            inside: self.chance.span(QUICK),
            back: self.chance.span(QUICK),
            lost_after: false,
        };
        if storm {
            if self.chance.percent(20) {
                return;
            }
            way.lost_after = self.chance.percent(20);
            if self.chance.percent(15) {
                there = self.chance.span(self.latest);
            }
            if self.chance.percent(15) {
                way.inside = self.chance.span(self.latest);
            }
            if self.chance.percent(15) {
                way.back = self.chance.span(self.latest);
            }
        }
        if slow {
            way.inside += SLOW;
        }
        if self.now < deaf {
            // TCP may deliver it when the way is open again
            if self.chance.percent(70) {
                return;
            }
            there += deaf - self.now;
        }
        self.schedule(there, Due::Arrive(caretaker, attempt, call, way));
    }

    pub(super) fn reply(
        &mut self,
        caretaker: Caretaker,
        attempt: Attempt,
        answer: Answer,
        way: Way,
    ) {
        let deaf = self.now < self.nodes[caretaker.node].weather.deaf_node;
        if !way.lost_after && !deaf {
            self.schedule(way.back, Due::Answer(caretaker, attempt, answer));
        }
    }

    pub(super) fn arrive(&mut self, caretaker: Caretaker, attempt: Attempt, call: Call, way: Way) {
        let transient = Answer::Failed(Failure::Transient);
        match self.outage {
            Some((until, Outage::Errors)) if self.now < until => {
                return self.reply(caretaker, attempt, transient, way);
            }
            Some((until, Outage::Silence)) if self.now < until => return,
            _ => {}
        }
        let node = &self.nodes[caretaker.node];
        let is_deposed = node.weather.deposed.as_ref().is_some_and(|(until, _)| self.now < *until);
        let is_default =
            matches!(call, Call::Watch(..) | Call::ReadBeat(_) | Call::RenewSession(_));
        // a deposed leader says no to everything that goes through the quorum
        if is_deposed && !is_default && self.chance.percent(50) {
            return self.reply(caretaker, attempt, transient, way);
        }
        if let Call::Watch(folder, after) = call {
            if self.nodes[caretaker.node].awaited.contains_key(&attempt) {
                self.watches.push(Watch { caretaker, attempt, folder, after, way });
                let wait = WATCH_WAIT + self.chance.span(WATCH_WAIT / 16);
                self.schedule(wait, Due::WatchOver(caretaker, attempt));
                self.wake_watches();
            }
            return;
        }
        match self.consul.arrive(self.now, &call) {
            Ok(()) => self.schedule(way.inside, Due::Apply(caretaker, attempt, call, way)),
            Err(answer) => self.reply(caretaker, attempt, answer, way),
        }
    }

    pub(super) fn apply(&mut self, caretaker: Caretaker, attempt: Attempt, call: &Call, way: Way) {
        let id = caretaker.node;
        let caller = Caller { attempt, timing: self.nodes[id].timing };
        let is_default = matches!(call, Call::ReadBeat(_) | Call::RenewSession(_));
        let now = self.now;
        // lock files are a part of the process
        if self.files.is_some() && !self.lives(caretaker) {
            return;
        }
        let answer = match (&mut self.files, &mut self.nodes[id].weather.deposed) {
            (Some(files), _) => files.apply(id, call),
            (None, Some((until, stale))) if is_default && now < *until => {
                stale.apply(now, caller, call)
            }
            (None, _) => self.consul.apply(now, caller, call),
        };
        self.referee.note(|| format!("node {id} {attempt:?} executed: {answer:?}"));
        match (call, &answer) {
            (Call::Take { .. }, Answer::Granted(keys)) => {
                self.referee.counters.moved_by_take += keys.len() as u64;
            }
            (Call::Release { keys, .. }, Answer::Done) => {
                for (key, _) in keys {
                    self.released_by.insert(*key, id);
                }
            }
            _ => {}
        }
        self.reply(caretaker, attempt, answer, way);
        self.wake_watches();
    }

    /// Answers every watch that has something to tell.
    pub(super) fn wake_watches(&mut self) {
        let now = self.now;
        let has_news = |consul: &Consul, nodes: &[Node], watch: &Watch| {
            view(consul, &nodes[watch.caretaker.node], now).index(watch.folder) > watch.after
        };
        let due: Vec<(Caretaker, Attempt)> = self
            .watches
            .iter()
            .filter(|watch| has_news(&self.consul, &self.nodes, watch))
            .map(|watch| (watch.caretaker, watch.attempt))
            .collect();
        if !due.is_empty() {
            self.answer_watches(|watch| due.contains(&(watch.caretaker, watch.attempt)));
        }
    }

    pub(super) fn answer_watches(&mut self, which: impl Fn(&Watch) -> bool) {
        let (due, waiting) = std::mem::take(&mut self.watches).into_iter().partition(which);
        self.watches = waiting;
        for Watch { caretaker, attempt, folder, after, way } in due {
            let node = &self.nodes[caretaker.node];
            let caller = Caller { attempt, timing: node.timing };
            let mut view = view(&self.consul, node, self.now).clone();
            let answer = view.apply(self.now, caller, &Call::Watch(folder, after));
            self.reply(caretaker, attempt, answer, way);
        }
    }

    pub(crate) fn break_service(&mut self, span: Duration, how: Outage) {
        self.outage = Some((self.now + span, how));
        for Watch { caretaker, attempt, way, .. } in std::mem::take(&mut self.watches) {
            if how == Outage::Errors {
                self.reply(caretaker, attempt, Answer::Failed(Failure::Transient), way);
            }
        }
    }

    /// This process talks to a leader who was deposed just now and doesn't know it.
    pub(crate) fn depose(&mut self, id: usize, span: Duration) {
        let stale = Box::new(self.consul.clone());
        self.nodes[id].weather.deposed = Some((self.now + span, stale));
        self.schedule(span, Due::Look);
    }
}

/// What this process sees by default reads.
fn view<'a>(consul: &'a Consul, node: &'a Node, now: Duration) -> &'a Consul {
    match &node.weather.deposed {
        Some((until, stale)) if now < *until => stale,
        _ => consul,
    }
}
