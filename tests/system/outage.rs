//! The clock without its Consul: told once and clearly, and taken up again by itself.

use std::time::{Duration, Instant};

use tests::{Agent, Line, Node, NodeBuilder, Proxy, Way, clock, each_consul, one_consul, slot};

const SOON: Duration = Duration::from_secs(8);
const BACK: Duration = Duration::from_secs(10);

fn clock_at(addr: &str) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", addr)
}

fn warnings(node: &Node) -> Vec<Line> {
    node.errors().into_iter().filter(|line| line.text.contains(" WARN ")).collect()
}

#[test]
fn a_consul_that_is_absent_or_stops_is_told_once_and_its_return_is_taken_up() {
    each_consul(|consul| {
        let agent = Agent::dev(consul);
        let addr = agent.addr();
        let node = clock_at(&addr).start();
        let mut said = Instant::now();
        for _ in 0..2 {
            said = node.wait_line_after(said, SOON, clock::stands_by).at;
        }
        let told = warnings(&node);
        assert_eq!(told.len(), 1, "{told:?}");
        for part in [
            &format!("Consul at http://{addr}"),
            "Connection refused",
            "`consul agent -dev`",
            "CONSUL_HTTP_ADDR",
            "LEADER_LOCK=local",
            "; retrying",
        ] {
            assert!(told[0].text.contains(part), "{part}: {}", told[0].text);
        }

        let agent = agent.start();
        let serving = Instant::now();
        let led = node.wait_line_after(serving, BACK, clock::leads);
        println!("{}: led {:?} after Consul came", consul.version(), led.at - serving);

        // stopped for two ticks, and restarted with nothing in its memory
        for restarted in 1..=2 {
            agent.stop();
            let mut said = Instant::now();
            for _ in 0..3 {
                said = node.wait_line_after(said, SOON, |_| true).at;
            }
            assert!(clock::stands_by(node.lines().last().expect("it said three lines")));
            agent.start_again();
            let serving = Instant::now();
            let led = node.wait_line_after(serving, BACK, clock::leads);
            println!("{}: led {:?} after restart {restarted}", consul.version(), led.at - serving);
        }
        assert!(node.is_up());
    });
}

#[test]
fn an_absent_consul_is_asked_for_without_a_spin() {
    let _slot = slot();
    let nowhere = Proxy::to("127.0.0.1:9");
    let node = clock_at(&nowhere.addr()).start();
    let mut said = Instant::now();
    for _ in 0..4 {
        said = node.wait_line_after(said, SOON, clock::stands_by).at;
    }
    let (asked, seconds) = (nowhere.connections_total(), node.started().elapsed().as_secs());
    println!("{asked} connections in {seconds} s");
    // doubling from a quarter of a second to two seconds; a reset connection is tried once again
    assert!((3..=2 * seconds + 8).contains(&asked), "{asked} in {seconds} s");
}

#[test]
fn sigterm_ends_the_process_within_a_second_consul_or_not() {
    one_consul(|consul| {
        let agent = Agent::dev(consul);
        let ends_quickly = |node: &Node, with: &str| {
            node.terminate();
            let told = Instant::now();
            assert!(node.wait_exit(Duration::from_secs(1)).success(), "{with}");
            println!("with {with}: ended after {:?}", told.elapsed());
        };

        let node = clock_at(&agent.addr()).start();
        node.wait_error_line(SOON, |line| line.text.contains("does not answer"));
        ends_quickly(&node, "no Consul");

        let agent = agent.start();
        let leader = clock_at(&agent.addr()).start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = clock_at(&agent.addr()).start();
        standby.wait_line(SOON, clock::stands_by);
        ends_quickly(&standby, "a leader elsewhere");
        ends_quickly(&leader, "the lead");

        let proxy = Proxy::to(&agent.addr());
        let node = clock_at(&proxy.addr()).start();
        node.wait_error_line(SOON, clock::took_the_lead);
        proxy.drop_bytes(Way::Both);
        ends_quickly(&node, "a Consul that answers nothing");
    });
}

#[test]
fn a_leader_that_is_cut_off_stops_before_another_leads_and_comes_back_as_a_standby() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        let leader = clock_at(&proxy.addr()).env("LEADER_LEASE", "2s").start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = clock_at(&agent.addr()).env("LEADER_LEASE", "2s").start();
        standby.wait_line(SOON, clock::stands_by);

        let cut = Instant::now();
        proxy.drop_bytes(Way::Both);
        let stopped = leader.wait_error_line(SOON, clock::lost_the_lead);
        let led = standby.wait_error_line(SOON, clock::took_the_lead);
        println!(
            "{}: cut off, stopped believing after {:?}, other led after {:?}",
            consul.version(),
            stopped.at - cut,
            led.at - cut
        );
        assert!(stopped.at < led.at);
        assert!(led.at - cut <= Duration::from_millis(2_050), "{:?}", led.at - cut);

        proxy.heal();
        leader.wait_error_line(SOON, |line| line.text.contains("answers"));
        let mut said = Instant::now();
        for _ in 0..2 {
            said = leader.wait_line_after(said, SOON, clock::stands_by).at;
        }
        assert!(standby.lines_after(led.at).iter().all(clock::leads));
    });
}
