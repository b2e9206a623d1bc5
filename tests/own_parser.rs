//! A service that has a clap parser of its own, and jobs of every kind.

use std::process::ExitCode;

use clap::Parser;
use leader_runtime::{Data, JobsCommand, Runtime, jobs, leader_job};

#[derive(Parser)]
enum CommandLine {
    /// Serves
    Serve,
    /// Asks about its jobs
    Cron(JobsCommand),
}

struct Pool;

#[leader_job(key = "service/clock", every = "3s")]
async fn call_time() {}

#[leader_job(key = "billing/charge", cron = "0 3 * * *", tz = "Europe/Oslo", missed = "all")]
async fn charge(_: Data<Pool>) {}

#[leader_job(
    key = "billing/customers/monthly-statements",
    cron = "30 8,12,16 * JAN-MAR,OCT MON-FRI",
    tz = "America/Argentina/Buenos_Aires",
    name = "send_statements"
)]
async fn statements(_: Data<Pool>) {}

#[leader_job(key = "service/sweep", after = "10s", enabled = false)]
async fn sweep() {}

#[leader_job(key = "service/stream", while_leading)]
async fn stream() {}

#[leader_job(key = "service/report", cron = "0 6 * * SUN", enabled = false)]
async fn report() {}

#[tokio::main]
async fn main() -> leader_runtime::Result<ExitCode> {
    // to stdout, as many a service does
    tracing_subscriber::fmt().init();
    // what the jobs take is put in when it serves
    let runtime =
        Runtime::from_env()?.jobs(jobs![call_time, charge, statements, sweep, stream, report]);
    match CommandLine::parse() {
        CommandLine::Serve => runtime.data(Pool).run().await.map(|()| ExitCode::SUCCESS),
        CommandLine::Cron(command) => Ok(runtime.answer(command).await),
    }
}
