//! Ten thousand keys on three servers whose answers are late by a third of the lease: all led from
//! cold, kept, moved after SIGTERM, taken after SIGKILL; and no heartbeat waits for a transaction.

use std::thread;
use std::time::{Duration, Instant};

use tests::{Agent, Cluster, Consul, Delay, Line, Node, Proxy, Way, clock};

use crate::Length;
use crate::node::{LEADS_ALL, STANDS, node};
use crate::report::Report;

/// Far beyond what a minute of transactions takes.
const SOON: Duration = Duration::from_secs(300);

/// Keys in one transaction, and how many of these are sent within a beat.
const KEYS: usize = 31;
const AT_ONCE: usize = 4;

pub(crate) fn play(length: Length, report: &mut Report) {
    // the default, and the shortest
    let (keys, lease, kept) = match length {
        Length::Full => (10_000, 6, Duration::from_secs(120)),
        Length::Short => (200, 1, Duration::from_secs(2)),
    };
    for consul in length.consuls() {
        play_on(consul, keys, lease, kept, report);
    }
}

fn play_on(consul: &Consul, keys: usize, lease: u64, kept: Duration, report: &mut Report) {
    let lease = Duration::from_secs(lease);
    let late = lease / 3;
    let cluster = Cluster::start(consul, 3);
    let proxies: Vec<Proxy> = cluster.clients().iter().map(|client| behind(client, late)).collect();
    let seconds = format!("{}s", lease.as_secs());
    let start =
        |number: usize| node(keys, &proxies[number].addr()).env("LEADER_LEASE", &seconds).start();
    let mut tell = |what: &str, reach: String, seen: String, reached| {
        let name = format!("Consul {}, {keys} keys, answers late by {late:.1?}", consul.version());
        report.add(format!("{name}: {what}"), reach, seen, reached);
    };
    let settled = lease + 3 * late;
    // one beat after the other, and the last answer
    let all = lease / 8 * (keys.div_ceil(KEYS * AT_ONCE) as u32) + late;

    let first = start(0);
    let took = all_led(&first) - first.started();
    // a session, and a look at the keys, come first
    let within = all + 3 * late;
    tell("all led from cold", format!("{within:.0?}"), format!("{took:.1?}"), took <= within);

    let began = Instant::now();
    let before = proxies[0].requests().len();
    thread::sleep(kept);
    let lapses = lapses(&first);
    let rate = (proxies[0].requests().len() - before) as f64 / began.elapsed().as_secs_f64();
    tell(
        &format!("kept for {kept:?}"),
        "0 lapses".into(),
        format!("{lapses} lapses, {rate:.1} requests/s"),
        lapses == 0,
    );
    tell_beats("from the first term on", lease, &proxies[0], &mut tell);

    let second = standby(start(1), settled);
    let told = Instant::now();
    first.terminate();
    let took = all_led(&second) - told;
    assert!(first.wait_exit(SOON).success());
    // released, seen, acquired, and what was released meanwhile seen once more
    let within = 2 * all + 3 * late;
    tell("all moved after SIGTERM", format!("{within:.0?}"), format!("{took:.1?}"), took <= within);
    tell_beats("while keys are moved to it", lease, &proxies[1], &mut tell);

    let third = standby(start(2), settled);
    let died = Instant::now();
    second.kill();
    let took = all_led(&third) - died;
    // meanwhile the session of the dead one expires, and Consul holds back what it still had
    let lock_delay = lease * 7 / 8;
    let within = lease + all + late + lock_delay;
    tell("all taken after SIGKILL", format!("{within:.0?}"), format!("{took:.1?}"), took <= within);
    tell_beats("while keys are taken", lease, &proxies[2], &mut tell);
    let lapses = lapses_of([&first, &second, &third]);
    tell(
        "while keys are moved and taken",
        "0 lapses".into(),
        format!("{lapses} lapses"),
        lapses == 0,
    );
}

fn behind(agent: &Agent, late: Duration) -> Proxy {
    let proxy = Proxy::to(&agent.addr());
    proxy.distance(Way::ToClient, Delay::Constant(late));
    proxy
}

fn all_led(node: &Node) -> Instant {
    node.wait_line(SOON, |line: &Line| line.text == LEADS_ALL).at
}

/// Waits until a standby knows the leader, and returns it.
fn standby(node: Node, settled: Duration) -> Node {
    node.wait_line(SOON, |line: &Line| line.text == STANDS);
    // a session, its keys and the beat of their leader: each is one answer
    thread::sleep(settled);
    node
}

fn lapses(node: &Node) -> usize {
    node.errors().iter().filter(|line| clock::lost_the_lead(line)).count()
}

fn lapses_of(nodes: [&Node; 3]) -> usize {
    nodes.map(lapses).iter().sum()
}

/// The longest time from one beat to the next, which is an eighth of the lease of itself.
fn tell_beats(
    when: &str,
    lease: Duration,
    proxy: &Proxy,
    tell: &mut impl FnMut(&str, String, String, bool),
) {
    let requests = proxy.requests();
    let beats = requests
        .iter()
        .filter(|request| request.method == "PUT" && request.path.contains("/beats/"));
    let beats: Vec<Instant> = beats.map(|request| request.at).collect();
    let longest = beats.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    let within = lease / 8 + Duration::from_millis(150);
    tell(
        &format!("a beat to the next, {when}"),
        format!("at most {within:?}"),
        format!("at most {longest:.0?}, of {}", beats.len()),
        longest <= within,
    );
}
