//! A service with a `JobScheduler` of tokio-cron-scheduler: our job fires through it, beside the
//! service's own jobs, and is in its notifications.
//!
//! `LEADER_LOCK=local cargo run --example tokio_cron_scheduler` needs nothing else.

use leader_runtime::{Runtime, jobs, leader_job};
use tokio_cron_scheduler::{Job, JobNotification, JobScheduler};

/// Prints the time on the leader, every three seconds.
#[leader_job(key = "service/clock", every = "3s", standby = not_the_leader)]
async fn call_time() {
    println!("It is {}", jiff::ZonedDateTime::now());
}

async fn not_the_leader() {
    println!("Not the leader");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scheduler = JobScheduler::new().await?;
    // one of the service's own, which every node runs
    scheduler.add(Job::new("*/5 * * * * *", |_, _| println!("On every node"))?).await?;
    scheduler.start().await?;
    tokio::spawn(print_starts(scheduler.clone()));
    Runtime::from_env()?.jobs(jobs![call_time]).scheduler(scheduler).run().await?;
    Ok(())
}

/// Prints the scheduler's notifications: our job carries its name.
async fn print_starts(scheduler: JobScheduler) {
    let context = scheduler.context();
    let mut notified = context.notify_tx.subscribe();
    while let Ok((id, state)) = notified.recv().await {
        let job = context.metadata_storage.write().await.get(id).await;
        if let (JobNotification::Started, Ok(Some(job))) = (state, job)
            && !job.extra.is_empty()
        {
            println!("The scheduler started {}", String::from_utf8_lossy(&job.extra));
        }
    }
}
