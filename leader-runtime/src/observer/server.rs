//! The answers to probes and scrapers: `/livez`, `/readyz`, and `/metrics` with the feature
//! `prometheus`.

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::{Method, Response, StatusCode};

use crate::handle::Handle;

/// Permit for one scrape at a time: with thousands of jobs a scrape is long, and probes on this
/// thread are answered in between.
#[cfg(feature = "prometheus")]
static SCRAPES: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(1);

/// Answers one request.
pub(crate) async fn answer(handle: &Handle, method: &Method, path: &str) -> Response<String> {
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
        "/livez" => health(|health| health.is_live),
        "/readyz" => health(|health| health.is_ready),
        #[cfg(feature = "prometheus")]
        "/metrics" => match super::prometheus::Scrape::ours() {
            Some(scrape) => {
                // nobody closes it
                let _turn = SCRAPES.acquire().await;
                // lets the runtime take in requests that have arrived
                tokio::task::yield_now().await;
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
