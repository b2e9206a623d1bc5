//! Due instants across processes: none is claimed twice, and with `missed = "all"` none is lost,
//! whatever becomes of the nodes.

use std::time::Duration;

use tests::history::{History, Interrupted, Moment};
use tests::{Agent, Consul, Node, Proxy, Signal, each_consul, wait_until};

const SOON: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(200);

/// Where a claim takes so long that a run every 200 ms would never catch up.
pub(crate) const SELDOM: Duration = Duration::from_secs(1);

/// The jobs of a worker that keep a record: the key, the name, how often, and what becomes of a run
/// that is cut off.
pub(crate) const KEPT: [(&str, &str, Duration, Interrupted); 4] = [
    ("service/one", "once", EVERY, Interrupted::Skip),
    ("service/one", "cron_once", SELDOM, Interrupted::Skip),
    ("service/two", "again", EVERY, Interrupted::Rerun),
    ("service/two", "cron_again", SELDOM, Interrupted::Rerun),
];

/// All that is wrong with the due instants of a history whose jobs are due each `at_least` or less
/// often.
pub(crate) fn losses(history: &History, at_least: Duration) -> Vec<String> {
    KEPT.into_iter()
        .flat_map(|(key, job, every, interrupted)| {
            history.losses(key, job, every.max(at_least), interrupted)
        })
        .collect()
}

/// For people: how many instants there were, how many were cut off or begun more than once.
pub(crate) fn told(history: &History) -> String {
    let told = KEPT.map(|(_, job, _, _)| {
        let begun = history.begun(job);
        let cut = begun.iter().filter(|begun| !begun.finished).count();
        let repeated = begun.windows(2).filter(|pair| pair[0].due == pair[1].due).count();
        format!("{job}: {} begun, {cut} cut off, {repeated} again", begun.len())
    });
    told.join("; ")
}

fn worker_on(addr: &str, jobs: &str) -> Node {
    let node = Node::example("worker")
        .arg(jobs)
        .env("CONSUL_HTTP_ADDR", addr)
        .env("LEADER_LEASE", "1s")
        .start();
    node.wait_error_line(SOON, |line| line.text.contains(" stands for "));
    node
}

fn history(nodes: &[Node]) -> History {
    History { records: nodes.iter().map(Node::record).collect() }
}

/// Every job is run after this, by whomever.
#[track_caller]
fn goes_on(nodes: &[Node]) {
    let since = Moment::now();
    let is_run = |job| history(nodes).begun(job).iter().any(|begun| begun.at > since);
    wait_until("every job is run", SOON, || KEPT.iter().all(|(_, job, _, _)| is_run(job)));
}

/// A node that begins a run after this: each key may have a leader of its own.
#[track_caller]
fn at_work(nodes: &[Node], since: Moment) -> usize {
    let works = |node: &Node| {
        let history = History { records: vec![node.record()] };
        let begins = |job| history.begun(job).iter().any(|begun| begun.at > since);
        KEPT.iter().any(|(_, job, _, _)| begins(job))
    };
    wait_until("one works", SOON, || nodes.iter().any(works));
    nodes.iter().position(works).expect("it was just seen")
}

/// Three nodes, of which the one that leads is replaced again and again.
#[track_caller]
fn replaced(consul: &Consul, signals: &[Signal]) -> History {
    let agent = Agent::dev(consul).start();
    let started = || worker_on(&agent.addr(), "records");
    let mut nodes: Vec<Node> = (0..3).map(|_| started()).collect();
    for signal in signals {
        goes_on(&nodes);
        let leader = at_work(&nodes, Moment::now());
        nodes[leader].signal(*signal);
        if *signal == Signal::STOP {
            at_work(&nodes, Moment::now());
            nodes[leader].signal(Signal::CONT);
        } else {
            nodes[leader].wait_exit(SOON);
            nodes.push(started());
        }
    }
    goes_on(&nodes);
    nodes.iter().filter(|node| node.is_up()).for_each(Node::terminate);
    for node in &nodes {
        node.wait_exit(SOON);
    }
    let history = history(&nodes);
    println!("{}: {}", consul.version(), told(&history));
    history
}

#[test]
fn in_a_deploy_every_due_instant_is_run_once_and_to_its_end() {
    each_consul(|consul| {
        let history = replaced(consul, &[Signal::TERM; 3]);
        for (key, job, every, _) in KEPT {
            // where nothing is cut off, there is nothing to begin again, and nothing to lose
            assert_eq!(history.losses(key, job, every, Interrupted::Rerun), [""; 0]);
            let begun = history.begun(job);
            assert!(begun.iter().all(|begun| begun.finished), "{begun:#?}");
            assert!(begun.windows(2).all(|pair| pair[0].due < pair[1].due), "{begun:#?}");
        }
    });
}

#[test]
fn whatever_becomes_of_the_leaders_none_is_claimed_twice_and_none_is_lost() {
    each_consul(|consul| {
        let signals = [Signal::KILL, Signal::STOP, Signal::KILL, Signal::TERM, Signal::KILL];
        let losses = losses(&replaced(consul, &signals), Duration::ZERO);
        assert!(losses.is_empty(), "{losses:#?}");
    });
}

/// An agent allows 200 connections for each client address.
#[test]
fn what_is_due_together_is_claimed_together_over_few_connections() {
    each_consul(|consul| {
        const SECONDS: usize = 4;
        let agent = Agent::dev(consul).start();
        let proxy = Proxy::to(&agent.addr());
        let nodes = [worker_on(&proxy.addr(), "crowd")];
        let jobs: Vec<String> = (0..300).map(|number| format!("n{number}_of_crowd")).collect();
        wait_until("each was run some times", SOON * 2, || {
            let history = history(&nodes);
            jobs.iter().all(|job| history.begun(job).len() > SECONDS)
        });
        nodes[0].terminate();
        nodes[0].wait_exit(SOON);

        let history = history(&nodes);
        let begun: Vec<_> = jobs.iter().map(|job| history.begun(job)).collect();
        let (second, skip) = (Duration::from_secs(1), Interrupted::Skip);
        for job in &jobs {
            assert_eq!(history.losses("service/one", job, second, skip), [""; 0]);
        }
        let runs: usize = begun.iter().map(Vec::len).sum();
        let carried = proxy.requests().iter().filter(|it| it.path.contains("/txn")).count();
        let connections = proxy.connections_total();
        println!(
            "{}: {runs} runs, {carried} transactions, {connections} connections",
            consul.version()
        );
        // a claim and an end each, and one transaction a job to begin its record
        assert!(carried < (2 * runs + jobs.len()) / 8, "{carried} for {runs} runs");
        // one that timed out on a busy machine is not used again
        assert!(connections < 60, "{connections}");
    });
}
