//! Ten thousand keys on three servers, each node with a client agent of its own: all led from cold,
//! all moved after SIGTERM, all taken after SIGKILL; and what they cost while nothing happens.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use tests::{Agent, Cluster, Consul, Line, Node, Proxy};

use crate::Length;
use crate::bare::{self, Bare};
use crate::node::{LEADS_ALL, STANDS, node};
use crate::report::Report;

const SOON: Duration = Duration::from_secs(60);

/// The lease of every node: the default.
const LEASE: Duration = Duration::from_secs(6);

pub(crate) fn play(length: Length, report: &mut Report) {
    let keys = if length == Length::Full { 10_000 } else { 200 };
    for consul in length.consuls() {
        let scale = Scale { consul, keys };
        scale.times(report);
        scale.idle(length, report);
    }
}

struct Scale<'a> {
    consul: &'a Consul,
    keys: usize,
}

impl Scale<'_> {
    fn times(&self, report: &mut Report) {
        let cluster = Cluster::start(self.consul, 2);
        let [one, other] = [0, 1].map(|client| &cluster.clients()[client]);
        let (apis, addrs) = ([one.api(), other.api()], [one.addr(), other.addr()]);
        let Bare { cold, moved, taken } =
            bare::play(self.keys, [(&apis[0], &addrs[0]), (&apis[1], &addrs[1])]);

        let first = self.node(one);
        let led = all_led(&first) - first.started();
        self.compare(report, "all led from cold", Duration::ZERO, led, cold, 1.3);

        let second = self.standby(other);
        let told = Instant::now();
        first.terminate();
        let led = all_led(&second) - told;
        first.wait_exit(SOON);
        self.compare(report, "all moved after SIGTERM", Duration::ZERO, led, moved, 1.6);

        let third = self.standby(one);
        let died = Instant::now();
        second.kill();
        let led = all_led(&third) - died;
        self.compare(report, "all taken after SIGKILL", LEASE, led, taken, 1.6);
    }

    fn idle(&self, length: Length, report: &mut Report) {
        let cluster = Cluster::start(self.consul, 2);
        let proxies = [0, 1].map(|client| Proxy::to(&cluster.clients()[client].addr()));
        let leader = node(self.keys, &proxies[0].addr()).start();
        all_led(&leader);
        let standby = node(self.keys, &proxies[1].addr()).start();
        settle(&proxies[1]);
        let span = if length == Length::Full { 30 } else { 3 };
        let before = proxies.each_ref().map(|proxy| proxy.requests().len());
        thread::sleep(Duration::from_secs(span));
        let after = proxies.each_ref().map(|proxy| proxy.requests().len());
        for (i, (who, most, node)) in
            [("leader", 4.0, &leader), ("standby", 3.0, &standby)].into_iter().enumerate()
        {
            let rate = (after[i] - before[i]) as f64 / span as f64;
            let connections = proxies[i].connections_now();
            let memory = resident(node);
            self.add(
                report,
                &format!("idle {who}"),
                format!("4 connections, {most} requests/s, 40 MiB"),
                format!("{connections} connections, {rate:.1} requests/s, {memory:.1} MiB"),
                connections <= 4 && rate <= most && memory <= 40.0,
            );
        }
    }

    fn node(&self, agent: &Agent) -> Node {
        node(self.keys, &agent.addr()).start()
    }

    /// A node that knows the leader.
    fn standby(&self, agent: &Agent) -> Node {
        let standby = self.node(agent);
        standby.wait_line(SOON, |line: &Line| line.text == STANDS);
        // it has read every key long before
        thread::sleep(LEASE);
        standby
    }

    fn compare(
        &self,
        report: &mut Report,
        what: &str,
        lease: Duration,
        ours: Duration,
        bare: Duration,
        most: f64,
    ) {
        let ratio = ours.saturating_sub(lease).as_secs_f64() / bare.as_secs_f64();
        let and = if lease.is_zero() { String::new() } else { format!("{lease:?} + ") };
        self.add(
            report,
            what,
            format!("{and}{most} × bare"),
            format!("{ours:.2?} = {and}{ratio:.2} × {bare:.2?}"),
            ratio <= most,
        );
    }

    fn add(&self, report: &mut Report, what: &str, reach: String, seen: String, reached: bool) {
        let (version, keys) = (self.consul.version(), self.keys);
        report.add(format!("Consul {version}, {keys} keys: {what}"), reach, seen, reached);
    }
}

fn all_led(node: &Node) -> Instant {
    node.wait_line(SOON, |line: &Line| line.text == LEADS_ALL).at
}

/// Waits until the node behind the proxy watches, and nothing else is under way.
fn settle(proxy: &Proxy) {
    tests::wait_until("it watches", SOON, || {
        proxy.requests().iter().any(|request| request.path.contains("index="))
    });
    thread::sleep(Duration::from_secs(2));
}

/// In MiB.
fn resident(node: &Node) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    kib / 1024.0
}
