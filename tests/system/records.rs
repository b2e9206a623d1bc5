//! Due instants across processes: none is claimed twice, and with `missed = "all"` none is lost,
//! whatever becomes of the nodes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use leader_runtime::Due;
use tests::{Agent, Consul, Line, Node, Signal, clock, each_consul};

const SOON: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(200);

fn clerk_on(agent: &Agent) -> Node {
    Node::example("clerk").env("CONSUL_HTTP_ADDR", agent.addr()).env("LEADER_LEASE", "1s").start()
}

/// How often each due instant of a job began and ended, over all nodes.
#[derive(Debug, Default)]
struct Runs(BTreeMap<SystemTime, (usize, usize)>);

impl Runs {
    fn of(job: &str, nodes: &[Node]) -> Self {
        let mut runs = Self::default();
        for line in nodes.iter().flat_map(Node::lines) {
            let mut words = line.text.split(' ');
            let (Some(what), Some(of), Some(due)) = (words.next(), words.next(), words.next())
            else {
                panic!("no clerk says `{}`", line.text)
            };
            let due: Due = due.parse().expect("an instant");
            if of == job {
                let (begun, ended) = runs.0.entry(due.timestamp()).or_default();
                *(if what == "begins" { begun } else { ended }) += 1;
            }
        }
        runs
    }

    /// All instants of the grid from the first to the last that was run.
    fn due(&self) -> impl Iterator<Item = (SystemTime, usize, usize)> {
        let first = *self.0.keys().next().expect("something was run");
        let last = *self.0.keys().last().expect("something was run");
        std::iter::successors(Some(first), |due| Some(*due + EVERY))
            .take_while(move |due| *due <= last)
            .map(|due| {
                let (begun, ended) = self.0.get(&due).copied().unwrap_or_default();
                (due, begun, ended)
            })
    }
}

/// Which of these nodes begins a run after this.
#[track_caller]
fn at_work(nodes: &[Node], since: Instant) -> usize {
    let begins = |line: &Line| line.text.starts_with("begins");
    let works = |node: &Node| node.lines_after(since).iter().any(begins);
    tests::wait_until("one works", SOON, || nodes.iter().any(works));
    nodes.iter().position(works).expect("it was just seen")
}

/// Three nodes, of which the one that leads is replaced again and again.
#[track_caller]
fn replaced(consul: &Consul, signals: &[Signal]) -> Vec<Node> {
    let agent = Agent::dev(consul).start();
    let mut nodes: Vec<Node> = (0..3).map(|_| clerk_on(&agent)).collect();
    for signal in signals {
        // in the middle of a run
        let leader = at_work(&nodes, Instant::now());
        nodes[leader].signal(*signal);
        if *signal == Signal::STOP {
            at_work(&nodes, Instant::now());
            nodes[leader].signal(Signal::CONT);
        } else {
            nodes[leader].wait_exit(SOON);
            nodes.push(clerk_on(&agent));
        }
    }
    at_work(&nodes, Instant::now() + Duration::from_secs(2));
    nodes.iter().filter(|node| node.is_up()).for_each(Node::terminate);
    for node in &nodes {
        node.wait_exit(SOON);
    }
    nodes
}

#[test]
fn in_a_deploy_every_due_instant_is_run_once_and_to_its_end() {
    each_consul(|consul| {
        let nodes = replaced(consul, &[Signal::TERM; 3]);
        for job in ["at_most_once", "at_least_once"] {
            let runs = Runs::of(job, &nodes);
            println!("{}: {job}: {} due instants", consul.version(), runs.due().count());
            assert!(runs.due().all(|(_, begun, ended)| (begun, ended) == (1, 1)), "{runs:?}");
        }
    });
}

#[test]
fn whatever_becomes_of_the_leaders_none_is_claimed_twice_and_none_is_lost() {
    each_consul(|consul| {
        let signals = [Signal::KILL, Signal::STOP, Signal::KILL, Signal::TERM, Signal::KILL];
        let nodes = replaced(consul, &signals);
        // a busy machine may cost a lease of one second as well
        let cut = |key: &str| {
            let lapsed = |line: &Line| clock::lost_the_lead(line) && line.text.contains(key);
            let lapses = nodes.iter().flat_map(Node::errors).filter(lapsed).count();
            let killed = signals.iter().filter(|signal| **signal == Signal::KILL).count();
            killed + lapses
        };

        let once = Runs::of("at_most_once", &nodes);
        assert!(once.due().all(|(_, begun, _)| begun <= 1), "{once:?}");
        // one that was claimed when its node was lost
        let lost = once.due().filter(|(_, _, ended)| *ended == 0).count();
        let most = cut("service/once");
        assert!(lost <= most, "{lost} of {most}: {once:?}");

        let again = Runs::of("at_least_once", &nodes);
        assert!(again.due().all(|(_, _, ended)| ended >= 1), "{again:?}");
        let repeated = again.due().filter(|(_, begun, _)| *begun > 1).count();
        let most = cut("service/again");
        assert!(repeated <= most, "{repeated} of {most}: {again:?}");
        println!(
            "{}: {} due instants: {lost} begun and never ended, {repeated} run again",
            consul.version(),
            once.due().count()
        );
    });
}
