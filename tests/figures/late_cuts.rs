//! Cuts behind a Consul whose answers are late by chance: two must never lead at once. And, where
//! they are late by three tenths of the lease, what cuts that are over, SIGTERM and stepping down
//! cost.

use std::thread;
use std::time::{Duration, Instant};

use tests::history::{History, Term};
use tests::{Agent, Chance, Consul, Delay, Line, Node, NodeBuilder, Proxy, Way, clock, wait_until};

use crate::Length;
use crate::report::{Report, quantile, spread};

const SOON: Duration = Duration::from_secs(30);

/// The shortest there is.
const LEASE: Duration = Duration::from_secs(1);

/// How late answers are, at the most, while cuts are made.
const MOST: f64 = 0.45;

/// How late they are for all else, always.
const LATE: f64 = 0.3;

/// Pairs that are cut at once, each on an agent of its own.
const PAIRS: usize = 4;

/// Maximum time that a busy machine may add.
const GRACE: Duration = Duration::from_millis(150);

/// The traffic that is lost between a leader and its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Silently(Way),
    /// Its connections are reset, and none is taken.
    Reset,
}

const LOST: [Lost; 4] = [
    Lost::Silently(Way::Both),
    Lost::Silently(Way::ToServer),
    Lost::Silently(Way::ToClient),
    Lost::Reset,
];

/// The result of a cut.
struct Cut {
    lost: Lost,
    /// How long after it the other led.
    led: Duration,
}

pub(crate) fn play(length: Length, report: &mut Report) {
    let (cuts, turns) = if length == Length::Full { (200, 10) } else { (8, 1) };
    for consul in length.consuls() {
        let mut told = |what: &str, reach: String, seen: String, reached| {
            report.add(format!("Consul {}, {what}", consul.version()), reach, seen, reached);
        };
        play_cuts(consul, cuts, &mut told);
        play_blinks(consul, turns, &mut told);
        play_outages(consul, turns, &mut told);
        play_handovers(consul, turns, &mut told);
        play_steps_down(consul, turns.div_ceil(2), &mut told);
    }
}

/// The report of a figure: its name, its target, the measurement, whether the target is reached.
type Tell<'a> = &'a mut dyn FnMut(&str, String, String, bool);

fn play_cuts(consul: &Consul, cuts: usize, tell: Tell<'_>) {
    let played: Vec<(Vec<Cut>, History)> = thread::scope(|scope| {
        let pairs: Vec<_> = (0..PAIRS)
            .map(|number| scope.spawn(move || cut_again(consul, number as u64, cuts / PAIRS)))
            .collect();
        pairs.into_iter().map(|pair| pair.join().expect("a pair is played")).collect()
    });
    let name = |what| format!("answers late by up to {MOST} of a lease of {LEASE:?}: {what}");
    let mut both = Duration::ZERO;
    let mut between = Vec::new();
    for (_, history) in &played {
        assert_eq!(history.violations(), [""; 0], "what a busy machine does is no excuse for this");
        for key in history.keys() {
            for pair in history.terms(key).windows(2) {
                let [one, next]: &[Term; 2] = pair.try_into().expect("two");
                both += one.until - next.from;
                between.push(next.from - one.until);
            }
        }
    }
    let cut: Vec<&Cut> = played.iter().flat_map(|(cuts, _)| cuts).collect();
    tell(
        &name(format!("two leaders, in {} cuts", cut.len())),
        "0 s".into(),
        format!(
            "{both:?}; from the last sign of one to the first of the next at least {:.0?}, {} terms",
            between.iter().min().copied().unwrap_or_default(),
            between.len(),
        ),
        both.is_zero(),
    );
    for lost in LOST {
        let led: Vec<Duration> =
            cut.iter().filter(|cut| cut.lost == lost).map(|cut| cut.led).collect();
        if led.is_empty() {
            continue;
        }
        // where its beats arrive and the answers are lost, it goes on until its trust is over
        let deaf =
            if lost == Lost::Silently(Way::ToClient) { LEASE * 7 / 8 } else { Duration::ZERO };
        let within = LEASE + deaf + LEASE.mul_f64(2.0 * MOST) + GRACE;
        let in_time = led.iter().filter(|led| **led <= within).count();
        // where no read of a beat is answered for half a lease, the count begins anew
        let most = within + LEASE / 2;
        tell(
            &name(format!("{lost:?} lost, other leads")),
            format!("19 of 20 within {within:.2?}, all within {most:.2?}"),
            format!("{in_time} of {}; {}", led.len(), spread(&led)),
            in_time * 20 >= led.len() * 19 && quantile(&led, 1.0) <= most,
        );
    }
}

/// Cuts the one that leads of a pair on an agent of its own, again and again.
fn cut_again(consul: &Consul, seed: u64, cuts: usize) -> (Vec<Cut>, History) {
    let agent = Agent::dev(consul).start();
    let mut chance = Chance::new(seed);
    let delay = Delay::UpTo(LEASE.mul_f64(MOST));
    let pair = Pair::start(&agent, delay, worker);
    let mut leads = 0;
    let cuts = (0..cuts).map(|_| {
        pair.wait_count(1 - leads);
        thread::sleep(chance.span(Duration::ZERO..LEASE / 2));
        let lost = chance.one_of(&LOST);
        let (node, proxy) = (&pair.nodes[leads], &pair.proxies[leads]);
        let since = Instant::now();
        match lost {
            Lost::Silently(way) => proxy.drop_bytes(way),
            Lost::Reset => {
                proxy.refuse();
                proxy.cut();
            }
        }
        leads = 1 - leads;
        let led = after(&pair.nodes[leads], since, clock::took_the_lead) - since;
        after(node, since, clock::lost_the_lead);
        proxy.heal();
        Cut { lost, led }
    });
    let cuts = cuts.collect();
    pair.nodes.iter().for_each(Node::terminate);
    for node in &pair.nodes {
        assert!(node.wait_exit(SOON).success());
    }
    (cuts, History { records: pair.nodes.each_ref().map(Node::record).into() })
}

/// Cuts of the leader alone. What is under way is lost with them, so leadership stays through one
/// of less than its trust without two answers and a beat; a longer one costs it for a moment, and
/// the same leader goes on.
fn play_blinks(consul: &Consul, turns: usize, tell: Tell<'_>) {
    for (cut, most) in [(LEASE / 20, 0), (LEASE / 5, turns)] {
        let agent = Agent::dev(consul).start();
        let pair = Pair::start(&agent, constant(), worker);
        pair.wait_count(1);
        let mut chance = Chance::new(3);
        for _ in 0..turns {
            let since = Instant::now();
            pair.proxies[0].drop_bytes(Way::Both);
            thread::sleep(cut);
            pair.proxies[0].heal();
            pair.wait_beats(0, 8, since);
            thread::sleep(chance.span(Duration::ZERO..LEASE / 8));
        }
        let lapses =
            pair.nodes[0].errors().iter().filter(|line| clock::lost_the_lead(line)).count();
        let moved = pair.nodes[1].errors().iter().any(clock::begins_to_lead);
        tell(
            &late(&format!("the leader cut for {cut:?}, {turns} times")),
            format!("at most {most} lapses, never moved"),
            format!("{lapses} lapses, moved: {moved}"),
            lapses <= most && !moved,
        );
    }
}

/// All are cut until the leader has stopped: it goes on in the same term.
fn play_outages(consul: &Consul, turns: usize, tell: Tell<'_>) {
    let mut resumed = Vec::new();
    for _ in 0..turns {
        let agent = Agent::dev(consul).start();
        let pair = Pair::start(&agent, constant(), worker);
        pair.wait_count(1);
        let since = Instant::now();
        pair.proxies.iter().for_each(|proxy| proxy.drop_bytes(Way::Both));
        after(&pair.nodes[0], since, clock::lost_the_lead);
        let back = Instant::now();
        pair.proxies.iter().for_each(Proxy::heal);
        wait_until("one of them leads", SOON, || {
            pair.nodes.iter().any(|node| first_after(node, back, clock::begins_to_lead).is_some())
        });
        let again = first_after(&pair.nodes[0], back, |line| {
            clock::begins_to_lead(line) && !clock::took_the_lead(line)
        });
        resumed.extend(again.map(|at| at - back));
    }
    let within = LEASE / 8 + 2 * LEASE.mul_f64(LATE) + GRACE;
    let in_time = resumed.iter().filter(|took| **took <= within).count();
    tell(
        &late("all cut until the leader stops, then it leads again in the same term"),
        format!("{turns} of {turns} within {within:.2?}"),
        format!("{} of {turns}, {in_time} in time{}", resumed.len(), and_spread(&resumed)),
        in_time == turns,
    );
}

fn play_handovers(consul: &Consul, turns: usize, tell: Tell<'_>) {
    let agent = Agent::dev(consul).start();
    let clock = |addr: &str| lease(Node::example("clock"), addr);
    let mut took = Vec::new();
    for _ in 0..turns {
        let pair = Pair::start(&agent, constant(), clock);
        pair.wait_count(1);
        let since = Instant::now();
        pair.nodes[0].terminate();
        took.push(after(&pair.nodes[1], since, clock::took_the_lead) - since);
        assert!(pair.nodes[0].wait_exit(SOON).success());
        pair.nodes[1].terminate();
        assert!(pair.nodes[1].wait_exit(SOON).success());
    }
    tell_handovers("SIGTERM, other leads", &took, tell);
}

/// Both fail again and again, and give the key to each other: each term is longer than the 10 s for
/// which the one that stepped down leaves the key to the other.
fn play_steps_down(consul: &Consul, turns: usize, tell: Tell<'_>) {
    let agent = Agent::dev(consul).start();
    let failing = |addr: &str| {
        lease(Node::example("failing_jobs"), addr)
            .env("LEADER_JOB_FORGOTTEN_STEP_DOWN_AFTER", "240")
    };
    let pair = Pair::start(&agent, constant(), failing);
    let (mut since, mut leads) = (pair.nodes[0].started(), 0);
    let mut took = Vec::new();
    for _ in 0..turns {
        let stepped = after(&pair.nodes[leads], since, clock::lost_the_lead);
        wait_until("one of them leads", SOON, || {
            pair.nodes.iter().any(|node| first_after(node, stepped, clock::took_the_lead).is_some())
        });
        let led = pair
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(i, node)| Some((first_after(node, stepped, clock::took_the_lead)?, i)))
            .min()
            .expect("it was seen");
        took.push(led.0 - stepped);
        (since, leads) = led;
    }
    tell_handovers("stepped down, other leads", &took, tell);
}

fn tell_handovers(what: &str, took: &[Duration], tell: Tell<'_>) {
    // the watch's answer, and the acquisition's
    let within = 2 * LEASE.mul_f64(LATE) + GRACE;
    let most = quantile(took, 1.0);
    tell(
        &late(what),
        format!("within {within:.2?}"),
        format!("{}; {} times", spread(took), took.len()),
        most <= within,
    );
}

fn late(what: &str) -> String {
    format!("answers late by {LATE} of a lease of {LEASE:?}: {what}")
}

fn and_spread(took: &[Duration]) -> String {
    if took.is_empty() { String::new() } else { format!("; {}", spread(took)) }
}

fn constant() -> Delay {
    Delay::Constant(LEASE.mul_f64(LATE))
}

fn worker(addr: &str) -> NodeBuilder {
    lease(Node::example("worker"), addr)
}

fn lease(node: NodeBuilder, addr: &str) -> NodeBuilder {
    node.env("CONSUL_HTTP_ADDR", addr).env("LEADER_LEASE", format!("{}s", LEASE.as_secs()))
}

/// Two nodes, each behind a proxy of its own; the first led first.
struct Pair {
    nodes: [Node; 2],
    proxies: [Proxy; 2],
}

impl Pair {
    fn start(agent: &Agent, delay: Delay, node: impl Fn(&str) -> NodeBuilder) -> Self {
        let proxies = [(); 2].map(|()| Proxy::to(&agent.addr()));
        proxies.iter().for_each(|proxy| proxy.distance(Way::ToClient, delay));
        let start = |proxy: &Proxy| node(&proxy.addr()).start();
        let first = start(&proxies[0]);
        first.wait_error_line(SOON, clock::took_the_lead);
        let second = start(&proxies[1]);
        Self { nodes: [first, second], proxies }
    }

    /// Waits until this one has begun to count how long the other's beat stands still.
    fn wait_count(&self, stands_by: usize) {
        self.wait_beats(stands_by, 4, Instant::now());
    }

    /// Waits until it has written or read so many beats since then.
    fn wait_beats(&self, number: usize, beats: usize, since: Instant) {
        wait_until("it reads beats", SOON, || {
            let requests = self.proxies[number].requests();
            let young = requests.iter().rev().take_while(|request| request.at > since);
            young.filter(|request| request.path.contains("/beat")).count() >= beats
        });
    }
}

fn after(node: &Node, since: Instant, said: impl Fn(&Line) -> bool) -> Instant {
    node.wait_error_line(SOON, |line| line.at > since && said(line)).at
}

fn first_after(node: &Node, since: Instant, said: impl Fn(&Line) -> bool) -> Option<Instant> {
    node.errors().into_iter().find(|line| line.at > since && said(line)).map(|line| line.at)
}
