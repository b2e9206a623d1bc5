//! Variables that the surroundings of a process put into its environment: those of others are passed
//! over, and one that is read and cannot be is told. Neither stops a start.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use tests::{Line, Node, NodeBuilder, clock, slot};

const SOON: Duration = Duration::from_secs(8);

/// The kernel lets one variable have 128 KiB at the most.
const LONG: usize = 100_000;

fn alone(directory: &tempfile::TempDir) -> NodeBuilder {
    Node::example("clock").env("LEADER_LOCK", format!("local:{}", directory.path().display()))
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Values that no variable can have, each by its kind.
fn impossible() -> [(&'static str, OsString); 3] {
    let strange = OsString::from_vec(b"\xff".to_vec());
    [("not UTF-8", strange), ("spaces", "   ".into()), ("long", "=x".repeat(LONG / 2).into())]
}

#[test]
fn the_services_beside_it_keep_no_pod_from_its_start() {
    let _slot = slot();
    let locks = directory();
    let injected = [
        ("LEADER_PORT", "tcp://10.0.0.7:80"),
        ("LEADER_PORT_80_TCP", "tcp://10.0.0.7:80"),
        ("LEADER_PORT_80_TCP_ADDR", "10.0.0.7"),
        ("LEADER_PORT_80_TCP_PORT", "80"),
        ("LEADER_PORT_80_TCP_PROTO", "tcp"),
        ("LEADER_SERVICE_HOST", "10.0.0.7"),
        ("LEADER_SERVICE_PORT", "80"),
        ("LEADER_SERVICE_PORT_HTTP", "80"),
        ("LEADER_JOB_UI_SERVICE_HOST", "fd00::7"),
        ("CONSUL_SERVICE_HOST", "10.0.0.8"),
        ("CONSUL_PORT", "tcp://10.0.0.8:8500"),
        ("CONSUL_HTTP_PORT", "tcp://10.0.0.9:8500"),
    ];
    let node =
        injected.into_iter().fold(alone(&locks), |node, (name, value)| node.env(name, value));
    let node = node.env("RUST_LOG", "leader_runtime=debug").start();
    node.wait_error_line(SOON, clock::took_the_lead);
    let of_services = |line: &Line| line.text.contains("service links skipped");
    let told: Vec<Line> = node.errors().into_iter().filter(of_services).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].text.contains("DEBUG"), "{told:#?}");
    for (name, _) in injected {
        assert!(told[0].text.contains(name), "{name}: {told:#?}");
    }
    // and a slip of our own stops it all the same
    let node = alone(&directory()).env("LEADER_PORT", "8080").start();
    assert_eq!(node.wait_exit(SOON).code(), Some(1));
    node.wait_error_line(SOON, |line| line.text.contains("LEADER_PORT is unknown"));
}

#[test]
fn a_wish_for_the_log_that_cannot_be_read_is_told_and_the_log_goes_on() {
    let _slot = slot();
    for (what, wish) in impossible() {
        let locks = directory();
        let node = alone(&locks).env("RUST_LOG", wish).start();
        let told = node.wait_error_line(SOON, |line| line.text.contains("WARN"));
        assert!(told.text.contains("RUST_LOG=`"), "{what}: {}", told.text);
        assert!(told.text.ends_with("; logs from INFO on") && told.text.len() < 500, "{told:?}");
        node.wait_error_line(SOON, clock::took_the_lead);
    }
}

#[test]
fn what_the_service_manager_says_and_cannot_be_is_told_and_stops_nothing() {
    let _slot = slot();
    let sockets = directory();
    let socket = sockets.path().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("it is bound");
    for (what, value) in impossible() {
        let cases = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"].map(|name| {
            let locks = directory();
            let node = alone(&locks).env("NOTIFY_SOCKET", &socket).env(name, &value);
            (name, node.start(), locks)
        });
        for (name, node, _locks) in &cases {
            let told = node.wait_error_line(SOON, |line| line.text.contains("WARN"));
            assert!(told.text.contains(&format!("{name}=`")), "{what}: {}", told.text);
            assert!(told.text.len() < 500, "{what}: {}", told.text);
            node.wait_error_line(SOON, clock::took_the_lead);
        }
    }
    drop(manager);
}

#[test]
fn a_width_that_is_none_is_told_and_the_table_printed() {
    let _slot = slot();
    for (what, width) in impossible() {
        let node =
            Node::example("calendar_jobs").arg("jobs").arg("list").env("COLUMNS", width).start();
        assert!(node.wait_exit(SOON).success(), "{what}");
        let said: Vec<String> = node.errors().into_iter().map(|line| line.text).collect();
        assert!(said.len() == 1 && said[0].starts_with("COLUMNS=`"), "{what}: {said:#?}");
        assert!(said[0].len() < 500 && !node.lines().is_empty(), "{what}: {said:#?}");
    }
}

#[test]
fn a_home_that_is_no_absolute_path_is_told_since_processes_would_not_meet_there() {
    let _slot = slot();
    for name in ["XDG_STATE_HOME", "HOME"] {
        for (what, home) in impossible() {
            let node = Node::example("clock").env("LEADER_LOCK", "local").env(name, home).start();
            assert_eq!(node.wait_exit(SOON).code(), Some(1), "{name}, {what}");
            let said: Vec<String> = node.errors().into_iter().map(|line| line.text).collect();
            let told = said.iter().find(|line| line.contains(&format!("{name}=`")));
            let told = told.unwrap_or_else(|| panic!("{name}, {what}: {said:#?}"));
            assert!(told.contains("use `local:DIR`") && told.len() < 500, "{told}");
        }
    }
}
