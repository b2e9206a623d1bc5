//! A service with an HTTP server and its own way to stop. It shows the leader and the jobs, streams
//! the events of runs, triggers a job, and steps down:
//!
//! ```sh
//! LEADER_LOCK=local cargo run --example http
//! curl http://127.0.0.1:8080/leader
//! curl http://127.0.0.1:8080/jobs
//! curl --no-buffer http://127.0.0.1:8080/events
//! curl -X POST http://127.0.0.1:8080/report
//! curl -X POST http://127.0.0.1:8080/step-down
//! ```

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt};
use leader_runtime::{Error, Handle, Leader, Runtime, jobs, leader_job};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

const KEY: &str = "service/report";

/// Time for open requests to end, after the runtime.
const REQUEST_DRAIN: Duration = Duration::from_secs(5);

#[leader_job(key = KEY, every = "10s")]
async fn report() {
    println!("Reporting");
}

type Answer<T> = Result<T, (StatusCode, String)>;

fn unavailable(error: Error) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

async fn leader(State(handle): State<Handle>) -> Answer<Json<Option<Leader>>> {
    let key = handle.key(KEY).map_err(unavailable)?;
    key.leader().await.map(Json).map_err(unavailable)
}

/// A line for each.
async fn jobs(State(handle): State<Handle>) -> Answer<String> {
    let jobs = handle.jobs().map_err(unavailable)?;
    let line = |job: &leader_runtime::JobStatus| {
        let next = job.next.map_or_else(|| "not known".into(), |next| next.to_string());
        format!("{}: {}, next {next}\n", job.name, job.schedule)
    };
    Ok(jobs.iter().map(line).collect())
}

async fn events(
    State(handle): State<Handle>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let event = |event| Event::default().json_data(event).unwrap_or_else(|_| Event::default());
    Sse::new(handle.events().map(move |run| Ok(event(run))))
}

/// Runs the job now where this node leads; elsewhere the answer is 409 with the leader, where one is
/// known: the request belongs there.
async fn report_now(State(handle): State<Handle>) -> Response {
    match handle.trigger::<report>().await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(error) if error.is_not_leading() => {
            (StatusCode::CONFLICT, Json(error.leader())).into_response()
        }
        Err(error) if error.is_busy() => (StatusCode::CONFLICT, error.to_string()).into_response(),
        Err(error) => unavailable(error).into_response(),
    }
}

/// Steps down: another node leads in milliseconds.
async fn step_down(State(handle): State<Handle>) -> Answer<StatusCode> {
    handle
        .key(KEY)
        .and_then(|key| key.step_down())
        .map(|()| StatusCode::ACCEPTED)
        .map_err(unavailable)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };

    let runtime = Runtime::from_env()?.jobs(jobs![report]);
    let app = Router::new()
        .route("/leader", get(leader))
        .route("/jobs", get(jobs))
        .route("/events", get(events))
        .route("/report", post(report_now))
        .route("/step-down", post(step_down))
        .with_state(runtime.handle());
    let address = std::env::var("HTTP_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("Listening on {}", listener.local_addr()?);
    let (let_go, has_let_go) = oneshot::channel::<()>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        drop(has_let_go.await);
    });
    let server = tokio::spawn(server.into_future());

    // answers as long as runs are in progress
    runtime.run_until(stop).await?;
    drop(let_go);
    if let Ok(ended) = timeout(REQUEST_DRAIN, server).await {
        ended??;
    }
    Ok(())
}
