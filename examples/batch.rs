//! A batch that resumes the work of the previous leader. Its position is a key beside the lock, which
//! a deposed leader cannot write; and it ends between two items when the process shuts down.
//!
//! With `LEADER_LOCK=local` it needs no Consul.

use std::time::Duration;

use leader_runtime::{Data, Kv, Result, Runtime, Stop, jobs, leader_job};

const POSITION: &str = "service/batch/position";

/// Stands in for a pool or a client of a real service.
struct Items(&'static [&'static str]);

impl Items {
    async fn get(&self, number: usize) -> &'static str {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.0[number % self.0.len()]
    }
}

#[leader_job(key = "service/batch", every = "1s")]
async fn work(items: Data<Items>, kv: Kv, stop: Stop) -> Result<()> {
    let mut number = position(&kv).await?;
    while !stop.is_requested() {
        let item = items.get(number).await;
        number += 1;
        kv.put(POSITION, number.to_string()).await?;
        println!("{number}: {item}");
    }
    println!("Ends at {number}");
    Ok(())
}

async fn position(kv: &Kv) -> Result<usize> {
    let stored = kv.get(POSITION).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&stored).parse().unwrap_or(0))
}

#[tokio::main]
async fn main() -> Result<()> {
    let items = Items(&["apples", "pears", "quinces"]);
    Runtime::from_env()?.data(items).jobs(jobs![work]).run().await
}
