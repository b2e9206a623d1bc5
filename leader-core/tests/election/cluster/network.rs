//! The network: the way of a request to the service, through it, and back.

use std::time::Duration;

use leader_core::election::{Answer, Attempt, Call, Failure, FolderId, Index, Request, WATCH_WAIT};

use super::{Cluster, Due, Incarnation, Outage, QUICK};
use crate::consul::{Caller, Consul};
use crate::node::Node;

const SLOW: Duration = Duration::from_millis(150);

/// The way of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Between its arrival and its execution.
    pub(super) inside: Duration,
    pub(super) back: Duration,
    pub(super) lost_after: bool,
}

#[derive(Debug)]
pub(super) struct Watch {
    pub(super) incarnation: Incarnation,
    pub(super) attempt: Attempt,
    pub(super) folder: FolderId,
    pub(super) after: Index,
    pub(super) way: Way,
}

impl Cluster {
    pub(super) fn send(&mut self, incarnation: Incarnation, request: Request) {
        let Request { attempt, timeout, hedge, call } = request;
        let node = &mut self.nodes[incarnation.node];
        let local = node.now(self.now);
        node.awaited.insert(attempt, (call.clone(), local));
        let after = |span| node.clock.when(local + span).saturating_sub(self.now);
        let (patience, hedge) = (after(timeout), hedge.map(after));
        self.schedule(patience, Due::Timeout(incarnation, attempt));
        if let Some(hedge) = hedge {
            self.schedule(hedge, Due::Hedge(incarnation, attempt));
        }
        self.travel(incarnation, attempt, call);
    }

    /// A request goes on its way, for the first time or the second.
    pub(super) fn travel(&mut self, incarnation: Incarnation, attempt: Attempt, call: Call) {
        let id = incarnation.node;
        if self.files.is_some() {
            let way = Way { inside: Duration::ZERO, back: QUICK, lost_after: false };
            return self.schedule(Duration::ZERO, Due::Apply(incarnation, attempt, call, way));
        }
        let weather = self.nodes[id].faults.clone();
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
        way.back += weather.late + self.chance.span(weather.late_at_random);
        way.lost_after |= self.chance.percent(weather.lossy);
        if self.now < deaf {
            // TCP may deliver it when the way is open again
            if self.chance.percent(70) {
                return;
            }
            there += deaf - self.now;
        }
        self.schedule(there, Due::Arrive(incarnation, attempt, call, way));
    }

    pub(super) fn reply(
        &mut self,
        incarnation: Incarnation,
        attempt: Attempt,
        answer: Answer,
        way: Way,
    ) {
        let deaf = self.now < self.nodes[incarnation.node].faults.deaf_node;
        if !way.lost_after && !deaf {
            self.schedule(way.back, Due::Answer(incarnation, attempt, answer));
        }
    }

    pub(super) fn arrive(
        &mut self,
        incarnation: Incarnation,
        attempt: Attempt,
        call: Call,
        way: Way,
    ) {
        let transient = Answer::Failed(Failure::Transient);
        match self.outage {
            Some((until, Outage::Errors)) if self.now < until => {
                return self.reply(incarnation, attempt, transient, way);
            }
            Some((until, Outage::Silence)) if self.now < until => return,
            _ => {}
        }
        let node = &self.nodes[incarnation.node];
        let is_deposed = node.faults.deposed.as_ref().is_some_and(|(until, _)| self.now < *until);
        let is_default =
            matches!(call, Call::Watch(..) | Call::ReadBeat(_) | Call::RenewSession(_));
        // a deposed leader says no to everything that goes through the quorum
        if is_deposed && !is_default && self.chance.percent(50) {
            return self.reply(incarnation, attempt, transient, way);
        }
        if let Call::Watch(folder, after) = call {
            if self.nodes[incarnation.node].awaited.contains_key(&attempt) {
                self.watches.push(Watch { incarnation, attempt, folder, after, way });
                let wait = WATCH_WAIT + self.chance.span(WATCH_WAIT / 16);
                self.schedule(wait, Due::WatchOver(incarnation, attempt));
                self.wake_watches();
            }
            return;
        }
        match self.consul.arrive(self.now, &call) {
            Ok(()) => self.schedule(way.inside, Due::Apply(incarnation, attempt, call, way)),
            Err(answer) => self.reply(incarnation, attempt, answer, way),
        }
    }

    pub(super) fn apply(
        &mut self,
        incarnation: Incarnation,
        attempt: Attempt,
        call: &Call,
        way: Way,
    ) {
        let id = incarnation.node;
        let caller = Caller { attempt, timing: self.nodes[id].timing };
        let is_default = matches!(call, Call::ReadBeat(_) | Call::RenewSession(_));
        let now = self.now;
        // lock files are a part of the process
        if self.files.is_some() && !self.lives(incarnation) {
            return;
        }
        let answer = match (&mut self.files, &mut self.nodes[id].faults.deposed) {
            (Some(files), _) => files.apply(id, call),
            (None, Some((until, stale))) if is_default && now < *until => {
                stale.apply(now, caller, call)
            }
            (None, _) => self.consul.apply(now, caller, call),
        };
        self.checker.note(|| format!("node {id} {attempt:?} executed: {answer:?}"));
        match (call, &answer) {
            (Call::Take { .. }, Answer::Granted(keys)) => {
                self.checker.counters.moved_by_take += keys.len() as u64;
            }
            (Call::Release { keys, .. }, Answer::Done) => {
                for (key, _) in keys {
                    self.released_by.insert(*key, id);
                }
            }
            _ => {}
        }
        self.reply(incarnation, attempt, answer, way);
        self.wake_watches();
    }

    /// Answers every watch that has something to tell.
    pub(super) fn wake_watches(&mut self) {
        let now = self.now;
        let has_news = |consul: &Consul, nodes: &[Node], watch: &Watch| {
            view(consul, &nodes[watch.incarnation.node], now).folder_index(watch.folder)
                > watch.after
        };
        let due: Vec<(Incarnation, Attempt)> = self
            .watches
            .iter()
            .filter(|watch| has_news(&self.consul, &self.nodes, watch))
            .map(|watch| (watch.incarnation, watch.attempt))
            .collect();
        if !due.is_empty() {
            self.answer_watches(|watch| due.contains(&(watch.incarnation, watch.attempt)));
        }
    }

    pub(super) fn answer_watches(&mut self, which: impl Fn(&Watch) -> bool) {
        let (due, waiting) = std::mem::take(&mut self.watches).into_iter().partition(which);
        self.watches = waiting;
        for Watch { incarnation, attempt, folder, after, way } in due {
            let node = &self.nodes[incarnation.node];
            let caller = Caller { attempt, timing: node.timing };
            let mut view = view(&self.consul, node, self.now).clone();
            let answer = view.apply(self.now, caller, &Call::Watch(folder, after));
            self.reply(incarnation, attempt, answer, way);
        }
    }

    pub(crate) fn break_service(&mut self, span: Duration, how: Outage) {
        self.outage = Some((self.now + span, how));
        for Watch { incarnation, attempt, way, .. } in std::mem::take(&mut self.watches) {
            if how == Outage::Errors {
                self.reply(incarnation, attempt, Answer::Failed(Failure::Transient), way);
            }
        }
    }

    /// This process talks to a leader who was deposed just now and doesn't know it.
    pub(crate) fn depose(&mut self, id: usize, span: Duration) {
        let stale = Box::new(self.consul.clone());
        self.nodes[id].faults.deposed = Some((self.now + span, stale));
        self.schedule(span, Due::Look);
    }
}

/// The service that answers default reads of this process.
fn view<'a>(consul: &'a Consul, node: &'a Node, now: Duration) -> &'a Consul {
    match &node.faults.deposed {
        Some((until, stale)) if now < *until => stale,
        _ => consul,
    }
}
