//! A process that was told to stop ends in bounded time, whatever blocks.

use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::{Agent, Node, NodeBuilder, clock, one_consul, slot};

const SOON: Duration = Duration::from_secs(8);

/// The drain of the job in `blocking_job`.
const DRAIN: Duration = Duration::from_secs(1);

fn blocking_job(directory: &Path, how: &str, place: &str) -> NodeBuilder {
    let locks = format!("local:{}", directory.display());
    let node = Node::example("blocking_job").env("HOW", how).env("PLACE", place);
    node.env("LEADER_LOCK", locks).open_stdin()
}

/// One way to block, and the number of signals.
struct Case {
    how: &'static str,
    place: &'static str,
    signals: usize,
    /// The log line that names the obstacle.
    said: &'static str,
    /// Maximum time from the last signal to that line; checked for one and two signals.
    said_within: Duration,
    /// Maximum time from the last signal to the end of the process.
    within: Duration,
    code: i32,
}

impl Case {
    /// Plays the case, and returns a line for a table.
    fn play(&self) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        let node = blocking_job(directory.path(), self.how, self.place).start();
        node.wait_line(SOON, |line| line.text == "Blocks");
        let first = Instant::now();
        node.terminate();
        let mut last = first;
        for signal in 1..self.signals {
            // the effect of the previous signal has begun
            let heard = if signal == 1 { "shutting down: " } else { self.said };
            node.wait_error_line(SOON, |line| line.text.contains(heard));
            last = Instant::now();
            node.signal(Signal::INT);
        }
        let told = if self.signals < 3 {
            let line = node.wait_error_line(self.said_within, |line| line.text.contains(self.said));
            line.at - if self.signals == 1 { first } else { last }
        } else {
            Duration::ZERO
        };
        let status = node.wait_exit(self.within);
        let took = last.elapsed();
        assert_eq!(status.code(), Some(self.code), "{self}: {}", describe(status));
        assert!(took <= self.within, "{self}: {took:?}");
        assert!(told <= self.said_within, "{self}: said after {told:?}");
        let said =
            if self.signals < 3 { format!("said after {told:.1?}, ") } else { String::new() };
        format!("{self}: {said}ended after {took:.1?} with {}", self.code)
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { how, place, signals, .. } = self;
        write!(f, "{how} {place} × {signals}")
    }
}

fn describe(status: ExitStatus) -> String {
    format!("code {:?}, signal {:?}", status.code(), status.signal())
}

fn play_all(cases: Vec<Case>) {
    let _slot = slot();
    thread::scope(|scope| {
        let all: Vec<_> = cases.iter().map(|case| scope.spawn(|| case.play())).collect();
        for one in all {
            println!("{}", one.join().expect("it held"));
        }
    });
}

/// Ways to block a thread that the runtime does not wait for: the keys are released after the drain.
const FREE: [&str; 2] = ["spawn_blocking", "stdin"];

/// Ways to block that keep the run from its end, and so its key.
const HELD: [&str; 2] = ["sleep", "block"];

#[test]
fn whatever_blocks_the_process_ends_after_one_signal_and_says_within_a_second_what_it_waits_for() {
    let case = |place, how| {
        let free = FREE.contains(&how);
        Case {
            how,
            place,
            signals: 1,
            said: if free { "waiting for a blocking thread" } else { "still busy: `blocks`, wh" },
            said_within: DRAIN + Duration::from_secs(1),
            // a run that holds its key is given up 15 s after the signal
            within: if free { DRAIN } else { Duration::from_secs(15) } + Duration::from_secs(7),
            code: if free { 0 } else { 130 },
        }
    };
    let ways = FREE.into_iter().chain(HELD);
    let mut all: Vec<_> =
        ways.flat_map(|how| ["run", "main"].map(|place| case(place, how))).collect();
    // its `run` is not polled any more: the watcher begins the drain after a second
    all.push(Case {
        said_within: DRAIN + Duration::from_secs(2),
        within: Duration::from_secs(1 + 15 + 32),
        ..case("one thread", "sleep")
    });
    all.push(Case {
        said: "waiting for the service's own code",
        within: DRAIN + Duration::from_secs(32),
        code: 130,
        ..case("then", "nothing")
    });
    play_all(all);
}

#[test]
fn a_second_signal_cancels_what_goes_on() {
    let case = |place, how| Case {
        how,
        place,
        signals: 2,
        said: if FREE.contains(&how) { "waiting for a blocking thread" } else { "`blocks`" },
        said_within: Duration::from_secs(1),
        within: Duration::from_secs(8),
        code: if FREE.contains(&how) { 0 } else { 130 },
    };
    let ways = FREE.into_iter().chain(HELD);
    play_all(ways.flat_map(|how| ["run", "main"].map(|place| case(place, how))).collect());
}

#[test]
fn a_third_signal_ends_the_process_at_once_also_after_run_has_come_back() {
    let case = |place, how| Case {
        how,
        place,
        signals: 3,
        said: if FREE.contains(&how) { "waiting for a blocking thread" } else { "`blocks`" },
        said_within: SOON,
        within: Duration::from_secs(1),
        code: 130,
    };
    let ways = FREE.into_iter().chain(HELD);
    let mut all: Vec<_> =
        ways.flat_map(|how| ["run", "main"].map(|place| case(place, how))).collect();
    all.push(Case { said: "waiting for the service's own code", ..case("then", "nothing") });
    play_all(all);
}

#[test]
fn a_process_whose_run_has_failed_and_that_goes_on_hears_signals_all_the_same() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let node = blocking_job(directory.path(), "nothing", "again").start();
    node.wait_line(SOON, |line| line.text == "Goes on: true");
    node.terminate();
    node.wait_error_line(SOON, |line| line.text.contains("waiting for the service's own code"));
    node.terminate();
    // two different signals are not merged
    node.signal(Signal::INT);
    assert_eq!(node.wait_exit(Duration::from_secs(1)).code(), Some(130));
}

#[test]
fn a_process_whose_run_has_failed_and_whose_main_has_returned_ends_soon_after_one_signal_with_1() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let node = blocking_job(directory.path(), "nothing", "failed").start();
    node.wait_line(SOON, |line| line.text == "Fails");
    let signalled = Instant::now();
    node.terminate();
    node.wait_error_line(SOON, |line| line.text.contains("waiting for a blocking thread"));
    assert_eq!(node.wait_exit(Duration::from_secs(12)).code(), Some(1));
    println!("ended {:.1?} after the signal", signalled.elapsed());
}

#[test]
fn an_error_of_run_after_the_first_signal_is_an_exit_code_of_1() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let node = blocking_job(directory.path(), "nothing", "fails after").start();
    node.wait_line(SOON, |line| line.text == "Blocks");
    node.terminate();
    node.wait_line(SOON, |line| line.text == "Fails");
    assert_eq!(node.wait_exit(Duration::from_secs(12)).code(), Some(1));
}

#[test]
fn a_log_that_blocks_and_a_manager_that_is_gone_keep_no_blocked_process_from_its_end() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    let node = blocking_job(directory.path(), "stderr", "one thread")
        .env("NOTIFY_SOCKET", &path)
        .env("RUST_LOG", "debug")
        .start();
    node.wait_line(SOON, |line| line.text == "Blocks");
    drop(manager);
    let signalled = Instant::now();
    node.terminate();
    // a second, the drain and its slack, and the time for the service's own code
    let status = node.wait_exit(Duration::from_secs(1 + 15 + 5 + 35));
    assert_eq!(status.code(), Some(130), "{}", describe(status));
    println!("ended {:.1?} after the signal", signalled.elapsed());
}

#[test]
fn a_log_that_blocks_keeps_no_process_from_the_end_that_three_signals_are() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let node = blocking_job(directory.path(), "stderr", "run").start();
    node.wait_line(SOON, |line| line.text == "Blocks");
    let began = Instant::now();
    // signals in quick succession may be merged
    while node.is_up() && began.elapsed() < SOON {
        node.terminate();
        thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(node.wait_exit(Duration::ZERO).code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_service_with_a_stop_of_its_own_waits_no_longer_than_it_says() {
    let _slot = slot();
    for how in FREE {
        let directory = tempfile::tempdir().expect("a directory");
        let node = blocking_job(directory.path(), how, "until").start();
        node.wait_line(SOON, |line| line.text == "Blocks");
        let told = Instant::now();
        node.terminate();
        assert!(node.wait_exit(SOON).success());
        let took = told.elapsed();
        assert!(took < DRAIN + Duration::from_secs(2), "{took:?}");
        assert!(node.lines().iter().any(|line| line.text == "Ends"));
    }
}

#[test]
fn another_leads_when_a_job_keeps_every_thread_from_hearing_that_the_process_is_to_stop() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let node = |how| {
            let node = Node::example("blocking_job").env("HOW", how).env("PLACE", "one thread");
            node.env("CONSUL_HTTP_ADDR", agent.addr()).env("LEADER_LEASE", "2s").start()
        };
        let blocked = node("sleep");
        blocked.wait_line(SOON, |line| line.text == "Blocks");
        let standby = node("nothing");
        standby.wait_error_line(SOON, |line| line.text.contains("standing by"));
        let told = Instant::now();
        blocked.terminate();
        let led = standby.wait_error_line(Duration::from_secs(30), clock::took_the_lead);
        // a second, the drain with what Consul has to answer in, and the lease
        let took = led.at - told;
        assert!(took < Duration::from_secs(1 + 15 + 3), "{took:?}");
        println!("{}: another led {took:.1?} after the signal", consul.version());
    });
}
