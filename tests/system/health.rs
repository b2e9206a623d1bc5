//! The answers to probes and scrapers, of processes that lead, stand by, or are cut off, frozen or
//! blocked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use leader_runtime::metrics::{ALL, Kind};
use tests::{Agent, Node, NodeBuilder, clock, each_consul, one_consul, promlint, slot, wait_until};
use ureq::Agent as Client;

const SOON: Duration = Duration::from_secs(8);

fn clock_on(agent: &Agent) -> NodeBuilder {
    let node = Node::example("clock").env("CONSUL_HTTP_ADDR", agent.addr());
    node.env("LEADER_LEASE", "2s").env("LEADER_HEALTH", "0")
}

fn in_directory(example: &str, directory: &Path) -> NodeBuilder {
    let locks = format!("local:{}", directory.display());
    Node::example(example).env("LEADER_LOCK", locks).env("LEADER_HEALTH", "0")
}

/// The address of a node's health endpoint, such as `127.0.0.1:1234`.
pub(crate) fn address(node: &Node) -> String {
    let said =
        node.wait_error_line(SOON, |line| line.text.contains("health endpoint started: http://"));
    let (_, url) = said.text.split_once("http://").expect("just looked for");
    url.split('/').next().expect("a text has a beginning").to_owned()
}

/// The status and the text of an answer.
pub(crate) fn ask(address: &str, path: &str) -> (u16, String) {
    let client: Client = Client::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(SOON))
        .build()
        .into();
    let mut answer = client.get(format!("http://{address}{path}")).call().expect("it answers");
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a text"))
}

fn wait_for(address: &str, path: &str, status: u16, within: Duration) -> String {
    let mut last = String::new();
    wait_until(&format!("{path} is {status}"), within, || {
        let (answered, text) = ask(address, path);
        last = text;
        answered == status
    });
    last
}

#[test]
fn after_a_takeover_every_metric_is_there_and_each_says_what_it_is() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let leader = clock_on(&agent).start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let standby = clock_on(&agent).start();
        standby.wait_line(SOON, clock::stands_by);
        let address = address(&standby);
        let stands_by = "live and ready\nservice/clock: stands by\n";
        assert_eq!(ask(&address, "/readyz"), (200, stands_by.into()));
        assert_eq!(ask(&address, "/livez"), (200, stands_by.into()));

        leader.kill();
        standby.wait_line(SOON, clock::leads);
        assert_eq!(ask(&address, "/livez").1, "live and ready\nservice/clock: leads\n");
        let (status, scraped) = ask(&address, "/metrics");
        assert_eq!(status, 200);
        assert_eq!(promlint(&scraped), "", "{scraped}");
        let is_there = |series: &str| scraped.lines().any(|line| line.starts_with(series));
        for metric in ALL {
            let (kind, suffix) = match metric.kind {
                Kind::Counter => ("counter", ""),
                Kind::Gauge => ("gauge", ""),
                _ => ("histogram", "_bucket"),
            };
            let name = metric.name;
            assert!(is_there(&format!("# HELP {name} {}", metric.meaning)), "{name}\n{scraped}");
            assert!(is_there(&format!("# TYPE {name} {kind}")), "{name}\n{scraped}");
            let labelled = !metric.labels.is_empty() || suffix == "_bucket";
            let series = format!("{name}{suffix}{}", if labelled { "{" } else { " " });
            assert!(is_there(&series), "{series}\n{scraped}");
        }
        for series in [
            "leader_is_leading{key=\"service/clock\"} 1",
            "leader_transitions_total{key=\"service/clock\",to=\"leading\"} 1",
            "leader_takeover_seconds_count{predecessor=\"silent\"} 1",
            "leader_job_runs_total{job_name=\"call_time\",outcome=\"ok\"} ",
            "leader_consul_requests_total{kind=\"beat\",status=\"200\"} ",
            "leader_lease_seconds 2",
        ] {
            assert!(is_there(series), "{series}\n{scraped}");
        }
        let said = |series: &str| -> f64 {
            let line = scraped.lines().find_map(|line| line.strip_prefix(series));
            line.and_then(|value| value.trim().parse().ok()).expect("a number")
        };
        // the silence, and what a take and a read need
        let took_over = said("leader_takeover_seconds_sum{predecessor=\"silent\"}");
        assert!((1.75..2.0).contains(&took_over), "{took_over}");
        let left = said("leader_lease_remaining_seconds");
        assert!(0.0 < left && left < 1.75, "{left}");
        let success = said("leader_job_last_success_timestamp_seconds{job_name=\"call_time\"}");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let ago = now.expect("it is later than 1970").as_secs_f64() - success;
        assert!((-0.1..10.0).contains(&ago), "{ago}");
        println!("{}: taken over in {took_over} s, as the new leader saw it", consul.version());
    });
}

#[test]
fn a_node_that_consul_does_not_answer_for_longer_than_its_lease_is_live_and_not_ready() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let node = clock_on(&agent).start();
        let address = address(&node);
        wait_for(&address, "/readyz", 200, SOON);
        let frozen = Instant::now();
        agent.freeze();
        let text = wait_for(&address, "/readyz", 503, SOON);
        println!("SIGSTOP of the agent, then not ready after {:?}", frozen.elapsed());
        // counted by the node: one of its requests may have failed before, on a busy machine
        assert!(text.contains("cannot come to lead, since 2s: "), "{text}");
        assert!(text.contains("no answer"), "{text}");
        assert_eq!(ask(&address, "/livez").0, 200);
        agent.thaw();
        wait_for(&address, "/readyz", 200, SOON);
    });
}

/// Before any part of a thawed process has run, its probes may be answered: none may say that it
/// leads.
#[test]
fn a_leader_that_was_frozen_past_its_deadline_never_answers_that_it_leads() {
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let leader = clock_on(&agent).start();
        leader.wait_error_line(SOON, clock::took_the_lead);
        let address = address(&leader);
        let standby = clock_on(&agent).start();
        standby.wait_line(SOON, clock::stands_by);
        leader.freeze();
        // it waits in the kernel, so that it is answered as soon as anything is
        let mut early = TcpStream::connect(&address).expect("the kernel takes it");
        early.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is taken");
        standby.wait_error_line(SOON, clock::took_the_lead);
        leader.thaw();
        let mut answer = String::new();
        early.read_to_string(&mut answer).expect("it answers");
        println!("thawed: {answer}");
        // where the driver was quicker than the answer, it stands by
        let is_dead = answer.starts_with("HTTP/1.1 503");
        assert_eq!(
            is_dead,
            answer.contains("service/clock: leads past its deadline\n"),
            "{answer}"
        );
        assert!(!answer.contains("service/clock: leads\n"), "{answer}");
        let text = wait_for(&address, "/livez", 200, SOON);
        assert_eq!(text, "live and ready\nservice/clock: stands by\n");
    });
}

#[test]
fn a_node_whose_jobs_block_every_thread_is_not_live_and_its_watchdog_hears_nothing_more() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("it is bound");
    let (tell, told) = mpsc::channel();
    // the kernel keeps ten words for a manager that does not read
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length) = manager.recv(&mut buffer) {
            let word = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if tell.send(word).is_err() {
                break;
            }
        }
    });
    let node = in_directory("blocked_runtime", directory.path())
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "2000000")
        .start();
    let address = address(&node);
    for _ in 0..2 {
        node.wait_line(SOON, |line| line.text == "Blocks");
    }
    let blocked = Instant::now();
    assert_eq!(ask(&address, "/livez").0, 200, "it may be over soon");
    let text = wait_for(&address, "/livez", 503, Duration::from_secs(40));
    println!("blocked, then not live after {:?}", blocked.elapsed());
    assert!(blocked.elapsed() > Duration::from_secs(28), "{:?}", blocked.elapsed());
    assert!(text.contains("the task that begins runs has not run for 3"), "{text}");
    assert_eq!(ask(&address, "/readyz").0, 503);

    let before: Vec<String> = told.try_iter().collect();
    let pings = before.iter().filter(|word| *word == "WATCHDOG=1").count();
    assert!(pings >= 20, "{before:?}");
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {
        // an answer of the same thread that would ping
        assert_eq!(ask(&address, "/livez").0, 503);
    }
    let after: Vec<String> = told.try_iter().collect();
    assert!(!after.iter().any(|word| word == "WATCHDOG=1"), "{after:?}");
}

#[test]
fn an_address_that_is_taken_stops_the_start_and_says_what_to_do() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let node = in_directory("clock", directory.path()).env("LEADER_HEALTH", &address).start();
    assert!(!node.wait_exit(SOON).success());
    let said = node.errors().into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert!(said.contains("set LEADER_HEALTH"), "{said}");
}

#[test]
fn whoever_asks_and_never_ends_keeps_nobody_from_an_answer_nor_the_process_from_its_end() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let node = in_directory("clock", directory.path()).start();
    let address = address(&node);
    node.wait_error_line(SOON, clock::took_the_lead);
    let stuck: Vec<_> = (0..16)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).expect("it is taken");
            stream.write_all(b"GET /metrics HTTP/1.1\r\n").expect("it is taken");
            stream
        })
        .collect();
    let asked = Instant::now();
    let (status, text) = ask(&address, "/livez");
    assert_eq!((status, text.as_str()), (200, "live and ready\nservice/clock: leads\n"));
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(ask(&address, "/elsewhere").0, 404);
    node.terminate();
    assert!(node.wait_exit(Duration::from_secs(1)).success());
    assert!(TcpStream::connect(&address).is_err(), "nothing listens any more");
    drop(stuck);
}
