//! A service that has an HTTP server and its own way to stop, and answers who leads:
//!
//! ```sh
//! LEADER_LOCK=local cargo run --example http
//! curl http://127.0.0.1:8080/leader
//! ```

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use leader_runtime::{Handle, Leader, Runtime, jobs, leader_job};

#[leader_job(key = "service/report", every = "10s")]
async fn report() {
    println!("Reporting");
}

async fn leader(
    State(handle): State<Handle>,
) -> Result<Json<Option<Leader>>, (StatusCode, String)> {
    let leader = handle.leader("service/report").await;
    leader.map(Json).map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::from_env()?.jobs(jobs![report]);
    let app = Router::new().route("/leader", get(leader)).with_state(runtime.handle());
    let address = std::env::var("HTTP_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("Listening on {}", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    runtime.run_until(stop).await?;
    server.abort();
    Ok(())
}
