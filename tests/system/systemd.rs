//! The notifications that a service manager receives from a unit of `Type=notify`.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::{Duration, Instant};

use tests::{Node, clock, slot};

const SOON: Duration = Duration::from_secs(8);

/// The manager's end.
struct Manager(UnixDatagram);

impl Manager {
    fn at(address: &SocketAddr) -> Self {
        let socket = UnixDatagram::bind_addr(address).expect("it is bound");
        socket.set_read_timeout(Some(SOON)).expect("it can be");
        Self(socket)
    }

    /// Returns the next notification.
    fn hear(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).expect("a word within the time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// Returns the notifications up to this one.
    fn hear_until(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut words = Vec::new();
        while !words.last().is_some_and(|word: &String| wanted(word)) {
            words.push(self.hear());
        }
        words
    }
}

fn start(directory: &Path, socket: &str) -> Node {
    let locks = format!("local:{}", directory.display());
    let node = Node::example("clock").env("LEADER_LOCK", locks).env("NOTIFY_SOCKET", socket);
    node.env("WATCHDOG_USEC", "400000").start()
}

fn tells_all(name: &str, address: &SocketAddr) {
    let directory = tempfile::tempdir().expect("a directory");
    let manager = Manager::at(address);
    let node = start(directory.path(), name);
    assert_eq!(manager.hear(), "READY=1", "the first word");
    manager.hear_until(|word| word == "STATUS=leader of 1/1 key");
    let began = Instant::now();
    for _ in 0..5 {
        manager.hear_until(|word| word == "WATCHDOG=1");
    }
    // each 200 ms, half of what it asked for
    let took = began.elapsed();
    assert!((Duration::from_millis(600)..Duration::from_secs(3)).contains(&took), "{took:?}");
    node.terminate();
    manager.hear_until(|word| word == "STOPPING=1");
    // of the time that letting go may take, no more at once than 5 s
    assert_eq!(manager.hear(), "EXTEND_TIMEOUT_USEC=5000000");
    assert!(node.wait_exit(SOON).success());
}

#[test]
fn a_manager_hears_that_it_is_ready_whom_it_leads_that_it_lives_and_that_it_stops() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let address = SocketAddr::from_pathname(&path).expect("a short path");
    tells_all(&path.display().to_string(), &address);
}

#[test]
fn a_managers_socket_may_have_a_name_that_is_no_file() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    // the directory's name is nobody else's
    let name = format!("leader/{}", directory.path().display());
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    tells_all(&format!("@{name}"), &address);
}

#[test]
fn a_manager_is_asked_for_time_as_long_as_runs_drain_and_no_longer() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let manager = Manager::at(&SocketAddr::from_pathname(&path).expect("a short path"));
    let node = Node::example("blocking_job")
        .env("LEADER_LOCK", format!("local:{}", directory.path().display()))
        .env("NOTIFY_SOCKET", &path)
        .env("LEADER_JOB_BLOCKS_DRAIN", "3s")
        // it goes on in a thread of which the runtime knows nothing
        .env("HOW", "spawn_blocking")
        .start();
    node.wait_line(SOON, |line| line.text == "Blocks");
    node.terminate();
    manager.hear_until(|word| word == "STOPPING=1");
    node.wait_error_line(SOON, |line| line.text.contains("waiting for a blocking thread"));
    manager.0.set_nonblocking(true).expect("it can be");
    let word = || {
        let mut word = [0; 4096];
        let length = manager.0.recv(&mut word).ok()?;
        Some(String::from_utf8_lossy(&word[..length]).into_owned())
    };
    let asks = |word: &String| word.starts_with("EXTEND_TIMEOUT_USEC=");
    let asked = std::iter::from_fn(word).filter(asks).count();
    // at once, and each second of the three, as far as the machine is not busy
    assert!((2..=6).contains(&asked), "{asked}");
    assert!(node.wait_exit(SOON).success());
    assert!(manager.0.recv(&mut [0; 4096]).is_err(), "a word after the drain");
}

#[test]
fn a_standby_that_comes_to_lead_says_so_and_a_socket_that_is_none_is_told_and_no_more() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let leader = start(directory.path(), "/nowhere/notify");
    leader.wait_error_line(SOON, |line| line.text.contains("NOTIFY_SOCKET=`/nowhere/notify`"));
    leader.wait_error_line(SOON, clock::took_the_lead);
    let path = directory.path().join("notify");
    let manager = Manager::at(&SocketAddr::from_pathname(&path).expect("a short path"));
    let standby = start(directory.path(), &path.display().to_string());
    manager.hear_until(|word| word == "STATUS=leader of 0/1 key");
    leader.terminate();
    manager.hear_until(|word| word == "STATUS=leader of 1/1 key");
    standby.terminate();
    manager.hear_until(|word| word.starts_with("STOPPING=1"));
}
