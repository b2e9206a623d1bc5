//! The clock under everything that operators and agents do to a lock, on one agent.

use std::time::{Duration, Instant};

use tests::{Agent, Api, Line, Node, Proxy, Way, clock, each_consul, wait_until};

const SOON: Duration = Duration::from_secs(8);
const KEY: &str = "service/clock";
const LEASE: Duration = Duration::from_secs(2);
const LOCK_DELAY: Duration = Duration::from_millis(1_750);

fn clock_at(addr: &str) -> Node {
    Node::example("clock").env("CONSUL_HTTP_ADDR", addr).env("LEADER_LEASE", "2s").start()
}

fn leader_at(addr: &str) -> Node {
    let node = clock_at(addr);
    node.wait_error_line(SOON, clock::took_the_lead);
    node
}

fn holder(api: &Api) -> Option<String> {
    api.get(KEY)?.session
}

/// The line on stderr by which a node says so, after this instant.
fn said(node: &Node, since: Instant, text: &str) -> Line {
    node.wait_error_line(SOON, |line| line.at > since && line.text.contains(text))
}

#[test]
fn a_session_that_is_destroyed_by_hand_ends_the_lead_and_another_waits_the_lock_delay() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let nodes = [leader_at(&agent.addr()), clock_at(&agent.addr())];
        nodes[1].wait_line(SOON, clock::stands_by);

        let destroyed = Instant::now();
        agent.api().destroy_session(&holder(&agent.api()).expect("it is led"));
        let lost = said(&nodes[0], destroyed, "leadership lost").at - destroyed;
        wait_until("it is led again", SOON, || holder(&agent.api()).is_some());
        let led = destroyed.elapsed();
        println!("{}: lost after {lost:?}, led again after {led:?}", consul.version());
        assert!(lost < Duration::from_millis(300), "{lost:?}");
        assert!((LOCK_DELAY..LEASE + Duration::from_millis(200)).contains(&led), "{led:?}");
    });
}

#[test]
fn a_key_that_is_freed_deleted_or_written_over_by_hand_is_led_again_under_a_new_fence() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        let node = leader_at(&agent.addr());
        let by_hand: [(&str, &dyn Fn()); 3] = [
            ("freed", &|| assert!(api.release(KEY, &holder(&api).expect("it is led")))),
            ("deleted", &|| api.delete(KEY)),
            ("written over", &|| api.put(KEY, "mine")),
        ];
        let mut fence = 0;
        for (what, act) in by_hand {
            let acted = Instant::now();
            act();
            said(&node, acted, "leadership lost: the key was taken, freed or written over");
            let led = said(&node, acted, " leadership acquired key=");
            println!("{}: {what}, led again after {:?}", consul.version(), led.at - acted);
            assert!(led.at - acted < Duration::from_millis(500));
            let lock = api.get(KEY).expect("it is led");
            assert!(led.text.ends_with(&format!("fence={}", lock.modify_index)), "{}", led.text);
            assert!(lock.modify_index > fence);
            fence = lock.modify_index;
        }
    });
}

#[test]
fn an_agent_that_is_frozen_for_a_while_costs_nothing_and_past_the_deadline_a_pause() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        // at the default lease, which rides out 4.2 s
        let node = Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr()).start();
        let led = node.wait_error_line(SOON, clock::took_the_lead);
        node.wait_line(SOON, clock::leads);
        agent.freeze();
        let frozen = Instant::now();
        let next = node.wait_line_after(frozen, SOON, |_| true);
        assert!(clock::leads(&next), "{next:?}");
        agent.thaw();
        let next = node.wait_line_after(next.at, SOON, |_| true);
        assert!(clock::leads(&next), "{next:?}");
        assert!(!node.errors().iter().any(clock::lost_the_lead));

        agent.freeze();
        let frozen = Instant::now();
        said(&node, frozen, "leadership lost: no heartbeat was confirmed before the deadline");
        node.wait_line_after(frozen, SOON, clock::stands_by);
        let thawed = Instant::now();
        agent.thaw();
        let again = said(&node, thawed, "leadership resumed in the same term");
        println!("{}: leads again {:?} after the thaw", consul.version(), again.at - thawed);
        let fence = |line: &Line| line.text.split_once("fence=").map(|(_, f)| f.to_owned());
        assert_eq!(fence(&again), fence(&led));
        node.wait_line_after(again.at, SOON, clock::leads);
    });
}

#[test]
fn a_lock_of_another_tool_is_respected_and_led_when_it_is_released() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        let theirs = api.create_session(r#"{"LockDelay":"0s"}"#);
        assert!(api.acquire(KEY, &theirs, "theirs"));
        let node = clock_at(&agent.addr());
        let mut said = Instant::now();
        for _ in 0..2 {
            // three leases and more
            said = node.wait_line_after(said, SOON, |_| true).at;
        }
        assert!(node.lines().iter().all(clock::stands_by));
        assert_eq!(holder(&api), Some(theirs.clone()));

        let released = Instant::now();
        assert!(api.release(KEY, &theirs));
        let led = node.wait_error_line(SOON, clock::took_the_lead).at - released;
        println!("{}: released by another tool, led after {led:?}", consul.version());
        assert!(led < Duration::from_millis(100), "{led:?}");
        assert!(!api.acquire(KEY, &theirs, "theirs"));
    });
}

#[test]
fn a_semaphore_of_another_tool_is_told_and_left_alone() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        let semaphore = 0xe0f6_9a2b_aa41_4de0_u64;
        let path = format!("/v1/kv/{KEY}?flags={semaphore}");
        assert_eq!(api.request("PUT", &path, "{}").body.trim(), "true");
        let node = clock_at(&agent.addr());
        node.wait_error_line(SOON, |line| line.text.contains("another tool's semaphore"));
        node.wait_line(SOON, clock::stands_by);
        assert_eq!(holder(&api), None);
        api.delete(KEY);
        node.wait_error_line(SOON, clock::took_the_lead);
    });
}

#[test]
fn a_node_that_hears_nothing_or_is_not_heard_stops_believing_before_another_leads() {
    each_consul(|consul| {
        for way in [Way::ToServer, Way::ToClient] {
            let agent = Agent::dev(consul).start();
            let proxy = Proxy::to(&agent.addr());
            let leader = leader_at(&proxy.addr());
            let standby = clock_at(&agent.addr());
            standby.wait_line(SOON, clock::stands_by);
            let cut = Instant::now();
            proxy.drop_bytes(way);
            let stopped = said(&leader, cut, "leadership lost").at;
            let led = standby.wait_error_line(SOON, clock::took_the_lead).at;
            println!(
                "{}: {way:?} cut off, stopped after {:?}, led after {:?}",
                consul.version(),
                stopped - cut,
                led - cut
            );
            assert!(stopped < led);
            // one more beat is heard where only the answers are lost
            assert!(led - cut < LEASE + LEASE / 8 + Duration::from_millis(50), "{:?}", led - cut);
            proxy.heal();
            let healed = Instant::now();
            said(&leader, stopped, "answers");
            leader.wait_line_after(healed, SOON, clock::stands_by);
        }
    });
}
