//! Servers of Consul that are slow of themselves, since they have next to nothing of the processor
//! or of the disk: a node of the default lease leads on, or says which lease this Consul bears; and
//! that one does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tests::{Agent, Api, Cluster, Consul, Line, Node, Ration, Starved, clock};

use crate::Length;
use crate::report::{Report, quantile};
use crate::slow::{led, turns};

const SOON: Duration = Duration::from_secs(60);

/// The default.
const LEASE: u64 = 6;

/// How long a leader of this lease leads on without an answer.
const RIDES_OUT: f64 = 0.7;

/// How often Consul is asked how long a write takes.
const INTERVAL: Duration = Duration::from_millis(100);

/// Which of the three servers.
#[derive(Clone, Copy, Debug)]
enum Who {
    Follower,
    Leader,
    LeaderAndFollower,
}

const fn processor(percent: u32) -> Ration {
    Ration::Processor { percent, beside: 0 }
}

const HUNGERS: [(Who, Ration); 9] = [
    (Who::Follower, processor(1)),
    (Who::Leader, processor(4)),
    (Who::Leader, processor(1)),
    (Who::Leader, Ration::Processor { percent: 20, beside: 4 }),
    (Who::Leader, Ration::Disk { writes: 4 }),
    (Who::LeaderAndFollower, processor(4)),
    (Who::LeaderAndFollower, processor(1)),
    (Who::LeaderAndFollower, Ration::Disk { writes: 10 }),
    (Who::LeaderAndFollower, Ration::Disk { writes: 4 }),
];

/// Measurements of a node and of Consul.
struct Seen {
    way: &'static str,
    led: f64,
    lapses: usize,
    /// The lease that the node names, where it says that Consul is late.
    named: Option<u64>,
    /// Its first warning, whatever that says.
    told: Option<String>,
    /// How long writes took that were answered.
    took: Vec<Duration>,
    /// The longest that there was none.
    away: Duration,
}

pub(crate) fn play(length: Length, report: &mut Report) {
    let (hungers, multipliers, span): (&[_], &[u32], _) = match length {
        Length::Full => (&HUNGERS, &[1, 5], Duration::from_secs(40)),
        Length::Short => (&HUNGERS[5..6], &[1], Duration::from_secs(6)),
    };
    for consul in length.consuls() {
        for multiplier in multipliers {
            // so few at once that they do not starve each other
            for hungers in hungers.chunks(5) {
                thread::scope(|scope| {
                    let played: Vec<_> = hungers
                        .iter()
                        .map(|(who, ration)| {
                            scope.spawn(move || play_all(consul, *multiplier, *who, *ration, span))
                        })
                        .collect();
                    for ((who, ration), played) in hungers.iter().zip(played) {
                        let name = format!(
                            "Consul {}, raft_multiplier {multiplier}, {who:?} on {ration:?}",
                            consul.version()
                        );
                        tell(report, &name, played.join().expect("a hunger is played"));
                    }
                });
            }
        }
    }
}

fn tell(report: &mut Report, name: &str, seen: Result<Vec<(u64, Seen)>, String>) {
    let seen = match seen {
        Ok(seen) => seen,
        Err(fault) => return report.add(name.into(), "".into(), fault, false),
    };
    for (lease, seen) in seen {
        let Seen { way, led, lapses, named, told, took, away } = seen;
        let rides_out = Duration::from_secs(lease).mul_f64(RIDES_OUT);
        let told = match (named, told) {
            (Some(lease), _) => format!("says LEADER_LEASE={lease}s"),
            (None, Some(told)) => format!("says {told:?}"),
            (None, None) => "no warning".into(),
        };
        report.add(
            format!("{name} ({way}), lease {lease}s"),
            format!("0 lapses, or a lease is named, or no answer for {rides_out:.1?}"),
            format!(
                "led {:.1} % of the time, {lapses} lapses, {told}; a write takes p50 {:.0?}, p99 \
                 {:.0?}; none was answered for {away:.1?}",
                led * 100.0,
                quantile(&took, 0.5),
                quantile(&took, 0.99),
            ),
            lapses == 0 || named.is_some() || away > rides_out,
        );
    }
}

/// At the default lease, and at the one that the node names then.
fn play_all(
    consul: &Consul,
    multiplier: u32,
    who: Who,
    ration: Ration,
    span: Duration,
) -> Result<Vec<(u64, Seen)>, String> {
    let first = play_one(consul, multiplier, who, ration, span, LEASE)?;
    let Some(named) = first.named else { return Ok(vec![(LEASE, first)]) };
    let second = play_one(consul, multiplier, who, ration, span, named)?;
    Ok(vec![(LEASE, first), (named, second)])
}

fn play_one(
    consul: &Consul,
    multiplier: u32,
    who: Who,
    ration: Ration,
    span: Duration,
    lease: u64,
) -> Result<Seen, String> {
    let cluster = Cluster::patient(consul, 1, multiplier);
    let agent = &cluster.clients()[0];
    let node = Node::example("clock")
        .env("CONSUL_HTTP_ADDR", agent.addr())
        .env("LEADER_LEASE", format!("{lease}s"))
        .start();
    let led_first = node.wait_error_line(SOON, clock::took_the_lead).at;
    let leader = cluster.leader();
    let other = (leader + 1) % cluster.servers().len();
    let whom: &[usize] = match who {
        Who::Follower => &[other],
        Who::Leader => &[leader],
        Who::LeaderAndFollower => &[leader, other],
    };
    let starved: Result<Vec<Starved>, String> =
        whom.iter().map(|server| cluster.servers()[*server].starve(ration)).collect();
    let starved = starved?;
    let (took, away) = ask_for(agent, span);
    let end = Instant::now();
    let way = starved[0].way();
    drop(starved);
    let turns = turns(&node, end);
    let lapses = turns.iter().filter(|line| clock::lost_the_lead(line)).count();
    let named = node.errors().iter().filter(|line| line.at <= end).find_map(named);
    let led = led(&turns, end) / (end - led_first).as_secs_f64();
    let told = node.errors().into_iter().find(|line| line.at <= end && is_warning(line));
    let told = told.and_then(|line| Some(line.text.split_once(" WARN ")?.1.to_owned()));
    Ok(Seen { way, led, lapses, named, told, took, away })
}

fn is_warning(line: &Line) -> bool {
    line.text.contains(" WARN ")
}

/// The lease that a line says to set.
fn named(line: &Line) -> Option<u64> {
    let (_, rest) = line.text.split_once("set LEADER_LEASE=")?;
    let lease = rest.split(' ').next()?;
    Some(if lease == "1m" { 60 } else { lease.strip_suffix('s')?.parse().ok()? })
}

/// How long writes take, and for how long none was answered.
fn ask_for(agent: &Agent, span: Duration) -> (Vec<Duration>, Duration) {
    const AT_ONCE: usize = 8;
    let over = AtomicBool::new(false);
    let answers: Vec<(Instant, Instant)> = thread::scope(|scope| {
        // one that waits for an answer does not see the next
        let asked = (0..AT_ONCE).map(|number| {
            let over = &over;
            scope.spawn(move || {
                let api = Api::with_timeout(&agent.addr(), Duration::from_secs(20));
                let path = format!("/v1/kv/asked/{number}");
                let mut answers = Vec::new();
                thread::sleep(INTERVAL * number as u32);
                while !over.load(Ordering::Relaxed) {
                    let sent = Instant::now();
                    if api.try_request("PUT", &path, "").is_ok_and(|answer| answer.status == 200) {
                        answers.push((sent, Instant::now()));
                    }
                    thread::sleep((INTERVAL * AT_ONCE as u32).saturating_sub(sent.elapsed()));
                }
                answers
            })
        });
        let asked: Vec<_> = asked.collect();
        thread::sleep(span);
        over.store(true, Ordering::Relaxed);
        asked.into_iter().flat_map(|asked| asked.join().expect("it asks")).collect()
    });
    let took = answers.iter().map(|(sent, answered)| *answered - *sent).collect();
    let mut answered: Vec<Instant> = answers.iter().map(|(_, answered)| *answered).collect();
    answered.sort();
    let away = answered.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(span);
    (took, away)
}
