//! A local network of real hosts, as far as the network goes: a bridge, a Consul cluster whose
//! agents each have a machine of their own, and room for nodes beside the client agents.
//!
//! All of it lies in the namespaces of the test process, which stands at the bridge itself.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::agent::Agent;
use crate::cluster::{Cluster, SERVERS};
use crate::consul::Consul;
use crate::machine::Machine;
use crate::namespace::{self, tool, try_tool};
use crate::place::Place;

const MACHINES: usize = 2;

static STARTED: AtomicU8 = AtomicU8::new(1);

/// Three servers, and two machines with a client agent each; for each fault a fresh one.
#[derive(Debug)]
pub struct Lan {
    // before the machines that they run on
    cluster: Cluster,
    machines: Vec<Arc<Machine>>,
    _bridge: Bridge,
}

impl Lan {
    /// Starts all of it; every agent serves.
    ///
    /// The first one in a process starts the process once more, in namespaces of its own.
    ///
    /// # Panics
    ///
    /// When it can't be had, and why.
    #[track_caller]
    pub fn start(consul: &Consul) -> Self {
        namespace::enter();
        let bridge = Bridge::new();
        let servers = bridge.machines("server", 1, SERVERS);
        let machines = bridge.machines("client", 101, MACHINES);
        let places = |machines: &[Arc<Machine>]| {
            machines.iter().map(|machine| Place::Machine(Arc::clone(machine))).collect()
        };
        let cluster = Cluster::at(consul, places(&servers), places(&machines));
        Self { cluster, machines, _bridge: bridge }
    }

    /// The machines, without those of the servers.
    pub fn machines(&self) -> &[Arc<Machine>] {
        &self.machines
    }

    /// The client agents, one a machine.
    pub fn agents(&self) -> &[Agent] {
        self.cluster.clients()
    }

    /// The servers.
    pub fn servers(&self) -> &[Agent] {
        self.cluster.servers()
    }
}

#[derive(Debug)]
struct Bridge {
    name: String,
    number: u8,
}

impl Bridge {
    #[track_caller]
    fn new() -> Self {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let bridge = Self { name: format!("lan{number}"), number };
        let (name, ip) = (&bridge.name, bridge.ip(254));
        tool(&format!("ip link add {name} type bridge"));
        tool(&format!("ip addr add {ip}/24 dev {name}"));
        tool(&format!("ip link set {name} up"));
        bridge
    }

    fn ip(&self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.number, host)
    }

    #[track_caller]
    fn machines(&self, kind: &str, first: u8, count: usize) -> Vec<Arc<Machine>> {
        (first..)
            .take(count)
            .enumerate()
            .map(|(i, host)| Machine::new(&format!("{kind}{i}"), self.ip(host), &self.name))
            .map(Arc::new)
            .collect()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // what fails here is gone with the process
        let _ = try_tool(&format!("ip link del {}", self.name));
    }
}
