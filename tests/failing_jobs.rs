//! A node with two jobs that always fail, one with a record, one without. With the argument `once`
//! the first run succeeds.

use std::env;

use leader_runtime::{Run, Runtime, jobs, leader_job};

#[leader_job(key = "service/failing", every = "50ms", missed = "once")]
async fn kept(run: Run) -> Result<(), &'static str> {
    work(&run)
}

#[leader_job(key = "service/failing", every = "50ms")]
async fn forgotten(run: Run) -> Result<(), &'static str> {
    work(&run)
}

fn work(run: &Run) -> Result<(), &'static str> {
    let is_well = run.number() == 1 && env::args().nth(1).as_deref() == Some("once");
    println!("{} {}", run.job(), if is_well { "succeeds" } else { "fails" });
    if is_well { Ok(()) } else { Err("as planned") }
}

#[tokio::main]
async fn main() -> leader_runtime::Result<()> {
    Runtime::from_env()?.jobs(jobs![kept, forgotten]).run().await
}
