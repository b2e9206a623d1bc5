//! The state that all threads of a proxy share: the present treatment of bytes, and the traffic so
//! far.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

use super::{Delay, Request, Way};
use crate::chance::Chance;

/// Names a connection.
pub(super) type LinkId = u64;

#[derive(Debug, Default)]
pub(super) struct Wire {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    to_server: Lane,
    to_client: Lane,
    pub(super) refusing: bool,
    pub(super) listening: bool,
    pub(super) closing: bool,
    pub(super) links: BTreeMap<LinkId, Link>,
    pub(super) total: u64,
    pub(super) requests: Vec<Request>,
    chance: Chance,
}

/// One of the two ways.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// No fault: it stays when the proxy is healed.
    pub(super) distance: Delay,
    pub(super) delay: Delay,
    /// How many in a hundred are lost.
    pub(super) lossy: usize,
    pub(super) dropping: bool,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Arc<TcpStream>,
    pub(super) server: Option<Arc<TcpStream>>,
    pub(super) client_is_there: bool,
    /// From the start on for one that was opened into a black hole: its server never hears of it.
    pub(super) lost_bytes: bool,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Dead,
    Cut,
}

/// The treatment of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Swallow,
    /// And nothing more is to be done on this connection.
    Cut,
}

impl Wire {
    /// For a look, or for a change that nobody waits for.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.lock());
        self.changed.notify_all();
        answer
    }

    pub(super) fn wait_until(&self, holds: impl Fn(&State) -> bool) {
        let waited = self.changed.wait_while(self.lock(), |state| !holds(state));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until `due`, or until the connection is cut.
    pub(super) fn wait_for(&self, due: Instant, link: LinkId) {
        let left = due.saturating_duration_since(Instant::now());
        let waited =
            self.changed.wait_timeout_while(self.lock(), left, |state| !state.is_cut(link));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes a new connection in, unless the door is to be closed.
    pub(super) fn admit(&self, client: TcpStream) -> Option<LinkId> {
        self.change(|state| {
            if state.refusing || state.closing {
                return None;
            }
            state.total += 1;
            let lost = state.to_server.dropping || state.to_client.dropping;
            let link = Link {
                client: Arc::new(client),
                server: None,
                client_is_there: true,
                lost_bytes: lost,
                fate: Fate::Open,
            };
            state.links.insert(state.total, link);
            Some(state.total)
        })
    }

    /// Closes a connection, with a reset if it was cut.
    pub(super) fn forget(&self, link: LinkId) {
        self.change(|state| state.links.remove(&link));
    }
}

impl State {
    pub(super) fn lane(&self, way: Way) -> &Lane {
        if way == Way::ToServer { &self.to_server } else { &self.to_client }
    }

    pub(super) fn lanes_of(&mut self, way: Way) -> impl Iterator<Item = &mut Lane> {
        let lanes = [(Way::ToServer, &mut self.to_server), (Way::ToClient, &mut self.to_client)];
        lanes
            .into_iter()
            .filter(move |(of, _)| way == Way::Both || way == *of)
            .map(|(_, lane)| lane)
    }

    /// How late what is written now comes out.
    pub(super) fn draw_delay(&mut self, way: Way) -> Duration {
        let Lane { distance, delay, .. } = *self.lane(way);
        distance.draw(&mut self.chance) + delay.draw(&mut self.chance)
    }

    /// A connection between [`Wire::admit`] and [`Wire::forget`].
    pub(super) fn link(&mut self, link: LinkId) -> &mut Link {
        self.links.get_mut(&link).expect("a link is known until its own thread forgets it")
    }

    pub(super) fn is_cut(&self, link: LinkId) -> bool {
        self.links.get(&link).is_none_or(Link::is_cut)
    }

    /// Says what becomes of bytes that arrive now.
    pub(super) fn judge(&mut self, link: LinkId, way: Way) -> Verdict {
        let dropping = self.lane(way).dropping;
        let is_lost = self.chance.below(100) < self.lane(way).lossy;
        let link = self.link(link);
        link.lost_bytes |= dropping || is_lost;
        if is_lost && link.fate == Fate::Open {
            link.fate = Fate::Dead;
        }
        match link.fate {
            Fate::Cut => Verdict::Cut,
            Fate::Open if !dropping => Verdict::Pass,
            Fate::Open | Fate::Dead => Verdict::Swallow,
        }
    }

    pub(super) fn heal(&mut self) {
        for lane in self.lanes_of(Way::Both) {
            *lane = Lane { distance: lane.distance, ..Lane::default() };
        }
        self.refusing = false;
        for link in
            self.links.values_mut().filter(|link| link.lost_bytes && link.fate == Fate::Open)
        {
            link.fate = Fate::Dead;
        }
    }

    pub(super) fn cut(&mut self) {
        self.links.values_mut().for_each(Link::cut);
    }
}

impl Link {
    pub(super) fn is_cut(&self) -> bool {
        self.fate == Fate::Cut
    }

    pub(super) fn cut(&mut self) {
        self.fate = Fate::Cut;
        for socket in [Some(&self.client), self.server.as_ref()].into_iter().flatten() {
            // both fail only where the peer has reset it already
            let _ = set_socket_linger(socket, Some(Duration::ZERO));
            // wakes the thread that reads, and sends nothing: the close does, and it is a reset
            let _ = socket.shutdown(Shutdown::Read);
        }
    }
}
