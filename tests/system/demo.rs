//! The clock on a real Consul: one leads, the others stand by, whatever becomes of the leader.

use std::time::{Duration, Instant};

use tests::{Agent, Line, Node, NodeBuilder, clock, each_consul, wait_until};

use crate::ticks::{EVERY, assert_one_leader_at_every_tick};

/// Two ticks and some.
const SOON: Duration = Duration::from_secs(8);

fn clock_on(agent: &Agent) -> NodeBuilder {
    Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr())
}

/// A leader and a standby, told apart by what they said first.
fn leader_and_standby(start: impl Fn() -> Node) -> (Node, Node) {
    let leader = start();
    leader.wait_error_line(SOON, clock::took_the_lead);
    let standby = start();
    standby.wait_line(SOON, clock::stands_by);
    leader.wait_line(SOON, clock::leads);
    (leader, standby)
}

#[test]
fn one_leads_and_the_other_stands_by_for_30_s_and_sigterm_hands_over_without_a_missed_tick() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (leader, standby) = leader_and_standby(|| clock_on(&agent).start());
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(30) {
            leader.wait_line_after(Instant::now(), SOON, |_| true);
        }
        assert!(leader.lines().iter().all(clock::leads), "{:?}", leader.lines());
        assert!(standby.lines().iter().all(clock::stands_by), "{:?}", standby.lines());
        // said once, by whom it is led
        let led_by = "standing by key=\"service/clock\" leader_node=\"";
        let said: Vec<Line> =
            standby.errors().into_iter().filter(|line| line.text.contains(led_by)).collect();
        assert!(
            matches!(said.as_slice(), [line] if line.text.ends_with(&format!("pid={}", leader.pid()))),
            "{said:?}"
        );
        let last = standby.wait_line_after(Instant::now(), SOON, |_| true);

        let told = Instant::now();
        leader.terminate();
        let led = standby.wait_error_line(SOON, clock::took_the_lead);
        assert!(leader.wait_exit(Duration::from_secs(1)).success());
        println!("{}: SIGTERM, then led after {:?}", consul.version(), led.at - told);
        assert!(led.at - told < Duration::from_millis(500), "{:?}", led.at - told);
        let next = standby.wait_line_after(last.at, SOON, |_| true);
        assert!(clock::leads(&next), "{next:?}");
        standby.wait_line_after(next.at, SOON, |_| true);
        assert_one_leader_at_every_tick(&[&leader, &standby]);
    });
}

#[test]
fn a_leader_that_leaves_frees_its_key_and_leaves_nothing_behind() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let node = clock_on(&agent)
            .env("LEADER_KEY_PREFIX", "stage/")
            .env("LEADER_NODE", "one")
            .env("LEADER_LEASE", "2s")
            .start();
        node.wait_error_line(SOON, clock::took_the_lead);
        let api = agent.api();
        let lock = api.get("stage/service/clock").expect("the lock is held");
        for part in [r#""node":"one""#, r#""service":"clock""#, r#""since":"2"#, "pid"] {
            assert!(lock.value.contains(part), "{}", lock.value);
        }
        // the flags by which the official clients know a lock
        assert_eq!(lock.flags, 0x2ddc_cbc0_58a5_0c18);
        let sessions = api.sessions();
        assert_eq!(lock.session.as_deref(), Some(sessions[0].id.as_str()));
        assert_eq!(sessions.len(), 1);
        assert_eq!(sessions[0].ttl, "15000ms");
        assert_eq!(sessions[0].lock_delay, Duration::from_millis(1_750));
        let beats = api.list(".leader/stage/beats/");
        assert_eq!(beats.len(), 1);
        assert_eq!(beats[0].session, lock.session);
        let beat = beats[0].modify_index;
        wait_until("it beats", SOON, || api.list(".leader/stage/beats/")[0].modify_index > beat);

        node.terminate();
        assert!(node.wait_exit(Duration::from_secs(1)).success());
        let freed = api.get("stage/service/clock").expect("a released key is not deleted");
        assert_eq!(freed.session, None);
        assert_eq!(api.sessions(), []);
        assert_eq!(api.list(".leader/"), []);
    });
}

#[test]
fn whatever_kills_the_leader_another_leads_within_the_lease() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        for lease in ["1s", "2s", "3s"] {
            let length: u64 = lease.trim_end_matches('s').parse().unwrap();
            let start = || clock_on(&agent).env("LEADER_LEASE", lease).start();
            let leader = start();
            leader.wait_error_line(SOON, clock::took_the_lead);
            let standby = start();
            standby.wait_line(SOON, clock::stands_by);
            let died = Instant::now();
            leader.kill();
            let led = standby.wait_error_line(SOON, clock::took_the_lead).at - died;
            println!("{}: lease {lease}: SIGKILL, then led after {led:?}", consul.version());
            assert!(led <= Duration::from_millis(1_000 * length + 50), "{led:?}");
            standby.terminate();
            standby.wait_exit(Duration::from_secs(1));
        }
    });
}

#[test]
fn a_leader_that_was_frozen_past_its_lease_says_not_one_more_it_is() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (leader, standby) =
            leader_and_standby(|| clock_on(&agent).env("LEADER_LEASE", "2s").start());
        leader.freeze();
        let frozen = Instant::now();
        let led = standby.wait_error_line(SOON, clock::took_the_lead).at - frozen;
        assert!(led <= Duration::from_millis(2_050), "{led:?}");
        let first = standby.wait_line_after(frozen, SOON, clock::leads);
        // a second one, so that the frozen one has a tick behind it that it never ran
        standby.wait_line_after(first.at, SOON, clock::leads);

        let thawed = Instant::now();
        leader.thaw();
        leader.wait_error_line(SOON, clock::lost_the_lead);
        let mut said = thawed;
        for _ in 0..3 {
            said = leader.wait_line_after(said, EVERY + SOON, |_| true).at;
        }
        let after = leader.lines_after(thawed);
        assert!(after.iter().all(clock::stands_by), "{after:?}");
        assert!(standby.lines_after(first.at).iter().all(clock::leads));
    });
}
