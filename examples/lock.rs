//! A migration that takes a lock once: start it on every machine of a deploy, and one does the work.
//!
//! `LEADER_LOCK=local cargo run --example lock` needs nothing else.

use leader_runtime::{LockManager, Term};

#[tokio::main]
async fn main() -> leader_runtime::Result<()> {
    let locks = LockManager::from_env()?;
    let lock = locks.lock("service/migration")?;
    // dropped at its next await if leadership ends
    lock.while_leading(migrate).await?;
    lock.release().await;
    locks.shutdown().await;
    Ok(())
}

async fn migrate(term: Term) {
    println!("Migrating, with fence {}", term.fence());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    println!("Migrated");
}
