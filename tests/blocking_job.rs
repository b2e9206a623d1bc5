//! A node whose job blocks a thread for ever. `HOW` is the way to block, `PLACE` the caller of the
//! runtime.

use std::time::Duration;

use leader_runtime::{Data, Result, Run, Runtime, jobs, leader_job};
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

/// The way to block.
#[derive(Debug)]
struct How(String);

#[leader_job(key = "service/blocking", every = "100ms", drain = "1s")]
async fn blocks(Data(how): Data<How>, run: Run) {
    println!("Blocks");
    match how.0.as_str() {
        "spawn_blocking" => drop(tokio::task::spawn_blocking(for_ever).await),
        "sleep" => for_ever(),
        "stdin" => drop(tokio::io::stdin().read_u8().await),
        "block" => drop(run.block(for_ever).await),
        "stderr" => {
            let _held = std::io::stderr().lock();
            for_ever();
        }
        "nothing" => std::future::pending().await,
        how => panic!("no way to block is called {how}"),
    }
}

fn for_ever() {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Leaves a thread that blocks, and a `run` that fails.
fn fails(tokio: &tokio::runtime::Runtime) -> Result<()> {
    tokio.block_on(async {
        drop(tokio::task::spawn_blocking(for_ever));
        let failed = Runtime::new(leader_runtime::Settings::new()).run().await;
        println!("Fails");
        failed
    })
}

fn main() -> Result<()> {
    let said = |name| std::env::var(name).unwrap_or_default();
    let (how, place) = (How(said("HOW")), said("PLACE"));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if place == "one thread" {
        builder = tokio::runtime::Builder::new_current_thread();
    }
    let tokio = builder.enable_all().build().expect("a runtime");
    let runtime = Runtime::from_env()?.data(how).jobs(jobs![blocks]);
    match place.as_str() {
        "main" => tokio.block_on(runtime.main()).map(drop),
        "until" => {
            let ended = tokio.block_on(async {
                let mut terminated = signal(SignalKind::terminate()).expect("a signal");
                let stop = async move {
                    terminated.recv().await;
                };
                runtime.run_until(stop).await
            });
            tokio.shutdown_timeout(Duration::from_millis(500));
            println!("Ends");
            ended
        }
        "failed" => fails(&tokio),
        "fails after" => {
            tokio.block_on(runtime.run())?;
            fails(&tokio)
        }
        "then" => tokio.block_on(async {
            runtime.run().await?;
            println!("Goes on");
            std::future::pending().await
        }),
        "again" => tokio.block_on(async {
            let wrong = Runtime::new(leader_runtime::Settings::new()).run().await;
            println!("Goes on: {}", wrong.is_err());
            std::future::pending().await
        }),
        _ => tokio.block_on(runtime.run()),
    }
}
