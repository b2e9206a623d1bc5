//! A node with a writer and a reader of its store. The writer goes on for the life of the process with
//! the `Kv` of each term, also after the term, and prints the result of each write. The argument is
//! the maximum length of a value in bytes.

use std::env;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use leader_runtime::{Fence, Kv, Runtime, jobs, leader_job};
use tests::Page;

const STATE: &str = "service/state";

/// The fence of the term that is written in.
static WRITES: AtomicI64 = AtomicI64::new(0);

#[leader_job(key = "service/write", every = "20ms")]
async fn write(fence: Fence, kv: Kv) {
    if WRITES.swap(fence.get(), Ordering::Relaxed) != fence.get() {
        // past the end of its run, and of its term
        tokio::spawn(write_on(fence.get(), kv));
    }
}

async fn write_on(fence: i64, kv: Kv) {
    let most = env::args().nth(1).and_then(|bytes| bytes.parse().ok()).unwrap_or(100_000);
    for number in 1.. {
        let length = (number as usize).wrapping_mul(7919) % most;
        match kv.put(STATE, Page { fence, number }.print(length)).await {
            Ok(()) => println!("{fence} wrote {number}"),
            Err(error) if error.is_leadership_lost() => {
                println!("{fence} was refused {number}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => {
                println!("{fence} failed at {number}: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

#[leader_job(key = "service/read", every = "20ms")]
async fn read(kv: Kv) -> leader_runtime::Result<()> {
    match kv.get(STATE).await?.as_deref().map(Page::parse) {
        Some(Ok(Page { fence, number })) => println!("read {fence} {number}"),
        Some(Err(torn)) => println!("read what is torn: {torn}"),
        None => println!("read nothing"),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> leader_runtime::Result<()> {
    Runtime::from_env()?.jobs(jobs![write, read]).run().await
}
