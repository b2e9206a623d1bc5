//! A host of a [`Lan`](crate::Lan): a network namespace with one cable to the bridge, which can be
//! pulled, cut one way, or slowed.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::environment;
use crate::namespace::{tool, try_tool};

/// The traffic that is lost between a machine and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All traffic, and the machine sees it: its cable is pulled. Once it is back, it may take a
    /// second until the kernel has noticed.
    Cable,
    /// Everything, and nobody sees it.
    Both,
    /// Traffic from the machine; it still receives from all others.
    Sent,
    /// Traffic to the machine; all others still receive from it.
    Heard,
}

/// The network that a machine sees.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    path: PathBuf,
}

impl Network {
    /// Has this thread, and all that it starts from now on, see it too.
    pub(crate) fn enter(&self) {
        let entered = File::open(&self.path).and_then(|network| {
            Ok(move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?)
        });
        entered.unwrap_or_else(|fault| panic!("{}: {fault}", self.path.display()));
    }
}

/// A machine with an address of its own.
#[derive(Debug)]
pub struct Machine {
    netns: String,
    /// The bridge's end of the cable; the machine's own is `eth0`.
    port: String,
    ip: Ipv4Addr,
}

impl Machine {
    pub(crate) const HTTP: u16 = 8500;

    /// A machine whose cable is plugged into `bridge`, in a network of 256 addresses.
    #[track_caller]
    pub(crate) fn new(name: &str, ip: Ipv4Addr, bridge: &str) -> Self {
        let machine = Self {
            netns: format!("{bridge}-{name}"),
            port: format!("{bridge}-{}", ip.octets()[3]),
            ip,
        };
        let Self { netns, port, ip } = &machine;
        tool(&format!("ip netns add {netns}"));
        tool(&format!("ip link add {port} type veth peer name eth0 netns {netns}"));
        tool(&format!("ip link set {port} master {bridge} up"));
        tool(&format!("ip -n {netns} addr add {ip}/24 dev eth0"));
        tool(&format!("ip -n {netns} link set lo up"));
        tool(&format!("ip -n {netns} link set eth0 up"));
        machine
    }

    /// Where its agent serves, `10.x.x.x:8500`.
    pub fn addr(&self) -> String {
        format!("{}:{}", self.ip, Self::HTTP)
    }

    /// Cuts it off, and returns once it is.
    ///
    /// # Panics
    ///
    /// When `ip` or `tc` fails. So do the two below.
    #[track_caller]
    pub fn cut(&self, cut: Cut) {
        // what leaves an end of the cable goes into its queue, and that one swallows it
        if matches!(cut, Cut::Both | Cut::Sent) {
            tool(&format!("{} blackhole", self.queue_out()));
        }
        if matches!(cut, Cut::Both | Cut::Heard) {
            tool(&format!("{} blackhole", self.queue_in()));
        }
        if cut == Cut::Cable {
            tool(&format!("ip link set {} down", self.port));
        }
    }

    /// Takes every cut and slowness back.
    #[track_caller]
    pub fn mend(&self) {
        tool(&format!("{} pfifo", self.queue_out()));
        tool(&format!("{} pfifo", self.queue_in()));
        tool(&format!("ip link set {} up", self.port));
    }

    /// Slows what it sends and what it is sent, so that a request takes a few tenths of a second;
    /// says how.
    #[track_caller]
    pub fn slow(&self) -> &'static str {
        let both = |queue: &str| {
            try_tool(&format!("{} {queue}", self.queue_out()))?;
            try_tool(&format!("{} {queue}", self.queue_in()))
        };
        let Err(fault) = both("netem delay 100ms 50ms") else {
            return "50 to 150 ms each way";
        };
        // a kernel without netem has a line of 4 kB/s still
        if let Err(second) = both("tbf rate 32kbit burst 1600 limit 32000") {
            panic!("no way to slow a machine: {fault}; {second}");
        }
        "32 kbit/s each way, as this kernel has no netem"
    }

    pub(crate) fn network(&self) -> Network {
        Network { path: format!("/run/netns/{}", self.netns).into() }
    }

    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// A program that runs on this machine, under the process id that it is started with; with
    /// nothing of the developer's environment that steers it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.netns)).arg("--").arg(program);
        environment::clean(&mut command);
        command
    }

    fn queue_out(&self) -> String {
        format!("tc -n {} qdisc replace dev eth0 root", self.netns)
    }

    fn queue_in(&self) -> String {
        format!("tc qdisc replace dev {} root", self.port)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // what fails here is gone with the process
        let _ = try_tool(&format!("ip link del {}", self.port));
        let _ = try_tool(&format!("ip netns del {}", self.netns));
    }
}
