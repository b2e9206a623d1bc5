//! Canonicalization: the part of a world that decides on its future. The model checker takes two worlds
//! for one if it is equal.

use std::hash::{Hash, Hasher};

use leader_core::election::Timestamp;

use crate::canonical::{Canonical, SeenIndices, Viewpoint};
use crate::world::World;

impl Hash for World {
    fn hash<H: Hasher>(&self, out: &mut H) {
        let mut seen = SeenIndices::default();
        self.look(|world, _, part| part.show(world, &mut seen));
        let indices = seen.sorted();
        self.look(|world, viewpoint, part| {
            part.show(world, &mut Canonical { out, indices: &indices, viewpoint })
        });
    }
}

/// Part of the state that is seen from one viewpoint.
#[derive(Clone, Copy)]
enum Part {
    Service,
    Node(usize),
}

impl World {
    fn look(&self, mut see: impl FnMut(&Self, &Viewpoint, Part)) {
        let nobody =
            Viewpoint { now: Timestamp::default(), past: 0, future: 0, awaited: Vec::new() };
        see(self, &nobody, Part::Service);
        for (id, node) in self.nodes.iter().enumerate() {
            let viewpoint = Viewpoint {
                now: node.now(self.tick),
                past: self.past,
                future: 3 * self.past,
                awaited: node.awaited.keys().map(|attempt| attempt.number()).collect(),
            };
            see(self, &viewpoint, Part::Node(id));
        }
    }
}

impl Part {
    fn show(self, world: &World, state: &mut impl Hasher) {
        match self {
            Self::Service => {
                world.consul.hash(world.tick, world.lags, state);
                world.newest.hash(state);
                (world.faults, world.unled, world.broken).hash(state);
            }
            Self::Node(id) => {
                let node = &world.nodes[id];
                node.election.hash(state);
                node.awaited.hash(state);
                node.started.hash(state);
                node.trusted_until.hash(state);
                node.draining.hash(state);
                (node.attention, node.is_cut, node.is_deaf, node.leaves, node.sessions).hash(state);
                node.shown.hash(state);
                for message in world.messages.iter().filter(|message| message.node == id) {
                    message.hash(state);
                }
            }
        }
    }
}
