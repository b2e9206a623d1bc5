//! A clock that ticks on the leader alone. Start it twice, and stop the one that prints `It is`.
//!
//! `LEADER_LOCK=local cargo run --example clock` needs nothing else; without that setting it uses
//! Consul at `CONSUL_HTTP_ADDR`. `cargo run --example clock -- jobs list` lists its job, and runs
//! nothing.

use std::process::ExitCode;

use leader_runtime::{Runtime, jobs, leader_job};

/// Prints the time on the leader, every three seconds.
#[leader_job(key = "service/clock", every = "3s", standby = not_the_leader)]
async fn call_time() {
    println!("It is {}", jiff::ZonedDateTime::now());
}

async fn not_the_leader() {
    println!("Not the leader");
}

#[tokio::main]
async fn main() -> leader_runtime::Result<ExitCode> {
    Runtime::from_env()?.jobs(jobs![call_time]).main().await
}
