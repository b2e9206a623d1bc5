//! One step of a world.

use std::time::Duration;

use leader_core::election::Event;

use crate::bounds::LOCK_DELAY;
use crate::message::{Letter, Manner, Message};
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
            Step::Execute(letter) => {
                let message = self.find(letter);
                if self.messages[message].manner == Manner::Stray {
                    self.unled = 0;
                }
                self.execute(message, false);
            }
            Step::Deliver(letter) => self.deliver(self.find(letter)),
            Step::Drained(id, term) => {
                self.nodes[id].draining.retain(|other| *other != term);
                self.handle(id, Some(Event::Drained(term)));
            }
            Step::Heal(id) => {
                (self.nodes[id].is_cut, self.nodes[id].is_deaf) = (false, false);
            }
            Step::Thaw(id) => self.nodes[id].attention = Attention::Thawing,
            Step::Wake(id) => {
                self.nodes[id].attention = Attention::Awake;
                self.wake(id);
            }
            fault => {
                self.faults -= 1;
                self.unled = 0;
                self.suffer(fault);
            }
        }
        self.sweep();
    }

    fn suffer(&mut self, fault: Step) {
        match fault {
            Step::Cut(id) => {
                self.nodes[id].is_cut = true;
                self.treat(id, Manner::Cut);
            }
            Step::Deafen(id) => {
                self.nodes[id].is_deaf = true;
                self.treat(id, Manner::Deaf);
            }
            Step::Freeze(id) => self.nodes[id].attention = Attention::Frozen,
            Step::Crash(id) => self.end(id),
            Step::End(session) => self.consul.end(&session, self.tick + LOCK_DELAY),
            Step::Stray(letter) => {
                let message = self.find(letter);
                self.messages[message].manner = Manner::Stray;
            }
            Step::Twice(letter) => {
                let first = self.find(letter);
                let hedge = Message {
                    is_hedge: true,
                    manner: Manner::Stray,
                    ..self.messages[first].clone()
                };
                self.messages.insert(first + 1, hedge);
            }
            Step::Lag(letter) => self.execute(self.find(letter), true),
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
            Step::Execute(letter)
            | Step::Deliver(letter)
            | Step::Stray(letter)
            | Step::Twice(letter)
            | Step::Lag(letter) => {
                let message = &self.messages[self.find(*letter)];
                format!("{step:?} {:?} {:?}", message.call, message.stage)
            }
            Step::Tick => format!("Tick {}", self.tick + 1),
            step => format!("{step:?}"),
        }
    }

    fn find(&self, letter: Letter) -> usize {
        self.messages
            .iter()
            .position(|message| message.letter() == letter)
            .expect("a step about a request under way")
    }
}
