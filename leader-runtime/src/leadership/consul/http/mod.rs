//! Consul's HTTP API: where the agent is, and how requests come there.

mod address;
mod client;
mod env;
mod proxy;
mod tenancy;
mod tls;
mod token;
mod transport;
mod variable;

pub(crate) use self::env::Access;
pub(super) use self::transport::{Carried, Http};
