//! Histories of nodes while nodes, agents, Consul servers and connections are killed, frozen and cut,
//! one after the other and two at once: no two nodes lead at once, fences rise, each start of a run
//! has one end, and another node leads within the lease.
//!
//! `CONSUL_IS_AWAY=0.2 cargo test --workspace --test system histories` plays them with answers that take
//! a fifth of the lease; so does a soak.

use std::thread;
use std::time::Duration;

use tests::history::{ALLOWANCE, Moment};
use tests::{Agent, Cluster, Way, distance, each_consul, wait_until};

use crate::stage::{KEYS, LEASE, LET_GO, Post, SOON, Stage};

#[test]
fn nodes_that_are_killed_frozen_or_stopped_on_one_agent() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let stage = Stage::set(consul.version(), &[agent.addr(), agent.addr()]);

        let (leader, other) = stage.roles();
        let since = leader.kill();
        stage.takes(other, since, "leader killed");
        leader.start();

        let (leader, other) = stage.roles();
        let since = leader.freeze();
        stage.takes(other, since, "leader frozen");
        leader.thaw();

        let (leader, other) = stage.roles();
        let since = leader.terminate();
        stage.follows(other, since, LET_GO, "leader stopped");
        leader.start();

        let (leader, other) = stage.roles();
        let session = agent.api().get(KEYS[0]).and_then(|key| key.session).expect("it is led");
        let since = leader.freeze();
        agent.api().destroy_session(&session);
        stage.takes(other, since, "leader frozen and its session destroyed");
        leader.thaw();

        let (leader, other) = stage.roles();
        other.freeze();
        leader.kill();
        leader.start();
        other.thaw();
        stage.roles();
        stage.close();
    });
}

#[test]
fn ways_that_are_cut_slowed_or_lost_on_one_agent() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let stage = Stage::set(consul.version(), &[agent.addr(), agent.addr()]);
        for way in [Way::Both, Way::ToServer, Way::ToClient] {
            let (leader, other) = stage.roles();
            let since = Moment::now();
            leader.proxy.drop_bytes(way);
            // one more beat is heard where only the answers are lost
            let more = if way == Way::ToClient { LEASE / 8 } else { Duration::ZERO };
            let within = LEASE + ALLOWANCE + more;
            stage.follows(other, since, within, &format!("{way:?} lost"));
            leader.proxy.heal();
        }

        let (leader, other) = stage.roles();
        let since = Moment::now();
        leader.proxy.refuse();
        leader.proxy.cut();
        stage.takes(other, since, "connections refused");
        leader.proxy.heal();

        let (leader, _) = stage.roles();
        leader.proxy.cut();
        stage.roles();

        let (leader, other) = stage.roles();
        let since = other.freeze();
        leader.proxy.drop_bytes(Way::ToClient);
        wait_until("it stops believing", SOON, || !leader.leads());
        other.thaw();
        stage.tell(&format!("cut while the other was frozen, for {:?}", since.elapsed()));
        other.wait_to_lead();
        leader.proxy.heal();
        stage.close();
    });
}

/// Each of its requests arrives, and each answer comes when nobody waits for it any more: it must not
/// go on showing a life that is of no use to anybody.
#[test]
fn a_leader_that_hears_nothing_in_time_is_followed_while_its_writes_arrive() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let stage = Stage::set(consul.version(), &[agent.addr(), agent.addr()]);
        let (leader, other) = stage.roles();
        let since = Moment::now();
        // there and back, later than one can lead by
        let late = LEASE * 2 / 5;
        leader.proxy.delay(Way::Both, late);
        // it beats until its trust is over, and is seen to for as long as a beat takes
        let within = LEASE + ALLOWANCE + late + LEASE / 8;
        stage.follows(other, since, LEASE * 7 / 8 + within, "answers late");
        leader.proxy.heal();
        stage.close_within(within);
    });
}

/// How its last run ended is to be written before the key is released.
#[test]
fn a_leader_that_is_stopped_when_requests_of_its_records_were_lost() {
    // shorter than what a leader rides out
    const LOST: Duration = Duration::from_millis(150);
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let addrs = [agent.addr(), agent.addr()];
        let stage = Stage::of(consul.version(), &addrs, &["records"]);
        for _ in 0..3 {
            let (leader, other) = stage.roles();
            leader.proxy.drop_bytes(Way::ToServer);
            thread::sleep(LOST);
            leader.proxy.heal();
            let since = leader.terminate();
            // of a run that goes on and one that waits, the claim and the end
            let within = LEASE + ALLOWANCE + 4 * distance(LEASE);
            stage.follows(other, since, within, "leader stopped, requests of its records lost");
            leader.start();
        }
        stage.close();
    });
}

#[test]
fn client_agents_that_are_killed_frozen_or_leave() {
    each_consul(|consul| {
        let cluster = Cluster::start(consul, 2);
        let agents = cluster.clients();
        let addrs: Vec<String> = agents.iter().map(Agent::addr).collect();
        let stage = Stage::set(consul.version(), &addrs);
        let agent_of = |post: &Post| &agents[usize::from(!std::ptr::eq(post, &stage.posts[0]))];

        let (leader, other) = stage.roles();
        let since = Moment::now();
        agent_of(leader).kill();
        stage.takes(other, since, "its agent killed");
        agent_of(leader).start_again();

        let (leader, other) = stage.roles();
        let since = Moment::now();
        agent_of(leader).freeze();
        stage.takes(other, since, "its agent frozen");
        agent_of(leader).thaw();

        let (leader, other) = stage.roles();
        let since = Moment::now();
        agent_of(leader).stop();
        // the lock delay, counted from the end of the session, 0.05 to 0.6 s after SIGTERM
        let within = LEASE + Duration::from_millis(600) + ALLOWANCE;
        stage.follows(other, since, within, "its agent left");
        agent_of(leader).start_again();

        // two at once: nobody is left who could lead, until one is started
        let (leader, other) = stage.roles();
        agent_of(leader).freeze();
        other.terminate();
        wait_until("it stops believing", SOON, || !leader.leads());
        let since = Moment::now();
        other.start();
        stage.takes(other, since, "its agent frozen and the other stopped, the other started");
        agent_of(leader).thaw();
        stage.close();
    });
}

#[test]
fn consuls_leader_is_killed_or_frozen_while_a_node_is() {
    each_consul(|consul| {
        for killed in [true, false] {
            let cluster = Cluster::start(consul, 2);
            let addrs: Vec<String> = cluster.clients().iter().map(Agent::addr).collect();
            let stage = Stage::set(consul.version(), &addrs);
            let (leader, other) = stage.roles();
            let server = &cluster.servers()[cluster.leader()];
            let (since, fault) = if killed {
                let since = leader.freeze();
                server.kill();
                (since, "killed and the leader frozen")
            } else {
                let since = leader.kill();
                server.freeze();
                (since, "frozen and the leader killed")
            };
            stage.takes(other, since, &format!("Consul's leader {fault}"));
            if killed {
                leader.thaw();
            } else {
                server.thaw();
                leader.start();
            }
            let (leader, other) = stage.roles();
            let since = leader.terminate();
            stage.follows(other, since, LET_GO, "then the leader stopped");
            stage.close();
        }
    });
}
