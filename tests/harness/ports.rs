//! A block of loopback ports that is this process's alone until it is dropped, listened on or not.
//!
//! The ports lie below those that the kernel gives to outgoing connections, so that an agent that
//! is down finds its ports free when it comes back. The claim on a block is a bound UDP socket on
//! its first port, which no user of the block needs: other test processes see it, and the kernel
//! gives it up with this process, however that ends.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

const POOL: std::ops::Range<u16> = 20_000..30_000;
const BLOCK: u16 = 4;

#[derive(Debug)]
pub(crate) struct Ports {
    first: u16,
    _claim: UdpSocket,
}

impl Ports {
    /// Claims a block whose ports are all free. Panics where every block is taken.
    pub(crate) fn claim() -> Self {
        let blocks = (POOL.end - POOL.start) / BLOCK;
        let start = (RandomState::new().hash_one(()) % u64::from(blocks)) as u16;
        (0..blocks)
            .map(|step| POOL.start + (start + step) % blocks * BLOCK)
            .find_map(|first| {
                let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, first)).ok()?;
                Self::unused(first).then_some(Self { first, _claim: claim })
            })
            .unwrap_or_else(|| panic!("no {BLOCK} free ports in a row in {POOL:?} on 127.0.0.1"))
    }

    fn unused(first: u16) -> bool {
        let tcp =
            (first..first + BLOCK).all(|p| TcpListener::bind((Ipv4Addr::LOCALHOST, p)).is_ok());
        let udp =
            (first + 1..first + BLOCK).all(|p| UdpSocket::bind((Ipv4Addr::LOCALHOST, p)).is_ok());
        tcp && udp
    }

    /// For HTTP, or whatever else is TCP alone.
    pub(crate) fn http(&self) -> u16 {
        self.first
    }

    /// For Consul's servers among each other.
    pub(crate) fn server(&self) -> u16 {
        self.first + 1
    }

    /// For gossip, both TCP and UDP.
    pub(crate) fn gossip(&self) -> u16 {
        self.first + 2
    }

    /// For HTTP over TLS.
    pub(crate) fn https(&self) -> u16 {
        self.first + 3
    }

    /// The address of [`http`](Self::http), `127.0.0.1:port`.
    pub(crate) fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.first)
    }
}
