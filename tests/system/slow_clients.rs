//! Clients that reach the health port and do not end what they begin: probes are answered all the
//! same, and quickly, by a process whose memory stays bounded.

use std::collections::HashSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use tests::{Agent, Node, clock, one_consul, slot, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::health::address;

const SOON: Duration = Duration::from_secs(8);

/// A whole request, as a kubelet sends it.
const PROBE: &[u8] = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

const HALF: &[u8] = b"GET /livez HTTP/1.1\r\nHost: ";

const SLOW_CLIENTS: usize = 5_000;

/// How long a client that was closed stays away: a thousand connect each second.
const AWAY: Duration = Duration::from_secs(4);

/// Time within which this percentage of the probes was answered.
fn percentile(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    took[(took.len() * percent / 100).min(took.len() - 1)]
}

fn leader(directory: &Path) -> Node {
    let node = Node::example("clock")
        .env("LEADER_LOCK", format!("local:{}", directory.display()))
        .env("LEADER_HEALTH", "0")
        .start();
    node.wait_error_line(SOON, clock::took_the_lead);
    node
}

/// The time that a probe takes on a connection of its own.
#[track_caller]
fn probe(address: &str) -> Duration {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).expect("it is taken");
    stream.set_read_timeout(Some(SOON)).expect("it is long enough");
    stream.write_all(PROBE).expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    began.elapsed()
}

/// A server that nobody else asks: what it takes to answer is what this machine takes.
fn control() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    // ends with the process
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 256]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        }
    });
    address
}

/// Lets this process have as many file descriptors as it needs.
fn raise_limit(needed: u64) {
    let limit = getrlimit(Resource::Nofile);
    let Some(most) = limit.maximum.filter(|most| *most < needed) else {
        let raised = limit.current.map(|current| current.max(needed));
        return setrlimit(Resource::Nofile, Rlimit { current: raised, ..limit }).expect("allowed");
    };
    panic!("this test opens {needed} files, of which {most} are allowed; raise `ulimit -Hn`");
}

/// Connects from another address than probes do, sends half a request, waits until it is closed, and
/// comes again.
async fn be_slow(address: SocketAddr) {
    loop {
        let socket = TcpSocket::new_v4().expect("the limit was raised");
        socket.bind(([127, 0, 0, 2], 0).into()).expect("every machine has it");
        if let Ok(mut stream) = socket.connect(address).await
            && stream.write_all(HALF).await.is_ok()
        {
            // until the other side has had enough
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        tokio::time::sleep(AWAY).await;
    }
}

/// Asks for all metrics, and reads them.
async fn scrape(address: &str) {
    if let Ok(mut stream) = tokio::net::TcpStream::connect(address).await
        && stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok()
    {
        // beside too many others, it may be cut short
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

/// The runtime that clients run on.
fn clients() -> tokio::runtime::Runtime {
    let mut clients = tokio::runtime::Builder::new_multi_thread();
    clients.worker_threads(1).enable_all().build().expect("a runtime")
}

/// Memory of the process in KiB: `VmRSS` is now, `VmHWM` the most so far.
fn memory(node: &Node, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.pid())).expect("it runs");
    let value = status.lines().find_map(|it| it.strip_prefix(line)).expect("Linux says so");
    value.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn five_thousand_slow_clients_keep_no_probe_waiting_and_fill_no_memory() {
    const PROBES: usize = 500;
    let _slot = slot();
    raise_limit(SLOW_CLIENTS as u64 + 1_000);
    let directory = tempfile::tempdir().expect("a directory");
    let node = leader(directory.path());
    let address = address(&node);
    let before = memory(&node, "VmRSS");
    let mut alone: Vec<_> = (0..50).map(|_| probe(&address)).collect();

    let clients = clients();
    for _ in 0..SLOW_CLIENTS {
        clients.spawn(be_slow(address.parse().expect("an address")));
    }
    let (began, control) = (Instant::now(), control());
    let (mut took, mut idle) = (Vec::new(), Vec::new());
    while took.len() < PROBES && began.elapsed() < SOON * 4 {
        took.push(probe(&address));
        idle.push(probe(&control));
        thread::sleep(Duration::from_millis(10));
    }
    let most = memory(&node, "VmHWM");
    println!(
        "{} probes in {:.1?} beside {SLOW_CLIENTS} slow clients: p50 {:.1?}, p99 {:.1?}, longest \
         {:.1?}; of an idle server p99 {:.1?}; alone p50 {:.1?}; memory {before} KiB, then {most} KiB",
        took.len(),
        began.elapsed(),
        percentile(&mut took, 50),
        percentile(&mut took, 99),
        percentile(&mut took, 100),
        percentile(&mut idle, 99),
        percentile(&mut alone, 50),
    );
    // on a machine that is busy with other tests, what an idle server takes says how busy
    let due = Duration::from_millis(100) + percentile(&mut idle, 99) * 2;
    assert!(percentile(&mut took, 99) <= due, "{took:?}");
    assert!(most < before + 32 * 1024, "{before} KiB, then {most} KiB");
    clients.shutdown_background();
}

/// A scrape of many jobs is much to write, and is written by the thread that answers probes.
#[test]
fn scrapes_without_end_keep_no_probe_waiting() {
    const PROBES: usize = 100;
    const SCRAPERS: usize = 64;
    one_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let node = Node::example("worker").arg("crowd").env("CONSUL_HTTP_ADDR", agent.addr());
        let node = node.env("LEADER_HEALTH", "0").start();
        node.wait_error_line(SOON, clock::took_the_lead);
        let address = address(&node);
        let clients = clients();
        let mut scrapes: Vec<_> = (0..5)
            .map(|_| {
                let began = Instant::now();
                clients.block_on(scrape(&address));
                began.elapsed()
            })
            .collect();
        let scraped = percentile(&mut scrapes, 50);
        for _ in 0..SCRAPERS {
            let address = address.clone();
            clients.spawn(async move {
                loop {
                    scrape(&address).await;
                }
            });
        }
        let (began, mut took) = (Instant::now(), Vec::new());
        while took.len() < PROBES && began.elapsed() < SOON * 2 {
            took.push(probe(&address));
            thread::sleep(Duration::from_millis(10));
        }
        println!(
            "{} probes beside {SCRAPERS} scrapers, who need {scraped:.1?} alone: p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
            took.len(),
            percentile(&mut took, 50),
            percentile(&mut took, 99),
            percentile(&mut took, 100)
        );
        // a few scrapes, and not those of all
        assert!(percentile(&mut took, 50) <= scraped * 8, "{took:?}");
        clients.shutdown_background();
    });
}

#[test]
fn a_process_without_a_file_descriptor_left_answers_its_probes_and_does_not_spin() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let node = leader(directory.path());
    let address = address(&node);
    let open: HashSet<u64> = fs::read_dir(format!("/proc/{}/fd", node.pid()))
        .expect("it runs")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    // not beside the highest: one that was inherited from this process may be far above the others
    let free = (0..).find(|number| !open.contains(number)).expect("not all are open");
    let pid = Pid::from_raw(node.pid() as i32);
    let limit = Rlimit { current: Some(free), ..getrlimit(Resource::Nofile) };
    prlimit(pid, Resource::Nofile, limit).expect("it is ours");

    // one after the other, they take the place of the one in reserve
    let mut stuck = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(&address).expect("the kernel takes it");
        stream.write_all(HALF).expect("the kernel takes it");
        stuck.push(stream);
    }
    let mut took: Vec<_> = (0..100).map(|_| probe(&address)).collect();
    println!(
        "without a descriptor: p50 {:.1?}, longest {:.1?}",
        percentile(&mut took, 50),
        percentile(&mut took, 100)
    );
    assert!(percentile(&mut took, 99) <= Duration::from_millis(100), "{took:?}");
    drop(stuck);

    // not even the reserve: a descriptor that is above the limit is of no use
    let none = Rlimit { current: Some(0), ..limit };
    prlimit(pid, Resource::Nofile, none).expect("it is ours");
    let mut waiting = TcpStream::connect(&address).expect("the kernel takes it");
    waiting.write_all(PROBE).expect("the kernel takes it");
    let (used, began) = (processor_time(&node), Instant::now());
    thread::sleep(Duration::from_secs(1));
    let spent = processor_time(&node) - used;
    println!("no descriptor at all: {spent:?} of {:?}", began.elapsed());
    assert!(spent < Duration::from_millis(300), "{spent:?}");

    prlimit(pid, Resource::Nofile, limit).expect("it is ours");
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    wait_until("it is well", SOON, || probe(&address) < Duration::from_millis(100));
}

fn processor_time(node: &Node) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", node.pid())).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("Linux says so");
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_secs(ticks) / rustix::param::clock_ticks_per_second() as u32
}
