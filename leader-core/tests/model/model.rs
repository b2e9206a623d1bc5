//! The model: what may happen next, and what must hold.

use leader_core::election::{KeyId, SessionId, Term};
use stateright::{Model, Property};

use crate::bounds::{Bounds, Fault};
use crate::message::{Letter, Manner};
use crate::node::Attention;
use crate::world::{Happening, World};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Time passes.
    Tick,
    /// A request is executed, or a watch has something to say.
    Execute(Letter),
    /// An answer arrives.
    Deliver(Letter),
    /// The work of a term has ended.
    Drained(usize, Term),
    /// A process can reach Consul again, and hear it.
    Heal(usize),
    /// A process gets time again; what has come for it may be looked at before the clock.
    Thaw(usize),
    /// It looks at the clock.
    Wake(usize),
    Cut(usize),
    Deafen(usize),
    Freeze(usize),
    Crash(usize),
    End(SessionId),
    Stray(Letter),
    Twice(Letter),
    Lag(Letter),
    Resign(usize, KeyId),
    Shutdown(usize),
}

impl Model for Bounds {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.broken.is_some() || world.unled > self.unled_at_most() {
            return;
        }
        self.free_steps(world, steps);
        if world.faults > 0 {
            self.faults(world, steps);
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        next.happened.clear();
        next.step(step);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn is_lawful(world: &World, law: &str) -> bool {
            world.broken != Some(law)
        }
        fn happens(world: &World, what: Happening) -> bool {
            world.happened.contains(&what)
        }
        vec![
            Property::always("L1", |bounds: &Self, world: &World| {
                bounds.keys().all(|key| {
                    let believes = |node: &&_| {
                        let node: &crate::node::Node = node;
                        node.believes(world.tick, key).is_some()
                    };
                    world.nodes.iter().filter(believes).count() < 2
                })
            }),
            Property::always("L2", |_, world| is_lawful(world, "L2")),
            Property::always("L3", |_, world| is_lawful(world, "L3")),
            Property::always("L4", |_, world| is_lawful(world, "L4")),
            Property::always("L6", |_, world| is_lawful(world, "L6")),
            Property::always("L9", |bounds: &Self, world: &World| {
                world.unled <= bounds.unled_at_most()
            }),
            Property::always("L10", |_, world| is_lawful(world, "L10")),
            Property::sometimes("gained", |_, world| happens(world, Happening::Gained)),
            Property::sometimes("lapsed", |_, world| happens(world, Happening::Lapsed)),
            Property::sometimes("resumed", |_, world| happens(world, Happening::Resumed)),
            Property::sometimes("lost", |_, world| happens(world, Happening::Lost)),
            Property::sometimes("left", |_, world| happens(world, Happening::Left)),
            Property::sometimes("taken", |_, world| happens(world, Happening::MovedByTake)),
            Property::sometimes("released", |_, world| happens(world, Happening::MovedFree)),
        ]
    }
}

impl Bounds {
    fn free_steps(&self, world: &World, steps: &mut Vec<Step>) {
        for message in &world.messages {
            let node = &world.nodes[message.node];
            if message.is_answered() {
                if node.listens() && world.is_awaited(message) {
                    steps.push(Step::Deliver(message.letter()));
                }
            } else if world.is_executable(message) {
                steps.push(Step::Execute(message.letter()));
            }
        }
        for (id, node) in world.nodes.iter().enumerate() {
            if node.is_cut || node.is_deaf {
                steps.push(Step::Heal(id));
            }
            match node.attention {
                Attention::Awake => {
                    steps.extend(node.draining.iter().map(|term| Step::Drained(id, *term)));
                }
                Attention::Frozen => steps.push(Step::Thaw(id)),
                Attention::Thawing => steps.push(Step::Wake(id)),
            }
        }
        let is_over = world.messages.iter().all(|message| !world.is_due(message))
            && world.nodes.iter().all(|node| node.attention != Attention::Thawing);
        if is_over {
            steps.push(Step::Tick);
        }
    }

    fn faults(&self, world: &World, steps: &mut Vec<Step>) {
        let mut may = |kind, step| steps.extend(self.allows(kind, world.faults).then_some(step));
        for message in world.messages.iter().filter(|message| !message.is_answered()) {
            let letter = message.letter();
            if message.manner != Manner::Stray {
                may(Fault::Stray, Step::Stray(letter));
                if message.call.is_transaction() {
                    may(Fault::Twice, Step::Twice(letter));
                }
            }
            if matches!(message.call, leader_core::election::Call::ReadBeat(_)) {
                may(Fault::Lag, Step::Lag(letter));
            }
        }
        for session in world.consul.sessions() {
            may(Fault::End, Step::End(session.clone()));
        }
        let alive = world.nodes.iter().enumerate().filter(|(_, node)| node.election.is_some());
        for (id, node) in alive {
            may(Fault::Crash, Step::Crash(id));
            if !node.is_cut && !node.is_deaf {
                may(Fault::Cut, Step::Cut(id));
                may(Fault::Deafen, Step::Deafen(id));
            }
            if node.attention.is_given() {
                may(Fault::Freeze, Step::Freeze(id));
                if !node.leaves {
                    may(Fault::Shutdown, Step::Shutdown(id));
                }
                for key in node.started.keys() {
                    may(Fault::StepDown, Step::Resign(id, *key));
                }
            }
        }
    }
}
