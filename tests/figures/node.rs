//! A node of the benchmark, which is this very binary: it stands for many keys, and says when it
//! leads them all.

use std::process;

use leader_runtime::{Lock, LockManager};
use tests::{Node, NodeBuilder};
use tokio::signal::unix::{SignalKind, signal};

/// The first argument of a process that is a node.
pub(crate) const ARG: &str = "node";

/// The line of a node that leads every key.
pub(crate) const LEADS_ALL: &str = "leads all";

/// The line of a node that stands by for every key.
pub(crate) const STANDS: &str = "stands for all";

/// A node with this number of keys, through this agent.
pub(crate) fn node(keys: usize, agent: &str) -> NodeBuilder {
    let this = std::env::current_exe().expect("a benchmark knows its own path");
    Node::program(this).arg(ARG).arg(keys.to_string()).env("CONSUL_HTTP_ADDR", agent)
}

/// The key of this number.
pub(crate) fn key(number: usize) -> String {
    format!("all/{number}")
}

/// The main function of the process, with the arguments after [`ARG`].
pub(crate) fn run(args: &[String]) {
    let keys: usize = args[0].parse().expect("a number of keys");
    // a lapse is a warning
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate()).expect("signals");
        let locks = LockManager::from_env().expect("settings");
        let all: Vec<Lock> =
            (0..keys).map(|number| locks.lock(&key(number)).expect("a key")).collect();
        println!("{STANDS}");
        tokio::select! {
            _ = terminated.recv() => {}
            () = lead_all(&all) => {}
        }
        locks.shutdown().await;
    });
    process::exit(0);
}

/// Says so once, and stays.
async fn lead_all(all: &[Lock]) {
    for lock in all {
        lock.acquired().await.expect("it was not shut down");
    }
    println!("{LEADS_ALL}");
    std::future::pending().await
}
