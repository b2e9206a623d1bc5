//! Consul's own leader killed: whether leadership is kept, and every run made.

use std::time::{Duration, Instant};

use tests::{Cluster, Consul, Node, clock};

use crate::Length;
use crate::report::Report;

const SOON: Duration = Duration::from_secs(30);

/// Well past the new election, and past the lease.
const TICKS: usize = 5;

pub(crate) fn play(length: Length, report: &mut Report) {
    let runs = if length == Length::Full { 10 } else { 1 };
    for consul in length.consuls() {
        for lease in ["6s", "10s"] {
            let kept = (0..runs).filter(|_| is_kept(consul, lease)).count();
            // an election takes up to 4 s, and a lease of 6 s rides out 4.2
            let least = if lease == "10s" { runs } else { 0 };
            report.add(
                format!(
                    "Consul {}, lease {lease}: Consul's leader killed, lead kept, no run lost",
                    consul.version()
                ),
                if least > 0 { format!("{runs} of {runs}") } else { "as seen".into() },
                format!("{kept} of {runs}"),
                kept >= least,
            );
        }
    }
}

fn is_kept(consul: &Consul, lease: &str) -> bool {
    let cluster = Cluster::start(consul, 1);
    let agent = cluster.clients()[0].addr();
    let node =
        Node::example("clock").env("CONSUL_HTTP_ADDR", agent).env("LEADER_LEASE", lease).start();
    node.wait_error_line(SOON, clock::took_the_lead);
    node.wait_line(SOON, clock::leads);
    cluster.servers()[cluster.leader()].kill();
    let killed = Instant::now();
    let mut at = killed;
    for _ in 0..TICKS {
        at = node.wait_line_after(at, SOON, |_| true).at;
    }
    node.lines_after(killed).iter().all(clock::leads)
        && !node.errors().iter().any(clock::lost_the_lead)
}
