//! A node whose job blocks every thread of its runtime for ever, once it leads.

use leader_runtime::{Runtime, jobs, leader_job};

/// Two threads, two runs.
#[leader_job(key = "service/blocked", every = "100ms", overlap = "allow")]
async fn block() {
    println!("Blocks");
    loop {
        std::thread::park();
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> leader_runtime::Result<()> {
    Runtime::from_env()?.jobs(jobs![block]).run().await
}
