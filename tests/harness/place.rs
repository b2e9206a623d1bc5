//! Where an agent runs: on this machine's loopback and ports of its own, or on a machine of a
//! [`Lan`](crate::Lan) and Consul's usual ports.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::environment;
use crate::machine::Machine;
use crate::ports::Ports;

#[derive(Debug)]
pub(crate) enum Place {
    Loopback(Ports),
    Machine(Arc<Machine>),
}

impl Place {
    pub(crate) fn loopback() -> Self {
        Self::Loopback(Ports::claim())
    }

    pub(crate) fn ip(&self) -> Ipv4Addr {
        match self {
            Self::Loopback(_) => Ipv4Addr::LOCALHOST,
            Self::Machine(machine) => machine.ip(),
        }
    }

    /// For HTTP.
    pub(crate) fn http(&self) -> u16 {
        match self {
            Self::Loopback(ports) => ports.http(),
            Self::Machine(_) => Machine::HTTP,
        }
    }

    /// For HTTP over TLS.
    pub(crate) fn https(&self) -> u16 {
        match self {
            Self::Loopback(ports) => ports.https(),
            Self::Machine(_) => 8501,
        }
    }

    /// For Consul's servers among each other.
    pub(crate) fn server(&self) -> u16 {
        match self {
            Self::Loopback(ports) => ports.server(),
            Self::Machine(_) => 8300,
        }
    }

    /// For gossip.
    pub(crate) fn gossip(&self) -> u16 {
        match self {
            Self::Loopback(ports) => ports.gossip(),
            Self::Machine(_) => 8301,
        }
    }

    /// The address of one of these ports.
    pub(crate) fn addr(&self, port: u16) -> String {
        format!("{}:{port}", self.ip())
    }

    /// A program there, with nothing of the developer's environment that steers it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        match self {
            Self::Loopback(_) => {
                let mut command = Command::new(program);
                environment::clean(&mut command);
                command
            }
            Self::Machine(machine) => machine.command(program),
        }
    }
}
