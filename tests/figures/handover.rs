//! SIGTERM of the leader, until the other leads.

use std::time::{Duration, Instant};

use tests::{Agent, Line, Node, clock};

use crate::Length;
use crate::report::{Report, quantile, spread};

const SOON: Duration = Duration::from_secs(30);
const HALF: Duration = Duration::from_millis(3);
const MOST: Duration = Duration::from_millis(10);

pub(crate) fn play(length: Length, report: &mut Report) {
    let runs = if length == Length::Full { 200 } else { 2 };
    for consul in length.consuls() {
        let agent = Agent::dev(consul).start();
        let start = || Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr()).start();
        let mut leader = start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let mut took = Vec::new();
        for _ in 0..runs {
            let standby = start();
            let knows = |line: &Line| line.text.contains(" standing by ");
            standby.wait_error_line(SOON, knows);
            let told = Instant::now();
            leader.terminate();
            let led = standby.wait_error_line(SOON, clock::took_the_lead).at;
            took.push(led - told);
            leader.wait_exit(SOON);
            leader = standby;
        }
        let (half, most) = (quantile(&took, 0.5), quantile(&took, 0.99));
        report.add(
            format!("Consul {}: SIGTERM, then other leads", consul.version()),
            format!("p50 {HALF:?}, p99 {MOST:?}"),
            format!("p50 {half:.1?}, p99 {most:.1?}; {} runs, {}", took.len(), spread(&took)),
            half <= HALF && most <= MOST,
        );
    }
}
