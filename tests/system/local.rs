//! The clock on lock files: several processes on one machine, nothing installed.

use std::path::Path;
use std::time::{Duration, Instant};

use tests::{Node, clock, slot};

use crate::ticks::assert_one_leader_at_every_tick;

const SOON: Duration = Duration::from_secs(8);

fn clock_in(directory: &Path) -> Node {
    Node::example("clock").env("LEADER_LOCK", format!("local:{}", directory.display())).start()
}

#[test]
fn one_leads_and_the_other_stands_by_and_sigterm_hands_over_without_a_missed_tick() {
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    let leader = clock_in(locks.path());
    leader.wait_error_line(SOON, clock::took_the_lead);
    let standby = clock_in(locks.path());
    let mut said = Instant::now();
    for _ in 0..3 {
        said = standby.wait_line_after(said, SOON, clock::stands_by).at;
        leader.wait_line(SOON, clock::leads);
    }
    leader.terminate();
    assert!(leader.wait_exit(Duration::from_secs(1)).success());
    let next = standby.wait_line_after(said, SOON, |_| true);
    assert!(clock::leads(&next), "{next:?}");
    assert_one_leader_at_every_tick(&[&leader, &standby]);
    // nothing but what is worth knowing
    for node in [&leader, &standby] {
        let errors = node.errors();
        assert!(errors.iter().all(|line| line.text.contains(" INFO ")), "{errors:?}");
    }
}

#[test]
fn another_leads_within_100_ms_of_a_sigkill() {
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    let mut leader = clock_in(locks.path());
    leader.wait_error_line(SOON, clock::took_the_lead);
    for round in 1..=3 {
        let standby = clock_in(locks.path());
        standby.wait_line(SOON, clock::stands_by);
        let died = Instant::now();
        leader.kill();
        let led = standby.wait_error_line(SOON, clock::took_the_lead);
        println!("SIGKILL, then led after {:?}", led.at - died);
        assert!(led.at - died <= Duration::from_millis(100), "{:?}", led.at - died);
        assert!(led.text.contains(&format!("fence={}", round + 1)), "{}", led.text);
        leader = standby;
    }
}

#[test]
fn the_default_directory_is_the_users_own() {
    let _slot = slot();
    let home = tempfile::tempdir().unwrap();
    let node = Node::example("clock")
        .env("LEADER_LOCK", "local")
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", "")
        .start();
    node.wait_error_line(SOON, clock::took_the_lead);
    let file = home.path().join(".local/state/leader-runtime/locks/service+clock.lock");
    let value = std::fs::read_to_string(&file).unwrap();
    assert!(value.contains(&format!("\"pid\":{}", node.pid())), "{value}");
}

#[test]
fn a_wish_for_the_log_that_cannot_be_read_is_told_and_logs_are_from_info_on() {
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    let local = format!("local:{}", locks.path().display());
    let node = Node::example("clock").env("LEADER_LOCK", local).env("RUST_LOG", "clock=loud");
    let node = node.start();
    node.wait_error_line(SOON, clock::took_the_lead);
    let told = &node.errors()[0].text;
    assert!(told.contains("WARN") && told.contains("RUST_LOG=`clock=loud`: "), "{told}");
}
