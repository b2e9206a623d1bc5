//! The clock on three servers, each node with a client agent of its own: what becomes of Consul.

use std::time::{Duration, Instant};

use tests::{Cluster, Node, NodeBuilder, clock, each_consul};

const SOON: Duration = Duration::from_secs(12);

fn clock_on(cluster: &Cluster, client: usize) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", cluster.clients()[client].addr())
}

#[test]
fn consuls_leader_is_killed_or_frozen_and_the_lead_is_kept() {
    each_consul(|consul| {
        // At 10 s, which rides out 7.3 s: an election takes up to 4 s, and an agent goes on asking a
        // server that is frozen until its fellows have missed that one.
        for fault in ["killed", "frozen"] {
            let cluster = Cluster::start(consul, 2);
            let start = |client| clock_on(&cluster, client).env("LEADER_LEASE", "10s").start();
            let leader = start(0);
            leader.wait_error_line(SOON, clock::took_the_lead);
            let standby = start(1);
            standby.wait_line(SOON, clock::stands_by);
            let said = leader.wait_line_after(Instant::now(), SOON, clock::leads);

            let server = &cluster.servers()[cluster.leader()];
            if fault == "killed" {
                server.kill()
            } else {
                server.freeze()
            }
            // well past the new election
            let mut at = said.at;
            for _ in 0..4 {
                at = leader.wait_line_after(at, SOON, |_| true).at;
            }
            for (node, speaks) in
                [(&leader, clock::leads as fn(&_) -> _), (&standby, clock::stands_by)]
            {
                assert!(node.lines().iter().all(speaks), "{fault}: {:?}", node.lines());
            }
            assert!(!leader.errors().iter().any(clock::lost_the_lead), "{fault}");
            println!("{}: Consul's leader {fault}, the lead was kept", consul.version());
        }
    });
}

#[test]
fn an_agent_that_leaves_ends_its_sessions_and_another_leads_after_the_lock_delay() {
    each_consul(|consul| {
        let cluster = Cluster::start(consul, 2);
        let leader = clock_on(&cluster, 0).env("LEADER_LEASE", "3s").start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = clock_on(&cluster, 1).env("LEADER_LEASE", "3s").start();
        standby.wait_line(SOON, clock::stands_by);

        let left = Instant::now();
        cluster.clients()[0].stop();
        let stopped = leader.wait_error_line(SOON, clock::lost_the_lead);
        let led = standby.wait_error_line(SOON, clock::took_the_lead);
        println!(
            "{}: its agent left, stopped believing after {:?}, other led after {:?}",
            consul.version(),
            stopped.at - left,
            led.at - left
        );
        assert!(stopped.at < led.at);
        // the lock delay, 2.625 s, counted from the end of the session, 0.05 to 0.6 s after SIGTERM
        assert!(led.at - left < Duration::from_secs(4), "{:?}", led.at - left);
    });
}
