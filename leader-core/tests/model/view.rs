//! What of a world decides on its future: this is what the checker takes two worlds for one by.

use std::hash::{Hash, Hasher};

use leader_core::election::Timestamp;

use crate::lens::{Census, Eye, Lens};
use crate::world::World;

impl Hash for World {
    fn hash<H: Hasher>(&self, out: &mut H) {
        let mut census = Census::default();
        self.look(|world, _, part| part.show(world, &mut census));
        let indices = census.sorted();
        self.look(|world, eye, part| part.show(world, &mut Lens { out, indices: &indices, eye }));
    }
}

/// What is seen with one eye.
#[derive(Clone, Copy)]
enum Part {
    Service,
    Node(usize),
}

impl World {
    fn look(&self, mut see: impl FnMut(&Self, &Eye, Part)) {
        let nobody = Eye { now: Timestamp::default(), past: 0, future: 0, awaited: Vec::new() };
        see(self, &nobody, Part::Service);
        for (id, node) in self.nodes.iter().enumerate() {
            let eye = Eye {
                now: node.now(self.tick),
                past: self.past,
                future: 3 * self.past,
                awaited: node.awaited.keys().map(|attempt| attempt.number()).collect(),
            };
            see(self, &eye, Part::Node(id));
        }
    }
}

impl Part {
    fn show(self, world: &World, state: &mut impl Hasher) {
        match self {
            Self::Service => {
                world.consul.hash(world.tick, world.lags, state);
                world.newest.hash(state);
                (world.mishaps, world.unled, world.broken).hash(state);
            }
            Self::Node(id) => {
                let node = &world.nodes[id];
                node.election.hash(state);
                node.awaited.hash(state);
                node.started.hash(state);
                node.trusted_until.hash(state);
                node.draining.hash(state);
                (node.attention, node.is_cut, node.leaves, node.sessions).hash(state);
                node.shown.hash(state);
                for message in world.messages.iter().filter(|message| message.node == id) {
                    message.hash(state);
                }
            }
        }
    }
}
