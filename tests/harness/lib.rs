//! The harness of the process tests: real Consul agents and clusters, processes of our own, and a
//! proxy between them.
//!
//! A test calls [`each_consul`], starts an [`Agent`], a [`Cluster`] or a [`Lan`], starts [`Node`]s on
//! it, perhaps through a [`Proxy`], and waits for their lines. What it started ends with it; when it
//! fails, the last words of all of them are printed. A fault of the harness is a panic that says
//! what was expected where, which is how a test fails.

mod agent;
mod api;
mod certificates;
mod chance;
pub mod clock;
mod cluster;
mod consul;
mod deadline;
mod disk;
mod distance;
mod environment;
mod example;
mod foreign;
mod forward;
pub mod history;
mod lan;
mod machine;
mod namespace;
mod node;
mod output;
mod page;
mod place;
mod ports;
mod probe;
mod process;
mod proxy;
mod slot;
mod stall;
mod starved;
mod terminal;

pub use agent::{Agent, AgentBuilder, MASTER_TOKEN, Token};
pub use api::{Answer, Api, Entry, Session};
pub use certificates::Certificates;
pub use chance::Chance;
pub use cluster::Cluster;
pub use consul::{Consul, each_consul, one_consul};
pub use deadline::wait_until;
pub use disk::Disk;
pub use distance::distance;
pub use foreign::{GoLock, Scraped, consul_lock, has_the_lock, promlint, rings};
pub use forward::Forward;
pub use lan::Lan;
pub use machine::{Cut, Machine};
pub use node::{Node, NodeBuilder};
pub use output::Line;
pub use page::Page;
pub use probe::Probe;
pub use proxy::{Delay, Proxy, Request, Way};
pub use rustix::process::Signal;
pub use slot::{Slot, slot};
pub use stall::stalls;
pub use starved::{Ration, Starved};
