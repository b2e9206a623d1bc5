//! A TCP proxy that stands between a node and its agent, and slows, swallows, refuses or cuts what
//! passes.

mod delay;
mod link;
mod wire;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use self::delay::Delay;
use self::wire::Wire;
use crate::machine::{Machine, Network};
use crate::ports::Ports;

/// Which of the two streams of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
    /// Both directions.
    Both,
}

/// A request whose first bytes came from a client, passed on or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// As `PUT`.
    pub method: String,
    /// As `/v1/session/create?dc=dc1`.
    pub path: String,
    /// When it came.
    pub at: Instant,
    /// Which connection it came by, counted from 1.
    pub connection: u64,
}

/// A proxy with an address of its own, which it keeps while it refuses.
#[derive(Debug)]
pub struct Proxy {
    ports: Arc<Ports>,
    /// None where it is that of this process.
    network: Option<Network>,
    wire: Arc<Wire>,
    door: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts one that passes all on to `server`, `host:port`, which need not be there yet: a
    /// client is reset while it is not.
    pub fn to(server: &str) -> Self {
        Self::start(server, None)
    }

    /// As [`to`](Self::to), on this machine: its address is one of that machine's loopback.
    pub fn on(machine: &Machine, server: &str) -> Self {
        Self::start(server, Some(machine.network()))
    }

    fn start(server: &str, network: Option<Network>) -> Self {
        let ports = Arc::new(Ports::claim());
        let wire = Arc::new(Wire::default());
        let door = thread::spawn({
            let (ports, wire, server) = (Arc::clone(&ports), Arc::clone(&wire), server.to_owned());
            let network = network.clone();
            move || {
                // with all threads that this one starts
                network.iter().for_each(Network::enter);
                keep_door(&ports, &wire, &server);
            }
        });
        wire.wait_until(|state| state.listening);
        Self { ports, network, wire, door: Some(door) }
    }

    /// Where it listens, `127.0.0.1:port`.
    pub fn addr(&self) -> String {
        self.ports.addr()
    }

    /// Puts the server so far away: a delay of this law that is no fault, stays when the proxy is
    /// healed, and adds to every other.
    pub fn distance(&self, way: Way, delay: Delay) {
        self.wire.change(|state| state.lanes_of(way).for_each(|lane| lane.distance = delay));
    }

    /// Lets every byte pass `delay` after it came; bytes that are under way already keep their
    /// time.
    pub fn delay(&self, way: Way, delay: Duration) {
        self.delays(way, Delay::Constant(delay));
    }

    /// Lets what was written at once pass after a delay of this law; on one connection, all keeps
    /// its order.
    pub fn delays(&self, way: Way, delay: Delay) {
        self.wire.change(|state| state.lanes_of(way).for_each(|lane| lane.delay = delay));
    }

    /// Loses so many in a hundred of what is written at once, and the connection with it: it stays
    /// open, and nothing comes through any more.
    pub fn lose(&self, way: Way, percent: usize) {
        self.wire.change(|state| state.lanes_of(way).for_each(|lane| lane.lossy = percent));
    }

    /// Swallows all bytes; open connections stay open, and new ones are taken and hang.
    pub fn drop_bytes(&self, way: Way) {
        self.wire.change(|state| state.lanes_of(way).for_each(|lane| lane.dropping = true));
    }

    /// Refuses new connections; open ones live on.
    pub fn refuse(&self) {
        self.wire.change(|state| state.refusing = true);
        self.knock();
        self.wire.wait_until(|state| !state.listening);
    }

    /// Resets all open connections, and returns once they are gone.
    pub fn cut(&self) {
        let newest = self.wire.change(|state| {
            state.cut();
            state.total
        });
        // clients may have new ones by then
        self.wire.wait_until(|state| state.links.keys().all(|link| *link > newest));
    }

    /// Passes all on again. A connection that lost bytes stays dead: it swallows what comes until
    /// its client closes it.
    pub fn heal(&self) {
        self.wire.change(wire::State::heal);
        self.wire.wait_until(|state| state.listening);
    }

    /// How many connections clients hold open.
    pub fn connections_now(&self) -> usize {
        self.wire.lock().links.values().filter(|link| link.client_is_there).count()
    }

    /// How many connections there ever were.
    pub fn connections_total(&self) -> u64 {
        self.wire.lock().total
    }

    /// The HTTP requests that clients have sent, in their order.
    pub fn requests(&self) -> Vec<Request> {
        self.wire.lock().requests.clone()
    }

    /// Wakes the thread that accepts: there is no other way that every system knows.
    fn knock(&self) {
        // refused when nobody listens, and then nobody has to be woken
        let knock = || drop(std::net::TcpStream::connect(self.addr()));
        match &self.network {
            None => knock(),
            Some(network) => thread::scope(|scope| {
                scope.spawn(|| {
                    network.enter();
                    knock();
                });
            }),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wire.change(|state| {
            state.closing = true;
            state.cut();
        });
        self.knock();
        if let Some(door) = self.door.take() {
            // its panic has been printed where it was raised
            let _ = door.join();
        }
    }
}

/// Listens whenever the proxy does not refuse, until it closes.
fn keep_door(ports: &Ports, wire: &Arc<Wire>, server: &str) {
    loop {
        wire.wait_until(|state| !state.refusing || state.closing);
        if wire.lock().closing {
            return;
        }
        let listener = TcpListener::bind(ports.addr())
            .unwrap_or_else(|fault| panic!("the proxy cannot listen on {}: {fault}", ports.addr()));
        wire.change(|state| state.listening = true);
        loop {
            let (client, _) = listener.accept().expect("a listening socket accepts");
            let Some(link) = wire.admit(client) else { break };
            let (wire, server) = (Arc::clone(wire), server.to_owned());
            thread::spawn(move || {
                link::run(&wire, link, &server);
                wire.forget(link);
            });
        }
        drop(listener);
        wire.change(|state| state.listening = false);
    }
}
