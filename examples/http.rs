//! A service that has an HTTP server and its own way to stop; it answers who leads, and runs a job when
//! it is told to:
//!
//! ```sh
//! LEADER_LOCK=local cargo run --example http
//! curl http://127.0.0.1:8080/leader
//! curl -X POST http://127.0.0.1:8080/report
//! ```

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
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

/// On the leader it runs now; elsewhere the answer says who that is.
async fn report_now(State(handle): State<Handle>) -> Result<StatusCode, (StatusCode, String)> {
    let triggered = handle.trigger::<report>().await.map(|()| StatusCode::ACCEPTED);
    triggered.map_err(|error| (StatusCode::CONFLICT, error.to_string()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::from_env()?.jobs(jobs![report]);
    let app = Router::new()
        .route("/leader", get(leader))
        .route("/report", post(report_now))
        .with_state(runtime.handle());
    let address = std::env::var("HTTP_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("Listening on {}", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    runtime.run_until(stop).await?;
    server.abort();
    Ok(())
}
