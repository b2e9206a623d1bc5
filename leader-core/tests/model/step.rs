//! One step of a world.

use std::time::Duration;

use leader_core::election::{Attempt, Event};

use crate::bounds::LOCK_DELAY;
use crate::message::Manner;
use crate::model::Step;
use crate::node::Attention;
use crate::world::World;

/// A tick.
const COOL_OFF: Duration = Duration::from_secs(1);
/// A process leaves within this.
const LEAVES_WITHIN: Duration = Duration::from_secs(20);

impl World {
    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Tick => self.pass(),
            Step::Execute(id, attempt) => {
                let message = self.find(id, attempt);
                if self.messages[message].manner == Manner::Stray {
                    self.unled = 0;
                }
                self.execute(message, false);
            }
            Step::Deliver(id, attempt) => self.deliver(self.find(id, attempt)),
            Step::Drained(id, term) => {
                self.nodes[id].draining.retain(|other| *other != term);
                self.handle(id, Some(Event::Drained(term)));
            }
            Step::Heal(id) => self.nodes[id].is_cut = false,
            Step::Thaw(id) => self.nodes[id].attention = Attention::Thawing,
            Step::Wake(id) => {
                self.nodes[id].attention = Attention::Awake;
                self.wake(id);
            }
            mishap => {
                self.mishaps -= 1;
                self.unled = 0;
                self.suffer(mishap);
            }
        }
        self.sweep();
    }

    fn suffer(&mut self, mishap: Step) {
        match mishap {
            Step::Cut(id) => {
                self.nodes[id].is_cut = true;
                self.treat(id, Manner::Cut);
            }
            Step::Freeze(id) => self.nodes[id].attention = Attention::Frozen,
            Step::Crash(id) => self.end(id),
            Step::End(session) => self.consul.end(&session, self.tick + LOCK_DELAY),
            Step::Stray(id, attempt) => {
                let message = self.find(id, attempt);
                self.messages[message].manner = Manner::Stray;
            }
            Step::Lag(id, attempt) => self.execute(self.find(id, attempt), true),
            Step::Resign(id, key) => self.handle(id, Some(Event::StepDown(key, COOL_OFF))),
            Step::Shutdown(id) => {
                self.nodes[id].leaves = true;
                self.handle(id, Some(Event::Shutdown(LEAVES_WITHIN)));
            }
            _ => {}
        }
    }

    /// The step, for people.
    pub(crate) fn tell(&self, step: &Step) -> String {
        match step {
            Step::Execute(id, attempt)
            | Step::Deliver(id, attempt)
            | Step::Stray(id, attempt)
            | Step::Lag(id, attempt) => {
                let message = &self.messages[self.find(*id, *attempt)];
                format!("{step:?} {:?} {:?}", message.call, message.stage)
            }
            Step::Tick => format!("Tick {}", self.tick + 1),
            step => format!("{step:?}"),
        }
    }

    fn find(&self, id: usize, attempt: Attempt) -> usize {
        self.messages
            .iter()
            .position(|message| (message.node, message.attempt) == (id, attempt))
            .expect("a step about a request under way")
    }
}
