//! Runs as a collector of traces is told of them, over OTLP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tests::{Node, slot};

const SOON: Duration = Duration::from_secs(8);

/// One span, with its status and its attributes as they print.
#[derive(Clone, Debug)]
struct Span {
    name: String,
    id: Value,
    parent: Value,
    status: i64,
    message: String,
    attributes: BTreeMap<String, String>,
}

/// A collector of traces, and the requests that it is sent.
struct Collector {
    runtime: tokio::runtime::Runtime,
    endpoint: String,
    sent: mpsc::Receiver<Value>,
}

impl Collector {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (send, sent) = mpsc::channel();
        let take = async move |Json(sent): Json<Value>| {
            send.send(sent).expect("the test goes on");
            Json(json!({}))
        };
        let app = Router::new().route("/v1/traces", post(take));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        runtime.spawn(async { axum::serve(listener, app).await });
        Self { runtime, endpoint, sent }
    }

    /// Those that come until these hold.
    fn spans_until(&self, all: &mut Vec<Span>, hold: impl Fn(&[Span]) -> bool) {
        let by = Instant::now() + SOON;
        while !hold(all) {
            let left = by.saturating_duration_since(Instant::now());
            let sent = self.sent.recv_timeout(left).unwrap_or_else(|_| panic!("not all: {all:#?}"));
            all.extend(spans(&sent));
        }
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn spans(sent: &Value) -> Vec<Span> {
    list(sent, "resourceSpans")
        .flat_map(|resource| list(resource, "scopeSpans"))
        .flat_map(|scope| list(scope, "spans"))
        .map(|span| {
            let attribute = |attribute: &Value| {
                let key = attribute["key"].as_str().unwrap_or_default().to_owned();
                let value = attribute["value"].as_object().and_then(|it| it.values().next());
                let value = value.cloned().unwrap_or_default();
                (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            };
            Span {
                name: span["name"].as_str().unwrap_or_default().to_owned(),
                id: span["spanId"].clone(),
                parent: span["parentSpanId"].clone(),
                status: span["status"]["code"].as_i64().unwrap_or_default(),
                message: span["status"]["message"].as_str().unwrap_or_default().to_owned(),
                attributes: list(span, "attributes").map(attribute).collect(),
            }
        })
        .collect()
}

/// The spans of this job's runs.
fn of<'a>(all: &'a [Span], job: &str) -> Vec<&'a Span> {
    let is_its =
        |span: &&Span| span.name == "run" && span.attributes.get("job").is_some_and(|it| it == job);
    all.iter().filter(is_its).collect()
}

const UNSET: i64 = 0;
const OK: i64 = 1;
const ERROR: i64 = 2;

#[test]
fn each_run_is_a_span_that_says_how_it_ended_whatever_the_log_leaves_out() {
    let _slot = slot();
    let directory = tempfile::tempdir().expect("a directory");
    let collector = Collector::start();
    let node = Node::example("traces")
        .env("LEADER_LOCK", format!("local:{}", directory.path().display()))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint)
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .start();
    let mut all = Vec::new();
    let jobs = ["fails", "works", "is_retried", "rests"];
    collector.spans_until(&mut all, |all| jobs.iter().all(|job| of(all, job).len() >= 6));
    let told = node.errors();
    let told = told.iter().filter(|line| line.text.contains("no such table"));
    assert_eq!(told.count(), 1, "the log tells it once");
    node.terminate();
    collector.spans_until(&mut all, |all| !of(all, "waits").is_empty());
    assert!(node.wait_exit(SOON).success());

    let attribute =
        |span: &Span, name: &str| span.attributes.get(name).cloned().unwrap_or_default();
    let ended = |span: &Span| {
        let [outcome, error, reason] = ["outcome", "error", "reason"].map(|it| attribute(span, it));
        (span.status, span.message.clone(), outcome, error, reason)
    };
    let is = |status, message: &str, outcome: &str, error: &str, reason: &str| {
        (status, message.into(), outcome.into(), error.into(), reason.into())
    };
    let failed = is(ERROR, "no such table", "failed", "no such table", "");
    assert!(of(&all, "fails").into_iter().all(|span| ended(span) == failed), "{all:#?}");
    let ok = is(OK, "", "ok", "", "");
    assert!(of(&all, "works").into_iter().all(|span| ended(span) == ok), "{all:#?}");
    let skipped = is(UNSET, "", "skipped", "", "nothing to do");
    assert!(of(&all, "rests").into_iter().all(|span| ended(span) == skipped), "{all:#?}");
    let cancelled = is(UNSET, "", "cancelled", "", "its drain was used up");
    assert!(of(&all, "waits").into_iter().all(|span| ended(span) == cancelled), "{all:#?}");
    for span in of(&all, "is_retried") {
        match &*attribute(span, "attempt") {
            "1" => assert_eq!(ended(span), is(ERROR, "not yet", "failed", "not yet", "")),
            _ => assert_eq!(ended(span), ok),
        }
        assert_eq!(attribute(span, "key"), "service/traced");
        assert!(!attribute(span, "due").is_empty() && attribute(span, "fence") == "1", "{span:?}");
    }
    // what a job does is a part of its run
    let runs: BTreeSet<_> = of(&all, "works").iter().map(|span| span.id.to_string()).collect();
    let steps: Vec<_> = all.iter().filter(|span| span.name == "step").collect();
    let is_part = |step: &&&Span| runs.contains(&step.parent.to_string());
    assert!(steps.iter().filter(is_part).count() >= 5, "{steps:#?}");
    collector.runtime.shutdown_background();
}

#[test]
fn the_recipe_in_the_docs_is_the_program_that_is_tried_here() {
    let docs = include_str!("../../leader-runtime/src/lib.rs");
    let (_, recipe) =
        docs.split_once("//! // OTEL_EXPORTER_OTLP_ENDPOINT").expect("there is a recipe");
    let (recipe, _) = recipe.split_once("//! ```").expect("it ends");
    let program = include_str!("../traces.rs");
    let mut lines = 0;
    for line in recipe.lines().skip(1).filter(|line| !line.contains("jobs![")) {
        let line = line.trim_start_matches("//!").trim();
        assert!(program.contains(line), "`{line}` is not in it");
        lines += 1;
    }
    assert!(lines > 6, "{lines}");
}
