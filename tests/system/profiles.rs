//! One program, promoted from stage to production: nothing but its settings is another.

use std::time::{Duration, Instant};

use tests::{Agent, Line, Node, NodeBuilder, clock, each_consul, one_consul};

const SOON: Duration = Duration::from_secs(8);

fn clock_of(profile: &str, agent: &Agent) -> NodeBuilder {
    Node::example("clock")
        .env("CONSUL_HTTP_ADDR", agent.addr())
        .env("LEADER_PROFILE", profile)
        .file("leader.toml", include_str!("../../examples/settings/leader.toml"))
        .file("leader.stage.toml", include_str!("../../examples/settings/leader.stage.toml"))
        .file("leader.prod.toml", include_str!("../../examples/settings/leader.prod.toml"))
}

/// A leader and a standby.
fn pair(profile: &str, agent: &Agent) -> (Node, Node) {
    let leader = clock_of(profile, agent).start();
    leader.wait_error_line(SOON, clock::took_the_lead);
    let standby = clock_of(profile, agent).start();
    standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
    (leader, standby)
}

/// Between the ticks of so many runs, by the time that the leader prints.
fn interval(leader: &Node, runs: u32) -> Duration {
    let tick = |since| leader.wait_line_after(since, SOON, clock::leads).at;
    let first = tick(Instant::now());
    (0..runs).fold(first, |last, _| tick(last)).duration_since(first) / runs
}

#[test]
fn two_profiles_of_one_program_on_one_consul_each_have_a_leader_and_a_schedule_of_their_own() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (stage, stage_standby) = pair("stage", &agent);
        let (prod, prod_standby) = pair("prod", &agent);
        for (node, profile, base) in [(&stage, "stage", 0), (&prod, "prod", 1_000_000)] {
            let read = format!(
                "settings: profile `{profile}`, leader.toml, leader.{profile}.toml, the environment"
            );
            node.wait_error_line(SOON, |line| line.text.contains(&read));
            let led = node.wait_error_line(SOON, clock::took_the_lead).text;
            assert!(led.contains(&format!("key=\"{profile}/service/clock\"")), "{led}");
            let fence = led.split_once("fence=").expect("it is told").1;
            let fence: u64 = fence.trim().parse().expect("a number");
            let lock = agent.api().get(&format!("{profile}/service/clock")).expect("it is held");
            assert_eq!(fence, base + lock.modify_index);
            assert!(lock.value.contains(&format!(r#""profile":"{profile}""#)), "{}", lock.value);
        }
        assert!(agent.api().get("service/clock").is_none());
        let [quick, slow] = [interval(&stage, 4), interval(&prod, 2)];
        println!("{}: stage each {quick:?}, prod each {slow:?}", consul.version());
        assert!(quick.abs_diff(Duration::from_secs(1)) < Duration::from_millis(200), "{quick:?}");
        assert!(slow.abs_diff(Duration::from_secs(2)) < Duration::from_millis(200), "{slow:?}");

        // the end of one is none of the other's business
        stage.terminate();
        stage_standby.wait_error_line(SOON, clock::took_the_lead);
        stage_standby.wait_line(SOON, clock::leads);
        assert!(stage.wait_exit(SOON).success());
        let lost = |node: &Node| node.errors().iter().any(clock::lost_the_lead);
        assert!(!lost(&prod) && prod_standby.lines().iter().all(clock::stands_by));
        for node in [&stage, &prod, &stage_standby, &prod_standby] {
            let warns = |line: &Line| line.text.contains(" WARN ");
            assert!(!node.errors().iter().any(warns), "{:?}", node.errors());
        }
    });
}

#[test]
fn a_prefix_that_was_forgotten_is_told_once() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let stage = clock_of("stage", &agent).start();
        stage.wait_error_line(SOON, clock::took_the_lead);
        let prod = clock_of("prod", &agent).env("LEADER_KEY_PREFIX", "stage/").start();
        let told = prod.wait_error_line(SOON, |line| line.text.contains(" WARN ")).text;
        for part in [
            "standing by for `clock` with the profile `stage`",
            "while this is `clock` with the profile `prod`",
            "LEADER_KEY_PREFIX",
            "key=\"stage/service/clock\"",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let mut said = Instant::now();
        for _ in 0..3 {
            said = prod.wait_line_after(said, SOON, clock::stands_by).at;
        }
        let warnings = prod.errors().iter().filter(|line| line.text.contains(" WARN ")).count();
        assert_eq!(warnings, 1);
    });
}

#[test]
fn a_job_is_switched_off_and_slowed_down_without_a_new_build() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let off = clock_of("stage", &agent).env("LEADER_JOB_CALL_TIME_ENABLED", "false").start();
        off.wait_error_line(SOON, |line| line.text.contains("is not enabled, and never runs"));
        let debug = clock_of("stage", &agent)
            .env("LEADER_JOB_CALL_TIME_EVERY", "500ms")
            .env("RUST_LOG", "debug")
            .start();
        // each setting with its place
        for part in [
            "name=\"lock.lease\" value=\"3s\" source=leader.toml:6:9",
            "name=\"lock.key_prefix\" value=\"stage/\" source=LEADER_PROFILE=`stage`",
            "name=\"lock.fence_base\" value=\"0\" source=default",
            "name=\"jobs.call_time.every\" value=\"500ms\" source=LEADER_JOB_CALL_TIME_EVERY",
            "name=\"jobs.call_time.timeout\" value=\"500ms\" source=leader.stage.toml:5:11",
        ] {
            debug.wait_error_line(SOON, |line| line.text.contains(part));
        }
        debug.wait_error_line(SOON, clock::took_the_lead);
        assert!(interval(&debug, 4) < Duration::from_millis(700));
        assert!(off.is_up() && off.lines().is_empty());
    });
}
