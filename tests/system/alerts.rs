//! The alerts that are shipped, on what real nodes answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tests::{Node, Scraped, rings, slot, wait_until};

use crate::health::{address, ask};

const SOON: Duration = Duration::from_secs(10);
const HOUR: u64 = 3600;

/// More than a record keeps.
const FAILURES: usize = 25;

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The runs of this job that failed.
fn failed(node: &Node, job: &str) -> usize {
    let line = format!("{job} fails");
    node.lines().iter().filter(|it| it.text == line).count()
}

#[test]
fn after_25_failures_and_a_deploy_no_success_rings_an_hour_after_the_last_one() {
    let _slot = slot();
    let locks = tempfile::tempdir().unwrap();
    let start = |args: &[&str]| {
        let locks = format!("local:{}", locks.path().display());
        let node =
            Node::example("failing_jobs").env("LEADER_LOCK", locks).env("LEADER_HEALTH", "0");
        args.iter().fold(node, |node, arg| node.arg(arg)).start()
    };
    let fails = |node: &Node| {
        for job in ["kept", "forgotten"] {
            wait_until("its runs fail", SOON, || failed(node, job) >= FAILURES);
        }
        ask(&address(node), "/metrics").1
    };
    let started = seconds();
    let old = start(&["once"]);
    let succeeded = seconds();
    let before = fails(&old);
    old.terminate();
    assert!(old.wait_exit(SOON).success());
    let deployed = seconds();
    let new = start(&[]);
    let after = fails(&new);
    let nodes = |text: String| {
        let end = deployed + 3 * HOUR;
        [
            Scraped { name: "old", seconds: started..deployed, text: before.clone() },
            Scraped { name: "new", seconds: deployed..end, text },
        ]
    };
    for job in ["kept", "forgotten"] {
        let Some(spans) = rings("NoSuccess", job, &nodes(after.clone())) else { return };
        let [span] = &spans[..] else { panic!("{job} rings {spans:?}, since {succeeded}") };
        let due = succeeded + HOUR;
        println!("{job} rings from {} s after the hour on", span.start() - due);
        assert!((due..due + 60).contains(span.start()), "{job}: {span:?}, due {due}");
        assert!(*span.end() > deployed + 3 * HOUR - 60, "{job}: {span:?}");
    }
    // it does not because of the start alone
    let series = "leader_job_last_success_timestamp_seconds{job_name=\"kept\"}";
    assert!(after.contains(series), "{after}");
}
