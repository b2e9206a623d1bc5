//! The endpoint: `/livez`, `/readyz`, and `/metrics` with the feature `prometheus`.
//!
//! Whoever asks slowly, or never reads, holds one of a few connections for some seconds and nothing
//! else.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tracing::debug;

use crate::handle::Handle;

/// So many connections are open at once; others wait in the kernel.
const CONNECTIONS: usize = 32;

/// One request, and its answer, may take so long: the time that Prometheus gives a scrape.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers, until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, handle: Handle) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(fault) => {
                // no file descriptor is left: others have to close theirs first
                debug!(%fault, "a probe was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let handle = handle.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<_>| {
                let answered = answer(&handle, request.method(), request.uri().path());
                ready(Ok::<_, Infallible>(answered))
            });
            let connection = http1::Builder::new()
                // one that is kept would hold its place
                .keep_alive(false)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), answer);
            // whoever is too slow, or goes away, is not missed
            let _ = tokio::time::timeout(PATIENCE, connection).await;
            drop(place);
        });
    }
}

fn answer(handle: &Handle, method: &Method, path: &str) -> Response<String> {
    if ![Method::GET, Method::HEAD].contains(method) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
        refused
            .headers_mut()
            .insert(ALLOW, const { hyper::header::HeaderValue::from_static("GET, HEAD") });
        return refused;
    }
    let health = |is_well: fn(&crate::Health) -> bool| {
        let health = handle.health();
        let well = is_well(&health);
        text(
            if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE },
            health.to_string(),
        )
    };
    match path {
        "/livez" => health(|health| health.live),
        "/readyz" => health(|health| health.ready),
        #[cfg(feature = "prometheus")]
        "/metrics" => match super::Scrape::ours() {
            Some(scrape) => {
                handle.refresh_meters();
                text(StatusCode::OK, scrape.render())
            }
            None => {
                let why = "the process has installed a recorder of its own: it has the metrics\n";
                text(StatusCode::NOT_FOUND, why.into())
            }
        },
        _ => text(
            StatusCode::NOT_FOUND,
            "there are /livez, /readyz and, with the feature `prometheus`, /metrics\n".into(),
        ),
    }
}

fn text(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // the version is that of Prometheus's format, which others do not mind
    let plain = "text/plain; version=0.0.4; charset=utf-8";
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(plain));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}
