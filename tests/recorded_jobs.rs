//! A node whose jobs keep records, and print the begin and the end of each run. With `acl` it prints
//! the policy for its token, with `check` it checks.

use std::time::Duration;

use leader_runtime::{Run, Runtime, jobs, leader_job};

// on a busy machine a run may take longer than its interval
#[leader_job(key = "service/once", every = "200ms", missed = "all", overlap = "queue")]
async fn at_most_once(run: Run) {
    work(run).await;
}

#[leader_job(
    key = "service/again",
    every = "200ms",
    missed = "all",
    overlap = "queue",
    interrupted = "rerun"
)]
async fn at_least_once(run: Run) {
    work(run).await;
}

async fn work(run: Run) {
    let (job, due) = (run.job(), run.due());
    println!("begins {job} {due}");
    tokio::time::sleep(Duration::from_millis(40)).await;
    println!("ends {job} {due}");
}

#[tokio::main]
async fn main() -> leader_runtime::Result<()> {
    let runtime = Runtime::from_env()?.jobs(jobs![at_most_once, at_least_once]);
    match std::env::args().nth(1).as_deref() {
        Some("acl") => {
            print!("{}", runtime.acl_policy()?);
            Ok(())
        }
        Some("check") => runtime.check().await,
        _ => runtime.run().await,
    }
}
