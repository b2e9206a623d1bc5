//! A node that sends its runs to a collector of traces, by the recipe in the docs of `leader_runtime`.

use std::error::Error;

use leader_runtime::{Outcome, Run, Runtime, jobs, leader_job};
use opentelemetry::trace::TracerProvider as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Fails for the same reason each time, which the log tells once.
#[leader_job(key = "service/traced", every = "50ms")]
async fn fails() -> Result<(), &'static str> {
    Err("no such table")
}

#[leader_job(key = "service/traced", every = "50ms")]
async fn works() {
    tracing::info_span!("step").in_scope(|| ());
}

#[leader_job(key = "service/traced", every = "50ms", retries = 1, backoff = "1ms..1ms")]
async fn is_retried(run: Run) -> Result<(), &'static str> {
    if run.attempt() == 1 { Err("not yet") } else { Ok(()) }
}

#[leader_job(key = "service/traced", every = "50ms")]
async fn rests() -> Outcome {
    Outcome::skip("nothing to do")
}

/// Is cancelled when the process is told to stop.
#[leader_job(key = "service/traced", while_leading, drain = "100ms")]
async fn waits() {
    std::future::pending().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // of the process, which the exporter's client asks for also where it speaks plain HTTP
    rustls::crypto::ring::default_provider().install_default().expect("no other is installed");
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .build();
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("service"));
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(log).with(traces).init();
    let jobs = jobs![fails, works, is_retried, rests, waits];
    Runtime::from_env()?.jobs(jobs).run().await?;
    // what is still to be sent
    provider.shutdown()?;
    Ok(())
}
