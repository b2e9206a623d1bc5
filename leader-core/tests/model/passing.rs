//! How time passes.

use leader_core::election::{Answer, Attempt, Call, Event, Failure};

use crate::message::Manner;
use crate::support::Mutation;
use crate::world::World;

impl World {
    /// One tick, in which every process that gets time looks at the clock.
    pub(crate) fn pass(&mut self) {
        self.tick += 1;
        self.consul.pass(self.tick);
        for message in &mut self.messages {
            if matches!(message.manner, Manner::Cut | Manner::Late) && !message.is_watch() {
                message.age += 1;
            }
        }
        for id in 0..self.nodes.len() {
            if self.nodes[id].is_awake() {
                self.wake(id);
            }
        }
        let Self { nodes, messages, .. } = self;
        messages.retain(|message| {
            message.manner != Manner::Cut
                || nodes[message.node].awaited.contains_key(&message.attempt)
        });
        self.sweep();
        let is_calm = self
            .nodes
            .iter()
            .all(|node| !node.is_cut && !node.is_deaf && node.attention.is_given())
            && self.nodes.iter().any(|node| node.election.is_some() && !node.leaves);
        self.unled = if is_calm && !self.is_led() { self.unled + 1 } else { 0 };
    }

    /// The process looks at the clock: some of what it waits for is overdue.
    pub(crate) fn wake(&mut self, id: usize) {
        let now = self.nodes[id].now(self.tick);
        // what one that is cut off has asked fails as soon as nothing more can come of it
        let is_over = |attempt: &Attempt| {
            self.nodes[id].awaited[attempt] <= now
                || self.messages.iter().any(|message| {
                    message.node == id
                        && message.attempt == *attempt
                        && message.manner == Manner::Cut
                        && (message.is_read() || message.age > message.lingers())
                })
        };
        // Consul answers a watch that nothing happened to each tick, instead of each ten seconds:
        // so its age is no part of the state
        let is_idle_watch = |attempt: &Attempt| {
            self.messages.iter().any(|message| {
                message.node == id
                    && message.attempt == *attempt
                    && matches!(message.manner, Manner::Prompt | Manner::Late)
                    && message.is_watch()
                    && !message.is_answered()
                    && !self.is_executable(message)
            })
        };
        let (over, awaited): (Vec<Attempt>, Vec<Attempt>) =
            self.nodes[id].awaited.keys().partition(|attempt| is_over(attempt));
        let idle: Vec<Attempt> = awaited.into_iter().filter(is_idle_watch).collect();
        self.handle(id, None);
        for attempt in over {
            if self.nodes[id].awaited.remove(&attempt).is_some() {
                let answer = self.unanswered(id, attempt);
                self.handle(id, Some(Event::Answer(attempt, answer)));
            }
        }
        for attempt in idle {
            let watch = self.messages.iter().position(|message| {
                message.node == id && message.attempt == attempt && self.is_awaited(message)
            });
            if let Some(watch) = watch {
                self.execute(watch, false);
            }
        }
    }

    /// Answer that is handed to a process where none came.
    fn unanswered(&self, id: usize, attempt: Attempt) -> Answer {
        let is_release = self.messages.iter().any(|message| {
            (message.node, message.attempt) == (id, attempt)
                && matches!(message.call, Call::Release { .. })
        });
        match self.mutation() {
            Some(Mutation::TakenUpAsItIs) if is_release => Answer::Done,
            _ => Answer::Failed(Failure::Transient),
        }
    }

    fn is_led(&self) -> bool {
        self.keys().all(|key| self.nodes.iter().any(|node| node.believes(self.tick, key).is_some()))
    }
}
