//! A Consul that answers late costs no leadership, as long as an answer can still extend trust; and
//! it is told which lease it bears.

use std::thread;
use std::time::{Duration, Instant};

use tests::{Agent, Line, Node, NodeBuilder, Proxy, Way, clock, each_consul, one_consul};

const SOON: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_secs(2);

/// Four leases.
const WHILE: Duration = Duration::from_secs(8);

/// The clock behind this proxy, on a key of its own.
fn clock_behind(proxy: &Proxy, prefix: &str) -> NodeBuilder {
    Node::example("clock")
        .env("CONSUL_HTTP_ADDR", proxy.addr())
        .env("LEADER_KEY_PREFIX", prefix)
        .env("LEADER_LEASE", format!("{}s", LEASE.as_secs()))
}

fn is_warning(line: &Line) -> bool {
    line.text.contains(" WARN ")
}

fn tells_the_lease(line: &Line) -> bool {
    is_warning(line) && line.text.contains("which is late for a lease of 2s")
}

/// A clock that leads, all of whose answers are late by so many hundredths of the lease.
fn led(agent: &Agent, hundredths: u32) -> (Proxy, Node) {
    let proxy = Proxy::to(&agent.addr());
    proxy.delay(Way::ToClient, LEASE / 100 * hundredths);
    let node = clock_behind(&proxy, &format!("late{hundredths}/")).start();
    node.wait_error_line(SOON, clock::took_the_lead);
    (proxy, node)
}

#[test]
fn answers_that_are_late_cost_no_leadership_and_no_warning_before_they_are_dangerous() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        thread::scope(|scope| {
            for hundredths in [0, 13, 20, 30] {
                let agent = &agent;
                scope.spawn(move || {
                    let (_proxy, node) = led(agent, hundredths);
                    let began = Instant::now();
                    node.wait_line_after(began + WHILE, SOON, |_| true);
                    let told: Vec<Line> = node.errors().into_iter().filter(is_warning).collect();
                    assert!(told.is_empty(), "{hundredths} hundredths late: {told:#?}");
                    assert!(node.lines_after(began).iter().all(clock::leads));
                });
            }
        });
    });
}

#[test]
fn a_consul_that_is_dangerously_slow_is_told_once_with_the_lease_that_it_bears() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        thread::scope(|scope| {
            for (hundredths, lease) in [(45, "LEADER_LEASE=4s"), (60, "LEADER_LEASE=5s")] {
                let agent = &agent;
                scope.spawn(move || {
                    let (proxy, node) = led(agent, hundredths);
                    let began = Instant::now();
                    node.wait_error_line(SOON, tells_the_lease);
                    node.wait_line_after(began + WHILE, SOON, |_| true);
                    let errors = node.errors();
                    let told: Vec<&Line> = errors.iter().filter(|line| is_warning(line)).collect();
                    let [told] = told[..] else { panic!("{hundredths} late: {told:#?}") };
                    assert!(told.text.contains(lease), "{}", told.text);
                    assert!(node.lines_after(began).iter().all(clock::leads));

                    proxy.heal();
                    node.wait_error_line(SOON, |line| line.text.contains("answers in time again"));
                });
            }
        });
    });
}

#[test]
fn jobs_check_says_which_lease_a_slow_consul_bears() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        for (late, is_told) in [(Duration::ZERO, false), (LEASE / 2, true)] {
            proxy.delay(Way::ToClient, late);
            let check = clock_behind(&proxy, "late/").arg("jobs").arg("check").start();
            assert_eq!(check.wait_exit(SOON).success(), !is_told, "{late:?} late");
            let told = check.errors().iter().any(|line| line.text.contains("LEADER_LEASE=4s"));
            assert_eq!(told, is_told, "{late:?} late");
        }
    });
}

#[test]
fn answers_that_are_lost_with_their_connections_cost_no_leadership() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (proxy, node) = led(&agent, 5);
        proxy.lose(Way::ToClient, 10);
        let began = Instant::now();
        node.wait_line_after(began + WHILE * 2, SOON, |_| true);
        let lost: Vec<Line> = node.errors().into_iter().filter(clock::lost_the_lead).collect();
        assert!(lost.is_empty(), "{lost:#?}");
        assert!(node.lines_after(began).iter().all(clock::leads));
    });
}

/// The answer that shows the last beat is late, and so is the one that grants the key.
#[test]
fn another_leads_within_the_lease_and_two_late_answers_of_a_death() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let late = LEASE * 3 / 10;
        let [(_leaders, leader), (_others, standby)] = [0, 1].map(|number| {
            let proxy = Proxy::to(&agent.addr());
            proxy.delay(Way::ToClient, late);
            let node = clock_behind(&proxy, "late/").start();
            let stands = |line: &Line| {
                if number == 0 {
                    clock::took_the_lead(line)
                } else {
                    line.text.contains("standing by")
                }
            };
            node.wait_error_line(SOON, stands);
            (proxy, node)
        });
        // its beat has been seen to move
        standby.wait_line_after(Instant::now() + LEASE, SOON, clock::stands_by);
        let killed = Instant::now();
        leader.kill();
        let led = standby.wait_error_line(SOON, clock::took_the_lead).at - killed;
        println!("{}: answers late by {late:?}, led after {led:?}", consul.version());
        assert!(led <= LEASE + late * 2 + Duration::from_millis(100), "{led:?}");
    });
}

#[test]
fn a_leader_that_is_stopped_hands_over_as_late_as_its_answers_are() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let late = LEASE * 3 / 10;
        let proxies = [(); 2].map(|()| Proxy::to(&agent.addr()));
        let start = |proxy: &Proxy| clock_behind(proxy, "late/").start();
        for proxy in &proxies {
            proxy.delay(Way::ToClient, late);
        }
        let leader = start(&proxies[0]);
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = start(&proxies[1]);
        standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
        let told = Instant::now();
        leader.terminate();
        let led = standby.wait_error_line(SOON, clock::took_the_lead).at - told;
        assert!(leader.wait_exit(SOON).success());
        println!("{}: answers late by {late:?}, handed over after {led:?}", consul.version());
        // the watch's answer, and the acquisition's
        assert!(led <= late * 2 + Duration::from_millis(300), "{led:?}");
        let held = agent.api().sessions();
        assert_eq!(held.len(), 1, "the leader's session was destroyed: {held:?}");
    });
}
